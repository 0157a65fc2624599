"""Nothing that is typed, pasted or imported ever runs in the browser of a reader or an editor."""

import json
import re
from html import escape
from urllib.parse import urlencode

import lxml.etree
import lxml.html
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from people.models import Case, PersonName, Role
from releases import workflow
from releases.models import Contact, Correction, Release, Topic
from tests.make import DATA, make_chief, make_person, make_picture, make_release, mark, quotation

pytestmark = [pytest.mark.django_db, pytest.mark.once]

OURS = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</title><svg onload=alert(1)>",
    "\"><img src=x onerror=alert(1)>",
    "' autofocus onfocus=alert(1) x='",
    "javascript:alert(1)",
    "<a href=\"java\tscript:alert(1)\">x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<math><mtext></p><style><img src=x onerror=alert(1)></style>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<base href=//evil.example><form action=//evil.example><button formaction=javascript:1>",
    "<!--><script>alert(1)</script>-->",
    "]]></summary><script xmlns='http://www.w3.org/1999/xhtml'>alert(1)</script>",
    "{{ 7|add:7 }}{% debug %}",
    "\u2028</script\u2029><script>alert(1)</script>",
]  # fmt: skip
THEIRS = (DATA / "xss" / "patt-RSNAKE_XSS.txt").read_text().splitlines()
PAYLOADS = [line for line in [*OURS, *THEIRS] if line.strip()]

ADDRESSES = {"href", "src", "action", "formaction", "srcset", "data", "xlink:href", "poster"}
HARMLESS = re.compile(r"^(https?:|mailto:|tel:|/|#|\?|\.|$)", re.IGNORECASE)


def assert_is_our_blur(svg) -> None:
    """Check the placeholder of a picture: twelve coloured rectangles and nothing else."""
    assert dict(svg.attrib).keys() == {"class", "viewbox", "preserveaspectratio", "aria-hidden"}
    assert len(svg) == 12
    for cell in svg:
        assert (cell.tag, len(cell), cell.text) == ("rect", 0, None)
        assert re.fullmatch("#[0-9a-f]{6}", cell.attrib.pop("fill"))
        assert all(value.isdigit() for value in cell.attrib.values())
        assert dict(cell.attrib).keys() == {"x", "y", "width", "height"}


def assert_is_our_chart(svg) -> None:
    """Check the chart of detentions: bars with numeric attributes, and names as text."""
    assert dict(svg.attrib).keys() == {"viewbox", "role", "aria-label"}
    for node in svg.iterdescendants():
        assert node.tag in {"g", "title", "rect", "line", "text"}
        words = {node.attrib.pop("class", "")} - {"", "unsure", "year", "who"}
        assert not words
        assert all(re.fullmatch(r"[\d.]+", value) for value in node.attrib.values())


def assert_is_our_search(node) -> None:
    """Check the only forms of a public page: the searches of the site and of a person's quotations.

    The form in the header has data for its script, which is a text and an address of ours.
    """
    form = next(node.iterancestors("form"), node)
    assert form.tag == "form"
    if form.get("class") == "search-box":
        assert dict(form.attrib).keys() == {
            "class", "action", "role", "aria-label", "data-url", "data-label", "data-found"
        }  # fmt: skip
        assert (form.get("action"), form.get("data-url")) == ("/releases/", "/releases/suggest/")
    else:
        assert dict(form.attrib).keys() == {"class", "action", "role"}
        assert re.fullmatch(r"/people/[^/?#]+/#quotations", form.get("action"))
    fields = [field.get("name") for field in form.iter("input", "button", "select", "textarea")]
    assert fields == ["q", None]


