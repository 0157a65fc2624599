"""The desk, as authors, editors and publishers use it."""

import json
import re
from datetime import date, timedelta
from html import unescape

import lxml.html
import pytest
import time_machine
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from people.models import Level
from releases import approval, workflow
from releases.models import Correction, Event, Quote, Release
from releases.topics_and_contacts import Use
from tests.make import (
    STATES,
    make_chief,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    make_user,
    mark,
    quotation,
    verbs_of,
)

pytestmark = pytest.mark.django_db

DESK = "/admin/"
LIST = "/admin/releases/release/"
ADD = "/admin/releases/release/add/"


def form_of(release) -> str:
    return f"{LIST}{release.pk}/change/"


def text(response) -> str:
    return response.content.decode()


def form_data(**changes) -> dict:
    """Return what the release form sends, with some values changed."""
    return {
        "read_version": "1",
        "kind": "press_release",
        "language": "en",
        "title": "A new title",
        "standfirst": "",
        "dateline_place": "",
        "poster": "",
        "body": "<p>New text.</p>",
        "pull_quote": "",
        "notes_to_editors": "",
        "countries": [],
        "translation_of": "",
        "slug": "",
    } | changes


def press(client, release, verb, **values):
    release.refresh_from_db()
    read = json.dumps(approval.printed_fingerprints(release))
    values = {"version": release.version, "read_fingerprints": read} | values
    return client.post(f"{LIST}{release.pk}/{verb}/", values, follow=True)


# --- The desk ----------------------------------------------------------------------------------


def test_the_dashboard_lists_each_release_in_its_place(at_desk, publisher):
    mine = make_release("draft", by=publisher, title="Mine")
    make_release("draft", title="Of somebody else")
    make_release("in_review", title="Waiting")
    make_release("scheduled", title="Next", publish_at=timezone.now() + timedelta(hours=5))
    make_release("published", title="Out")
    make_release("withdrawn", title="Gone")
    desk = text(at_desk(publisher).get(DESK))
    piles = dict(re.findall(r'id="pile-(\w+)".*?<ul>(.*?)</ul>', desk, re.DOTALL))
    assert form_of(mine) in piles["mine"]
    assert "Of somebody else" not in desk
    assert "Gone" not in desk
    assert "Waiting" in piles["waiting"]
    assert "Next" in piles["scheduled"]
    assert "4\xa0hours, 59\xa0minutes" in piles["scheduled"]
    assert "Out" in piles["published"]


def test_an_empty_dashboard_says_that_there_are_no_drafts(at_desk, author):
    desk = text(at_desk(author).get(DESK))
    assert "You have no drafts." in desk
    assert "Write a release" in desk


def test_anonymous_and_non_staff_users_are_redirected_to_the_login_page(client):
    release = make_release("scheduled", title="Zaunkönig")
    outsider = make_user("outsider", "Publisher")
    outsider.is_staff = False
    outsider.save()
    paths = [DESK, LIST, ADD, form_of(release), f"{LIST}{release.pk}/preview/",
             f"{LIST}{release.pk}/approve/", f"{LIST}{release.pk}/history/",
             f"{LIST}import/", f"{LIST}paste/", "/admin/autocomplete/"]  # fmt: skip
    for sign_in in (client.logout, lambda: client.force_login(outsider)):
        sign_in()
        for path in paths:
            response = client.get(path)
            assert response.status_code == 302, path
            assert response["Location"].startswith("/admin/login/")
            assert "Zaunkönig" not in text(response)


# --- Writing -----------------------------------------------------------------------------------


def test_quotations_of_a_release_that_an_author_writes_are_stored(at_desk, author):
    speaker = make_person("Maren Tolvik", title="Director")
    body = f"<p>{mark(speaker)} said:</p>{quotation(speaker, '“Free her.”')}"
    response = at_desk(author).post(ADD, form_data(body=body), follow=True)
    release = Release.objects.get()
    assert response.redirect_chain[-1][0] == form_of(release)
    assert release.created_by == author
    quote = Quote.objects.get()
    assert (quote.speaker, quote.attribution_title) == (speaker, "Director")
    assert verbs_of(release) == ["created"]


