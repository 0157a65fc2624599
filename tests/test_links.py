"""Which links a text may contain, whether it is typed, pasted, saved, imported or printed."""

from html import unescape

import pytest
from django.db import models

from desk.pasting import clean_pasted
from people.models import Case
from releases.document import clean
from releases.models import Event, Release
from storing.links import allowed_link
from tests.make import make_prisoner, make_release

pytestmark = pytest.mark.usefixtures("template_contexts")

IMPORT = "/admin/releases/release/import/"
SAFELINK = (
    "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fexample.org%2Fa"
    "&data=05%7C01%7Creader%40example.org"
)
TARGET = "https%3A%2F%2Fexample.org%2Fa%3Fb%3D1"
SAFE_PATHS = ["/?", "?", "/./?", "//?", "/ap/w-59584e83/?", "/GetUrlReputation?", "/a%2fb?x=1&"]
ALLOWED = [
    ("https://Example.ORG/A?b=1#f", "https://example.org/A?b=1#f"),
    ("  HTTP://example.org\n", "http://example.org"),
    ("www.example.org/a b", "https://www.example.org/a%20b"),
    ("https://exämple.org/", "https://exämple.org/"),
    ("https://a%2eexample/", "https://a.example/"),
    ("https://en.wikipedia.org/wiki/People's_(x)", "https://en.wikipedia.org/wiki/People's_(x)"),
    ("https://[::1]:8000/x", "https://[::1]:8000/x"),
    # What identifies the recipient is removed.
    ("https://user:pw@example.org/x", "https://example.org/x"),
    ("https://example.org/?utm_source=x&b=1&fbclid=2&MC_EID=3", "https://example.org/?b=1"),
    ("https://example.org/?a=%20b&_hsenc=1", "https://example.org/?a=%20b"),
    ("https://example.org/x;jsessionid=AB12?a=1", "https://example.org/x?a=1"),
    (SAFELINK, "https://example.org/a"),
    ("https://www.google.com/url?q=https://example.org/&sa=D", "https://example.org/"),
    ("https://urldefense.com/v3/__https://example.org/a__;!!x", "https://example.org/a"),
    # Parameters with any separator, and parameters that identify a reader.
    ("https://example.org/?a=1;fbclid=2;b=3", "https://example.org/?a=1;b=3"),
    ("https://example.org/?a=1&amp;fbclid=2&amp;b=3", "https://example.org/?a=1&amp;b=3"),
    ("https://example.org/?fbclid=2&amp;b=3", "https://example.org/?b=3"),
    ("https://example.org/?a=1;b=2&c", "https://example.org/?a=1;b=2&c"),
    ("https://example.org/?b=1&+fbclid=2", "https://example.org/?b=1"),
    ("https://example.org/?token=1&sid=2&email=3&b=4", "https://example.org/?b=4"),
    ("https://example.org/?to=jo%40ngo.example&b=1", "https://example.org/?b=1"),
    ("https://example.org/?to=jo%2540ngo.example", "https://example.org/"),
    ("https://example.org/?jo@ngo.example", "https://example.org/"),
    ("https://example.org/a#access_token=1&b=2", "https://example.org/a#b=2"),
    ("https://example.org/a#utm_source=x", "https://example.org/a"),
    ("https://example.org/#/a?b=1&utm_source=x", "https://example.org/#/a?b=1"),
    ("https://example.org/a#token", "https://example.org/a#token"),
    ("https://youtu.be/abc?si=1&t=90", "https://youtu.be/abc?t=90"),
    ("https://open.spotify.com/track/1?si=2", "https://open.spotify.com/track/1"),
    ("https://example.org/?si=2", "https://example.org/?si=2"),
    *((f"https://nam02.safelinks.protection.outlook.com{path}url={TARGET}&data=05%7Cjo%40ngo.example",
       "https://example.org/a?b=1") for path in SAFE_PATHS),
    (f"https://x.safelinks.protection.outlook.com/?data=1;url={TARGET};x=2",
     "https://example.org/a?b=1"),
    (f"https://x.safelinks.protection.outlook.com/?data=1&amp;URL={TARGET}&amp;x=2",
     "https://example.org/a?b=1"),
    ("https://x.safelinks.protection.outlook.com/?url=https%253A%252F%252Fexample.org%252Fa",
     "https://example.org/a"),
    (f"https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp-safelinks.html?url={TARGET}"
     "&locale=en&dest=x", "https://example.org/a?b=1"),
    (f"https://linkprotect.cudasvc.com/url?a={TARGET}&c=E,1,jo&typo=1", "https://example.org/a?b=1"),
    (f"https://www.google.co.uk/./url/?sa=t&url={TARGET}", "https://example.org/a?b=1"),
    ("https://urldefense.proofpoint.com/v2/url?u=https-3A__x.example_a-5Fb-2Dc-3Fd-3D1&d=DwMF&r=jo",
     "https://x.example/a_b-c?d=1"),
    ("https://urldefense.proofpoint.com/v1/url?u=https://x.example/a-b_c&k=1", "https://x.example/a-b_c"),
    ("https://urldefense.us/v3/__https://x.example/a__;!!ABC!USER$", "https://x.example/a"),
    ("https://urldefense.com/v3/__https:/x.example/a__;!!ABC!USER$", "https://x.example/a"),
    ("https://urldefense.com/v3/__https://x.example/page*section__;Iw!!ABC!USER$",
     "https://x.example/page#section"),
    ("https://urldefense.com/v3/__https://x.example/?a=1*fbclid=2*b__;JiY!!ABC!USER$",
     "https://x.example/?a=1&b"),
    # “**B” stands for the next three characters.
    ("https://urldefense.com/v3/__https://x.example/**B__;KCgo!!ABC!USER$",
     "https://x.example/((("),
    ("mailto:a@b.example?bcc=x@y.example&subject=Hi%20all&body=z",
     "mailto:a@b.example?subject=Hi%20all"),
    ("mailto:a@b.example?subject=Hi%0aBcc:x@y.example", "mailto:a@b.example"),
    ("tel:+44 20 7946 0000", "tel:+442079460000"),
]  # fmt: skip
REFUSED = [
    "//evil.example/x", "/admin/logout/", "#_ftn1", "page.html", "", "javascript:alert(1)",
    "\u180ejavascript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "ftp://example.org",
    "vbscript:x", "https:x.example", "http:/x", "https://exa mple.org", "https://e\u200b.example",
    "https://a.example\\@b.example", "https://-a.example", "https://a..example", "https://xn--/",
    "https://a.example:99999/", "https://a.example/<b>", "mailto:?to=a",
    "mailto:nobody", "tel:*#06#", "https://l.facebook.com/l.php?u=javascript%3Aalert(1)",
    "https://a.example/" + "x" * 2000,
    # Redirects whose target cannot be read completely. A part of it would be another address.
    "https://x.safelinks.protection.outlook.com/?data=jo%40ngo.example",
    "https://x.safelinks.protection.outlook.com/?url=example.org",
    "https://x.safelinks.protection.outlook.com/?url=https%3A%2F%2Fexample.org%2F%FF",
    "https://ngo.us1.list-manage.com/track/click?u=1&id=2&e=3",
    "https://u1.ct.sendgrid.net/ls/click?upn=1",
    "https://protect-eu.mimecast.com/s/abc?domain=example.org",
    "https://urldefense.com/v3/__https://x.example/a*b__;!!ABC!USER$",  # no character for the “*”
    "https://urldefense.com/v3/__https://x.example/ab__;Iw!!ABC!USER$",  # no “*” for the character
    "https://urldefense.com/v3/__https://x.example/a*b__;_w!!ABC!USER$",  # not UTF-8
    "https://urldefense.com/v3/__https://x.example/a",
    "https://urldefense.proofpoint.com/v2/url?u=https-3A__x.example_a-ZZ&r=jo",
    "https://urldefense.proofpoint.com/v2/url?r=jo",
    "https://urldefense.proofpoint.com/v4/url?u=https-3A__x.example",
]  # fmt: skip


