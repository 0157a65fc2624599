"""The queue: declares jobs, adds them and runs them.

    @job("assets.make_renditions", lane=Lane.FILES)
    def make_renditions(pk: str) -> None: ...

    make_renditions.add(str(picture.pk), key=str(picture.pk))

`add` writes a row in the caller's transaction: if the transaction is rolled back, there is no job.
A job runs at least once. If its changes must be made only once, declare it with `atomic=True`: its
changes and the deletion of its row are then one transaction. Every other job must be idempotent,
because it may run twice.
"""

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from jobs import leases, wake
from jobs.models import Job, Lane

log = logging.getLogger(__name__)

RETRY_PAUSES = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60, 120, 240)]
POSTPONE_BY = timedelta(minutes=1)
RETRY_SOON = timedelta(seconds=5)
SCHEDULED = "schedule"  # the key of all rows that are on the schedule


class JobPostponed(Exception):
    """The job can't run now, for an external reason. This doesn't count as an attempt."""


class JobFailed(Exception):
    """The job can't be done, and another attempt would not help. The text gives the reason."""


class JobRetry(Exception):
    """The job failed and may succeed soon. This counts as an attempt. The text gives the reason."""


class LeaseLostError(Exception):
    """Another worker has taken the job."""


@dataclass(frozen=True, slots=True)
class Task:
    """A declared job. Use the decorator `job` to make one."""

    name: str
    run: Callable[..., None]
    lane: Lane
    atomic: bool
    attempts: int
    every: timedelta | None
    daily: time | None
    given_up: Callable[..., None] | None

    def __call__(self, *arguments: Any) -> None:
        self.run(*arguments)

    def add(
        self, *arguments: Any, key: str = "", due_at: datetime | None = None, urgent: bool = False
    ) -> None:
        """Add a job to the queue, in the transaction of the caller.

        With a `key`, a job has at most one row. If the row exists already, a waiting job runs at
        the earlier of the two times, a running job runs once more, and a failed job starts again.
        """
        new = Job(
            name=self.name,
            key=key,
            arguments=list(arguments),
            lane=self.lane,
            due_at=due_at or timezone.now(),
            urgent=urgent,
        )
        if not (key and self._join(new)):
            try:
                with transaction.atomic():
                    new.save()
            except IntegrityError:  # another process has just added it
                self._join(new)
        transaction.on_commit(wake.wake)

    def _join(self, new: Job) -> bool:
        """Update the existing row with this key; return False if there is none."""
        rows = Job.objects.filter(name=new.name, key=new.key)
        with transaction.atomic():
            row = rows.select_for_update().first()
            if row is None:
                return False
            row.arguments, row.urgent = new.arguments, row.urgent or new.urgent
            if row.state == Job.State.RUNNING:
                row.again = True
            elif row.state == Job.State.FAILED:
                row.state, row.attempts, row.reason = Job.State.WAITING, 0, ""
                row.due_at = new.due_at
            else:
                row.due_at = min(row.due_at, new.due_at)
            row.save()
        return True

    def next_time(self, after: datetime) -> datetime | None:
        """Return the next time on the schedule; None if it is not on the schedule."""
        if self.every:
            return after + self.every
        if self.daily is None:
            return None
        local = timezone.localtime(after)
        moment = timezone.make_aware(datetime.combine(local.date(), self.daily))
        if moment <= after:
            tomorrow = local.date() + timedelta(days=1)
            moment = timezone.make_aware(datetime.combine(tomorrow, self.daily))
        return moment


TASKS: dict[str, Task] = {}


def job(
    name: str,
    *,
    lane: Lane = Lane.QUICK,
    atomic: bool = False,
    attempts: int = 8,
    every: timedelta | None = None,
    daily: time | None = None,
    given_up: Callable[..., None] | None = None,
) -> Callable[[Callable[..., None]], Task]:
    """Declare a function as a job. Never change its name, because rows contain it.

    `lane` chooses the thread. `attempts` is the maximum number of attempts. `every` or `daily` (in
    the newsroom's time zone) puts the job on the schedule. When the job is given up,
    `given_up(reason, *arguments)` is called in the same transaction.
    """

    def declare(run: Callable[..., None]) -> Task:
        TASKS[name] = Task(name, run, lane, atomic, attempts, every, daily, given_up)
        return TASKS[name]

    return declare


def try_again(row: Job) -> bool:
    """Run a waiting or failed job as soon as possible; return False if it is running."""
    open_ones = Job.objects.filter(pk=row.pk).exclude(state=Job.State.RUNNING)
    now = timezone.now()
    changed = open_ones.update(state=Job.State.WAITING, attempts=0, due_at=now)
    transaction.on_commit(wake.wake)
    return bool(changed)


# --- The schedule ------------------------------------------------------------------------------


def plan(at: datetime) -> None:
    """Add the scheduled jobs that are not in the queue yet."""
    wanted = {task.name: task for task in TASKS.values() if task.every or task.daily}
    existing = Job.objects.filter(key=SCHEDULED).values_list("name", flat=True)
    for name in wanted.keys() - set(existing):
        task = wanted[name]
        task.add(key=SCHEDULED, due_at=at if task.every else task.next_time(at))


# --- Running jobs ------------------------------------------------------------------------------