def test_a_new_release_has_the_language_of_its_authors_last_release(at_desk, author):
    client = at_desk(author)
    selected = r'<select name="language"[^>]*>.*?<option value="([^"]*)" selected'
    assert re.findall(selected, text(client.get(f"{LIST}add/")), re.S) == ["en"]
    make_release("draft", by=author, language="sv")
    make_release("draft", language="ar")
    make_release("draft", by=author, language="und")
    assert re.findall(selected, text(client.get(f"{LIST}add/")), re.S) == ["sv"]


def test_an_empty_form_is_saved_and_cannot_be_submitted(at_desk, author):
    client = at_desk(author)
    client.post(ADD, form_data(title="", body=""))
    release = Release.objects.get()
    page = text(client.get(form_of(release)))
    assert "Enter a title." in page
    assert "Enter the text." in page
    answer = text(press(client, release, "submit"))
    assert "Enter a title." in answer
    assert Release.objects.get().status == "draft"


def test_the_second_of_two_editors_sees_the_conflict_and_loses_nothing(at_desk, editor, publisher):
    release = make_release("draft")
    at_desk(publisher).post(form_of(release), form_data(title="The first save"))
    answer = text(at_desk(editor).post(form_of(release), form_data(title="The second save")))
    assert "saved version 2" in answer
    assert str(publisher) in answer
    assert 'value="The second save"' in answer
    assert Release.objects.get().title == "The first save"
    again = re.search(r'name="read_version" value="(\d+)"', answer)[1]
    at_desk(editor).post(form_of(release), form_data(title="The second save", read_version=again))
    assert Release.objects.get().title == "The second save"
    assert list(release.history.values_list("title", flat=True))[:2] == [
        "The second save",
        "The first save",
    ]


def test_text_typed_into_a_form_that_became_read_only_is_kept(at_desk, author):
    release = make_release("draft", by=make_chief())
    release.created_by = author
    release.save()
    release.refresh_from_db()
    workflow.submit(release, by=author)
    release.refresh_from_db()
    response = at_desk(author).post(
        form_of(release), form_data(title="Typed in vain", read_version=release.version)
    )
    answer = text(response)
    assert "This release is in review." in answer
    assert "is still here but not saved" in answer
    assert "Typed in vain" in answer
    assert Release.objects.get().title != "Typed in vain"


def test_an_author_reads_all_releases_and_changes_only_their_own(at_desk, author):
    other = make_release("draft", title="Of another")
    page = at_desk(author).get(form_of(other))
    assert page.status_code == 200
    assert 'name="title"' not in text(page)
    assert at_desk(author).post(form_of(other), form_data()).status_code == 403
    assert Release.objects.get().title == "Of another"


def test_a_scheduled_release_is_read_only(at_desk, publisher):
    release = make_release("scheduled")
    page = text(at_desk(publisher).get(form_of(release)))
    assert "This release is approved. Send it back to draft to change it." in page
    assert 'name="title"' not in page
    assert "Send back to draft" in page


def test_a_read_only_text_looks_as_it_will_be_printed(at_desk, publisher):
    speaker = make_person("Ansa Verel", title="Director")
    body = "<p>It <em>begins</em>.</p>" + quotation(speaker, "“We go on.”")
    release = make_release("scheduled", body=body, notes_to_editors="<p>Call <b>us</b>.</p>")
    page = lxml.html.fromstring(text(at_desk(publisher).get(form_of(release))))
    printed, notes = page.find_class("as-printed")
    assert printed.findtext("p/em") == "begins"
    assert "Ansa Verel, Director" in " ".join(printed.text_content().split())
    assert notes.findtext("p/strong") == "us"
    assert "<p>" not in page.text_content()


def test_a_day_without_a_time_is_shown_without_one(at_desk, publisher):
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    release = make_release("in_review")
    workflow.approve(release, by=publisher, publish_at=midnight - timedelta(days=1), backdated=True)
    for page in (form_of(release), DESK):
        assert "00:00" not in text(at_desk(publisher).get(page))