def assert_nothing_runs(html: bytes, admin: bool = False) -> None:
    root = lxml.html.document_fromstring(html)
    for node in root.iter(lxml.etree.Element):
        tag = node.tag if isinstance(node.tag, str) else ""
        for name, value in node.attrib.items():
            assert not name.startswith("on"), (tag, name, value)
            assert name != "srcdoc"
            assert name != "style" or admin
            if name in ADDRESSES:
                bare = re.sub(r"[\s\x00-\x20]", "", value)
                assert HARMLESS.match(bare), (tag, name, value)
        if tag == "script":
            assert_is_ours(node)
        assert tag not in {"iframe", "object", "embed", "base", "applet", "math", "marquee"}, tag
        assert tag != "style"
        if not admin:
            if tag in {"form", "button", "input", "select", "textarea"}:
                assert_is_our_search(node)
            if tag == "svg" and node.get("role") == "img":
                assert_is_our_chart(node)
            elif tag == "svg":
                assert_is_our_blur(node)
        if tag == "meta":
            assert "http-equiv" not in node.attrib


def assert_is_ours(script) -> None:
    kind = script.get("type", "")
    if kind in ("application/ld+json", "application/json"):
        json.loads(script.text)
    elif kind == "importmap":
        assert script.get("nonce")
        json.loads(script.text)
    else:
        assert script.get("src", "").startswith(("/static/", "/admin/jsi18n/"))
        assert not (script.text or "").strip()


def plant(payloads) -> list[Release]:
    """Return a release for each payload, with it in every field, person, picture and topic."""
    chief, everything, releases = make_chief(), "\n".join(PAYLOADS), []
    picture = make_picture(
        "x.jpg", alt_text=everything, caption=everything, credit_line=OURS[3], creator=OURS[2],
        copyright_notice=OURS[1], usage_terms=everything, original_name=OURS[3],
    )  # fmt: skip
    for number, payload in enumerate(payloads):
        line = f"{number} {payload}"
        person = make_person(
            line[:200], level_basis=payload, pronouns=payload[:40], portrait=picture
        )
        PersonName.objects.create(person=person, text=line[:200], printed=True)
        Role.objects.create(person=person, title=payload[:200], speaks_for_us=True)
        case = Case.objects.create(
            person=person, custody_status="detained", as_of=timezone.localdate(), summary=payload,
            call=payload, source=payload[:200], since="2021", health=payload, what_to_do=payload,
            source_url="https://example.org/?q=%22%3E", what_to_do_url="https://example.org/",
        )  # fmt: skip
        case.charges.create(text=payload, original_text=payload, law=payload[:300], source=payload)
        case.sentences.create(kind="other", text=payload, court=payload[:200], source=payload)
        case.events.create(kind="arrest", date="2021", summary=payload, source=payload)
        case.designations.create(
            label=payload[:80] or "x", by=payload[:200], since="2021", source=payload or "x"
        )
        person.consents.create(
            basis="subject",
            covers_name=True,
            covers_photo=True,
            covers_health=True,
            given=timezone.localdate(),
        )
        contact = Contact.objects.create(name=line[:120], phone=payload[:40], hours=payload[:120])
        release = make_release(
            "in_review", by=chief, title=line[:300], standfirst=payload, poster=picture,
            dateline_place=payload[:120], pull_quote="Lift it", notes_to_editors=payload,
            topics=[Topic.objects.create(name=line[:80])],
            body=f"<p>{mark(person, escape(payload))}</p>{quotation(person, 'Lift it')}"
            f'<blockquote data-speaker="{person.pk}" data-title="{escape(payload)}">'
            f'<p>{escape(payload)}</p></blockquote><figure data-asset="{picture.pk}"></figure>'
            f"<h2>Background</h2>{payload}",
        )  # fmt: skip
        release.contacts.add(contact)
        releases.append(release)
    return releases


@pytest.mark.parametrize(
    "payloads",
    [[*OURS, *THEIRS[::6]], pytest.param(PAYLOADS, marks=pytest.mark.soak)],
    ids=["some", "all"],
)
def test_no_page_runs_a_typed_script(client, at_desk, publisher, settings, payloads):
    """One test for the desk and the public site: the payloads take long to create.

    Each release has the captions of a picture, a reason and a correction with all payloads. The
    other fields have one payload each: some in the suite, and all of them in `make soak`.
    """
    planted = plant([line for line in payloads if line.strip()])
    at_desk(publisher)
    workflow.send_back(planted[1], by=publisher, reason="\n".join(PAYLOADS))
    assert_no_page_of_the_desk_runs_a_script(client, planted)
    client.logout()
    planted[1] = workflow.submit(Release.objects.get(pk=planted[1].pk), by=publisher)
    settings.NEWSROOM_NAME = settings.SITE_NOTICE = OURS[1]
    assert_no_public_page_runs_a_script(client, planted)