@pytest.mark.parametrize(("href", "link"), ALLOWED)
def test_a_link_is_stored_without_data_about_its_recipient(href, link):
    assert allowed_link(href) == link
    assert allowed_link(link) == link


@pytest.mark.parametrize("href", REFUSED)
def test_a_broken_or_redirecting_address_is_not_a_link(href):
    assert allowed_link(href) is None


def test_replaced_characters_of_any_script_are_put_back():
    link = "https://urldefense.com/v3/__https://x.example/**B__;2YPZhNmF!!ABC!USER$"
    assert allowed_link(link) == "https://x.example/كلم"


def anchor(href):
    return "<p>See <a href='{}'>the law</a>.</p>".format(
        href.replace("&", "&amp;").replace("'", "&#39;")
    )


@pytest.mark.parametrize("cleaner", [clean, clean_pasted])
def test_paste_and_save_treat_links_alike(cleaner):
    for href in REFUSED:
        assert cleaner(anchor(href)) == "<p>See the law.</p>", href
    for href, link in ALLOWED:
        written = link.replace("&", "&amp;").replace("'", "&#x27;")
        assert cleaner(anchor(href)) == f'<p>See <a href="{written}">the law</a>.</p>'


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["a.html", "a.md"])
def test_an_import_treats_links_alike_and_reports_removed_addresses(at_desk, author, name):
    lines = {
        "a.html": "<p>See <a href='{}'>the law {}</a>, which is long enough to be read.</p>",
        "a.md": "See [the law {1}]({0}), which is long enough to be read.\n\n",
    }[name]
    hrefs = ["tel:+442079460000", "//evil.example/x", "https://u:p@example.org/?utm_source=x"]
    title = "<h1>A title of it</h1>" if name == "a.html" else "# A title of it\n\n"
    text = title + "".join(lines.format(href, n) for n, href in enumerate(hrefs))
    page = send(at_desk(author), text)
    assert "lost its address and kept its text" in page.text
    confirm(at_desk(author), page)
    body = Release.objects.get().body
    assert '<a href="tel:+442079460000">the law 0</a>' in body
    assert '<a href="https://example.org/">the law 2</a>' in body
    assert body.count("<a ") == 2
    assert "the law 1" in body


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text",
    [
        "<h1>One title of it</h1><p>Two sentences stand here. They are read.</p>"
        '<img src="https://x.example/a%00b%1f.jpg" alt="&#x1;&#x202e;">',
        "# One title of it\n\nTwo sentences stand here. They are read.\n\n"
        "![x](https://x.example/a%00b.jpg)\n",
        "<h1>One &#x1;title&#x202e; of it&#xfffe;</h1><p>Two sentences &#11; stand &#xd800; here."
        "</p><p><a href='https://x.example/%00'>They</a> are read.</p>",
    ],
)
def test_decoded_characters_never_stop_an_import(at_desk, author, text):
    """On PostgreSQL, such a draft could not be stored, and the import was lost."""
    client = at_desk(author)
    answer = confirm(client, send(client, text))
    assert answer.status_code == 200
    release, event = Release.objects.get(), Event.objects.get()
    assert release.title == "One title of it"
    for stored in (release.title, release.body, str(event.detail)):
        assert not {"\x00", "\x01", "\x1f", "\u202e", "\ufffe"} & set(stored)


