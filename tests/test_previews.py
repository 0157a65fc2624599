"""The links that let one reader in before the lift: what they show, to whom, and for how long."""

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
from previews import links, marks, recipients
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
    """What a reader reads: the page without its tags and its unseen marks."""
    words = re.sub(r"<[^>]+>", " ", text(response))
    return " ".join(re.sub(f"[{marks.UNSEEN}]", "", words).split())


def move(release, hours):
    return workflow.reschedule(
        Release.objects.get(pk=release.pk), by=make_chief(), notify=True,
        publish_at=timezone.now() + hours * HOUR,
    )  # fmt: skip


# --- The door ----------------------------------------------------------------------------------


def test_the_door_says_for_whom_from_whom_and_until_when(client, release, settings):
    settings.TIME_ZONE = "Europe/London"
    release = workflow.reschedule(
        release, by=make_chief(), publish_at=timezone.now().replace(2031, 7, 1, 8, 0, 0, 0)
    )
    page = plain(client.get(make_link(release, name="Rita Reader", outlet="The Paper")))
    assert "An embargoed release for Rita Reader" in page
    assert "The Newsroom lets you read a release before it is public, for The Paper." in page
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
def test_unfurlers_scanners_and_prefetchers_learn_nothing_and_use_nothing_up(
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


@pytest.mark.parametrize("posted", [{}, {"lift": ""}, {"lift": "x"}, {"lift": "2001-01-01"}])
def test_a_post_that_accepts_no_embargo_opens_nothing(client, release, posted):
    path = make_link(release)
    answer = client.post(path, posted, follow=True)
    assert CANARY not in text(answer)
    assert "An embargoed release for" in text(answer)
    assert not Visit.objects.exists()


def test_behind_the_door_is_the_release_with_its_pictures(client, release):
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


def test_nobody_gets_further_with_the_address_alone(client, release):
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


def test_a_link_gives_out_no_picture_but_those_of_its_release(client, release):
    path, other = make_link(release), make_picture()
    accept(client, path)
    assert client.get(f"{path}{other.pk}/press.jpg").status_code == 404
    assert client.get(f"{path}{release.poster_id}/original.jpg").status_code == 404


def test_every_answer_of_a_preview_is_kept_by_nobody_and_names_no_referrer(client, release):
    path = make_link(release)
    answers = [client.get(path), accept(client, path), client.get("/preview/nothing/")]
    answers += [client.get(f"{path}{release.poster_id}/press.jpg"), client.get("/preview/a/b/c/d")]
    for answer in answers:
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["X-Robots-Tag"] == "noindex, noarchive"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "ETag" not in answer or answer["Cache-Control"] == "private, no-store"
    assert not re.search(r'(?:src|href|srcset)="(?:https?:)?//', text(answers[1]))


# --- The marks ---------------------------------------------------------------------------------


def test_screen_and_downloads_say_embargoed_the_time_and_the_name(client, release):
    path = make_link(release, name="Rita Reader", outlet="The Paper")
    link = PreviewLink.objects.get()
    page = accept(client, path)
    warning = re.search(r'data-warning="([^"]+)"', text(page))[1]
    lift = timezone.localtime(release.publish_at)
    assert warning == (
        f"EMBARGOED until {lift.day} {lift:%B %Y, %H:%M} UTC · for Rita Reader, The Paper · "
        f"{link.printed_reference}"
    )
    assert plain(page).count(warning) == 1
    assert "59 minutes left" in plain(page).replace("\xa0", " ")
    answer = client.get(f"{path}{release.poster_id}/press.jpg")
    assert warning.encode() in answer.content
    assert link.printed_reference in answer["Content-Disposition"]
    assert "EMBARGOED" in answer["Content-Disposition"]


def test_a_picture_carries_the_mark_in_sight(client, release):
    path = make_link(release)
    accept(client, path)
    for style in ("press", "poster", "share", "teaser", "column", "portrait"):
        given = client.get(f"{path}{release.poster_id}/{style}.jpg").content
        marked = Image.open(io.BytesIO(given))
        with release.poster.open_rendition(style, "jpg") as stored:
            clean = Image.open(io.BytesIO(stored.read()))
        assert marked.size == clean.size
        foot = marked.crop((0, marked.height - 10, marked.width, marked.height))
        was = clean.crop((0, clean.height - 10, clean.width, clean.height))
        assert foot.tobytes() != was.tobytes()


def test_one_paragraph_copied_from_a_preview_leads_to_its_link(client, release, tmp_path, capsys):
    release = edited(release, body=f"<p>{CANARY} begins the text. {LONG}</p>")
    for name in ("Somebody else", "Rita Reader"):
        path = make_link(release, name=name, outlet="The Paper", email="rita@paper.example")
    page = text(accept(client, path))
    (paragraph,) = re.findall(rf"<p>([^<]*{CANARY}[^<]*text[^<]*)</p>", page)
    leaked = tmp_path / "leaked.txt"
    leaked.write_text(f"Look what I got: {paragraph} Great, isn’t it?")
    call_command("traceleak", leaked)
    told = capsys.readouterr().out
    assert "Rita Reader, The Paper <rita@paper.example>" in told
    assert "opened 1 time, open" in told
    assert "Somebody else" not in told


def leaks(page, picture, reference):
    """The same copy in the forms in which it may come back."""
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
        assert links.traced(io.BytesIO(data)) == [link], form
        if form in ("html", "entities", "printed"):
            assert links.traced(data.decode()) == [link], form
    assert links.traced("Nothing of ours, ABCD-EFGH.") == []
    assert links.traced(marks.unseen("ZZZZZZZZ")) == []


def test_a_leaked_print_is_traced(client, release, tmp_path):
    path = make_link(release)
    accept(client, path)
    reference = PreviewLink.objects.get().printed_reference
    # A PDF as a browser prints it is tried in test_browser; here, one that cannot be read.
    damaged = tmp_path / "damaged.pdf"
    damaged.write_bytes(b"%PDF-1.7 damaged " + reference.encode())
    with pytest.raises(CommandError, match=r"pdftotext"):
        call_command("traceleak", damaged)


def test_traceleak_says_what_it_cannot_do(tmp_path, capsys):
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("traceleak", tmp_path / "nowhere.txt")
    (tmp_path / "clean.txt").write_text("Retyped by hand.")
    with pytest.raises(SystemExit) as ended:
        call_command("traceleak", tmp_path / "clean.txt")
    assert ended.value.code == 1
    assert "No mark of ours." in capsys.readouterr().out


# --- How it ends -------------------------------------------------------------------------------


def endings(release, client):
    """Every way in which a link stops opening anything, each with a path."""
    chief, now = make_chief(), timezone.now()
    ended = make_link(release, expires_at=now + HOUR / 4)
    revoked = make_link(release)
    links.revoke(PreviewLink.objects.order_by("issued_at").last(), by=chief)
    used = make_link(release, max_visits=1)
    accept(client, used)
    client.cookies.clear()
    return {"ended": ended, "revoked": revoked, "used up": used, "wrong": f"/preview/{'x' * 43}/"}


def test_however_a_link_ends_it_is_one_and_the_same_polite_page(client, release):
    paths = endings(release, client)
    later = timezone.now() + HOUR / 2
    with time_machine.travel(later, tick=False):
        told = {
            (how, method): getattr(client, method)(path)
            for how, path in paths.items()
            for method in ("get", "post")
        }
        answers = {
            cell: (answer.status_code, headers_of(answer), text(answer))
            for cell, answer in told.items()
        }
    page = answers["wrong", "get"]
    assert page[0] == 404
    assert "This link opens nothing" in page[2]
    for cell, told in answers.items():
        assert told == answers["wrong", cell[1]], cell
    live = make_link(release)
    for verb, needs in (("hold", {}), ("withdraw", {"reason": "No."})):
        fresh = Release.objects.get(pk=release.pk)
        getattr(workflow, verb)(fresh, by=make_chief(), **needs)
        with time_machine.travel(later, tick=False):
            answer = client.get(live)
        assert (answer.status_code, headers_of(answer), text(answer)) == page


def test_a_link_of_a_draft_that_was_deleted_opens_nothing_and_keeps_its_record(client):
    draft = make_release("draft", title=CANARY)
    path = make_link(draft, kind="colleague")
    accept(client, path)
    workflow.discard(draft, by=make_chief())
    assert "This link opens nothing" in text(client.get(path))
    assert PreviewLink.objects.get().visits.count() == 1
    assert PreviewLink.objects.get().state() == "Draft deleted"


def test_what_is_open_in_a_browser_closes_in_the_same_second(client, release):
    path = make_link(release)
    picture = f"{path}{release.poster_id}/press.jpg"
    accept(client, path)
    assert client.get(picture).status_code == 200
    links.revoke_all(release, by=make_chief())
    assert client.get(picture).status_code == 404
    assert CANARY not in text(client.get(path))


def test_after_the_lift_the_link_leads_to_the_public_page(client, release):
    path = make_link(release, max_visits=1)
    with time_machine.travel(release.publish_at, tick=False):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"] == release.get_absolute_url()
        assert answer["Cache-Control"] == "private, no-store"
        assert client.get(answer["Location"]).status_code == 200
    with time_machine.travel(release.publish_at - timedelta(seconds=1), tick=False):
        assert client.get(path).status_code == 200


def test_a_limit_of_visits_counts_openings_not_pages(client, release):
    path = make_link(release, max_visits=2)
    accept(client, path)
    for _ in range(3):
        assert CANARY in plain(client.get(path))
    client.cookies.clear()
    assert CANARY in plain(accept(client, path))
    assert CANARY in plain(client.get(path))
    client.cookies.clear()
    assert "This link opens nothing" in text(client.get(path))
    assert Visit.objects.count() == 2


def test_while_the_release_is_being_changed_the_link_rests(client, release):
    path = make_link(release)
    accept(client, path)
    workflow.send_back(release, by=make_chief())
    answer = text(client.get(path))
    assert "The newsroom is working on it again" in answer
    assert CANARY not in answer
    assert client.post(path, {"lift": ""}).status_code == 200
    assert Visit.objects.count() == 1


# --- What changes while links are out ----------------------------------------------------------


def edited(release, **changes):
    chief, lift = make_chief(), release.publish_at
    fresh = workflow.send_back(Release.objects.get(pk=release.pk), by=chief)
    for name, value in changes.items():
        setattr(fresh, name, value)
    fresh.save()
    return workflow.approve(fresh, by=chief, publish_at=lift)


def test_a_reader_is_told_that_the_text_has_changed_and_what(client, release):
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


def test_a_change_of_what_is_not_printed_is_not_told(client, release):
    path = make_link(release)
    accept(client, path)
    edited(release, slug="another-address", translation_of=make_release("draft", title="Secret"))
    page = text(accept(client, path))
    assert "has changed since" not in page
    assert "Secret" not in page


def test_a_name_that_was_taken_out_is_not_repeated_in_the_notice(client, release):
    bound = make_person("Iven Sorrel", level=Level.NAMEABLE)
    release = edited(release, body=f"{release.body}<p>Iven Sorrel saw it.</p>")
    path = make_link(release)
    accept(client, path)
    bound.level = Level.STAFF
    bound.save()
    edited(release, body=release.body.replace("Iven Sorrel", "A neighbour"))
    page = text(accept(client, path))
    assert "has changed since" in page
    assert "Iven" not in page
    assert "what stood there is not repeated" in page


def test_those_who_accepted_are_told_when_the_lift_moves(client, release):
    accepted = make_link(release, name="Rita", email="rita@paper.example")
    make_link(release, name="Never looked", email="never@paper.example")
    accept(client, accepted)
    accept(client, make_link(release, name="No address"))
    moved = move(release, 5)
    outbox.deliver()
    (letter,) = mail.outbox
    assert letter.to == ["rita@paper.example"]
    assert "has moved" in letter.body
    assert f"{timezone.localtime(moved.publish_at):%H:%M}" in letter.body
    assert CANARY not in letter.body + letter.subject
    door = text(client.get(accepted))
    assert CANARY not in door
    assert "The embargo has moved" in door
    assert CANARY in plain(accept(client, accepted))


def test_a_link_that_ends_before_a_lift_that_moved_is_pointed_out(at_desk, editor, release):
    make_link(release, expires_at=release.publish_at)
    form, client = f"/admin/releases/release/{release.pk}/change/", at_desk(editor)
    assert "before the embargo lifts" not in text(client.get(form))
    move(release, 5)
    assert "– before the embargo lifts" in text(client.get(form))


def test_a_promise_until_another_time_opens_nothing(client, release):
    path = make_link(release)
    lift = re.search(r'name="lift" value="([^"]*)"', text(client.get(path)))[1]
    move(release, 5)
    answer = client.post(path, {"lift": lift}, follow=True)
    assert "moved a moment ago" in text(answer)
    assert CANARY not in text(answer)
    assert not Visit.objects.exists()


def test_nobody_is_told_where_the_editor_does_not_say_so(client, at_desk, publisher, release):
    accept(client, make_link(release, name="Rita", email="rita@paper.example"))
    desk, form = at_desk(publisher), f"/admin/releases/release/{release.pk}/reschedule/"
    asked = text(desk.get(form))
    assert "Tell those who accepted the embargo" in asked
    assert "Rita" in asked
    typed = {"publish_at_0": "2031-07-01", "publish_at_1": "09:00", "version": release.version}
    desk.post(form, typed)
    outbox.deliver()
    assert Release.objects.get(pk=release.pk).publish_at.year == 2031
    assert mail.outbox == []


def test_a_release_that_is_published_early_is_told_too(client, release):
    accept(client, make_link(release, email="rita@paper.example"))
    workflow.publish(Release.objects.get(pk=release.pk), by=make_chief(), notify=True)
    outbox.deliver()
    assert "lifted early" in mail.outbox[0].body


# --- A draft for a colleague -------------------------------------------------------------------


@pytest.mark.parametrize("state", ["draft", "in_review", "scheduled"])
def test_a_colleague_reads_a_draft_with_words_of_its_own(client, state):
    path = make_link(make_release(state, title=CANARY), kind="colleague", name="A lawyer")
    door = text(client.get(path))
    assert "A draft for A lawyer" in door
    assert "embargo" not in door.casefold()
    page = accept(client, path)
    assert "DRAFT, not for publication · for A lawyer" in text(page)
    assert "EMBARGOED" not in text(page)


def test_a_draft_that_names_somebody_protected_is_shown_by_a_publisher_alone(editor, publisher):
    make_person("Iven Sorrel", level=Level.STAFF)
    draft = make_release("draft", body="<p>Iven Sorrel saw it.</p>")
    with pytest.raises(workflow.ActionBlocked, match="contains a protected name"):
        make_link(draft, by=editor, kind="colleague")
    assert make_link(draft, by=publisher, kind="colleague")


def test_a_protected_speaker_is_not_named_to_a_colleague(client, publisher):
    bound = make_person("Iven Sorrel", level=Level.STAFF, title="Witness")
    draft = make_release("draft", body=quotation(bound, "“I saw it.”"))
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
def test_a_double_click_leads_both_times_to_the_links_that_were_made_once(
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
    assert "embargo accepted" in panel
    assert "has not looked" in panel
    assert "Preview links issued" in panel


def test_only_the_hash_of_an_address_is_stored(release):
    token = make_link(release).split("/")[2]
    link = PreviewLink.objects.values().get()
    assert token not in str(link)
    assert link["token_hash"] == hash_of(token)
    assert token not in str(list(Event.objects.values()))


def test_the_addresses_are_sent_in_the_words_of_the_editor(client, at_desk, editor, release):
    words = "Liebe {name}, Sperrfrist {lift}: {link} ({newsroom})"
    page = issue(
        at_desk(editor), release, send="on", words=words, recipients="Rita, r@p.example\nNobody"
    )
    assert "e-mail to r@p.example is on its way" in text(page)
    addresses = re.findall(r"http://testserver/preview/[\w-]{43}/", text(page))
    # No address lies in a row of the outbox: it is filled in at the moment of sending.
    kept = str(list(Email.objects.values()))
    assert not any(address.split("/")[-2] in kept for address in addresses)
    outbox.deliver()
    (letter,) = mail.outbox
    assert re.search(r"http://testserver/preview/[\w-]{43}/", letter.body)[0] in addresses
    lift = timezone.localtime(release.publish_at)
    assert letter.body.startswith(f"Liebe Rita, Sperrfrist {lift.day} {lift:%B %Y, %H:%M} UTC: ")
    assert letter.body.endswith("(The Newsroom)")
    page = client.get(page.request["PATH_INFO"])
    assert "e-mail to r@p.example sent" in text(page)
    assert PreviewLink.objects.get(name="Rita").mailed_at
    assert CANARY not in letter.body + letter.subject


def test_an_email_that_could_not_be_sent_is_shown_and_the_address_is_there(
    client, at_desk, editor, release, settings
):
    settings.EMAIL_BACKEND = "jobs.mail.Backend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    page = issue(
        at_desk(editor), release, send="on", words="{link}", recipients="Rita, r@p.example"
    )
    outbox.deliver()
    shown = text(client.get(page.request["PATH_INFO"]))
    assert "e-mail to r@p.example not sent yet: Nothing listens at 127.0.0.1:9" in shown
    assert re.search(r"/preview/[\w-]{43}/", shown)
    assert "not sent yet" in text(client.get(f"/admin/releases/release/{release.pk}/change/"))


def test_the_addresses_are_not_lost_with_an_answer_that_came_too_late(
    client, at_desk, editor, publisher, release
):
    at_desk(editor)
    values = issue_form(client, release) | {"recipients": "Rita\nOmar"}
    path = f"{DESK}/issue/{release.pk}/press/"
    client.post(path, values)  # its answer gets lost
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


def test_an_address_is_shown_after_the_key_changed_as_long_as_the_old_key_is_known(
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


def test_no_email_is_sent_for_a_link_that_was_revoked_meanwhile(at_desk, editor, release):
    issue(at_desk(editor), release, send="on", words="{link}", recipients="Rita, r@p.example")
    links.revoke(PreviewLink.objects.get(), by=editor)
    outbox.deliver()
    assert not mail.outbox
    assert Email.objects.get().state == "dropped"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"recipients": " \n "}, "Name at least one recipient."),
        ({"recipients": "\n".join(f"R {n}" for n in range(10_000))}, "has 10,000 recipients"),
        ({"recipients": "Rita, rita@"}, "Line 1: “rita@” is no e-mail address."),
        ({"recipients": "A\nr@p.example"}, "Line 2: there is no name."),
        ({"recipients": "A, a@p.example\nB, A@P.example"}, "Line 2: It repeats line 1."),
        ({"recipients": "A" * 121}, "is longer than a name and an outlet can be"),
        ({"recipients": "Ri\u200bta"}, "characters that cannot be printed"),
        ({"max_visits": "0"}, "greater than or equal to 1"),
        ({"max_visits": "a lot"}, "Enter a whole number"),
        ({"expires_at_0": "2001-01-01", "expires_at_1": "09:00"}, "would end before they begin"),
        ({"expires_at_0": "2039-01-01", "expires_at_1": "09:00"}, "end after the embargo has"),
        ({"expires_at_0": "2031-03-30", "expires_at_1": "01:30"}, "01:30 does not exist"),
        ({"send": "on", "words": "{link}"}, "None of the recipients has an e-mail address."),
        ({"send": "on", "recipients": "A, a@p.example", "words": "Hi"}, "The words need {link}"),
        ({"batch": "x"}, "The form did not arrive whole."),
    ],
)
def test_what_cannot_be_issued_is_refused_in_a_sentence(
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
        ("published", "press", "The release is public: send its address"),
        ("published", "colleague", "The release is public: send its address"),
        ("withdrawn", "press", "The release is withdrawn."),
        ("held", "press", "The release is held."),
    ],
)
def test_a_link_is_issued_only_where_there_is_something_to_wait_for(
    at_desk, editor, state, kind, sentence
):
    answer = issue(at_desk(editor), make_release(state), kind)
    assert sentence in text(answer)
    assert not PreviewLink.objects.exists()