def assert_no_public_page_runs_a_script(client, planted):
    chief, pages = make_chief(), ["/", "/releases/", "/people/", "/prisoners/", "/releases/none/"]
    for release in planted:
        release = workflow.publish(release, by=chief)
        Correction.objects.create(release=release, text="\n".join(PAYLOADS), by=chief)
        pages.append(release.get_absolute_url())
        named = [mention.person.get_absolute_url() for mention in release.mentions.all()]
        pages += [*named, *(f"{page}?{urlencode({'q': release.title})}" for page in named)]
    pages += [f"/releases/?topic={topic.slug}" for topic in Topic.objects.all()[:5]]
    assert 'role="img"' in client.get("/prisoners/").content.decode()
    for page in pages:
        response = client.get(page)
        assert response.status_code == (404 if "none" in page else 200)
        assert_nothing_runs(response.content)
        assert "unsafe-inline" not in response["Content-Security-Policy"]
    for feed in ("/releases/feed.atom", "/sitemap.xml", "/sitemap-releases.xml"):
        root = lxml.etree.fromstring(client.get(feed).content)
        assert not list(root.iter("{http://www.w3.org/1999/xhtml}script", "script"))
    atom = lxml.etree.fromstring(client.get("/releases/feed.atom").content)
    for summary in atom.iter("{*}summary", "{*}content"):
        if summary.get("type") == "html":
            assert_nothing_runs(f"<div>{summary.text}</div>".encode())


def test_no_tombstone_runs_a_typed_script(client):
    chief = make_chief()
    (planted,) = plant(PAYLOADS[:1])
    release = workflow.publish(planted, by=chief)
    workflow.withdraw(release, by=chief, reason="\n".join(PAYLOADS))
    response = client.get(release.get_absolute_url())
    assert response.status_code == 410
    assert_nothing_runs(response.content)


def assert_no_page_of_the_desk_runs_a_script(client, planted):
    pages = [
        "/admin/",
        "/admin/releases/release/",
        "/admin/people/person/",
        "/admin/assets/mediaasset/",
    ]
    for release in planted[:12]:
        base = f"/admin/releases/release/{release.pk}"
        pages += [f"{base}/change/", f"{base}/preview/", f"{base}/history/", f"{base}/approve/"]
        person = release.mentions.first().person
        pages += [f"/admin/people/person/{person.pk}/change/",
                  f"/admin/assets/mediaasset/{release.poster.pk}/change/"]  # fmt: skip
    for page in pages:
        response = client.get(page, follow=True)
        assert response.status_code == 200, page
        assert_nothing_runs(response.content, admin=True)


def test_nothing_in_an_import_runs_as_a_script(client, at_desk, publisher, template_contexts):
    desk = at_desk(publisher)
    words = "A title of it\n\nThe minister said that nobody had been told of anything.\n\n"
    for name in ("text.txt", "text.html", "text.md"):
        upload = SimpleUploadedFile(name, (words + "\n\n".join(PAYLOADS)).encode())
        page = desk.post("/admin/releases/release/import/", {"file": upload})
        assert_nothing_runs(page.content, admin=True)
        form = page.context["confirm"]
        chosen = {f"person_{n}": "create" for n in range(len(form.suggestions))}
        desk.post("/admin/releases/release/import/", form.initial | chosen)
    assert Release.objects.count() >= 1
    for release in Release.objects.all():
        preview = desk.get(f"/admin/releases/release/{release.pk}/preview/")
        assert_nothing_runs(preview.content, admin=True)
