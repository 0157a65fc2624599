"""Preview links before the embargo ends: what they show, to which reader, and for how long."""

import io
import logging
import re
import threading
import zipfile
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test import Client
from django.utils import timezone
from PIL import Image

from desk.imports.storing import import_draft
from importing import understand
from jobs import outbox
from jobs.models import Email
from people.models import Level
from previews import links, recipients, watermarks
from previews.models import PreviewLink, Visit
from previews.tokens import hash_of
from releases import workflow
from releases.models import Event, Release
from tests.make import (
    REAL_RELEASE,
    accept,
    headers_of,
    make_chief,
    make_link,
    make_person,
    make_picture,
    make_release,
    quotation,
)  # fmt: skip

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
CANARY = "Zaunkönigin"
LONG = "It goes on for a while, so that it is a paragraph of more than forty words. " * 3
DESK = "/admin/previews/previewlink"


@pytest.fixture
def release():
    picture = make_picture(f"{CANARY}.jpg", alt_text=CANARY, caption=CANARY, credit_line="AFP")
    speaker = make_person(CANARY, title="Director", speaks=True)
    return make_release(
        "scheduled",
        title=f"{CANARY} speaks",
        standfirst=f"{CANARY} standfirst",
        body=f"<p>{CANARY} begins the text.</p>{quotation(speaker, '“It is so.”')}",
        poster=picture,
    )


def text(response) -> str:
    return response.content.decode()


def plain(response) -> str:
    """Return the visible text of a page, without tags and without the invisible code."""
    shown = re.sub(r"<[^>]+>", " ", text(response))
    return " ".join(re.sub(f"[{watermarks.CODE_ALPHABET}]", "", shown).split())


def move(release, hours):
    return workflow.reschedule(
        Release.objects.get(pk=release.pk), by=make_chief(), notify=True,
        publish_at=timezone.now() + hours * HOUR,
    )  # fmt: skip


# --- The terms page ----------------------------------------------------------------------------


def test_the_terms_name_the_reader_the_newsroom_and_the_end_of_the_embargo(
    client, release, settings
):
    settings.TIME_ZONE = "Europe/London"
    release = workflow.reschedule(
        release, by=make_chief(), publish_at=timezone.now().replace(2031, 7, 1, 8, 0, 0, 0)
    )
    page = plain(client.get(make_link(release, name="Rita Reader", outlet="The Paper")))
    assert "An embargoed release for Rita Reader" in page
    assert (
        "The Newsroom is sharing this release with you before publication, for The Paper." in page
    )
    assert "1 July 2031, 09:00 BST (08:00 UTC)" in page


@pytest.mark.parametrize("kind", ["press", "colleague"])
@pytest.mark.parametrize("method", ["get", "head", "options", "put", "delete", "patch", "trace"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"User-Agent": "Slackbot-LinkExpanding 1.0"},
        {"Sec-Purpose": "prefetch"},
        {"If-None-Match": "*", "Range": "bytes=0-9"},
    ],
)
def test_unfurlers_scanners_and_prefetchers_see_nothing_and_use_no_visit(
    client, release, kind, method, headers
):
    path = make_link(release, kind=kind, max_visits=1)
    picture = f"{path}{release.poster_id}/press.jpg"
    for address in (path, picture, f"{path}release.txt"):
        answer = getattr(client, method)(address, headers=headers)
        seen = f"{answer.headers}{text(answer)}"
        for word in (CANARY, "zaunk", release.slug, str(release.pk), str(release.poster_id)):
            assert word.casefold() not in seen.replace(address, "").casefold()
    assert not Visit.objects.exists()
    assert CANARY in plain(accept(client, path))


@pytest.mark.parametrize(
    "posted", [{}, *({"embargo_ends": value} for value in ("", "x", "2001-01-01"))]
)
def test_a_post_without_a_valid_embargo_shows_the_terms_again(client, release, posted):
    path = make_link(release)
    answer = client.post(path, posted, follow=True)
    assert CANARY not in text(answer)
    assert "An embargoed release for" in text(answer)
    assert not Visit.objects.exists()


def test_after_accepting_a_reader_sees_the_release_with_its_pictures(client, release):
    path = make_link(release, name="Rita Reader", outlet="The Paper")
    page = accept(client, path)
    assert page.status_code == 200
    shown = plain(page)
    assert f"{CANARY} begins the text." in shown
    assert "“It is so.”" in shown
    for address in set(re.findall(rf'{path}[^"\s]+\.(?:jpg|webp|avif)', text(page))):
        answer = client.get(address)
        assert answer.status_code == 200
        Image.open(io.BytesIO(answer.content)).load()
    assert "/media/" not in text(page)