def test_a_user_without_permission_sees_why_and_what_to_do(at_desk, author):
    answer = at_desk(author).get("/admin/accounts/user/")
    assert answer.status_code == 403
    assert "Ask an administrator for the role that you need" in text(answer)


def test_an_expired_form_says_that_the_text_is_still_there(author):
    client = Client(enforce_csrf_checks=True)
    client.force_login(author)
    answer = client.post(ADD, form_data())
    assert answer.status_code == 403
    assert "your text is still in the form" in text(answer)


def test_a_published_release_changes_only_with_a_correction_notice(at_desk, publisher):
    release = make_release("published", body="<p>Ten.</p>")
    change = form_data(title=release.title, slug=release.slug, body="<p>Eleven.</p>")
    change["read_version"] = release.version
    client = at_desk(publisher)
    assert "Enter a correction notice" in text(client.post(form_of(release), change))
    assert Release.objects.get().body == "<p>Ten.</p>"
    client.post(form_of(release), change | {"correction": "It was eleven, not ten."})
    assert Release.objects.get().body == "<p>Eleven.</p>"
    page = text(client.get(release.get_absolute_url()))
    assert "It was eleven, not ten." in page
    assert "Eleven." in page


def test_a_minor_edit_is_not_announced(at_desk, publisher):
    release = make_release("published", body="<p>Teh text.</p>")
    change = form_data(title=release.title, slug=release.slug, body="<p>The text.</p>", minor="on")
    at_desk(publisher).post(form_of(release), change | {"read_version": release.version})
    assert Release.objects.get().body == "<p>The text.</p>"
    assert not Correction.objects.exists()
    assert verbs_of(release)[-1] == "amended"


def test_an_editor_cannot_change_a_public_release(at_desk, editor):
    release = make_release("published")
    page = text(at_desk(editor).get(form_of(release)))
    assert "This release is public. A publisher can correct it." in page
    assert 'name="title"' not in page


# --- The actions ---------------------------------------------------------------------------------

BUTTONS = {
    ("author", "draft"): {"submit"},
    ("author", "in_review"): {"send_back"},
    ("author", "scheduled"): set(),
    ("author", "published"): set(),
    ("editor", "draft"): {"submit"},
    ("editor", "in_review"): {"send_back"},
    ("editor", "scheduled"): set(),
    ("editor", "published"): set(),
    ("publisher", "draft"): {"submit", "approve", "publish"},
    ("publisher", "in_review"): {"approve", "publish", "send_back"},
    ("publisher", "scheduled"): {"publish", "reschedule", "send_back", "withdraw"},
    ("publisher", "published"): {"withdraw"},
    ("publisher", "withdrawn"): set(),
    ("editor", "held"): set(),
    ("publisher", "held"): {"let_go", "withdraw"},
}


@pytest.mark.parametrize(("who", "state"), BUTTONS)
def test_each_user_sees_only_the_buttons_of_their_permissions(request, at_desk, who, state):
    user = request.getfixturevalue(who)
    release = make_release(state)
    models.QuerySet(Release).update(created_by=user)
    page = text(at_desk(user).get(form_of(release)))
    seen = set(re.findall(rf'class="button action-(\w+)" href="{LIST}{release.pk}/', page))
    assert seen == BUTTONS[who, state]


def test_a_release_goes_from_its_author_to_the_public(at_desk, author, publisher):
    client = at_desk(author)
    client.post(ADD, form_data(title="From desk to page"))
    release = Release.objects.get()
    assert "Submitted for approval." in text(press(client, release, "submit"))
    client = at_desk(publisher)
    assert "Published." in text(press(client, release, "publish"))
    client.logout()
    assert "From desk to page" in text(client.get("/"))
    assert verbs_of(release) == ["created", "submitted", "published"]
    actors = [event.actor for event in Event.objects.order_by("at")]
    assert actors == [author, author, publisher]


