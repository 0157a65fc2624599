"""Restores a backup so that at no moment anybody sees a half of it, or anything too early.

Files come first: no row names them yet. Then the database changes in one transaction, in which
everything that could become public by itself is put on hold. What is left is to bring the tables
up to date, to record the holds, and to remove the files of what was replaced. After a crash at any
moment, the same command does it all again.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import Error, OperationalError, connection, models, transaction
from django.utils import timezone

from assets import storage
from assets.named_files import named_files
from people.models import LevelChange
from pressroom.backups import databases, losses
from pressroom.backups.contents import (
    ENGINES,
    MEDIA,
    Backup,
    BackupError,
    Progress,
    Sums,
    copied,
    counted,
    open_plain,
)
from previews import links
from previews.models import PreviewLink
from releases import workflow
from releases.models import Event, Release

TRIES = 5  # of getting all locks, where readers are in the way
PREPARED = "backup_prepared"

Say = Callable[[str], object]


@dataclass
class Options:
    """What a restore does beside restoring; the defaults are on the safe side."""

    keep_schedule: bool = False
    keep_previews: bool = False


@dataclass
class Outcome:
    """What a restore did besides."""

    held: list[UUID] = field(default_factory=list)
    revoked: list[UUID] = field(default_factory=list)
    removed: int = 0


def refuse_unfit(backup: Backup) -> None:
    """Raise BackupError where this newsroom cannot take the backup, whatever is in it."""
    if backup.engine != connection.vendor:
        raise BackupError(
            f"The backup is one of {ENGINES.get(backup.engine, backup.engine)}, and DATABASE_URL "
            f"names {ENGINES[connection.vendor]}. Restore it into the same kind of database."
        )
    if unknown := sorted(backup.migrations - databases.known_migrations()):
        more = counted(len(unknown) - 1, "more migration", "more migrations")
        raise BackupError(
            f"The backup was made by a newer Pressroom ({backup.manifest['version']}): this one "
            f"does not know {'.'.join(unknown[0])}"
            f"{f' and {more}' if unknown[1:] else ''}. "
            "Install that version or a newer one."
        )
    databases.refuse_tools("pg_restore")
    if backup.engine == "postgresql":
        versions = backup.manifest["database"]["server"], databases.server_version()
        made, here = (int(version.partition(".")[0]) for version in versions)
        if made > here:
            raise BackupError(
                f"The backup was made on PostgreSQL {made}, and this server is {here}. Restore it "
                f"on PostgreSQL {made} or newer."
            )


def is_earlier(backup: Backup) -> bool:
    """Whether the backup lacks a migration of this version."""
    return not databases.current_migrations() <= backup.migrations


def undone_since(backup: Backup) -> list[str]:
    """Return what protected somebody or something since the backup, and would be undone."""
    protective = (
        Event.Verb.PUT_ON_HOLD,
        Event.Verb.WITHDRAWN,
        Event.Verb.LINKS_REVOKED,
        Event.Verb.CORRECTED,
    )
    try:
        events = Event.objects.filter(at__gt=backup.moment, verb__in=protective).order_by("at")
        # Without an actor: an earlier restore did it.
        events = events.exclude(actor=None).select_related("release")
        found = [f"{event} UTC: {event.release or 'deleted since'}" for event in events[:50]]
        lowered = LevelChange.objects.filter(
            requested_at__gt=backup.moment, outcome=LevelChange.Outcome.LOWERED
        ).count()
    except Error:  # tables of another version, or none
        return []
    return found + ([f"Level lowered: {counted(lowered, 'time', 'times')}"] if lowered else [])


def restore(
    backup: Backup, sums: Sums, options: Options, *, say: Say, progress: Progress
) -> Outcome:
    """Put a checked backup in the place of everything that is here. Raises BackupError."""
    say("Restoring the files.")
    _restore_files(backup, sums, progress)
    say("Restoring the database.")
    try:
        outcome = _restore_database(backup, options)
        call_command("migrate", interactive=False, verbosity=0)
        say("Recording what was held and revoked.")
        _record(backup, outcome)
        outcome.removed = _remove_others(sums)
    except (Error, sqlite3.Error) as problem:
        raise BackupError(databases.in_words(problem)) from problem
    except CommandError as problem:  # of migrate
        raise BackupError(str(problem)) from problem
    return outcome


def _restore_files(backup: Backup, sums: Sums, progress: Progress) -> None:
    for number, (name, digest) in enumerate(sums, start=1):
        progress("files restored", number)
        stored_name = name.removeprefix(f"{MEDIA}/")
        if stored_name == name or _stored_digest(stored_name) == digest:
            continue
        with open_plain(backup.folder, name) as file:
            storage.replace(stored_name, File(file))


def _stored_digest(name: str) -> str:
    try:
        with default_storage.open(name) as file:
            return copied(file)[1]
    except FileNotFoundError:
        return ""


def _restore_database(backup: Backup, options: Options) -> Outcome:
    if backup.engine == "sqlite":
        return _restore_sqlite(backup, options)
    for left_to_try in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                databases.load_postgres(backup.dump)
                return _make_safe("default", backup.moment, options)
        except OperationalError as problem:
            code = getattr(problem.__cause__, "sqlstate", "")
            if code not in ("55P03", "40P01"):  # lock_not_available, deadlock_detected
                raise
            if not left_to_try:
                raise BackupError(
                    "Somebody keeps using the database. Stop the newsroom and whatever else uses "
                    "it, and restore again. Nothing was changed in it."
                ) from problem
        finally:
            connection.close()  # with it go the session's settings that the dump made
    raise AssertionError("the last try returns or raises")


def _restore_sqlite(backup: Backup, options: Options) -> Outcome:
    """Make a copy safe, beside the newsroom's file, and let it take that file's place."""
    live = Path(str(connection.settings_dict["NAME"]))
    prepared = live.with_name(f".{live.name}.restoring")
    parts = [prepared.with_name(prepared.name + end) for end in ("", "-wal", "-shm", "-journal")]
    mask = os.umask(0o077)
    try:
        for part in parts:
            part.unlink(missing_ok=True)
        with open_plain(backup.folder, backup.dump.name) as source, prepared.open("xb") as target:
            shutil.copyfileobj(source, target)
        with databases.opened(PREPARED, NAME=str(prepared)), transaction.atomic(using=PREPARED):
            outcome = _make_safe(PREPARED, backup.moment, options)
        databases.load_sqlite(prepared)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
        os.umask(mask)
    return outcome


def _make_safe(alias: str, moment: datetime, options: Options) -> Outcome:
    """Hold what was not public at the moment of the backup, and close its preview links.

    Held since that moment: nobody knows what was decided after it, so nothing that came due since
    counts as having been public. Changes columns alone: the tables may be of an older version.
    """
    outcome = Outcome()
    if not options.keep_schedule:
        # Those that wait for a name too; `scheduled` would read a column that may not be there.
        upcoming = Release.objects.using(alias).upcoming(moment).order_by()
        scheduled = upcoming.filter(held_at=None)
        outcome.held = list(scheduled.values_list("pk", flat=True))
        # By no rule of today's models: the tables may be of an older version.
        rows: models.QuerySet[Release] = (
            models.QuerySet(Release).using(alias).filter(pk__in=outcome.held)
        )
        rows.update(held_at=moment)
    if not options.keep_previews:
        open_links = PreviewLink.objects.using(alias).filter(revoked_at=None).order_by()
        outcome.revoked = list(open_links.values_list("pk", flat=True))
        open_links.update(revoked_at=timezone.now())
    return outcome


def _record(backup: Backup, outcome: Outcome) -> None:
    words = f"By the restore of {backup.name}."
    for release in Release.objects.filter(pk__in=outcome.held):
        workflow.record_restored_hold(release, reason=words)
    links.record_restored_revocation(outcome.revoked, note=words, at=timezone.now())


def _remove_others(sums: Sums) -> int:
    """Remove the stored files that the backup does not have; return how many.

    They belong to what was replaced: pictures that somebody deleted, or that nobody may see.
    """
    # What was uploaded since the restore of the database is named by its row.
    named = Sums()
    for file in named_files():
        named.add(file.name, "")
    strange = [n for n in losses.stored() if f"{MEDIA}/{n}" not in sums and n not in named]
    for name in strange:
        default_storage.delete(name)
    return len(strange)
