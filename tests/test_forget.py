"""`manage.py forget` removes old rows and keeps the records of actions."""

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
def created_at(client):
    """Store rows of several kinds, and two preview links, one revoked; return their time."""
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


def remaining():
    """Count probes, openings, visits with an origin, log entries and throttle buckets."""
    origins = Visit.objects.exclude(network="", agent="").count()
    return (Probe.objects.count(), Opening.objects.count(), origins, LogEntry.objects.count(),
            ThrottleBucket.objects.count())  # fmt: skip


def test_each_setting_limits_the_age_of_its_rows(created_at, capsys, settings):
    settings.KEEP_PROBES_DAYS, settings.KEEP_VISITS_DAYS, settings.KEEP_LOGS_DAYS = 90, 200, 300
    kept = list(Visit.objects.values_list(*COLUMNS)), rows()["releases.Event"]
    for days, expected in [
        (89.9, (1, 2, 2, 1, 0)),
        (90.1, (0, 2, 2, 1, 0)),
        (199.9, (0, 2, 2, 1, 0)),
        (200.1, (0, 0, 1, 1, 0)),  # the open link keeps the origin of its visit
        (300.1, (0, 0, 1, 0, 0)),
    ]:
        with time_machine.travel(created_at + days * DAY, tick=False):
            forget(capsys)
        assert remaining() == expected, days
    assert Visit.objects.exclude(network="").get().link.name == "open"
    links.revoke(PreviewLink.objects.get(name="open"), by=make_chief())
    with time_machine.travel(created_at + 301 * DAY, tick=False):
        forget(capsys)
    assert remaining()[2] == 0
    # The acceptances (person, time, version) and the events stay.
    assert list(Visit.objects.values_list(*COLUMNS)) == kept[0]
    assert rows()["releases.Event"] == kept[1] + 1
    assert Event.objects.filter(verb="linked").count() == 2


def test_a_dry_run_prints_what_would_be_removed_and_removes_nothing(created_at, capsys, settings):
    before = rows()
    with time_machine.travel(created_at + 400 * DAY, tick=False):
        output = forget(capsys, "--dry-run")
        assert rows() == before
        until = f"{created_at + 310 * DAY:%Y-%m-%d %H:%M} UTC; KEEP_PROBES_DAYS=90"
        assert (
            f"attempts to reach unpublished pages: 1 would be removed (older than {until})"
            in output
        )
        assert "openings of preview links: 2 would be removed" in output
        assert "entries of the desk’s log: 1 would be removed" in output
        output = forget(capsys)
        assert "openings of preview links: 2 removed" in output
        assert forget(capsys).count(": 0 removed") == len(retention.RULES)


def test_many_rows_are_removed_in_batches_with_progress(created_at, capsys, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 10)
    probe = Probe.objects.get()
    Probe.objects.bulk_create(
        Probe(
            release=probe.release,
            what="near",
            sender_hash=str(n),
            network="",
            first_at=created_at,
            last_at=created_at,
        )
        for n in range(34)
    )
    with time_machine.travel(created_at + 91 * DAY, tick=False):
        output = forget(capsys, "-v", "2")
    assert "attempts to reach unpublished pages: 20 so far" in output
    assert "attempts to reach unpublished pages: 35 removed" in output


def test_a_row_that_is_updated_during_the_removal_stays(created_at, monkeypatch):
    """Someone tries the address again after the batch was read and before it is removed."""
    rule = next(rule for rule in retention.RULES if rule.setting == "KEEP_PROBES_DAYS")
    calls = []

    def expired(before):
        found = rule.expired(before)
        calls.append(before)
        if len(calls) == 2:
            Probe.objects.update(last_at=before)
        return found

    changed = retention.RetentionRule(rule.label, expired, rule.setting)
    monkeypatch.setattr(retention, "RULES", [changed])
    (result,) = retention.delete_expired(created_at + 91 * DAY)
    assert result.rows == 0
    assert Probe.objects.count() == 1


def test_a_failed_rule_is_reported_and_the_others_are_applied(
    created_at, capsys, monkeypatch, caplog
):
    def broken(before):
        raise RuntimeError("no\nway")

    rules = [retention.RetentionRule("broken", broken), *retention.RULES]
    monkeypatch.setattr(retention, "RULES", rules)
    with time_machine.travel(created_at + 400 * DAY, tick=False), pytest.raises(CommandError):
        call_command("forget")
    output = capsys.readouterr().out
    assert "broken: failed" in output
    assert "openings of preview links: 2 removed" in output
    assert "Removal failed (broken): no way" in caplog.text


def test_every_model_with_a_network_or_browser_has_a_retention_rule():
    """This fails for a new model with such a field until it has a rule."""
    words = {"network", "agent", "browser", "who", "ip", "ip_address", "address", "user_agent"}
    with_origin = {
        model
        for model in apps.get_models()
        for field in model._meta.fields
        if isinstance(field, models.CharField | models.GenericIPAddressField)
        and field.name in words
    }
    assert with_origin >= {Probe, Visit, Opening}
    assert with_origin <= {rule.expired(timezone.now()).model for rule in retention.RULES}