def work(lane: Lane, *, at: datetime | None = None) -> int:
    """Run all due jobs of one lane; return how many were started."""
    begun = 0
    while not wake.stopping.is_set() and (row := _claim(lane=lane, at=at)) is not None:
        _do(row)
        begun += 1
    return begun


def run_now(task: Task, *arguments: Any, key: str) -> bool:
    """Run one job in this process now; return False if a worker is already running it.

    Raises JobPostponed if the job can't run now. It then stays in the queue for a worker.
    """
    task.add(*arguments, key=key)
    row = _claim(early=True, name=task.name, key=key)
    if row is None:
        return False
    _do(row, raises=True)
    return True


def _claim(*, at: datetime | None = None, early: bool = False, **which: Any) -> Job | None:
    now = at or timezone.now()
    due = Job.objects.due(now)
    if early:
        due = due | Job.objects.filter(state=Job.State.WAITING)
    due = due.filter(name__in=TASKS, **which)
    # On SQLite a transaction locks the file, so start one only if there is a job to take.
    if not due.exists():
        return None
    with transaction.atomic():
        row = due.select_for_update(skip_locked=True).first()
        if row is None:
            return None
        row.state, row.lease, row.due_at = (
            Job.State.RUNNING,
            uuid.uuid4(),
            now + leases.LEASE,
        )
        row.attempts += 1
        row.save(update_fields=["state", "lease", "due_at", "attempts"])
    return row


def _do(row: Job, *, raises: bool = False) -> None:
    task = TASKS[row.name]
    if row.attempts > task.attempts:
        _give_up(task, row, _("The worker stopped each time it ran this job."))
        return
    try:
        if task.atomic:
            with transaction.atomic():
                _lock(row)
                task.run(*row.arguments)
                _finish(task, row)
        else:
            with _kept(row):
                task.run(*row.arguments)
            _finish(task, row)
    except LeaseLostError:
        log.warning("Another worker has taken job %s %s.", row.name, row.pk)
    except JobPostponed as problem:
        _postpone(row, str(problem), timezone.now() + POSTPONE_BY, attempts=row.attempts - 1)
        if raises:
            raise
    except JobFailed as problem:
        _give_up(task, row, str(problem))
    except JobRetry as problem:
        log.warning("Job %s %s failed, attempt %s.", row.name, row.pk, row.attempts)
        _failed(task, row, str(problem), RETRY_SOON)
    except Exception as problem:
        log.exception("Job %s %s failed, attempt %s.", row.name, row.pk, row.attempts)
        reason = _("%(error)s. See the log.") % {"error": type(problem).__name__}
        _failed(task, row, reason, RETRY_PAUSES[min(row.attempts, len(RETRY_PAUSES)) - 1])


def _failed(task: Task, row: Job, reason: str, pause: timedelta) -> None:
    if row.attempts >= task.attempts:
        _give_up(task, row, reason)
    else:
        _postpone(row, reason, timezone.now() + pause)


def _lock(row: Job) -> None:
    if not Job.objects.select_for_update().filter(pk=row.pk, lease=row.lease).exists():
        raise LeaseLostError


def _finish(task: Task, row: Job) -> None:
    owned = Job.objects.filter(pk=row.pk, lease=row.lease)
    following = task.next_time(timezone.now()) if row.key == SCHEDULED else None
    if following is None and owned.filter(again=False).delete()[0]:
        return
    # This comes first: a job that was requested again runs now, not at its next scheduled time.
    fresh = {"state": Job.State.WAITING, "lease": None, "attempts": 0, "reason": "", "again": False}
    if owned.filter(again=True).update(**fresh, due_at=timezone.now()):
        return
    if not owned.update(**fresh, due_at=following or timezone.now()):
        raise LeaseLostError


def _postpone(row: Job, reason: str, until: datetime, **more: Any) -> None:
    Job.objects.filter(pk=row.pk, lease=row.lease).update(
        state=Job.State.WAITING, lease=None, reason=reason, due_at=until, again=False, **more
    )


def _give_up(task: Task, row: Job, reason: str) -> None:
    log.error("Job %s %s was given up: %s", row.name, row.pk, reason)
    following = task.next_time(timezone.now()) if row.key == SCHEDULED else None
    with transaction.atomic():
        owned = Job.objects.select_for_update().filter(pk=row.pk, lease=row.lease)
        if not owned.exists():
            return
        # A scheduled job waits for its next time. The reason stays until a run succeeds.
        state = Job.State.WAITING if following else Job.State.FAILED
        now = timezone.now()
        owned.update(
            state=state, lease=None, reason=reason, again=False,
            attempts=0 if following else row.attempts, due_at=following or now,
        )  # fmt: skip
        if task.given_up:
            task.given_up(reason, *row.arguments)


_running: set[uuid.UUID] = set()


@contextmanager
def _kept(row: Job) -> Iterator[None]:
    """Renew the lease of a job while it runs, and list it for `hand_back`."""
    lease = row.lease
    if lease is None:
        raise LeaseLostError
    _running.add(lease)
    try:
        with leases.kept_lease(lambda: Job.objects.filter(lease=lease)):
            yield
    finally:
        _running.discard(lease)


def hand_back() -> None:
    """Release the jobs that this process is running, so that another worker can take them."""
    for lease in list(_running):
        Job.objects.filter(lease=lease).update(
            state=Job.State.WAITING,
            lease=None,
            due_at=timezone.now(),
            attempts=F("attempts") - 1,
        )