def test_the_address_alone_does_not_show_the_release(client, release):
    path = make_link(release)
    accept(client, path)
    client.cookies.clear()
    assert CANARY not in text(client.get(path))
    assert client.get(f"{path}{release.poster_id}/press.jpg").status_code == 404


def test_one_link_does_not_open_another(client, release):
    mine, other = make_link(release), make_link(release, name="Another")
    accept(client, mine)
    client.cookies[links_cookie(client)]["path"] = other
    assert CANARY not in text(client.get(other))


def links_cookie(client) -> str:
    (name,) = client.cookies
    cookie = client.cookies[name]
    assert cookie["httponly"]
    assert cookie["path"].startswith("/preview/")
    assert cookie["samesite"] == "Lax"
    return name


def test_a_link_gives_access_only_to_the_pictures_of_its_release(client, release):
    path, other = make_link(release), make_picture()
    accept(client, path)
    assert client.get(f"{path}{other.pk}/press.jpg").status_code == 404
    assert client.get(f"{path}{release.poster_id}/original.jpg").status_code == 404


def test_no_preview_page_is_cached_or_sends_a_referrer(client, release):
    path = make_link(release)
    answers = [client.get(path), accept(client, path), client.get("/preview/nothing/")]
    answers += [client.get(f"{path}{release.poster_id}/press.jpg"), client.get("/preview/a/b/c/d")]
    for answer in answers:
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["X-Robots-Tag"] == "noindex, noarchive"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "ETag" not in answer or answer["Cache-Control"] == "private, no-store"
    assert not re.search(r'(?:src|href|srcset)="(?:https?:)?//', text(answers[1]))


# --- Watermarks and warnings -------------------------------------------------------------------


def test_page_and_downloads_show_the_embargo_its_end_and_the_name(client, release):
    path = make_link(release, name="Rita Reader", outlet="The Paper")
    link = PreviewLink.objects.get()
    page = accept(client, path)
    warning = re.search(r'data-warning="([^"]+)"', text(page))[1]
    ends = timezone.localtime(release.publish_at)
    assert warning == (
        f"EMBARGOED until {ends.day} {ends:%B %Y, %H:%M} UTC · for Rita Reader, The Paper · "
        f"{link.printed_reference}"
    )
    assert plain(page).count(warning) == 1
    assert "59 minutes left" in plain(page).replace("\xa0", " ")
    answer = client.get(f"{path}{release.poster_id}/press.jpg")
    assert warning.encode() in answer.content
    assert link.printed_reference in answer["Content-Disposition"]
    assert "EMBARGOED" in answer["Content-Disposition"]


def test_a_picture_shows_the_reference(client, release):
    path = make_link(release)
    accept(client, path)
    for style in ("press", "poster", "share", "teaser", "column", "portrait"):
        shown = client.get(f"{path}{release.poster_id}/{style}.jpg").content
        marked = Image.open(io.BytesIO(shown))
        with release.poster.open_rendition(style, "jpg") as stored:
            clean = Image.open(io.BytesIO(stored.read()))
        assert marked.size == clean.size
        marked_strip = marked.crop((0, marked.height - 10, marked.width, marked.height))
        clean_strip = clean.crop((0, clean.height - 10, clean.width, clean.height))
        assert marked_strip.tobytes() != clean_strip.tobytes()


def test_one_paragraph_copied_from_a_preview_is_traced(client, release, tmp_path, capsys):
    release = edited(release, body=f"<p>{CANARY} begins the text. {LONG}</p>")
    for name in ("Somebody else", "Rita Reader"):
        path = make_link(release, name=name, outlet="The Paper", email="rita@paper.example")
    page = text(accept(client, path))
    (paragraph,) = re.findall(rf"<p>([^<]*{CANARY}[^<]*text[^<]*)</p>", page)
    leaked = tmp_path / "leaked.txt"
    leaked.write_text(f"Look what I got: {paragraph} Great, isn’t it?")
    call_command("traceleak", leaked)
    output = capsys.readouterr().out
    assert "Rita Reader, The Paper <rita@paper.example>" in output
    assert "Opened 1 time\n" in output
    assert "State: Open" in output
    assert "Somebody else" not in output


