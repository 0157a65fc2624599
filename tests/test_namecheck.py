"""`manage.py namecheck` finds every protected name that the site prints."""

import copy
import io
import os
import re
import shutil
from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test import override_settings
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from assets.models import MediaAsset
from assets.sandbox_process import CODE_MEGABYTES
from leakcheck import namecheck, printed_texts
from newsroom import views
from people import levels
from people.models import Case, Level, Person, Role
from people.names import Form
from releases import workflow
from releases.models import (
    Contact,
    Correction,
    NameCheckFind,
    NameException,
    Release,
    Topic,
)
from tests import documents
from tests.make import (
    make_chief,
    make_document,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    make_user,
    mark,
    quotation,
    whole_case,
)

pytestmark = pytest.mark.django_db

NAME = "Iven Sorrel"
DESK = "/admin/"


@pytest.fixture(autouse=True)
def sorrel():
    return make_person(NAME, level=Level.STAFF)


class Newsroom:
    """A release with everything that a release prints, and people with pages."""

    def __init__(self):
        chief = make_chief()
        self.speaker = make_person("Maren Tolvik", title="Director", speaks=True)
        self.prisoner = make_prisoner("Teodor Brask")
        whole_case(self.prisoner)
        self.topic = Topic.objects.create(name="Open topic")
        self.contact = Contact.objects.create(name="Press office", email="press@example.org")
        self.picture = make_picture(caption="A square in the morning")
        self.pdf = make_document("report.pdf", pdf_with("A report of the year."))
        self.word = make_document("letter.docx", docx_with("A letter to all."))
        self.release = make_release(
            by=chief, title="A title", standfirst="In short.",
            body=f"<p>Text of {mark(self.speaker)}.</p>{quotation(self.speaker)}",
            poster=self.picture, topics=[self.topic],
            attached=[str(self.pdf.pk), str(self.word.pk)],
        )  # fmt: skip
        self.release.contacts.add(self.contact)
        self.withdrawn = make_release("withdrawn", by=chief)
        self.draft = make_release("draft", by=chief)
        self.by = chief

    @property
    def page(self) -> str:
        return self.release.get_absolute_url()

    def read_again(self) -> "Newsroom":
        """Return this newsroom with rows as they are in the database."""
        again = copy.copy(self)
        for name, row in vars(self).items():
            setattr(again, name, models.QuerySet(type(row)).get(pk=row.pk))
        return again


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker, tmp_path_factory):
    """The newsroom that all tests begin with, and its folder of files."""
    media = tmp_path_factory.mktemp("newsroom")
    uploads = tmp_path_factory.mktemp("tmp") / "uploads"
    with django_db_blocker.unblock():
        with override_settings(MEDIA_ROOT=media, FILE_UPLOAD_TEMP_DIR=uploads):
            made = Newsroom()
        yield made, media
        django_db_setup()  # restores the database


@pytest.fixture
def newsroom(built, settings):
    """The newsroom with its own links to the files: a test deletes files, and changes none."""
    made, media = built
    shutil.copytree(media, settings.MEDIA_ROOT, copy_function=os.link, dirs_exist_ok=True)
    return made.read_again()


