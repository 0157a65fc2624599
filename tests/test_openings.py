"""Openings of a preview are recorded in few rows and never delay the reader."""

import logging
import time
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
import time_machine
from django.apps import apps
from django.db import connection, models
from django.utils import timezone

from accounts import browser_families as browsers
from previews import openings, views
from previews.models import Opening, PreviewLink, Visit
from releases.models import Release
from tests.make import accept, make_link, make_picture, make_release, make_user
from tests.test_throttle import locked

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36"
)


def recorded():
    rows = Opening.objects.order_by("pk")
    return [(o.what, o.network, o.browser, o.times) for o in rows]


def look(client, path, address, agent):
    return client.get(path, REMOTE_ADDR=address, headers={"User-Agent": agent})


@pytest.fixture
def release():
    return make_release("scheduled", poster=make_picture())


@pytest.fixture
def opened(client, release):
    """The path of a link that is open in this client's browser."""
    path = make_link(release)
    terms = client.get(path, headers={"User-Agent": FIREFOX}, REMOTE_ADDR="203.0.113.7")
    assert terms.status_code == 200
    # Scanners and chat programs request the terms page too, so it is no opening.
    assert recorded() == []
    sent = {"embargo_ends": PreviewLink.objects.get().embargo_ends.isoformat()}
    client.post(path, sent, headers={"User-Agent": FIREFOX}, REMOTE_ADDR="203.0.113.7")
    return path


def test_openings_from_five_networks_are_recorded_separately(client, opened):
    """A reader can share the cookie together with the address, and the newsroom must see that."""
    for number in range(5):
        assert look(client, opened, f"198.51.{number}.9", SAFARI).status_code == 200
    assert recorded() == [("page", f"198.51.{number}.0/24", "Safari", 1) for number in range(5)]
    visit = Visit.objects.get()
    assert (visit.network, visit.agent) == ("203.0.113.0/24", "Firefox")


def test_page_text_and_pictures_are_counted_separately(client, release, opened):
    for _ in range(3):
        look(client, opened, "203.0.113.7", FIREFOX)
    look(client, f"{opened}release.txt", "2001:db8:1:2::3", CHROME)
    press = f"{opened}{release.poster_id}/press.jpg"
    look(client, press, "203.0.113.99", FIREFOX)
    # Pictures in a page count with the page; a picture that is requested alone has its own row.
    inside = f"{opened}{release.poster_id}/teaser.jpg"
    look(client, inside, "203.0.113.7", FIREFOX)
    look(client, inside, "192.0.2.1", CHROME)
    assert recorded() == [
        ("page", "203.0.113.0/24", "Firefox", 3),
        ("text", "2001:db8:1::/48", "Chrome", 1),
        ("picture", "203.0.113.0/24", "Firefox", 1),
        ("picture", "192.0.2.0/24", "Chrome", 1),
    ]
    client.head(opened)
    client.get(f"{opened}{release.pk}/press.jpg")
    client.cookies.clear()
    client.get(opened)
    assert len(recorded()) == 4


def test_a_row_covers_an_hour_and_has_its_first_and_last_time(client, opened):
    begun = timezone.now().replace(minute=10, second=0, microsecond=0)
    models.QuerySet(Release).update(publish_at=begun + timedelta(hours=5))
    Visit.objects.update(embargo_ends=begun + timedelta(hours=5))
    with time_machine.travel(begun, tick=False) as clock:
        look(client, opened, "203.0.113.7", FIREFOX)
        clock.shift(timedelta(minutes=40))
        look(client, opened, "203.0.113.7", FIREFOX)
        row = Opening.objects.get()
        assert (row.times, row.first_at, row.last_at - row.first_at) == (
            2, begun, timedelta(minutes=40),
        )  # fmt: skip
        clock.shift(timedelta(minutes=20))
        look(client, opened, "203.0.113.7", FIREFOX)
    assert sorted(Opening.objects.values_list("times", flat=True)) == [1, 2]


def test_a_stranger_with_the_address_cannot_fill_the_table(client, opened, monkeypatch):
    monkeypatch.setattr(openings, "MAX_ROWS", 5)
    for number in range(20):
        look(client, opened, f"198.51.{number}.9", SAFARI)
    assert Opening.objects.count() == 6
    assert recorded()[-1] == ("page", "further", "further", 15)
    look(client, opened, "198.51.3.9", SAFARI)  # a known origin keeps its own row
    assert ("page", "198.51.3.0/24", "Safari", 2) in recorded()


def test_only_networks_and_browser_families_are_stored(client, opened):
    # An IPv4 address as a server on IPv6 reports it.
    look(client, opened, "::ffff:198.51.100.77", CHROME)
    look(client, opened, "2001:db8:1:2:3:4:5:6", "x" * 5000)
    look(client, f"{opened}release.txt", "198.51.100.77", "O'Reader; DROP\x00 TABLE (secret)")
    kept = [*Opening.objects.values(), *Visit.objects.values()]
    assert {row["network"] for row in kept} == {
        "198.51.100.0/24", "2001:db8:1::/48", "203.0.113.0/24",
    }  # fmt: skip
    assert {row.get("browser") or row.get("agent") for row in kept} <= browsers.KNOWN


@pytest.mark.parametrize(
    ("agent", "family"),
    [
        ("", "unnamed"), (FIREFOX, "Firefox"), (SAFARI, "Safari"), (CHROME, "Chrome"),
        (f"{CHROME} Edg/131.0.0.0", "Edge"), (f"{CHROME} OPR/116.0.0.0", "Opera"),
        ("Mozilla/5.0 (iPhone) Version/18 FxiOS/133.0 Safari/605.1.15", "Firefox"),
        ("curl/8.5.0", "program"), ("Slackbot-LinkExpanding 1.0", "program"),
        ("Lynx/2.9", "another"),
    ],
)  # fmt: skip
def test_a_browser_is_stored_as_its_family(agent, family):
    assert browsers.family_of(agent) == family


