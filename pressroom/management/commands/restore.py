import errno
import sqlite3
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from assets.management.progress import Progress
from pressroom.backups import databases, losses, restoring
from pressroom.backups.contents import Backup, BackupError, Sums, counted

UNDONE = """\
As of the backup, and nothing later. Check and repeat by hand what was decided since then:
- holds, withdrawals and corrections: what was public at that time is public again
- publication levels that were lowered, consents that were withdrawn, names that were protected
- users who were removed, rights that were taken away, passwords that were changed"""


class Command(BaseCommand):
    help = (
        "Restore a backup into an empty newsroom, or with --replace in the place of this one. Stop "
        "the newsroom first. Everybody is signed out; what was scheduled is put on hold, and "
        "preview links are revoked. Ends with 0 where it is restored, else with 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="the backup, such as …/pressroom-20261128T…")
        parser.add_argument(
            "--replace", action="store_true", help="delete what is here, and say before what it is"
        )
        parser.add_argument(
            "--yes", action="store_true", help="with --replace: do not ask for confirmation"
        )
        parser.add_argument(
            "--keep-schedule",
            action="store_true",
            help="do not hold what was scheduled: it goes public at its time, or at once if that "
            "has passed, even if it was moved or held after the backup",
        )
        parser.add_argument(
            "--keep-previews",
            action="store_true",
            help="leave preview links open, even if they were revoked after the backup",
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
            words = _in_words(problem)
            if begun:
                words = f"The restore is not complete. {words} Run it again, with --replace."
            else:
                words = f"Nothing was restored. {words}"
            raise CommandError(words) from problem

    def _checked(self, backup: Backup, options: dict[str, Any]) -> Sums:
        self.stderr.write(f"Checking {backup.name}, as of {_shown(backup)}.")
        sums = backup.check(Progress(self.stderr))
        self._confirm(backup, losses.in_the_way(backup, sums), options)
        return sums

    def _restore(self, backup: Backup, sums: Sums, options: dict[str, Any]) -> None:
        chosen = restoring.Options(options["keep_schedule"], options["keep_previews"])
        say, progress = self.stderr.write, Progress(self.stderr)
        done = restoring.restore(backup, sums, chosen, say=say, progress=progress)
        self._report(backup, done, chosen)

    def _confirm(self, backup: Backup, lost: list[str], options: dict[str, Any]) -> None:
        if not lost:
            return
        if not options["replace"]:
            raise BackupError(
                f"The newsroom is not empty: it has {', '.join(lost)}. To delete all of that, add "
                "--replace."
            )
        self.stdout.write(f"This will be deleted: {', '.join(lost)}.")
        for line in restoring.undone_since(backup):
            self.stdout.write(f"This will be undone: {line}")
        if options["yes"]:
            return
        if not sys.stdin.isatty():
            raise BackupError("To go on without being asked, add --yes.")
        try:
            answer = input("Type “replace” to go on: ")
        except EOFError:
            answer = ""
        if answer.strip() != "replace":
            raise BackupError("It was not confirmed.")

    def _report(self, backup: Backup, done: restoring.Outcome, chosen: restoring.Options) -> None:
        self.stdout.write(f"Restored {backup.name}, as of {_shown(backup)}.")
        if done.removed:
            files = counted(done.removed, "stored file", "stored files")
            self.stdout.write(f"Removed {files} that the backup does not have.")
        if chosen.keep_schedule:
            self.stdout.write("WARNING: what was scheduled goes public at its time.")
        else:
            held = counted(len(done.held), "release that was", "releases that were")
            self.stdout.write(f"On hold now: {held} scheduled.")
        if chosen.keep_previews:
            self.stdout.write("WARNING: preview links are open as they were.")
        else:
            links = counted(len(done.revoked), "preview link", "preview links")
            again = " Issue it again." if len(done.revoked) == 1 else " Issue them again."
            self.stdout.write(f"Revoked: {links}.{again if done.revoked else ''}")
        self.stdout.write("Everybody is signed out.\n")
        self.stdout.write(UNDONE)
        files = backup.manifest["files"]
        lost = [*files["missing"], *files["damaged"]]
        if lost:
            number = counted(len(lost), "file", "files")
            self.stdout.write(f"\nThe backup lacks {number} that the storage had lost:")
            self.stdout.write("\n".join(lost))
        steps = "manage.py makerenditions, manage.py checkfiles"
        if restoring.is_earlier(backup):
            steps = f"manage.py migrate, {steps}"
        self.stdout.write(f"\nNext: {steps}: each has to end with 0. Then start the newsroom.")


def _shown(backup: Backup) -> str:
    return f"{backup.moment:%Y-%m-%d %H:%M:%S} UTC"


def _in_words(problem: Exception) -> str:
    if isinstance(problem, BackupError):
        return str(problem)
    if not isinstance(problem, OSError):
        return databases.in_words(problem)
    if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{problem}. Run this command as the user of the web server."
    return f"{problem}." if problem.filename else str(problem)
