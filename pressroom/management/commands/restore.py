import errno
import sqlite3
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assets.management.progress import Progress
from pressroom.backups import databases, losses, restoring
from pressroom.backups.contents import Backup, BackupError, Sums


class Command(BaseCommand):
    help = _(
        "Restore a backup into an empty site, or with --replace instead of this one. Stop the site "
        "first. Everyone is signed out, scheduled releases are put on hold, and preview links are "
        "revoked. Exit status: 0 if it was restored, 1 if not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folder", type=Path, help=_("the backup, such as …/pressroom-20261128T…")
        )
        parser.add_argument(
            "--replace", action="store_true", help=_("delete existing data (listed first)")
        )
        parser.add_argument(
            "--yes", action="store_true", help=_("with --replace: do not ask for confirmation")
        )
        parser.add_argument(
            "--keep-schedule",
            action="store_true",
            help=_(
                "do not put scheduled releases on hold; they are published at their time, or at "
                "once if it has passed, even if they were rescheduled or put on hold after the "
                "backup"
            ),
        )
        parser.add_argument(
            "--keep-previews",
            action="store_true",
            help=_("leave preview links open, even if they were revoked after the backup"),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        begun = False
        try:
            backup = Backup.open(Path(options["folder"]).resolve())
            restoring.refuse_unfit(backup)
            with databases.only_restore():
                sums = self._checked(backup, options)
                begun = True
                self._restore(backup, sums, options)
        except (BackupError, OSError, Error, sqlite3.Error) as problem:
            if begun:
                message = _("The restore is not complete. %(reason)s Run it again, with --replace.")
            else:
                message = _("Nothing was restored. %(reason)s")
            raise CommandError(message % {"reason": _reason(problem)}) from problem

    def _checked(self, backup: Backup, options: dict[str, Any]) -> Sums:
        self.stderr.write(_("Checking %(backup)s, as of %(time)s.") % _named(backup))
        sums = backup.check(Progress(self.stderr))
        self._confirm(backup, losses.restore_blockers(backup, sums), options)
        return sums

    def _restore(self, backup: Backup, sums: Sums, options: dict[str, Any]) -> None:
        chosen = restoring.Options(options["keep_schedule"], options["keep_previews"])
        report, progress = self.stderr.write, Progress(self.stderr)
        done = restoring.restore(backup, sums, chosen, report=report, progress=progress)
        self._report(backup, done, chosen)

    def _confirm(self, backup: Backup, lost: list[str], options: dict[str, Any]) -> None:
        if not lost:
            return
        if not options["replace"]:
            raise BackupError(
                _("The site is not empty: it has %(data)s. To delete all of it, add --replace.")
                % {"data": ", ".join(lost)}
            )
        self.stdout.write(_("This will be deleted: %(data)s.") % {"data": ", ".join(lost)})
        for line in restoring.undone_since(backup):
            self.stdout.write(_("This will be undone: %(action)s") % {"action": line})
        if options["yes"]:
            return
        if not sys.stdin.isatty():
            raise BackupError(_("To continue without confirmation, add --yes."))
        try:
            answer = input(_("Type “replace” to continue: "))
        except EOFError:
            answer = ""
        if answer.strip() != "replace":
            raise BackupError(_("Not confirmed."))

    def _report(self, backup: Backup, done: restoring.Outcome, chosen: restoring.Options) -> None:
        self.stdout.write(_("Restored %(backup)s, as of %(time)s.") % _named(backup))
        if done.removed:
            text = ngettext(
                "Removed %(number)d stored file that the backup does not have.",
                "Removed %(number)d stored files that the backup does not have.",
                done.removed,
            )
            self.stdout.write(text % {"number": done.removed})
        if chosen.keep_schedule:
            self.stdout.write(_("WARNING: scheduled releases are published at their time."))
        else:
            text = ngettext(
                "%(number)d scheduled release was put on hold.",
                "%(number)d scheduled releases were put on hold.",
                len(done.put_on_hold),
            )
            self.stdout.write(text % {"number": len(done.put_on_hold)})
        if chosen.keep_previews:
            self.stdout.write(_("WARNING: preview links are open as they were."))
        elif done.revoked:
            text = ngettext(
                "Revoked: %(number)d preview link. Issue it again.",
                "Revoked: %(number)d preview links. Issue them again.",
                len(done.revoked),
            )
            self.stdout.write(text % {"number": len(done.revoked)})
        else:
            self.stdout.write(_("Revoked: 0 preview links."))
        self.stdout.write(_("Everyone is signed out."))
        self.stdout.write("\n" + _undone())
        files = backup.manifest["files"]
        lost = [*files["missing"], *files["damaged"]]
        if lost:
            text = ngettext(
                "%(number)d file is not in the backup, because the storage had lost it:",
                "%(number)d files are not in the backup, because the storage had lost them:",
                len(lost),
            )
            self.stdout.write("\n" + text % {"number": len(lost)})
            self.stdout.write("\n".join(lost))
        steps = ["manage.py makerenditions", "manage.py checkfiles"]
        if restoring.is_earlier(backup):
            steps.insert(0, "manage.py migrate")
        text = _("Next: %(commands)s. Each must exit with 0. Then start the site.")
        self.stdout.write("\n" + text % {"commands": ", ".join(steps)})


def _undone() -> str:
    return _(
        "Everything is as of the backup. Check and repeat what was decided since then:\n"
        "- holds, withdrawals and corrections: what was public at that time is public again\n"
        "- lowered publication levels, withdrawn consents, newly protected names\n"
        "- removed users, removed permissions, changed passwords"
    )


def _named(backup: Backup) -> dict[str, str]:
    return {"backup": backup.name, "time": f"{backup.moment:%Y-%m-%d %H:%M:%S} UTC"}


def _reason(problem: Exception) -> str:
    if isinstance(problem, BackupError):
        return str(problem)
    if not isinstance(problem, OSError):
        return databases.error_message(problem)
    if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return _("%(problem)s. Run this command as the user of the web server.") % {
            "problem": problem
        }
    return f"{problem}." if problem.filename else str(problem)