@pytest.mark.django_db(transaction=True)
def test_a_preview_is_shown_but_not_counted_while_the_database_is_locked(
    client, release, caplog, monkeypatch
):
    path = make_link(release)
    accept(client, path)
    Opening.objects.all().delete()
    press = f"{path}{release.poster_id}/press.jpg"
    with locked("previews_opening"), caplog.at_level(logging.ERROR, "previews"):
        begun = time.monotonic()
        for address in (path, f"{path}release.txt", press):
            assert client.get(address).status_code == 200
        assert time.monotonic() - begun < 10
    assert caplog.text.count("could not be recorded") == 3
    assert not Opening.objects.exists()
    client.get(path)
    assert Opening.objects.get().times == 1


@pytest.mark.django_db(transaction=True)
def test_a_reader_sees_nothing_if_the_acceptance_cannot_be_recorded(
    client, release, caplog, monkeypatch
):
    monkeypatch.setattr(views, "ACCEPTANCE_LOCK_MILLISECONDS", 200)
    path = make_link(release)
    sent = {"embargo_ends": PreviewLink.objects.get().embargo_ends.isoformat()}
    with locked("previews_visit"), caplog.at_level(logging.ERROR, "previews"):
        answer = client.post(path, sent)
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    page = answer.content.decode()
    assert "We could not record your acceptance." in page
    assert "Accept the embargo and open the release" in page
    assert release.title not in page
    assert "acceptance of a preview could not be recorded" in caplog.text
    assert client.post(path, sent).status_code == 303
    assert Visit.objects.count() == 1


def test_two_processes_that_count_at_the_same_time_lose_no_opening(client, release):
    make_link(release)
    link, at = PreviewLink.objects.get(), timezone.now()
    origin = openings.Origin("203.0.113.0/24", "Firefox")
    # The row that a faster process has just created.
    Opening.objects.create(
        link=link, what="page", network=origin.network, browser=origin.browser,
        hour=openings._hour(at), times=1, first_at=at, last_at=at,
    )  # fmt: skip
    real, calls = openings._add, []

    def add_after_first_call(*arguments):
        calls.append(arguments)
        return 0 if len(calls) == 1 else real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openings, "_add", add_after_first_call)
        openings.count(link, Opening.What.PAGE, origin, at)
    assert Opening.objects.get().times == 2


# --- At the desk -------------------------------------------------------------------------------


def test_the_desk_lists_openings_and_marks_a_link_with_several_origins(
    client, at_desk, editor, release, opened
):
    look(client, opened, "203.0.113.7", FIREFOX)
    seen = f"/admin/releases/release/{release.pk}/seen/"
    form = f"/admin/releases/release/{release.pk}/change/"
    at_desk(editor)
    assert "Opened from" not in client.get(seen).content.decode()
    assert "Opened from several" not in client.get(form).content.decode()
    look(client, opened, "198.51.100.9", SAFARI)
    link = PreviewLink.objects.get()
    for page in (seen, f"/admin/previews/previewlink/{link.pk}/change/"):
        shown = client.get(page).content.decode()
        assert "<td>the page</td><td>198.51.100.0/24</td><td>Safari</td><td>1</td>" in shown
        assert "Opened from several networks or browsers (networks: 2, browsers: 2)." in shown
        assert f"{timezone.localtime():%-d %B %Y}" in shown
        assert " UTC</td>" in shown
    assert "Opened from several networks or browsers" in client.get(form).content.decode()


def test_a_user_without_access_to_links_sees_no_openings(client, at_desk, release, opened):
    at_desk(make_user("nobody"))
    link = PreviewLink.objects.get()
    assert client.get(f"/admin/previews/previewlink/{link.pk}/change/").status_code == 403
    assert client.get(f"/admin/releases/release/{release.pk}/seen/").status_code in (302, 403, 404)


# --- Rows of older versions --------------------------------------------------------------------


def test_full_browser_names_and_addresses_of_older_versions_are_trimmed(client, release):
    accept(client, make_link(release))
    whole = {"whole": (FIREFOX, "198.51.100.77"), "odd": ("My own reader", "2001:db8:1:2::/64"),
             "kept": ("Chrome", "unknown")}  # fmt: skip
    base = Visit.objects.values().get()
    del base["id"]
    rows = {
        name: Visit.objects.create(**base | {"agent": agent, "network": network}).pk
        for name, (agent, network) in whole.items()
    }
    migration = import_module("previews.migrations.0004_browser_families")
    editor = SimpleNamespace(connection=connection)
    migration.trim_all(apps, editor)
    after = {name: Visit.objects.get(pk=pk) for name, pk in rows.items()}
    assert (after["whole"].agent, after["whole"].network) == ("Firefox", "198.51.100.0/24")
    assert (after["odd"].agent, after["odd"].network) == ("another", "2001:db8:1::/48")
    assert (after["kept"].agent, after["kept"].network) == ("Chrome", "unknown")
    # Old code still writes full names during an upgrade. A family of a later version stays.
    Visit.objects.filter(pk=rows["whole"]).update(agent=SAFARI)
    Visit.objects.filter(pk=rows["kept"]).update(agent="New Family")
    migration.trim_old(apps, editor)
    assert Visit.objects.get(pk=rows["whole"]).agent == "Safari"
    assert Visit.objects.get(pk=rows["kept"]).agent == "New Family"