def test_a_time_is_entered_in_the_newsrooms_time_zone(at_desk, publisher, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    release = make_release("in_review")
    client = at_desk(publisher)
    assert "Time zone: Europe/Berlin." in text(client.get(f"{LIST}{release.pk}/approve/"))
    press(client, release, "approve", publish_at_0="2031-07-01", publish_at_1="09:00")
    assert Release.objects.get().publish_at.isoformat() == "2031-07-01T07:00:00+00:00"


@pytest.mark.parametrize(
    ("day", "hour", "sentence"),
    [
        ("", "", "This field is required."),
        ("2031-02-30", "09:00", "Enter a valid date."),
        ("2031-02-03", "25:00", "Enter a valid time."),
        ("2001-02-03", "09:00", "has passed. Choose a later time"),
        ("2031-03-30", "01:30", "01:30 does not exist: the clocks go forward"),  # in London
        ("2031-10-26", "01:30", "happens twice that night: first as BST, an hour later as GMT"),
    ],
)
def test_a_time_that_does_not_exist_is_an_error(at_desk, publisher, settings, day, hour, sentence):
    settings.TIME_ZONE = "Europe/London"
    release = make_release("in_review")
    answer = press(at_desk(publisher), release, "approve", publish_at_0=day, publish_at_1=hour)
    assert sentence in text(answer)
    assert Release.objects.get().status == "in_review"


@pytest.mark.parametrize(("which", "hour"), [("0", "00:30"), ("1", "01:30")])
def test_the_desk_asks_which_time_is_meant_if_it_happens_twice(
    at_desk, publisher, settings, which, hour
):
    settings.TIME_ZONE = "Europe/London"
    release, client = make_release("in_review"), at_desk(publisher)
    typed = {"publish_at_0": "2031-10-26", "publish_at_1": "01:30"}
    page = text(press(client, release, "approve", **typed))
    assert 'type="radio" name="which" value="1"' in page
    press(client, release, "approve", which=which, **typed)
    assert Release.objects.get().publish_at.isoformat() == f"2031-10-26T{hour}:00+00:00"


def test_the_embargo_is_changed_at_the_desk(at_desk, publisher):
    release, client = make_release("scheduled"), at_desk(publisher)
    answer = press(client, release, "reschedule", publish_at_0="2031-07-01", publish_at_1="09:00")
    assert "Embargo changed." in text(answer)
    release = Release.objects.get()
    assert release.publish_at.isoformat() == "2031-07-01T09:00:00+00:00"
    asked = text(client.get(f"/admin/releases/release/{release.pk}/reschedule/"))
    assert 'name="publish_at_0" value="01/07/2031"' in asked
    assert 'name="publish_at_1" value="09:00:00"' in asked
    answer = press(
        client, Release.objects.get(), "reschedule", publish_at_0="2001-07-01", publish_at_1="09:00"
    )
    assert "has passed. Choose a later time" in text(answer)


@pytest.mark.parametrize("state", ["draft", "in_review", "scheduled", "published"])
def test_one_click_takes_a_release_offline(at_desk, editor, state):
    release, client = make_release(state), at_desk(editor)
    form = re.search(r'<form method="post" action="([^"]+/hold/)".*?</form>',
                     text(client.get(form_of(release))), re.DOTALL)  # fmt: skip
    answer = client.post(form[1], {"version": release.version}, follow=True)
    page = text(answer)
    assert "The release is offline now." in page
    assert "Readers" in page
    assert ("Anyone may have read it" in page) is (state == "published")
    assert Release.objects.get().is_on_hold()
    assert "On hold" in text(client.get("/admin/"))


def test_blockers_of_an_approval_are_shown_before_and_after_the_button(at_desk, publisher):
    hidden = make_person("Iven Sorrel", level=Level.STAFF)
    release = make_release(
        "draft",
        title="Iven Sorrel is free",
        body="<blockquote><p>“Somebody's words.”</p></blockquote>",
        poster=make_picture(credit_line=""),
        pull_quote="Not in the text",
    )
    client = at_desk(publisher)
    for page in (client.get(form_of(release)), press(client, release, "publish")):
        for sentence in [
            "Choose a speaker for the quotation",
            "The pull quote is not in any quotation in the text.",
            "is missing: credit line",
            f"“{hidden}” in the title is a protected name",
        ]:
            assert sentence in page.content.decode().replace("&#x27;", "'")
    assert Release.objects.get().status == "draft"
    assert verbs_of(release) == ["created"]


def test_a_version_that_was_not_read_cannot_be_approved(at_desk, publisher, editor):
    release = make_release("in_review")
    read, page = release.version, json.dumps(approval.printed_fingerprints(release))
    at_desk(editor).post(form_of(release), form_data(read_version=read, title="Changed since"))
    answer = at_desk(publisher).post(
        f"{LIST}{release.pk}/publish/", {"version": read, "read_fingerprints": page}
    )
    assert "Read the new version first." in text(answer)
    assert not Release.objects.public().exists()


def test_an_action_without_permission_is_refused(at_desk, author):
    release = make_release("in_review")
    answer = press(at_desk(author), release, "publish")
    assert "You don’t have permission to publish releases." in text(answer)
    assert not Release.objects.public().exists()


def test_a_withdrawal_needs_a_public_reason(at_desk, publisher):
    release = make_release("published")
    client = at_desk(publisher)
    assert "This field is required." in text(press(client, release, "withdraw", reason=""))
    press(client, release, "withdraw", reason="A source asked us to.")
    response = client.get(release.get_absolute_url())
    assert response.status_code == 410
    assert "A source asked us to." in text(response)


def test_the_page_of_an_app_lists_only_its_models(at_desk, publisher):
    make_release("in_review", title="Waiting to be read")
    page = text(at_desk(publisher).get("/admin/releases/"))
    assert 'href="/admin/releases/release/"' in page
    assert "Nothing is waiting" not in page
    assert "Nothing is scheduled" not in page


def test_the_history_of_a_case_shows_labels_and_dates_as_other_pages_do(at_desk, editor):
    case = make_prisoner("Teodor Brask").cases.get()
    case.custody_status, case.as_of = "released", date(2026, 5, 2)
    case.call_types, case.country = ["medical_care", "quash_conviction"], "GB"
    case.save()
    page = text(at_desk(editor).get(f"/admin/people/case/{case.pk}/history/"))
    assert "Released" in page
    assert "→ 2 May 2026" in page
    assert "→ released" not in page
    assert "– → Medical care, Quash the conviction" in page
    assert "→ United Kingdom" in page
    assert "<td>Command</td>" in page


@pytest.mark.parametrize(
    ("counts", "shown"),
    [((8, 0, 0), "8 public releases"), ((1, 0, 2), "1 public release, 2 other releases"),
     ((0, 1, 0), "1 approved release"), ((0, 0, 0), "No releases")],
)  # fmt: skip
def test_where_a_topic_is_used_has_no_zeros(counts, shown):
    assert str(Use(*counts)) == shown


def test_a_page_for_reading_shows_labels_and_not_codes(at_desk, author):
    client = at_desk(author)
    release = make_release("published", language="sv")
    page = text(client.get(f"{LIST}{release.pk}/change/"))
    assert re.search(r'<div class="readonly">Swedish</div>', page)
    case = make_prisoner("Teodor Brask").cases.get()
    case.call_types = ["medical_care"]
    case.save()
    page = text(client.get(f"/admin/people/case/{case.pk}/change/"))
    assert '<div class="readonly">Medical care</div>' in page
    assert "None</div>" not in page


@pytest.mark.parametrize(("ago", "shown"), [(20, "less than a minute"), (61, "1\xa0minute")])
def test_a_release_never_waits_for_zero_minutes(at_desk, publisher, ago, shown):
    release = make_release("in_review")
    with time_machine.travel(release.updated_at + timedelta(seconds=ago), tick=False):
        page = text(at_desk(publisher).get("/admin/"))
    assert f"waiting for {shown}" in page


def test_a_link_that_adds_a_row_is_in_sentence_case(at_desk, editor):
    page = text(at_desk(editor).get(f"/admin/people/person/{make_person().pk}/change/"))
    assert "Add role" in page
    assert "Add another Role" not in page


@pytest.mark.parametrize("path", ["change/", "history/", "delete/", "history/1/"])
def test_the_way_back_begins_at_the_desk_and_names_no_app(at_desk, path):
    user = make_user("admin", is_superuser=True)
    person = make_person("Ansa Verel")
    path = path.replace("1", str(person.history.get().pk))
    page = text(at_desk(user).get(f"/admin/people/person/{person.pk}/{path}"))
    crumbs = re.search(r'<div class="breadcrumbs">(.*?)</div>', page, re.S)[1]
    assert unescape(strip_tags(crumbs)).split("›")[:2] == ["\nDesk ", " People "]
    assert 'href="/admin/people/person/"' in crumbs


def test_signing_in_and_out_has_the_same_word_on_every_page(at_desk, editor):
    desk = at_desk(editor)
    front, page = text(desk.get("/admin/")), text(desk.post("/admin/logout/"))
    assert "Sign out</button>" in front
    assert 'value="Sign in"' in text(desk.get("/admin/login/"))
    assert not re.search(
        r"\bLog(?:ged)? (?:in|out)\b", front + page + text(desk.get("/admin/login/"))
    )
    assert "You are signed out." in page
    assert "quality time" not in page


def test_the_address_of_a_button_says_what_it_is_and_links_back(at_desk, publisher):
    person, client = make_person(), at_desk(publisher)
    for path in (f"/admin/people/person/{person.pk}/lower/", "/admin/logout/"):
        answer = client.get(path)
        assert answer.status_code == 405
        assert "POST" in answer["Allow"]
        assert "works only as a button" in text(answer)
        assert '<a href="/admin/">Go to the desk</a>' in text(answer)
    assert "works only" not in text(Client().get(f"/admin/people/person/{person.pk}/lower/"))


# --- Preview, versions, deletion ---------------------------------------------------------------


@pytest.mark.parametrize("state", ["draft", "in_review", "scheduled", "published", "withdrawn"])
def test_the_preview_shows_the_page_as_it_will_be(at_desk, editor, state):
    speaker = make_person(title="Director")
    picture = make_picture()
    release = make_release(state, body=quotation(speaker, "“Soon.”"), poster=picture)
    client = at_desk(editor)
    response = client.get(f"{LIST}{release.pk}/preview/")
    page = text(response)
    assert "“Soon.”" in page
    assert f"Preview for editors · {release.state().label}" in page
    address = re.search(r'src="(/admin/[^"]+poster\.jpg[^"]*)"', page)[1]
    rendition = client.get(address)
    assert b"".join(rendition.streaming_content).startswith(b"\xff\xd8")
    assert "no-store" in rendition["Cache-Control"]


def test_two_versions_are_compared_and_the_earlier_one_restored(at_desk, editor):
    release = make_release("draft", body="<p>One door.</p>")
    client = at_desk(editor)
    client.post(form_of(release), form_data(body="<p>Two doors.</p>"))
    page = text(client.get(f"{LIST}{release.pk}/history/"))
    assert re.search(r"<del[^>]*>One", page)
    assert re.search(r"<ins[^>]*>Two", page)
    chosen = re.search(r'name="restore" value="(\d+)"', page)[1]
    client.post(f"{LIST}{release.pk}/history/", {"restore": chosen})
    restored = Release.objects.get()
    assert restored.body == "<p>One door.</p>"
    assert restored.version == 3
    assert verbs_of(release)[-1] == "restored"


def test_two_versions_are_compared_by_labels_and_not_by_codes(at_desk, editor):
    release = make_release("draft", kind="press_release", language="en", countries=["GB"])
    release.kind, release.language, release.countries = "statement", "sv", ["GB", "CN"]
    release.save()
    page = text(at_desk(editor).get(f"{LIST}{release.pk}/history/"))
    changes = [
        strip_tags(each) for each in re.findall(r'<section class="change">.*?(<p.*?)</p>', page)
    ]
    assert changes == [
        "Press release Statement",
        "English Swedish",
        "China, United Kingdom",
    ]


@pytest.mark.parametrize("chosen", ["", "x", "999999", "-1"])
def test_a_version_that_does_not_exist_is_an_error(at_desk, editor, chosen):
    release = make_release("draft")
    response = at_desk(editor).post(
        f"{LIST}{release.pk}/history/", {"restore": chosen}, follow=True
    )
    assert response.status_code == 200
    assert re.search("Choose the version|no such version", text(response))
    assert Release.objects.get().version == 1


def test_only_drafts_can_be_deleted(at_desk, editor):
    draft, other = make_release("draft"), make_release("in_review")
    client = at_desk(editor)
    assert client.get(f"{LIST}{other.pk}/delete/").status_code == 403
    client.post(f"{LIST}{draft.pk}/delete/", {"post": "yes"})
    assert list(Release.objects.all()) == [other]
    assert verbs_of(draft)[-1] == "deleted"
    assert Release.history.filter(uuid=draft.pk, title=draft.title).exists()


# --- Searching ---------------------------------------------------------------------------------


def results_for(client, term) -> list[dict]:
    relation = {"app_label": "releases", "model_name": "quote", "field_name": "speaker"}
    return client.get("/admin/autocomplete/", relation | {"term": term}).json()["results"]


def test_the_other_end_of_a_relation_has_no_autocomplete_field(at_desk, author):
    query = {"app_label": "assets", "model_name": "mediaasset", "field_name": "depicts"}
    assert at_desk(author).get("/admin/autocomplete/", query).status_code == 403


def test_people_are_found_by_any_spelling_with_a_detail_of_each(at_desk, author):
    person = make_person("Rabab Nawrasi", title="Editor of The Tideline")
    person.names.create(text="رباب النورسي")
    namesake = make_person("Rabab Nawrasi", level=Level.STAFF)
    client = at_desk(author)
    found = {result["id"]: result["detail"] for result in results_for(client, "nawrasi")}
    assert found[str(person.pk)] == "Editor of The Tideline"
    assert "may not be named" in found[str(namesake.pk)]
    assert [result["id"] for result in results_for(client, "النورسي")] == [str(person.pk)]
    assert results_for(client, "nobody at all") == []


def test_the_list_is_filtered_by_state(at_desk, editor):
    for state in ["draft", "in_review", "scheduled", "published", "withdrawn"]:
        make_release(state, title=f"Title of {state}")
    client = at_desk(editor)
    for state in ["draft", "in_review", "scheduled", "published", "withdrawn"]:
        page = text(client.get(LIST, {"state": state}))
        assert re.findall(r">Title of (\w+)<", page) == [state]
    assert len(re.findall(r">Title of (\w+)<", text(client.get(LIST)))) == 5


def test_every_list_and_form_of_the_admin_opens_for_a_publisher(at_desk, publisher):
    make_release("published", poster=make_picture(), body=quotation(make_person()))
    client = at_desk(publisher)
    for app, model in [
        ("releases", "release"), ("releases", "topic"), ("releases", "contact"),
        ("people", "person"), ("assets", "mediaasset"),
    ]:  # fmt: skip
        page = client.get(reverse(f"admin:{app}_{model}_changelist"), {"q": "a"})
        assert page.status_code == 200
        assert client.get(reverse(f"admin:{app}_{model}_add")).status_code == 200


@pytest.mark.parametrize("state", STATES)
def test_the_desk_links_to_the_public_page_if_there_is_one(at_desk, publisher, client, state):
    """A release that was withdrawn before it was public had a button that led to 404."""
    release = make_release(state)
    exists = client.get(release.get_absolute_url()).status_code != 404 if release.slug else False
    panel = text(at_desk(publisher).get(form_of(release)))
    assert (">View public page</a>" in panel) == exists
