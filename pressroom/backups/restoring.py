"""Restores a backup, without showing a partly restored site or publishing anything too early.

The files are restored first, because no row names them yet. Then the database is replaced in one
transaction, which also puts on hold everything that would be published automatically. Then the
tables are migrated, the holds are recorded, and files that the backup does not have are removed.
After a crash at any moment, the same command repeats all of this.
"""

import os
import shutil
import sqlite3
from collections import Counter
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
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import AccessEvent
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
    copy_and_digest,
    open_plain,
)
from previews import links
from previews.models import PreviewLink
from releases import workflow
from releases.models import Event, Release

TRIES = 5  # attempts to get all locks while readers hold some
PREPARED = "backup_prepared"

Report = Callable[[str], object]


@dataclass
class Options:
    """The options of a restore. The defaults are safe."""

    keep_schedule: bool = False
    keep_previews: bool = False


@dataclass
class Outcome:
    """What a restore changed: releases put on hold, links revoked, number of files removed."""

    put_on_hold: list[UUID] = field(default_factory=list)
    revoked: list[UUID] = field(default_factory=list)
    removed: int = 0


def refuse_unfit(backup: Backup) -> None:
    """Raise BackupError if this site cannot restore the backup."""
    if backup.engine != connection.vendor:
        raise BackupError(
            _(
                "The backup is from %(backup)s, and DATABASE_URL names %(here)s. Restore it into "
                "the same kind of database."
            )
            % {
                "backup": ENGINES.get(backup.engine, backup.engine),
                "here": ENGINES[connection.vendor],
            }
        )
    if unknown := sorted(backup.migrations - databases.known_migrations()):
        text = ngettext(
            "The backup was made by a newer Pressroom (%(version)s): this one does not know the "
            "migration %(migration)s. Install that version or a newer one.",
            "The backup was made by a newer Pressroom (%(version)s): this one does not know "
            "%(number)d migrations, such as %(migration)s. Install that version or a newer one.",
            len(unknown),
        )
        raise BackupError(
            text
            % {
                "version": backup.manifest["version"],
                "migration": ".".join(unknown[0]),
                "number": len(unknown),
            }
        )
    databases.refuse_tools("pg_restore")
    if backup.engine == "postgresql":
        versions = backup.manifest["database"]["server"], databases.server_version()
        made, here = (int(version.partition(".")[0]) for version in versions)
        if made > here:
            raise BackupError(
                _(
                    "The backup was made on PostgreSQL %(backup)s, and this server is %(here)s. "
                    "Restore it on PostgreSQL %(backup)s or newer."
                )
                % {"backup": made, "here": here}
            )


def is_earlier(backup: Backup) -> bool:
    """Return whether migrations of this version are missing from the backup."""
    return not databases.current_migrations() <= backup.migrations


def undone_since(backup: Backup) -> list[str]:
    """Return the protective actions since the backup, as phrases: a restore would undo them."""
    protective = (
        Event.Verb.PUT_ON_HOLD,
        Event.Verb.WITHDRAWN,
        Event.Verb.LINKS_REVOKED,
        Event.Verb.CORRECTED,
    )
    try:
        events = Event.objects.filter(at__gt=backup.moment, verb__in=protective).order_by("at")
        # Events without an actor are from an earlier restore.
        events = events.exclude(actor=None).select_related("release")
        found = [
            _("%(event)s UTC: %(release)s")
            % {"event": event, "release": event.release or _("deleted since")}
            for event in events[:50]
        ]
        lowered = LevelChange.objects.filter(
            requested_at__gt=backup.moment, outcome=LevelChange.Outcome.LOWERED
        ).count()
    except Error:  # the tables are from another version, or missing
        return []
    text = ngettext("Level lowered: %(number)d time", "Level lowered: %(number)d times", lowered)
    found += [text % {"number": lowered}] if lowered else []
    return found + _access_undone_since(backup.moment)


def _access_undone_since(moment: datetime) -> list[str]:
    """Return what ended access or removed data since a moment, from the record of access.

    After a restore, passwords, recovery codes and links work again that did not any more.
    """
    verb = AccessEvent.Verb
    protective = (
        verb.PAUSED, verb.LEFT, verb.ROLES_CHANGED, verb.ACCOUNT_CHANGED, verb.PASSWORD_CHANGED,
        verb.PASSWORD_RESET, verb.EMAIL_CHANGED, verb.FACTOR_ADDED, verb.FACTOR_REMOVED,
        verb.RECOVERY_CODES_CREATED, verb.RECOVERY_CODE_USED, verb.RECOVERY_CANCELLED,
        verb.INVITATION_CANCELLED, verb.RESTRICTED, verb.ACCESS_REMOVED, verb.OFFICER_REMOVED,
        verb.FORGOTTEN,
    )  # fmt: skip
    events = AccessEvent.objects.filter(at__gt=moment, verb__in=protective)
    try:
        counts = Counter(events.order_by().values_list("verb", flat=True))
    except Error:  # the table is missing
        return []
    return [
        ngettext("%(event)s: %(number)d time", "%(event)s: %(number)d times", counts[each])
        % {"event": each.label, "number": counts[each]}
        for each in protective
        if counts[each]
    ]