def leaks(page, picture, reference):
    """Return one copy in every form in which it may leak."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as docx:
        docx.writestr("word/document.xml", page)
    entities = page.encode("ascii", "xmlcharrefreplace")
    return {
        "html": page.encode(), "utf-16": page.encode("utf-16"), "word": archive.getvalue(),
        "entities": entities, "picture": picture, "printed": f"Ref {reference}".encode(),
    }  # fmt: skip


def test_a_leaked_copy_is_traced_in_every_form(client, release):
    path = make_link(release)
    link = PreviewLink.objects.get()
    page = text(accept(client, path))
    picture = client.get(f"{path}{release.poster_id}/press.jpg").content
    for form, data in leaks(page, picture, link.printed_reference).items():
        assert links.trace(io.BytesIO(data)) == [link], form
        if form in ("html", "entities", "printed"):
            assert links.trace(data.decode()) == [link], form
    assert links.trace("Nothing of ours, ABCD-EFGH.") == []
    assert links.trace(watermarks.invisible_code("ZZZZZZZZ")) == []


def test_traceleak_reports_a_damaged_pdf(client, release, tmp_path):
    path = make_link(release)
    accept(client, path)
    reference = PreviewLink.objects.get().printed_reference
    # test_browser traces a PDF that a browser printed; this one cannot be read.
    damaged = tmp_path / "damaged.pdf"
    damaged.write_bytes(b"%PDF-1.7 damaged " + reference.encode())
    with pytest.raises(CommandError, match=r"pdftotext"):
        call_command("traceleak", damaged)


def test_traceleak_reports_an_unreadable_file_and_a_missing_watermark(tmp_path, capsys):
    with pytest.raises(CommandError, match="can’t be read: No such file"):
        call_command("traceleak", tmp_path / "nowhere.txt")
    (tmp_path / "clean.txt").write_text("Retyped by hand.")
    with pytest.raises(SystemExit) as ended:
        call_command("traceleak", tmp_path / "clean.txt")
    assert ended.value.code == 1
    assert "No watermark found." in capsys.readouterr().out


# --- Ends of links -----------------------------------------------------------------------------


def endings(release, client):
    """Return the path of a link for each way in which a link ends."""
    chief, now = make_chief(), timezone.now()
    ended = make_link(release, expires_at=now + HOUR / 4)
    revoked = make_link(release)
    links.revoke(PreviewLink.objects.order_by("issued_at").last(), by=chief)
    used = make_link(release, max_visits=1)
    accept(client, used)
    client.cookies.clear()
    return {"ended": ended, "revoked": revoked, "used up": used, "wrong": f"/preview/{'x' * 43}/"}


def test_every_ended_link_shows_the_same_page(client, release):
    paths = endings(release, client)
    later = timezone.now() + HOUR / 2
    with time_machine.travel(later, tick=False):
        found = {
            (how, method): getattr(client, method)(path)
            for how, path in paths.items()
            for method in ("get", "post")
        }
        answers = {
            cell: (answer.status_code, headers_of(answer), text(answer))
            for cell, answer in found.items()
        }
    page = answers["wrong", "get"]
    assert page[0] == 404
    assert "This preview link isn’t valid" in page[2]
    for cell, answer in answers.items():
        assert answer == answers["wrong", cell[1]], cell
    live = make_link(release)
    for action, needs in (("hold", {}), ("withdraw", {"reason": "No."})):
        fresh = Release.objects.get(pk=release.pk)
        getattr(workflow, action)(fresh, by=make_chief(), **needs)
        with time_machine.travel(later, tick=False):
            answer = client.get(live)
        assert (answer.status_code, headers_of(answer), text(answer)) == page


def test_a_link_of_a_deleted_draft_is_closed_and_its_record_stays(client):
    draft = make_release("draft", title=CANARY)
    path = make_link(draft, kind="colleague")
    accept(client, path)
    workflow.discard(draft, by=make_chief())
    assert "This preview link isn’t valid" in text(client.get(path))
    assert PreviewLink.objects.get().visits.count() == 1
    assert PreviewLink.objects.get().state_label() == "Draft deleted"


def test_a_revoked_link_closes_at_once_in_an_open_browser(client, release):
    path = make_link(release)
    picture = f"{path}{release.poster_id}/press.jpg"
    accept(client, path)
    assert client.get(picture).status_code == 200
    links.revoke_all(release, by=make_chief())
    assert client.get(picture).status_code == 404
    assert CANARY not in text(client.get(path))


def test_a_link_redirects_to_the_public_page_after_the_embargo(client, release):
    path = make_link(release, max_visits=1)
    with time_machine.travel(release.publish_at, tick=False):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"] == release.get_absolute_url()
        assert answer["Cache-Control"] == "private, no-store"
        assert client.get(answer["Location"]).status_code == 200
    with time_machine.travel(release.publish_at - timedelta(seconds=1), tick=False):
        assert client.get(path).status_code == 200


def test_the_maximum_of_visits_counts_acceptances_and_not_pages(client, release):
    path = make_link(release, max_visits=2)
    accept(client, path)
    for _ in range(3):
        assert CANARY in plain(client.get(path))
    client.cookies.clear()
    assert CANARY in plain(accept(client, path))
    assert CANARY in plain(client.get(path))
    client.cookies.clear()
    assert "This preview link isn’t valid" in text(client.get(path))
    assert Visit.objects.count() == 2


def test_a_link_is_paused_while_its_release_is_being_changed(client, release):
    path = make_link(release)
    accept(client, path)
    workflow.send_back(release, by=make_chief())
    answer = text(client.get(path))
    assert "This release is being changed" in answer
    assert CANARY not in answer
    assert client.post(path, {"embargo_ends": ""}).status_code == 200
    assert Visit.objects.count() == 1


# --- Changes while links are open --------------------------------------------------------------


def edited(release, **changes):
    chief, publish_at = make_chief(), release.publish_at
    fresh = workflow.send_back(Release.objects.get(pk=release.pk), by=chief)
    for name, value in changes.items():
        setattr(fresh, name, value)
    fresh.save()
    return workflow.approve(fresh, by=chief, publish_at=publish_at)


def test_a_reader_sees_that_the_text_has_changed_and_how(client, release):
    path = make_link(release)
    assert "has changed since" not in text(accept(client, path))
    edited(release, body=release.body.replace("begins", "ends"), title="Another title")
    page = accept(client, path)
    assert "The text has changed since you last looked" in text(page)
    assert "<del>begins</del>" in text(page)
    assert "<ins>ends</ins>" in text(page)
    assert "has changed since" in text(client.get(path))
    client.cookies.clear()
    assert "has changed since" not in text(accept(client, path))


def test_a_change_that_is_not_printed_is_not_shown(client, release):
    path = make_link(release)
    accept(client, path)
    edited(release, slug="another-address", translation_of=make_release("draft", title="Secret"))
    page = text(accept(client, path))
    assert "has changed since" not in page
    assert "Secret" not in page


def test_a_name_that_was_removed_is_not_in_the_notice(client, release):
    person = make_person("Iven Sorrel", level=Level.NAMEABLE)
    release = edited(release, body=f"{release.body}<p>Iven Sorrel saw it.</p>")
    path = make_link(release)
    accept(client, path)
    person.level = Level.STAFF
    person.save()
    edited(release, body=release.body.replace("Iven Sorrel", "A neighbour"))
    page = text(accept(client, path))
    assert "has changed since" in page
    assert "Iven" not in page
    assert "The earlier text is not shown" in page


def test_readers_who_accepted_are_notified_when_the_embargo_changes(client, release):
    accepted = make_link(release, name="Rita", email="rita@paper.example")
    make_link(release, name="Never looked", email="never@paper.example")
    accept(client, accepted)
    accept(client, make_link(release, name="No address"))
    moved = move(release, 5)
    outbox.send_due()
    (letter,) = mail.outbox
    assert letter.to == ["rita@paper.example"]
    assert "has changed" in letter.body
    assert f"{timezone.localtime(moved.publish_at):%H:%M}" in letter.body
    assert CANARY not in letter.body + letter.subject
    terms = text(client.get(accepted))
    assert CANARY not in terms
    assert "The embargo has changed" in terms
    assert CANARY in plain(accept(client, accepted))


def test_a_link_that_ends_before_a_changed_embargo_is_marked(at_desk, editor, release):
    make_link(release, expires_at=release.publish_at)
    form, client = f"/admin/releases/release/{release.pk}/change/", at_desk(editor)
    assert "before the embargo ends" not in text(client.get(form))
    move(release, 5)
    assert "(before the embargo ends)" in text(client.get(form))


def test_accepting_an_outdated_embargo_shows_the_new_terms(client, release):
    path = make_link(release)
    shown = re.search(r'name="embargo_ends" value="([^"]*)"', text(client.get(path)))[1]
    move(release, 5)
    answer = client.post(path, {"embargo_ends": shown}, follow=True)
    assert "The embargo has just changed." in text(answer)
    assert CANARY not in text(answer)
    assert not Visit.objects.exists()


def test_no_reader_is_notified_unless_the_editor_chooses_it(client, at_desk, publisher, release):
    accept(client, make_link(release, name="Rita", email="rita@paper.example"))
    desk, form = at_desk(publisher), f"/admin/releases/release/{release.pk}/reschedule/"
    page = text(desk.get(form))
    assert "Notify recipients who accepted the embargo" in page
    assert "Rita" in page
    typed = {"publish_at_0": "2031-07-01", "publish_at_1": "09:00", "version": release.version}
    desk.post(form, typed)
    outbox.send_due()
    assert Release.objects.get(pk=release.pk).publish_at.year == 2031
    assert mail.outbox == []


def test_readers_are_notified_when_a_release_is_published_early(client, release):
    accept(client, make_link(release, email="rita@paper.example"))
    workflow.publish(Release.objects.get(pk=release.pk), by=make_chief(), notify=True)
    outbox.send_due()
    assert "has ended early" in mail.outbox[0].body


# --- A draft for a colleague -------------------------------------------------------------------


@pytest.mark.parametrize("state", ["draft", "in_review", "scheduled"])
def test_the_terms_of_a_draft_do_not_mention_an_embargo(client, state):
    path = make_link(make_release(state, title=CANARY), kind="colleague", name="A lawyer")
    terms = text(client.get(path))
    assert "A draft for A lawyer" in terms
    assert "embargo" not in re.sub(r'name="embargo_ends"|class="[^"]*"', "", terms).casefold()
    page = accept(client, path)
    assert "DRAFT – not for publication · for A lawyer" in text(page)
    assert "EMBARGOED" not in text(page)


def test_only_a_publisher_can_share_a_draft_with_a_protected_name(editor, publisher):
    make_person("Iven Sorrel", level=Level.STAFF)
    draft = make_release("draft", body="<p>Iven Sorrel saw it.</p>")
    with pytest.raises(workflow.ActionBlocked, match="contains a protected name"):
        make_link(draft, by=editor, kind="colleague")
    assert make_link(draft, by=publisher, kind="colleague")


def test_a_protected_speaker_is_not_named_to_a_colleague(client, publisher):
    speaker = make_person("Iven Sorrel", level=Level.STAFF, title="Witness")
    draft = make_release("draft", body=quotation(speaker, "“I saw it.”"))
    page = text(accept(client, make_link(draft, by=publisher, kind="colleague")))
    assert "Iven" not in page
    assert "Name withheld" in page


# --- Issuing and revoking ----------------------------------------------------------------------


def issue_form(client, release, kind="press"):
    page = text(client.get(f"{DESK}/issue/{release.pk}/{kind}/"))
    return dict(re.findall(r'name="(batch|csrfmiddlewaretoken)" value="([^"]*)"', page))


def issue(client, release, kind="press", **values):
    values = issue_form(client, release, kind) | {"recipients": "Rita Reader, The Paper"} | values
    return client.post(f"{DESK}/issue/{release.pk}/{kind}/", values, follow=True)


@pytest.mark.django_db(transaction=True)
def test_a_double_click_issues_links_once_and_shows_them_both_times(
    client, at_desk, editor, release
):
    sent = issue_form(at_desk(editor), release) | {"recipients": "Rita Reader, The Paper"}
    clients = [Client() for _ in range(4)]
    for each in clients:
        each.force_login(editor)
    answers, begin = [], threading.Barrier(len(clients))

    def click(client):
        begin.wait()
        answers.append(client.post(f"{DESK}/issue/{release.pk}/press/", sent))
        connection.close()

    threads = [threading.Thread(target=click, args=[each]) for each in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    issued = f"{DESK}/issued/{sent['batch']}/"
    assert [(answer.status_code, answer.url) for answer in answers] == [(302, issued)] * 4
    assert PreviewLink.objects.count() == 1


def test_an_editor_issues_links_from_the_release(client, at_desk, editor, release):
    client = at_desk(editor)
    form = f"/admin/releases/release/{release.pk}/change/"
    assert f"{DESK}/issue/{release.pk}/press/" in text(client.get(form))
    page = issue(client, release, recipients="Rita Reader, The Paper\nOmar Odd; Radio; o@r.example")
    addresses = re.findall(r"http://testserver(/preview/[\w-]{43}/)", text(page))
    assert len(set(addresses)) == 2
    client.logout()
    accept(client, addresses[0])
    panel = text(at_desk(editor).get(form))
    assert "opened 1 time, last" in panel
    assert "Embargo accepted" in panel
    assert "Not opened yet" in panel
    assert "Preview links issued" in panel


def test_only_the_hash_of_an_address_is_stored(release):
    token = make_link(release).split("/")[2]
    link = PreviewLink.objects.values().get()
    assert token not in str(link)
    assert link["token_hash"] == hash_of(token)
    assert token not in str(list(Event.objects.values()))


def test_the_addresses_are_sent_with_the_message_of_the_editor(client, at_desk, editor, release):
    message = "Liebe {name}, Sperrfrist {embargo_ends}: {link} ({newsroom})"
    page = issue(
        at_desk(editor),
        release,
        send_email="on",
        message=message,
        recipients="Rita, r@p.example\nNobody",
    )
    assert "Sending to r@p.example" in text(page)
    addresses = re.findall(r"http://testserver/preview/[\w-]{43}/", text(page))
    # No row of the outbox contains an address: it is filled in when the e-mail is sent.
    kept = str(list(Email.objects.values()))
    assert not any(address.split("/")[-2] in kept for address in addresses)
    outbox.send_due()
    (letter,) = mail.outbox
    assert re.search(r"http://testserver/preview/[\w-]{43}/", letter.body)[0] in addresses
    ends = timezone.localtime(release.publish_at)
    assert letter.body.startswith(f"Liebe Rita, Sperrfrist {ends.day} {ends:%B %Y, %H:%M} UTC: ")
    assert letter.body.endswith("(The Newsroom)")
    page = client.get(page.request["PATH_INFO"])
    assert "Sent to r@p.example, " in text(page)
    assert PreviewLink.objects.get(name="Rita").mailed_at
    assert CANARY not in letter.body + letter.subject


def test_the_earlier_placeholder_for_the_end_of_the_embargo_still_works(at_desk, editor, release):
    """Editors keep messages that they wrote for older versions."""
    message = "{embargo_ends} = {lift}: {link}"
    issue(
        at_desk(editor), release, send_email="on", message=message, recipients="Rita, r@p.example"
    )
    outbox.send_due()
    before, after = mail.outbox[0].body.split(": ")[0].split(" = ")
    assert before == after
    assert " UTC" in before


def test_an_email_that_could_not_be_sent_is_shown_with_the_address_of_its_link(
    client, at_desk, editor, release, settings
):
    settings.EMAIL_BACKEND = "jobs.mail.Backend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    page = issue(
        at_desk(editor), release, send_email="on", message="{link}", recipients="Rita, r@p.example"
    )
    outbox.send_due()
    shown = text(client.get(page.request["PATH_INFO"]))
    assert "Not sent to r@p.example yet: No mail server answers at 127.0.0.1:9" in shown
    assert re.search(r"/preview/[\w-]{43}/", shown)
    assert "Not sent to" in text(client.get(f"/admin/releases/release/{release.pk}/change/"))


def test_the_addresses_are_shown_again_if_the_answer_was_lost(
    client, at_desk, editor, publisher, release
):
    at_desk(editor)
    values = issue_form(client, release) | {"recipients": "Rita\nOmar"}
    path = f"{DESK}/issue/{release.pk}/press/"
    client.post(path, values)  # its answer is lost
    page = client.post(path, values, follow=True)
    assert PreviewLink.objects.count() == 2
    addresses = re.findall(r"http://testserver(/preview/[\w-]{43}/)", text(page))
    shown = page.request["PATH_INFO"]
    assert at_desk(publisher).get(shown).status_code == 404  # they are the editor's links
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert at_desk(editor).get(shown).status_code == 404
    client.logout()
    assert len(set(addresses)) == 2
    assert "accept the embargo" in text(client.get(addresses[0])).casefold()


def test_an_address_is_shown_after_a_change_of_key_while_the_old_key_is_set(
    client, at_desk, editor, release, settings
):
    page = issue(at_desk(editor), release)
    shown, old = page.request["PATH_INFO"], settings.SECRET_KEY
    address = re.search(r"/preview/[\w-]{43}/", text(page))[0]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "x" * 60, [old]
    assert address in text(at_desk(editor).get(shown))
    settings.SECRET_KEY_FALLBACKS = []
    assert "SECRET_KEY was changed" in text(at_desk(editor).get(shown))
    client.logout()
    assert client.get(address).status_code == 200


def test_no_email_is_sent_for_a_link_that_was_revoked(at_desk, editor, release):
    issue(
        at_desk(editor), release, send_email="on", message="{link}", recipients="Rita, r@p.example"
    )
    links.revoke(PreviewLink.objects.get(), by=editor)
    outbox.send_due()
    assert not mail.outbox
    assert Email.objects.get().state == "dropped"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"recipients": " \n "}, "Enter at least one recipient."),
        ({"recipients": "\n".join(f"R {n}" for n in range(10_000))}, "has 10,000 recipients"),
        ({"recipients": "Rita, rita@"}, "Line 1: “rita@” is not an e-mail address."),
        ({"recipients": "A\nr@p.example"}, "Line 2: enter a name."),
        ({"recipients": "A, a@p.example\nB, A@P.example"}, "Line 2 repeats line 1."),
        ({"recipients": "A" * 121}, "is too long for a name and an outlet"),
        ({"recipients": "Ri\u200bta"}, "characters that can’t be printed"),
        ({"max_visits": "0"}, "greater than or equal to 1"),
        ({"max_visits": "a lot"}, "Enter a whole number"),
        (
            {"expires_at_0": "2001-01-01", "expires_at_1": "09:00"},
            "Choose a later end, or leave it blank.",
        ),
        ({"expires_at_0": "2039-01-01", "expires_at_1": "09:00"}, "end after the embargo"),
        ({"expires_at_0": "2031-03-30", "expires_at_1": "01:30"}, "01:30 does not exist"),
        ({"send_email": "on", "message": "{link}"}, "No recipient has an e-mail address."),
        ({"send_email": "on", "recipients": "A, a@p.example", "message": "Hi"}, "Include {link}"),
        ({"batch": "x"}, "The form was incomplete."),
    ],
)
def test_a_form_with_mistakes_issues_nothing_and_names_the_mistake(
    at_desk, editor, release, settings, typed, sentence
):
    settings.TIME_ZONE = "Europe/London"
    answer = issue(at_desk(editor), release, **typed)
    assert answer.status_code == 200
    assert sentence in text(answer)
    if len(typed.get("recipients", "")) < 200:
        kept = typed.get("recipients", "Rita Reader, The Paper").strip()
        assert kept in text(answer)
    assert not PreviewLink.objects.exists()


@pytest.mark.parametrize(
    ("state", "kind", "sentence"),
    [
        ("draft", "press", "There is no embargo yet"),
        ("in_review", "press", "There is no embargo yet"),
        ("published", "press", "This release is public. Share its address:"),
        ("published", "colleague", "This release is public. Share its address:"),
        ("withdrawn", "press", "This release is withdrawn, so"),
        ("held", "press", "This release is on hold."),
    ],
)
def test_press_links_are_issued_only_before_an_embargo_ends(at_desk, editor, state, kind, sentence):
    answer = issue(at_desk(editor), make_release(state), kind)
    assert sentence in text(answer)
    assert not PreviewLink.objects.exists()


def test_a_user_without_the_permission_sees_no_button_and_no_form(at_desk, author):
    release = make_release("scheduled")
    models.QuerySet(Release).update(created_by=author)
    make_link(release)
    client = at_desk(author)
    page = text(client.get(f"/admin/releases/release/{release.pk}/change/"))
    assert "Not opened yet" in page
    assert "/issue/" not in page
    assert "/revoke" not in page
    assert client.get(f"{DESK}/issue/{release.pk}/press/").status_code == 403
    client.post(f"{DESK}/revoke/{PreviewLink.objects.get().pk}/")
    assert PreviewLink.objects.get().revoked_at is None


def test_one_button_revokes_one_link_and_another_all_links(at_desk, editor, release):
    for name in ("Rita", "Omar", "Ines"):
        make_link(release, name=name)
    client, first = at_desk(editor), PreviewLink.objects.get(name="Rita")
    assert client.get(f"{DESK}/revoke/{first.pk}/").status_code == 405
    client.post(f"{DESK}/revoke/{first.pk}/")
    assert list(PreviewLink.objects.live().values_list("name", flat=True)) == ["Ines", "Omar"]
    client.post(f"{DESK}/revoke-all/{release.pk}/")
    assert not PreviewLink.objects.live().exists()
    assert Event.objects.filter(verb="unlinked").count() == 2


def test_queryset_and_method_agree_which_links_are_live(client):
    now = timezone.now()
    for state in ("draft", "in_review", "scheduled"):
        make_link(make_release(state), kind="colleague", expires_at=now + HOUR / 2)
    release = make_release("scheduled", publish_at=now + HOUR)
    for terms in ({}, {"expires_at": now + HOUR / 2}):
        make_link(release, **terms)
    make_link(release, name="Revoked")
    links.revoke(PreviewLink.objects.get(name="Revoked"), by=make_chief())
    held = make_release("scheduled")
    make_link(held)
    workflow.hold(held, by=make_chief())
    paused = make_release("scheduled")
    make_link(paused)
    workflow.send_back(paused, by=make_chief())
    gone = make_release("scheduled")
    make_link(gone)
    workflow.withdraw(gone, by=make_chief(), reason="No.")
    for at in (now, now + HOUR / 2, now + HOUR, now + 2 * HOUR):
        live = set(PreviewLink.objects.live(at))
        assert live == {link for link in PreviewLink.objects.all() if link.is_live(at)}, at
    assert len(PreviewLink.objects.live(now)) == 6


def test_after_a_hold_the_desk_shows_the_readers(client, at_desk, editor, release):
    accept(client, make_link(release, name="Rita", outlet="The Paper"))
    make_link(release, name="Never looked")
    answer = at_desk(editor).post(
        f"/admin/releases/release/{release.pk}/hold/", {"version": 0}, follow=True
    )
    page = plain(answer)
    assert "It has never been public" in page
    assert "Rita, The Paper" in page
    assert "127.0.0.0/24" in page
    assert "Not opened yet" in page


def test_a_leaked_copy_is_traced_at_the_desk(client, at_desk, editor, release):
    path = make_link(release, name="Rita")
    leaked = text(accept(client, path))
    page = text(at_desk(editor).post(f"{DESK}/trace/", {"text": leaked}))
    assert "<h2>Rita</h2>" in page
    assert "No watermark found." in text(client.post(f"{DESK}/trace/", {"text": "Retyped."}))
    nothing = text(client.post(f"{DESK}/trace/", {"text": " "}))
    assert "Choose a file or paste the text." in nothing
    assert "No watermark found." not in nothing
    reference = PreviewLink.objects.get().printed_reference
    assert "Rita" in text(client.get(f"{DESK}/?q={reference.lower()}"))


# --- Wrong addresses ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    ["x", "x" * 43, "x" * 5000, "%00", "%ff%fe", "…", "../../admin", "' OR 1=1 --", "a/b", "a b"],
)
def test_any_wrong_token_gets_the_same_page(client, token):
    answer = client.get(f"/preview/{token}/")
    assert answer.status_code == 404
    assert "This preview link isn’t valid" in text(answer)
    assert client.post(f"/preview/{token}/").status_code == 404


def test_many_wrong_addresses_are_throttled_and_logged(client, release, caplog):
    path = make_link(release)
    with caplog.at_level(logging.WARNING, "previews"):
        answers = [client.get(f"/preview/{n:043}/").status_code for n in range(40)]
    assert answers == [404] * 30 + [429] * 10
    waiting = client.get(f"/preview/{99:043}/")
    assert waiting["Retry-After"] == "600"
    assert "This preview link isn’t valid" in text(waiting)
    assert len(caplog.records) == 30
    assert "127.0.0.0/24; 30 within 10 minutes" in caplog.text
    # An attacker must not shut out readers who share the network address.
    assert "An embargoed release" in text(client.get(path))


def test_a_pasted_list_is_read_with_commas_tabs_and_angle_brackets():
    pasted = (
        "Rita Reader, The Paper, rita@paper.example\n"
        "\n"
        "Omar Odd <omar@radio.example>\n"
        "Ines I\tAgency, Berlin\tines@agency.example\n"
        "Just a name"
    )
    assert [(r.name, r.outlet, r.email) for r in recipients.read(pasted)] == [
        ("Rita Reader", "The Paper", "rita@paper.example"),
        ("Omar Odd", "", "omar@radio.example"),
        ("Ines I", "Agency, Berlin", "ines@agency.example"),
        ("Just a name", "", ""),
    ]


def test_a_preview_shows_every_paragraph_of_the_real_release(client):
    understood = understand(REAL_RELEASE.read_bytes(), REAL_RELEASE.name)
    draft = import_draft(understood, by=make_chief(), people={})
    page = accept(client, make_link(draft, kind="colleague"))
    shown = plain(page)
    for paragraph in draft.document.paragraphs:
        assert " ".join(paragraph.split()) in shown.replace("&#x27;", "'").replace("&amp;", "&")


def test_the_text_file_has_the_watermark(client, release):
    path = make_link(release, name="Rita Reader")
    assert client.get(f"{path}release.txt").status_code == 404
    accept(client, path)
    answer = client.get(f"{path}release.txt")
    link = PreviewLink.objects.get()
    assert f"EMBARGOED-{link.printed_reference}-release.txt" in answer["Content-Disposition"]
    lines = answer.content.decode().strip().splitlines()
    for line in (lines[0], lines[-1]):
        assert re.search(r"EMBARGOED.*Rita Reader", line)
    plain_text = re.sub(f"[{watermarks.CODE_ALPHABET}]", "", "\n".join(lines))
    assert f"{CANARY} begins the text." in plain_text
    assert release.slug not in plain_text
    assert links.trace("\n".join(lines)) == [link]


@pytest.mark.parametrize("listed", ["\u0958" * 120 + ", The Paper", "Rita, " + "\u0958" * 120])
def test_the_length_of_a_name_is_checked_in_its_stored_form(at_desk, editor, listed):
    """NFC makes some names longer than they were typed, and PostgreSQL refuses them."""
    release = make_release("scheduled")
    answer = issue(at_desk(editor), release, recipients=listed)
    assert "is too long for a name and an outlet." in text(answer)
    assert not PreviewLink.objects.exists()
    issue(at_desk(editor), release, recipients=listed.replace("\u0958" * 120, "\u0958" * 60))
    assert PreviewLink.objects.count() == 1