@pytest.mark.django_db
def test_a_text_that_was_stored_before_the_rule_prints_no_forbidden_link(client):
    release = make_release()
    old = "<p>See <a href=\"//evil.example/x\">the law</a> and <a href='https://u:p@b.example/'>b</a>.</p>"
    models.QuerySet(Release).filter(pk=release.pk).update(body=old)
    for address in (release.get_absolute_url(), f"{release.get_absolute_url()}release.json"):
        page = client.get(address).text
        assert "evil.example" not in page
        assert "u:p@" not in page
    assert (
        'See the law and <a href="https://b.example/">b</a>.'
        in client.get(release.get_absolute_url()).text
    )


@pytest.mark.django_db
def test_the_address_of_a_source_is_treated_like_a_link():
    case = make_prisoner().cases.get()
    case.source_url = "https://user:pw@example.org/?utm_source=x"
    case.save()
    case.refresh_from_db()
    assert case.source_url == "https://example.org/"
    case.source_url = "javascript:alert(1)"
    with pytest.raises(Exception, match="full address"):
        case.full_clean()
    case.save()
    assert Case.objects.get(pk=case.pk).source_url == ""


def send(client, text):
    return client.post(IMPORT, {"text": text})


def confirm(client, page):
    form = page.context["confirm"]
    fields = {f"person_{n}": "" for n in range(len(form.suggestions))}
    fields["language"] = "en"  # the form asks if a text is too short to detect it
    return client.post(IMPORT, form.initial | fields, follow=True)


def test_the_desk_lists_the_links_it_removed(at_desk, editor):
    release = make_release("draft", by=editor)
    sent = {
        "kind": "press_release", "language": "en", "title": "T", "attached": [],
        "read_version": release.version, "rejected_names": "[]",
        "body": '<p><a href="/admin/logout/">Out</a> <a href="https://example.org/">in</a></p>',
        "notes_to_editors": '<p><a href="javascript:alert(1)">Run</a></p>',
    }  # fmt: skip
    path = f"/admin/releases/release/{release.pk}/change/"
    page = unescape(at_desk(editor).post(path, sent, follow=True).content.decode())
    assert "The link “/admin/logout/” was removed and its text kept." in page
    assert "The link “javascript:alert(1)” was removed and its text kept." in page
    assert page.count("was removed and its text kept.") == 2
    release.refresh_from_db()
    assert release.body == '<p>Out <a href="https://example.org/">in</a></p>'