def restore(
    backup: Backup, sums: Sums, options: Options, *, report: Report, progress: Progress
) -> Outcome:
    """Replace the database and all files of this site with a checked backup.

    Raises BackupError.
    """
    report(_("Restoring the files."))
    _restore_files(backup, sums, progress)
    report(_("Restoring the database."))
    try:
        outcome = _restore_database(backup, options)
        call_command("migrate", interactive=False, verbosity=0)
        report(_("Recording holds and revoked links."))
        _record(backup, outcome)
        outcome.removed = _remove_others(sums)
    except (Error, sqlite3.Error) as problem:
        raise BackupError(databases.error_message(problem)) from problem
    except CommandError as problem:  # of migrate
        raise BackupError(str(problem)) from problem
    return outcome


def _restore_files(backup: Backup, sums: Sums, progress: Progress) -> None:
    for number, (name, digest) in enumerate(sums, start=1):
        progress(_("files restored"), number)
        stored_name = name.removeprefix(f"{MEDIA}/")
        if stored_name == name or _stored_digest(stored_name) == digest:
            continue
        with open_plain(backup.folder, name) as file:
            storage.replace(stored_name, File(file))


def _stored_digest(name: str) -> str:
    try:
        with default_storage.open(name) as file:
            return copy_and_digest(file)[1]
    except FileNotFoundError:
        return ""


def _restore_database(backup: Backup, options: Options) -> Outcome:
    if backup.engine == "sqlite":
        return _restore_sqlite(backup, options)
    for attempts_left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                databases.load_postgres(backup.dump)
                return _make_safe("default", backup.moment, options)
        except OperationalError as problem:
            code = getattr(problem.__cause__, "sqlstate", "")
            if code not in ("55P03", "40P01"):  # lock_not_available, deadlock_detected
                raise
            if not attempts_left:
                raise BackupError(
                    _(
                        "The database is in use. Stop the site and everything else that uses the "
                        "database, and restore again. The database was not changed."
                    )
                ) from problem
        finally:
            connection.close()  # also resets the session settings of the dump
    raise AssertionError("the last try returns or raises")


def _restore_sqlite(backup: Backup, options: Options) -> Outcome:
    """Prepare a copy next to the site's database file, then replace the database with it."""
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
    """Put on hold what was not public at the moment of the backup, and revoke preview links.

    The holds begin at that moment, because the backup does not have later decisions. So a release
    whose time has come since then does not count as published. Only columns are updated, because
    the tables may be of an older version.
    """
    outcome = Outcome()
    if not options.keep_schedule:
        # `upcoming()` includes releases blocked by a name. Not `scheduled()`, which reads a column
        # that may not exist yet.
        upcoming = Release.objects.using(alias).upcoming(moment).order_by()
        scheduled = upcoming.filter(held_at=None)
        outcome.put_on_hold = list(scheduled.values_list("pk", flat=True))
        # A plain QuerySet: the rules of ours may need columns of a newer version.
        rows: models.QuerySet[Release] = (
            models.QuerySet(Release).using(alias).filter(pk__in=outcome.put_on_hold)
        )
        rows.update(held_at=moment)
    if not options.keep_previews:
        open_links = PreviewLink.objects.using(alias).filter(revoked_at=None).order_by()
        outcome.revoked = list(open_links.values_list("pk", flat=True))
        open_links.update(revoked_at=timezone.now())
    return outcome


def _record(backup: Backup, outcome: Outcome) -> None:
    reason = _("By the restore of %(backup)s.") % {"backup": backup.name}
    for release in Release.objects.filter(pk__in=outcome.put_on_hold):
        workflow.record_restored_hold(release, reason=reason)
    links.record_revocation_by_command(outcome.revoked, note=reason, at=timezone.now())


def _remove_others(sums: Sums) -> int:
    """Remove the stored files that the backup does not have. Return their number.

    They belong to rows that were replaced, for example to deleted or hidden pictures.
    """
    # Files that were uploaded after the database was restored have rows, and are kept.
    named = Sums()
    for file in named_files():
        named.add(file.name, "")
    unnamed = [n for n in losses.stored() if f"{MEDIA}/{n}" not in sums and n not in named]
    for name in unnamed:
        default_storage.delete(name)
    return len(unnamed)