def test_who_may_not_issue_sees_no_button_and_gets_no_form(at_desk, author):
    release = make_release("scheduled")
    models.QuerySet(Release).update(created_by=author)
    make_link(release)
    client = at_desk(author)
    page = text(client.get(f"/admin/releases/release/{release.pk}/change/"))
    assert "has not looked" in page
    assert "/issue/" not in page
    assert "/revoke" not in page
    assert client.get(f"{DESK}/issue/{release.pk}/press/").status_code == 403
    client.post(f"{DESK}/revoke/{PreviewLink.objects.get().pk}/")
    assert PreviewLink.objects.get().revoked_at is None


def test_one_click_revokes_one_and_another_all(at_desk, editor, release):
    for name in ("Rita", "Omar", "Ines"):
        make_link(release, name=name)
    client, first = at_desk(editor), PreviewLink.objects.get(name="Rita")
    assert client.get(f"{DESK}/revoke/{first.pk}/").status_code == 405
    client.post(f"{DESK}/revoke/{first.pk}/")
    assert list(PreviewLink.objects.live().values_list("name", flat=True)) == ["Ines", "Omar"]
    client.post(f"{DESK}/revoke-all/{release.pk}/")
    assert not PreviewLink.objects.live().exists()
    assert Event.objects.filter(verb="unlinked").count() == 2