def pdf_with(text: str) -> bytes:
    """Return a PDF with one page that prints the lines of a text."""
    lines = "".join(f"({line}) Tj T* " for line in text.splitlines())
    stream = f"BT /F1 12 Tf 14 TL 72 700 Td {lines}ET".encode("latin-1")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, 2)
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    start = out.tell()
    out.write(b"xref\n0 6\n0000000000 65535 f \n")
    for place in places:
        out.write(b"%010d 00000 n \n" % place)
    out.write(b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()


def docx_with(*runs: str) -> bytes:
    """Return a Word file with one paragraph of these runs."""
    return documents.word(documents.paragraph(*map(documents.run, runs)))


def replace_file(asset: MediaAsset, content: bytes) -> None:
    """Replace the file that the public downloads."""
    name = asset.stored_name("file", asset.extension)
    default_storage.delete(name)
    default_storage.save(name, ContentFile(content))
    asset.renditions["styles"]["file"]["formats"][asset.extension] = len(content)
    change(asset, renditions=asset.renditions)


def check(*options: str) -> tuple[int, str]:
    """Run the command; return its exit status and what it printed."""
    out = io.StringIO()
    try:
        call_command("namecheck", *options, stdout=out, stderr=io.StringIO())
    except SystemExit as end:
        return end.code, out.getvalue()
    except CommandError as problem:
        return problem.returncode, str(problem)
    return 0, out.getvalue()


def lines(output: str, title: str = "Protected names on public pages") -> list[list[str]]:
    """Return the finds below a title: record, kind, place and address of each."""
    found = re.search(rf"^{title}: [\d,]+\n((?:  .*\n)*)", output, re.MULTILINE)
    return [re.split(r" {2,}", line.strip()) for line in found[1].splitlines()] if found else []


def change(row, **values):
    """Store values without the checks that save() makes."""
    models.QuerySet(type(row)).filter(pk=row.pk).update(**values)


# --- Places of a name ----------------------------------------------------------------------------


def in_correction(newsroom, settings):
    Correction.objects.bulk_create(
        [Correction(release=newsroom.release, text=f"It was {NAME}.", by=newsroom.by)]
    )


def in_site_notice(newsroom, settings):
    settings.SITE_NOTICE = f"Free {NAME}!"


def in_pdf(newsroom, settings):
    replace_file(newsroom.pdf, pdf_with("The lawyer of Iven\nSorrel said so."))


def in_word(newsroom, settings):
    replace_file(newsroom.word, docx_with("The lawyer of Iv", "en Sor", "rel said so."))


def in_metadata(newsroom, settings):
    """Renditions contain the metadata of the time when they were made."""
    picture = make_picture("other.jpg", creator=NAME, caption="Another square")
    change(picture, creator="")
    change(newsroom.release, poster=picture)
    newsroom.picture = picture


def in_role(newsroom, settings):
    change(Role.objects.get(person=newsroom.speaker), title=f"Lawyer of {NAME}")


def in_case(newsroom, settings):
    change(Case.objects.get(person=newsroom.prisoner), summary=f"Taken with {NAME}.")


def in_file_name(newsroom, settings):
    """A download is named after its caption, in which “-” and “_” separate the words."""
    change(newsroom.picture, caption="iven-sorrel_at_home")


PLACES = {
    "title": (
        lambda n, s: change(n.release, title=f"{NAME} is free"),
        lambda n: ("page", "the title", n.page),
    ),
    "caption": (
        lambda n, s: change(n.picture, caption=f"{NAME}, at home"),
        lambda n: ("page", "the caption", n.page),
    ),
    "topic": (
        lambda n, s: change(n.topic, name=f"Free {NAME}"),
        lambda n: ("page", "the name of the topic", n.page),
    ),
    "contact": (
        lambda n, s: change(n.contact, name=f"Office of {NAME}"),
        lambda n: ("page", "the name of the contact", n.page),
    ),
    "case summary": (
        in_case,
        lambda n: ("page", "the summary of the case", n.prisoner.get_absolute_url()),
    ),
    "job title": (
        in_role,
        lambda n: ("page", "the job title", n.speaker.get_absolute_url()),
    ),
    "correction": (in_correction, lambda n: ("page", "the correction", n.page)),
    "site notice": (in_site_notice, lambda n: ("site notice", "SITE_NOTICE", "/")),
    "PDF": (in_pdf, lambda n: ("document", "text", n.pdf.public_url("file", "pdf"))),
    "DOCX": (in_word, lambda n: ("document", "text", n.word.public_url("file", "docx"))),
    "metadata": (
        in_metadata,
        lambda n: ("picture metadata", "metadata", n.picture.public_url("press", "jpg")),
    ),
    "file name": (
        in_file_name,
        lambda n: ("file name", "the caption", n.picture.public_url("press", "jpg")),
    ),
}


def needs_poppler(place):
    if place == "PDF" and not shutil.which("pdftotext"):
        pytest.skip("poppler-utils is not installed")


# Places that one check can find: of the same name on one page, it reports the first place only.
TOGETHER = [
    ["title", "case summary", "site notice", "PDF", "DOCX"],
    ["metadata", "file name", "job title"],
    *(["caption"], ["topic"], ["contact"], ["correction"]),
]
assert {place for places in TOGETHER for place in places} == {*PLACES}


@pytest.mark.parametrize("places", TOGETHER, ids=", ".join)
def test_a_name_is_found_with_kind_and_address_and_is_not_printed(
    places, newsroom, settings, sorrel
):
    for place in places:
        PLACES[place][0](newsroom, settings)
    status, output = check()
    assert status == 1
    for place in places:
        if place != "PDF":
            assert [str(sorrel.pk), *PLACES[place][1](newsroom)] in lines(output), place
    assert not re.search("iven|sorrel", output, re.IGNORECASE)
    assert {line[0] for line in lines(output)} == {str(sorrel.pk)}
    if "PDF" in places:
        needs_poppler("PDF")
        assert [str(sorrel.pk), *PLACES["PDF"][1](newsroom)] in lines(output)


def test_names_are_printed_if_the_operator_asks_for_them(newsroom):
    change(newsroom.release, title=f"{NAME} is free")
    status, output = check("--show-names")
    assert status == 1
    assert f"“{NAME}”" in output


def test_an_address_that_contains_the_name_is_printed_with_an_id(newsroom, sorrel):
    change(newsroom.release, slug="free-iven-sorrel")
    status, output = check()
    assert status == 1
    by_id = f"/releases/{newsroom.release.pk}/"
    assert [str(sorrel.pk), "page", "the address", by_id] in lines(output)
    assert "sorrel" not in output
    assert "/releases/free-iven-sorrel/" in check("--show-names")[1]


def test_a_site_without_protected_names_ends_with_0(newsroom):
    change(newsroom.draft, title=f"{NAME} in a draft")
    status, output = check()
    assert status == 0, output
    assert "No protected name found, apart from allowed ones." in output
    assert NameCheckFind.objects.count() == 0


def test_the_name_of_a_public_person_is_not_protected(newsroom):
    make_prisoner("Somebody Public")
    assert check()[0] == 0


def test_every_format_of_a_release_and_of_a_withdrawal_notice_is_read(newsroom, sorrel):
    change(newsroom.release, title=f"{NAME} is free")
    change(newsroom.withdrawn, withdrawal_reason=f"{NAME} asked us to.")
    found = {(line[1], line[3]) for line in lines(check()[1])}
    for page, kinds in (
        (newsroom.page, ["page", "plain text", "export", "card", "text in a ZIP"]),
        (newsroom.withdrawn.get_absolute_url(), ["page", "plain text", "export", "card"]),
    ):
        forms = ["", "release.txt", "release.json", "card.jpg", "media.zip"]
        for kind, form in zip(kinds, forms, strict=False):
            assert (kind, page + form) in found
    assert {("feed", "/releases/feed.atom"), ("page", "/releases/"), ("page", "/")} <= found
    assert ("feed", "/releases/feed.atom?topic=open-topic") in found
    assert ("page", newsroom.speaker.get_absolute_url()) in found


def test_a_name_in_the_table_of_prisoners_is_found(newsroom, sorrel):
    change(Case.objects.get(person=newsroom.prisoner), call=f"Free {NAME}.")
    found = {(line[1], line[3]) for line in lines(check()[1])}
    assert {("export", "/prisoners/prisoners.csv"), ("page", "/prisoners/")} <= found


def test_every_page_of_the_archive_is_read(newsroom, monkeypatch, sorrel):
    monkeypatch.setattr("newsroom.paging.PAGE_SIZE", 1)
    monkeypatch.setattr(namecheck, "PAGE_SIZE", 1)
    old = make_release(publish_at=timezone.now() - timedelta(days=9), by=newsroom.by)
    change(old, title=f"{NAME} was here")
    assert [str(sorrel.pk), "page", "text", "/releases/?page=2"] in lines(check()[1])


SPLIT_NAMES = {
    "inline tags": (
        "<p>It was <strong>Iv</strong>en <em>Sor<a href='https://a.b/'>rel</a></em>.</p>",
        True,
    ),
    "a soft hyphen and entities": ("<p>It was I&shy;ven&nbsp;S&#111;rrel.</p>", True),
    "two paragraphs": ("<p>It was Iven</p><p>Sorrel grows here.</p>", False),
    "one word": ("<p>It was IvenSorrel.</p>", True),
}  # fmt: skip


def test_a_text_is_read_as_readers_see_it(newsroom):
    expected = {}
    for body, is_found in SPLIT_NAMES.values():
        release = make_release(by=newsroom.by)
        change(release, body=body)
        expected[release.get_absolute_url()] = is_found
    found = {line[3] for line in lines(check()[1])}
    assert {page: page in found for page in expected} == expected


def test_a_site_notice_is_reported_once_and_not_for_each_page(newsroom, settings, sorrel):
    settings.SITE_NOTICE = f"Free {NAME}!"
    settings.NEWSROOM_EMAIL = "iven.sorrel@newsroom.example"
    status, output = check()
    assert status == 1
    assert lines(output) == [
        [str(sorrel.pk), "site notice", "SITE_NOTICE", "/"],
        [str(sorrel.pk), "site notice", "NEWSROOM_EMAIL", "/"],
    ]
    change(newsroom.release, title=f"{NAME} is free")
    assert [str(sorrel.pk), "page", "the title", newsroom.page] in lines(check()[1])


# --- Allowed names and namesakes -----------------------------------------------------------------


def test_an_allowed_name_is_listed_separately_and_ends_with_0(newsroom, publisher):
    change(newsroom.release, title=f"{NAME}, the footballer")
    change(Role.objects.get(person=newsroom.speaker), title=f"Lawyer of {NAME}")
    assert check()[0] == 1
    release = Release.objects.get(pk=newsroom.release.pk)
    workflow.allow_name(release, by=publisher, name="IVEN SORREL", reason="A footballer.")
    role = Role.objects.get(person=newsroom.speaker)
    workflow.allow_name(role, by=publisher, name=NAME, reason="A footballer.")
    status, output = check()
    assert status == 0, output
    assert lines(output) == []
    allowed = lines(output, "Allowed with a reason")
    assert ["page", "the title", newsroom.page] in [line[1:] for line in allowed]
    assert set(NameCheckFind.objects.values_list("accepted", flat=True)) == {True}
    workflow.end_name_exception(NameException.objects.get(release=release), by=publisher)
    assert check()[0] == 1


def test_a_name_that_is_allowed_in_one_release_is_found_in_another(newsroom, publisher):
    change(newsroom.release, title=f"{NAME}, the footballer")
    release = Release.objects.get(pk=newsroom.release.pk)
    workflow.allow_name(release, by=publisher, name=NAME, reason="A footballer.")
    other = make_release(by=newsroom.by)
    change(other, title=f"{NAME}, the writer")
    status, output = check()
    assert status == 1
    assert other.get_absolute_url() in {line[3] for line in lines(output)}
    assert newsroom.page not in {line[3] for line in lines(output)}


def test_a_name_that_may_be_somebody_elses_is_listed_separately_and_ends_with_0(
    newsroom, monkeypatch
):
    """The form of a match decides whether it may be another name."""
    real = namecheck.people_index()

    class Uncertain:
        def matches(self, text):
            warns = Form.OTHER_INITIAL
            return [replace(match, form=warns) for match in real.matches(text)]

    monkeypatch.setattr(namecheck, "people_index", Uncertain)
    change(newsroom.release, title=f"{NAME} is free")
    status, output = check()
    assert status == 0
    assert lines(output) == []
    assert len(lines(output, "May be the name of someone else")) > 3
    assert set(NameCheckFind.objects.values_list("warned", flat=True)) == {True}


# --- Files that cannot be read -------------------------------------------------------------------


def test_without_poppler_a_sentence_says_how_many_pdfs_were_not_read(newsroom, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    status, output = check()
    assert status == 0
    assert "1 PDF was not read: poppler-utils is not installed." in output


def test_a_damaged_pdf_and_a_scan_are_named_in_a_sentence(newsroom):
    needs_poppler("PDF")
    replace_file(newsroom.pdf, b"%PDF-1.7\nnothing\n%%EOF\n")
    replace_file(newsroom.word, docx_with("Cut short")[:200])
    status, output = check()
    assert status == 0
    assert "2 files could not be read; check them yourself:" in output
    pdf, word = (
        newsroom.pdf.public_url("file", "pdf"),
        newsroom.word.public_url("file", "docx"),
    )
    assert f"{pdf}: The PDF is damaged or locked" in output
    assert f"{word}: The file is damaged or incomplete and can’t be unpacked." in output
    replace_file(newsroom.pdf, pdf_with(""))
    assert "it has no text; it may be a scan" in check()[1]


def test_a_word_file_that_unpacks_to_too_much_is_not_read(newsroom):
    replace_file(newsroom.word, docx_with("x" * 25_000_000))
    assert "more than 20 MB, which is suspicious, so it was not opened" in check()[1]


def test_a_missing_file_is_named_and_the_rest_is_read(newsroom):
    change(newsroom.release, title=f"{NAME} is free")
    default_storage.delete(newsroom.word.stored_name("file", "docx"))
    status, output = check()
    assert status == 1
    assert newsroom.page in {line[3] for line in lines(output)}
    assert "could not be read" in output


def test_a_site_that_does_not_answer_ends_with_2(newsroom, settings):
    settings.ALLOWED_HOSTS = []
    settings.SITE_URL = ""
    status, output = check()
    assert status == 2
    assert "ALLOWED_HOSTS" in output


def test_a_page_that_fails_ends_with_2_and_is_named(newsroom, monkeypatch):
    def fail(*args):
        raise RuntimeError("Broken.")

    monkeypatch.setattr(views, "as_csv", fail)
    status, output = check()
    assert status == 2
    assert "/prisoners/prisoners.csv: status 500" in output


# --- --since -------------------------------------------------------------------------------------


def move_times_back():
    """Move all stored times three hours back, so that only later changes are recent."""
    then = timezone.now() - timedelta(hours=3)
    with connection.cursor() as cursor:
        for table, column in (
            ("releases_release", "updated_at"), ("releases_release", "publish_at"),
            ("releases_event", "at"), ("releases_correction", "at"),
            ("people_historicalperson", "history_date"), ("people_historicalrole", "history_date"),
            ("people_historicalcase", "history_date"),
            ("releases_historicaltopic", "history_date"),
            ("releases_historicalcontact", "history_date"),
            ("people_historicaldesignation", "history_date"),
            ("people_historicalcharge", "history_date"),
            ("people_historicalsentence", "history_date"),
            ("people_historicalcaseevent", "history_date"),
            ("people_historicalconsent", "history_date"),
            ("assets_historicalmediaasset", "history_date"),
        ):  # fmt: skip
            cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {column} > %s", [then, then])  # noqa: S608


SINCE = {
    "a duration": lambda hour_ago: "1h",
    "a time": lambda hour_ago: f"{hour_ago:%Y-%m-%dT%H:%M:%S+00:00}",
}


@pytest.mark.parametrize("written", SINCE)
def test_since_reads_only_pages_that_changed(newsroom, written, sorrel):
    since = SINCE[written](timezone.now().astimezone(UTC) - timedelta(hours=1))
    old = make_release(by=newsroom.by)
    change(newsroom.release, title=f"{NAME} is free")
    move_times_back()
    _, output = check("--since", since)
    assert newsroom.page not in {line[3] for line in lines(output)}
    newer = Release.objects.get(pk=old.pk)
    newer.save()
    change(newer, title=f"{NAME} came back")
    status, output = check("--since", since)
    assert status == 1
    addresses = {line[3] for line in lines(output)}
    assert newer.get_absolute_url() in addresses
    assert newsroom.page not in addresses


def test_newly_protected_people_are_searched_for_everywhere(newsroom, editor):
    known = make_person("Known Before", level=Level.NAMEABLE)
    release = make_release(by=newsroom.by, body="<p>It is Known Before.</p>")
    replace_file(newsroom.word, docx_with("A letter to Known Before."))
    move_times_back()
    assert check("--since", "1h")[0] == 0
    levels.lower_level(known, to=Level.STAFF, by=editor)
    status, output = check("--since", "1h")
    assert status == 1
    found = {(line[1], line[3]) for line in lines(output)}
    assert ("page", release.get_absolute_url()) in found
    assert ("document", newsroom.word.public_url("file", "docx")) in found


def test_people_whose_consent_has_ended_are_searched_for_everywhere(newsroom):
    known = make_person("Known Before", level=Level.NAMEABLE)
    release = make_release(by=newsroom.by, body="<p>It is Known Before.</p>")
    move_times_back()
    change(known, name_consent_until=timezone.localdate() - timedelta(days=1))
    status, output = check("--since", "1h")
    assert status == 1
    assert release.get_absolute_url() in {line[3] for line in lines(output)}
    change(known, name_consent_until=timezone.localdate() - timedelta(days=9))
    # The page of the release is not read again, but the lists always are.
    addresses = {line[3] for line in lines(check("--since", "1h")[1])}
    assert release.get_absolute_url() not in addresses
    assert "/" in addresses


def test_a_page_with_a_changed_topic_is_read(newsroom):
    move_times_back()
    change(newsroom.topic, name=f"Free {NAME}")
    newsroom.topic.history.create(
        id=newsroom.topic.pk, name=f"Free {NAME}", history_date=timezone.now(), history_type="~"
    )
    assert newsroom.page in {line[3] for line in lines(check("--since", "1h")[1])}


def test_finds_on_unchanged_pages_stay_at_the_desk_and_others_are_replaced(newsroom):
    change(newsroom.release, title=f"{NAME} is free")
    other = make_release(by=newsroom.by)
    change(other, title=f"{NAME} came back")
    check()
    move_times_back()
    fixed = Release.objects.get(pk=other.pk)
    fixed.title = "Somebody came back"
    workflow.correct(fixed, by=newsroom.by, text="It was somebody else.")
    check("--since", "1h")
    addresses = set(NameCheckFind.objects.values_list("address", flat=True))
    assert newsroom.page in addresses
    assert other.get_absolute_url() not in addresses


def test_an_invalid_time_is_refused_with_a_sentence(newsroom):
    status, output = check("--since", "yesterday")
    assert status == 2
    assert "“yesterday” is not a time." in output


# --- At the desk ---------------------------------------------------------------------------------


def desk_of(client, user) -> str:
    client.force_login(user)
    return client.get(DESK).content.decode()


TITLE = "Protected names on public pages"


def test_finds_are_shown_at_the_desk_with_a_link_to_allow_the_name(
    newsroom, client, editor, publisher
):
    change(newsroom.release, title=f"{NAME} is free")
    check()
    desk = desk_of(client, editor)
    assert TITLE in desk
    assert newsroom.page in desk
    assert "the title" in desk
    assert "nameexception/add/" not in desk
    link = (
        f"/admin/releases/nameexception/add/?table=releases.release&amp;row={newsroom.release.pk}"
    )
    assert link in desk_of(client, publisher)
    # An exception belongs to a text, so a general “Add” link would fail.
    assert 'nameexception/add/"' not in desk_of(client, publisher)
    exceptions = client.get("/admin/releases/nameexception/").content.decode()
    assert "nameexception/add/" not in exceptions
    change(newsroom.release, title="Free")
    check()
    assert TITLE not in desk_of(client, editor)


def test_finds_of_level_0_are_shown_only_to_the_case_officer(
    newsroom, client, editor, publisher, sorrel
):
    officer = make_user("officer", "Editor")
    models.QuerySet(Person).filter(pk=sorrel.pk).update(level=Level.CASE_OFFICERS)
    sorrel.case_officers.add(officer)
    change(newsroom.release, title=f"{NAME} is free")
    assert check()[0] == 1
    assert TITLE in desk_of(client, officer)
    for user in (editor, publisher, make_chief()):
        desk = desk_of(client, user)
        assert TITLE not in desk
        assert str(sorrel.pk) not in desk


def test_allowed_names_are_not_shown_at_the_desk(newsroom, client, publisher):
    change(newsroom.release, title=f"{NAME}, the footballer")
    release = Release.objects.get(pk=newsroom.release.pk)
    workflow.allow_name(release, by=publisher, name=NAME, reason="A footballer.")
    check()
    assert NameCheckFind.objects.exists()
    assert TITLE not in desk_of(client, publisher)


# --- All public addresses ------------------------------------------------------------------------


def test_every_public_address_is_read_or_excused_with_a_reason():
    names = {p.name for p in get_resolver().url_patterns if isinstance(p, URLPattern)}
    covered, excused = set(namecheck.COVERED), set(namecheck.EXCUSED)
    assert names == covered | excused
    assert not covered & excused
    assert all(len(reason) > 15 for reason in namecheck.EXCUSED.values())
    prefixes = {
        str(p.pattern) for p in get_resolver().url_patterns if not isinstance(p, URLPattern)
    }
    assert prefixes == {"admin/", "admin/r/", "admin/retention/"}


def test_each_covered_view_has_addresses_that_are_read(newsroom):
    scope = namecheck.whole_site(timezone.now())
    for name, addresses in namecheck.COVERED.items():
        found = list(addresses(scope))
        assert found, name
        for address in found:
            match = get_resolver().resolve(address.path.partition("?")[0])
            assert match.url_name == name


def test_poppler_is_in_the_image(settings):
    assert "poppler-utils" in (settings.BASE_DIR / "Dockerfile").read_text()


def test_pdf_reading_is_limited(newsroom, monkeypatch):
    needs_poppler("PDF")
    few = replace(printed_texts.LIMITS, megabytes=CODE_MEGABYTES + 1)
    monkeypatch.setattr(printed_texts, "LIMITS", few)
    assert f"{newsroom.pdf.public_url('file', 'pdf')}: The PDF is damaged" in check()[1]
