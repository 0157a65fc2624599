"""Everything that the site publishes, with the demo and real releases, is valid.

`pytest -rP tests/test_validators.py` prints how many documents each validator has checked.
"""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import lxml.html
import pytest
from django.core.management import call_command
from django.test import Client, override_settings
from django.utils import timezone

from desk.imports.storing import AlreadyImported, import_draft
from importing import NotAReleaseError, understand
from leakcheck.namecheck import COVERED, whole_site
from newsroom.formats import FEED_FORMATS
from people.models import Person
from releases import languages, workflow
from releases.models import Release
from tests import constructions, gold, validators
from tests.make import (
    DATA,
    accept,
    make_chief,
    make_document,
    make_link,
    make_person,
    make_picture,
    make_release,
    mark,
    quotation,
)

pytestmark = [pytest.mark.once, pytest.mark.django_db]

FEEDS = tuple(each.name for each in FEED_FORMATS)
NO_DOCUMENTS = {
    "release_card",
    "release_zip",
    "release_text",
    "rendition",
    "prisoners_csv",
    "robots",
}
FAST = "django.contrib.auth.hashers.MD5PasswordHasher"
UNKNOWN_SPEAKER = '<blockquote(?! data-speaker)(?: data-name="[^"]*")?'
RARE = "sl-Latn-IT-rozaj-biske-1994"  # the longest example of RFC 5646
ORIGIN = "http://testserver"


def samples() -> Iterator[tuple[bytes, str]]:
    """Yield the real releases that the importer is tested with, and the hand-marked ones."""
    for path in sorted((DATA / "import").rglob("*.*")):
        if path.suffix in (".wml", ".md", ".txt") and path.name != "README.md":
            yield path.read_bytes(), path.name
    for one in gold.releases():
        yield one.data, one.filename


def publish_samples(chief) -> int:
    """Import and publish each sample with speakers who may be named; return how many."""
    count = 0
    speaker = f' data-speaker="{make_person("Nemo Nobody", title="Speaker").pk}"'
    for data, filename in samples():
        try:
            understood = understand(data, filename)
            with_titles = {one.name: one.title or "Speaker" for one in understood.people}
            people = {
                name: str((_known(name) or make_person(name, title=title)).pk)
                for name, title in with_titles.items()
            }
            draft = import_draft(understood, by=chief, people=people)
        except (AlreadyImported, NotAReleaseError):
            continue  # some files are in both folders
        draft.title = draft.title or "Untitled"
        if draft.language == languages.UNDETERMINED:
            draft.language = "en"
        draft.poster = None  # its file was not imported
        # Speakers that the importer did not find. Any name is enough to check the markup.
        draft.body = re.sub(UNKNOWN_SPEAKER, f"<blockquote{speaker}", draft.body)
        draft.save()
        workflow.publish(draft, by=chief)
        count += 1
    return count


def _known(name: str) -> Person | None:
    return Person.objects.filter(display_name=name).first()