def test_set_and_row_agree_which_links_are_live(client):
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
    resting = make_release("scheduled")
    make_link(resting)
    workflow.send_back(resting, by=make_chief())
    gone = make_release("scheduled")
    make_link(gone)
    workflow.withdraw(gone, by=make_chief(), reason="No.")
    for at in (now, now + HOUR / 2, now + HOUR, now + 2 * HOUR):
        live = set(PreviewLink.objects.live(at))
        assert live == {link for link in PreviewLink.objects.all() if link.is_live(at)}, at
    assert len(PreviewLink.objects.live(now)) == 6


def test_who_has_seen_it_is_said_after_a_hold(client, at_desk, editor, release):
    accept(client, make_link(release, name="Rita", outlet="The Paper"))
    make_link(release, name="Never looked")
    answer = at_desk(editor).post(
        f"/admin/releases/release/{release.pk}/hold/", {"version": 0}, follow=True
    )
    page = plain(answer)
    assert "It has not been public" in page
    assert "Rita, The Paper" in page
    assert "127.0.0.0/24" in page
    assert "has not looked" in page


def test_a_leaked_copy_is_traced_at_the_desk(client, at_desk, editor, release):
    path = make_link(release, name="Rita")
    leaked = text(accept(client, path))
    page = text(at_desk(editor).post(f"{DESK}/trace/", {"text": leaked}))
    assert "<h2>Rita</h2>" in page
    assert "No mark of ours" in text(client.post(f"{DESK}/trace/", {"text": "Retyped."}))
    reference = PreviewLink.objects.get().printed_reference
    assert "Rita" in text(client.get(f"{DESK}/?q={reference.lower()}"))


