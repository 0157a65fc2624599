"""Runs the protected-name check every night, and after names changed."""

import subprocess
import sys
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models.signals import post_delete, post_save
from django.utils import timezone

from jobs.models import Job
from jobs.queue import Lane, job
from people.models import Consent, LevelChange, MinorMarkRemoval, PersonName

DELAY_AFTER_CHANGE = timedelta(minutes=10)  # usually several changes follow one another
TIMEOUT = timedelta(hours=6)


@job("pressroom.namecheck", lane=Lane.LONG, attempts=2, daily=time(3, 20))
def check_names() -> None:
    """Check the whole public site; the desk shows the protected names that are found."""
    _namecheck()


@job("pressroom.namecheck_changes", lane=Lane.LONG, attempts=3)
def check_names_since(since: str) -> None:
    """Check only what may print other names than at a time, given in ISO 8601."""
    _namecheck("--since", since)


def _namecheck(*arguments: str) -> None:
    # In a separate process, which frees its memory at the end: the check reads the whole site.
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "namecheck", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT.total_seconds(),
    )
    if done.returncode not in (0, 1):  # 1: it found names, and the desk shows them
        lines = [*done.stdout.splitlines(), *done.stderr.splitlines()] or ["no output"]
        raise RuntimeError(f"namecheck ended with {done.returncode}: {lines[-1]}")


def _after_a_change(**signal: Any) -> None:
    """Schedule a check some minutes after a level, a consent or a name has changed."""
    waiting = Job.objects.filter(name=check_names_since.name, state=Job.State.WAITING)
    if not waiting.exists():  # a waiting job also covers this change
        now: datetime = timezone.now()
        check_names_since.add(now.isoformat(), key="changes", due_at=now + DELAY_AFTER_CHANGE)


def connect() -> None:
    for model in (LevelChange, MinorMarkRemoval, Consent, PersonName):
        for sign in (post_save, post_delete):
            sign.connect(
                _after_a_change, model, dispatch_uid=f"leakcheck.schedule.{model.__name__}.{sign}"
            )
