"""What is too old is forgotten, what proves an action stays."""

from datetime import timedelta

import pytest
import time_machine
from django.apps import apps
from django.contrib.admin.models import ADDITION, LogEntry
from django.core.management import CommandError, call_command
from django.db import models
from django.utils import timezone

from pressroom import retention
from previews import links, throttle
from previews.models import Opening, PreviewLink, ThrottleBucket, Visit
from releases.models import Event, Probe
from tests.deployment import rows
from tests.make import accept, make_chief, make_link, make_release

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
COLUMNS = ("pk", "at", "seen_at", "embargo_ends", "version", "before")


@pytest.fixture
def old(client):
    """A newsroom a hundred days after a release was probed, previewed and its links revoked."""
    release = make_release("scheduled", publish_at=timezone.now() + 2000 * DAY)
    for name in ("closed", "open"):
        accept(client, make_link(release, name=name))
        client.cookies.clear()
    links.revoke(PreviewLink.objects.get(name="closed"), by=make_chief())
    now = timezone.now()
    Probe.objects.create(
        release=release, what="near", sender_hash="x", network="203.0.113.0/24", times=3,
        first_at=now, last_at=now,
    )  # fmt: skip
    throttle.count_miss("203.0.113.7", now)
    LogEntry.objects.create(
        user=make_chief(), action_flag=ADDITION, object_repr="x", action_time=now
    )
    return now


def forget(capsys, *arguments) -> str:
    call_command("forget", *arguments)
    return capsys.readouterr().out


def left():
    origins = Visit.objects.exclude(network="", agent="").count()
    return (Probe.objects.count(), Opening.objects.count(), origins, LogEntry.objects.count(),
            ThrottleBucket.objects.count())  # fmt: skip


def test_each_setting_decides_about_its_rows_to_the_day(old, capsys, settings):
    settings.KEEP_PROBES_DAYS, settings.KEEP_VISITS_DAYS, settings.KEEP_LOGS_DAYS = 90, 200, 300
    proof = list(Visit.objects.values_list(*COLUMNS)), rows()["releases.Event"]
    for days, expected in [
        (89.9, (1, 2, 2, 1, 0)),
        (90.1, (0, 2, 2, 1, 0)),
        (199.9, (0, 2, 2, 1, 0)),
        (200.1, (0, 0, 1, 1, 0)),  # the link that is still open keeps who accepted, and from where
        (300.1, (0, 0, 1, 0, 0)),
    ]:
        with time_machine.travel(old + days * DAY, tick=False):
            forget(capsys)
        assert left() == expected, days
    assert Visit.objects.exclude(network="").get().link.name == "open"
    links.revoke(PreviewLink.objects.get(name="open"), by=make_chief())
    with time_machine.travel(old + 301 * DAY, tick=False):
        forget(capsys)
    assert left()[2] == 0
    # Who accepted what, when, for which version: that stays, and so does every action.
    assert list(Visit.objects.values_list(*COLUMNS)) == proof[0]
    assert rows()["releases.Event"] == proof[1] + 1
    assert Event.objects.filter(verb="linked").count() == 2


def test_a_dry_run_says_what_would_go_and_touches_nothing(old, capsys, settings):
    before = rows()
    with time_machine.travel(old + 400 * DAY, tick=False):
        output = forget(capsys, "--dry-run")
        assert rows() == before
        until = f"{old + 310 * DAY:%Y-%m-%d %H:%M} UTC; KEEP_PROBES_DAYS=90"
        assert (
            f"attempts to reach unpublished pages: 1 would be removed (older than {until})"
            in output
        )
        assert "openings of preview links: 2 would be removed" in output
        assert "entries of the desk’s log: 1 would be removed" in output
        output = forget(capsys)
        assert "openings of preview links: 2 removed" in output
        assert forget(capsys).count(": 0 removed") == len(retention.RULES)


def test_much_is_forgotten_in_batches_with_progress(old, capsys, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 10)
    guess = Probe.objects.get()
    Probe.objects.bulk_create(
        Probe(
            release=guess.release,
            what="near",
            sender_hash=str(n),
            network="",
            first_at=old,
            last_at=old,
        )
        for n in range(34)
    )
    with time_machine.travel(old + 91 * DAY, tick=False):
        output = forget(capsys, "-v", "2")
    assert "attempts to reach unpublished pages: 20 so far" in output
    assert "attempts to reach unpublished pages: 35 removed" in output


def test_a_row_that_is_used_meanwhile_stays(old, monkeypatch):
    """Between the reading of a batch and its removal somebody tried the address again."""
    what = next(what for what in retention.RULES if what.setting == "KEEP_PROBES_DAYS")
    asked = []

    def expired(before):
        found = what.expired(before)
        asked.append(before)
        if len(asked) == 2:
            Probe.objects.update(last_at=before)
        return found

    changed = retention.RetentionRule(what.label, expired, what.setting)
    monkeypatch.setattr(retention, "RULES", [changed])
    (done,) = retention.delete_expired(old + 91 * DAY)
    assert done.rows == 0
    assert Probe.objects.count() == 1


def test_a_failed_rule_is_reported_and_the_others_are_applied(old, capsys, monkeypatch, caplog):
    def broken(before):
        raise RuntimeError("no\nway")

    table = [retention.RetentionRule("broken", broken), *retention.RULES]
    monkeypatch.setattr(retention, "RULES", table)
    with time_machine.travel(old + 400 * DAY, tick=False), pytest.raises(CommandError):
        call_command("forget")
    output = capsys.readouterr().out
    assert "broken: failed" in output
    assert "openings of preview links: 2 removed" in output
    assert "Removal failed (broken): no way" in caplog.text


def test_whatever_says_where_somebody_was_has_an_end():
    """A new model with a network or a browser needs a retention rule."""
    words = {"network", "agent", "browser", "who", "ip", "ip_address", "address", "user_agent"}
    holding = {
        model
        for model in apps.get_models()
        for field in model._meta.fields
        if isinstance(field, models.CharField | models.GenericIPAddressField)
        and field.name in words
    }
    assert holding >= {Probe, Visit, Opening}
    assert holding <= {what.expired(timezone.now()).model for what in retention.RULES}