# --- Guessing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    ["x", "x" * 43, "x" * 5000, "%00", "%ff%fe", "…", "../../admin", "' OR 1=1 --", "a/b", "a b"],
)
def test_a_token_of_any_length_and_bytes_gets_the_same_page(client, token):
    answer = client.get(f"/preview/{token}/")
    assert answer.status_code == 404
    assert "This link opens nothing" in text(answer)
    assert client.post(f"/preview/{token}/").status_code == 404


def test_a_flood_of_guesses_has_to_wait_and_is_logged(client, release, caplog):
    path = make_link(release)
    with caplog.at_level(logging.WARNING, "previews"):
        answers = [client.get(f"/preview/{n:043}/").status_code for n in range(40)]
    assert answers == [404] * 30 + [429] * 10
    waiting = client.get(f"/preview/{99:043}/")
    assert waiting["Retry-After"] == "600"
    assert "This link opens nothing" in text(waiting)
    assert len(caplog.records) == 30
    assert "127.0.0.0/24; 30 within 10 minutes" in caplog.text
    # Who guesses must not be able to shut out the readers who come from the same address.
    assert "An embargoed release" in text(client.get(path))


def test_a_list_pasted_from_anywhere_is_read():
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


def test_the_real_release_comes_out_whole_in_a_preview(client):
    understood = understand(REAL_RELEASE.read_bytes(), REAL_RELEASE.name)
    draft = import_draft(understood, by=make_chief(), people={})
    page = accept(client, make_link(draft, kind="colleague"))
    shown = plain(page)
    for paragraph in draft.document.paragraphs:
        assert " ".join(paragraph.split()) in shown.replace("&#x27;", "'").replace("&amp;", "&")