def publish_special_cases(chief) -> None:
    """Publish releases of kinds that the samples do not have, and that were or could be invalid."""
    speaker = make_person("Ansa Verel", title="Director", speaks=True)
    picture = make_picture(
        caption="A road & a field <here>", credit_line="EPA", alt_text="“Stones”"
    )
    document = make_document(caption="The report", alt_text="")
    make_release(
        title="A “quoted” & <escaped> title", by=chief, poster=picture, attached=[str(document.pk)],
        pull_quote="We ask for it.", notes_to_editors="<p>Call <a href='tel:+4420'>us</a>.</p>",
        body=f"<h3>First</h3><p>{mark(speaker)} too.</p>{quotation(speaker, '“We ask for it.')}"
        f'<figure data-asset="{picture.pk}"></figure><ul><li>One</li></ul>',
    )  # fmt: skip
    everything = constructions.EVERYTHING.replace(constructions.PERSON, str(speaker.pk))
    everything = everything.replace(
        constructions.OTHER, str(make_person("Ben Toll", title="Chair").pk)
    )
    everything = everything.replace(constructions.PICTURE, str(picture.pk))
    make_release(
        title="Every construction",
        body=re.sub(UNKNOWN_SPEAKER, f'<blockquote data-speaker="{speaker.pk}"', everything),
        by=chief,
    )
    make_release(
        title="只有标题的新闻稿",
        language="zh-Hans",
        body=f"<p>{'他说了很多话。' * 90}</p>",
        by=chief,
    )
    make_release(title="حرية", language="ar", body=f"<p>{'كلمة طويلة ' * 90}</p>", by=chief)
    make_release(
        title="Only a picture", by=chief, body=f'<figure data-asset="{picture.pk}"></figure>'
    )
    corrected = make_release(title="Corrected", by=chief)
    corrected.title = "Corrected & changed"
    workflow.correct(corrected, by=chief, text="It was <two> & not three.")
    make_release("withdrawn", title="Withdrawn", by=chief)
    make_release(title="In a dialect", language=RARE, by=chief)


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    """The answers of the whole public site with the demo and the samples, by address."""
    media = tmp_path_factory.mktemp("validated")
    static = {
        "default": {"BACKEND": "assets.storage.Folder"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    fast = override_settings(MEDIA_ROOT=media, STORAGES=static, PASSWORD_HASHERS=[FAST])
    with django_db_blocker.unblock(), fast:
        call_command("demo", yes_public_passwords=True, stdout=io.StringIO())
        chief = make_chief()
        published = publish_samples(chief)
        publish_special_cases(chief)
        answers = dict(_answers())
        yield {"published": published, "answers": answers}
        django_db_setup()  # restores the database


def _answers() -> Iterator[tuple[str, tuple[str, int, bytes]]]:
    client, scope = Client(), whole_site(timezone.now())
    requests = [
        (name, address.path)
        for name, addresses in COVERED.items()
        if name not in NO_DOCUMENTS
        for address in addresses(scope)
    ]
    requests += [
        (name, f"/releases/feed.{form}?{query}")
        for name, form in zip(FEEDS, ("atom", "json", "rss"), strict=True)
        for query in ("language=ar", "kind=none", "country=GB&year=2026", f"language={RARE}")
    ]
    requests += [("archive", "/releases/?language=ar&kind=statement"), ("nothing", "/nothing/")]
    requests += [("prisoners", "/prisoners/?status=imprisoned&sort=country")]
    hidden = make_release("scheduled", body=Release.objects.public().first().body)
    link = make_link(hidden)
    requests += [("preview", link), ("preview", "/preview/nobody/")]
    for name, path in requests:
        yield path, _answer(client, name, path)
    accept(client, link)
    yield f"{link}#open", _answer(client, "preview", link)


def _answer(client: Client, name: str, path: str) -> tuple[str, int, bytes]:
    response = client.get(path)
    return name, response.status_code, response.content


def answers_of(site, *names: str) -> dict[str, bytes]:
    """Return the answers for some names of URLs, by path."""
    return {path: body for path, (name, _, body) in site["answers"].items() if name in names}


def releases_of(site) -> list[str]:
    """Return the addresses of the release pages that answer 200."""
    answers = site["answers"].items()
    return [path for path, (name, status, _) in answers if (name, status) == ("release", 200)]


def report(what: str, documents) -> None:
    assert documents
    print(f"{what}: {len(documents)} documents valid")


def pages_of(site) -> dict[str, bytes]:
    """Return all pages of HTML."""
    answers = site["answers"].items()
    return {path: body for path, (_, _, body) in answers if body.lstrip()[:9] == b"<!doctype"}


def test_every_sample_is_published(site):
    assert site["published"] >= 40, "too few samples: is the fixture of any use?"


def test_every_ninjs_is_valid(site):
    documents = answers_of(site, "release_json")
    for path, body in documents.items():
        validators.ninjs(json.loads(body)), path
    report("ninjs 3.1", documents)


def test_every_page_of_the_atom_feed_is_valid(site):
    documents = answers_of(site, "feed")
    for body in documents.values():
        validators.atom(body)
    report("Atom", documents)


def test_every_page_of_the_rss_feed_is_valid(site):
    documents = answers_of(site, "feed_rss")
    for path, body in documents.items():
        validators.rss(body, ORIGIN + path)
    report("RSS 2.0", documents)


def test_every_page_of_the_json_feed_is_valid(site):
    documents = answers_of(site, "feed_json")
    for body in documents.values():
        validators.json_feed(json.loads(body))
    report("JSON Feed 1.1", documents)


def test_every_word_file_can_be_opened(site):
    documents = answers_of(site, "release_word")
    written = {path: body for path, body in documents.items() if body[:2] == b"PK"}
    for body in written.values():
        validators.word(body)
    assert len(written) > 40
    report("Word", written)


def test_every_sitemap_is_valid(site):
    documents = answers_of(site, "sitemap", "sitemap_pages", "sitemap_people", "sitemap_releases")
    for body in documents.values():
        validators.sitemap(body)
    report("sitemap", documents)


def test_every_term_of_json_ld_is_in_schema_org(site):
    pages = [lxml.html.document_fromstring(page) for page in pages_of(site).values()]
    documents = [
        json.loads(script.text)
        for page in pages
        for script in page.xpath("//script[@type='application/ld+json']")
    ]
    for data in documents:
        validators.json_ld(data)
    articles = [data for data in documents if data["@type"].endswith("Article")]
    assert len(articles) == len(releases_of(site))
    for data in articles:
        assert {"headline", "url", "datePublished", "inLanguage", "publisher"} <= data.keys()
    report("JSON-LD", documents)


def test_open_graph_follows_its_rules(site):
    pages = [lxml.html.document_fromstring(page) for page in pages_of(site).values()]
    documents = [page for page in pages if page.xpath("//meta[@property='og:type']")]
    for page in documents:
        validators.open_graph(page)
    articles = [page for page in documents if page.xpath("//meta[@content='article']")]
    assert len(articles) == len(releases_of(site))
    report("Open Graph", documents)


def test_every_page_is_valid_html(site, tmp_path):
    if not validators.has_vnu():
        pytest.skip("HTML was NOT validated: no Java, or no vnu.jar (`make vnu` brings it)")
    pages = pages_of(site)
    named = {}
    for number, (path, page) in enumerate(pages.items()):
        named[f"{number:04}.html"] = path
        Path(tmp_path / f"{number:04}.html").write_bytes(page)
    errors = validators.html_errors(tmp_path)
    assert not errors, "\n".join(f"{named[one[:9]]} {one}" for one in errors[:40])
    report("HTML (vnu)", pages)