def test_the_text_is_taken_along_with_its_marks(client, release):
    path = make_link(release, name="Rita Reader")
    assert client.get(f"{path}release.txt").status_code == 404
    accept(client, path)
    answer = client.get(f"{path}release.txt")
    link = PreviewLink.objects.get()
    assert f"EMBARGOED-{link.printed_reference}-release.txt" in answer["Content-Disposition"]
    lines = answer.content.decode().strip().splitlines()
    for line in (lines[0], lines[-1]):
        assert re.search(r"EMBARGOED.*Rita Reader", line)
    told = re.sub(f"[{marks.UNSEEN}]", "", "\n".join(lines))
    assert f"{CANARY} begins the text." in told
    assert release.slug not in told
    assert links.traced("\n".join(lines)) == [link]


@pytest.mark.parametrize("words", ["\u0958" * 120 + ", The Paper", "Rita, " + "\u0958" * 120])
def test_a_name_is_counted_as_it_is_stored(at_desk, editor, words):
    """PostgreSQL refused a name that NFC had made longer than the list had counted."""
    release = make_release("scheduled")
    answer = issue(at_desk(editor), release, recipients=words)
    assert "is longer than a name and an outlet can be." in text(answer)
    assert not PreviewLink.objects.exists()
    issue(at_desk(editor), release, recipients=words.replace("\u0958" * 120, "\u0958" * 60))
    assert PreviewLink.objects.count() == 1
