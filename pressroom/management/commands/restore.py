import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from assets.management.progress import Progress
from pressroom.backups import restoring
from pressroom.backups.contents import Backup, BackupError

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
        progress = Progress(self.stderr)
        try:
            backup = Backup.open(Path(options["folder"]).resolve())
            restoring.refuse_unfit(backup)
            self.stderr.write(f"Checking {backup.name}, as of {_shown(backup)}.")
            sums = backup.check(progress)
            self._confirm(backup, restoring.in_the_way(backup, sums), options)
        except (BackupError, OSError) as problem:
            raise CommandError(f"Nothing was restored. {problem}") from problem
        except DatabaseError as problem:
            raise CommandError(f"Nothing was restored. The database failed: {problem}") from problem
        chosen = restoring.Options(options["keep_schedule"], options["keep_previews"])
        try:
            done = restoring.restore(backup, sums, chosen, say=self.stderr.write, progress=progress)
        except (BackupError, OSError) as problem:
            raise CommandError(
                f"The restore is not complete. {problem} Run it again, with --replace."
            ) from problem
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
            self.stdout.write(f"Removed {done.removed} stored files that the backup does not have.")
        if chosen.keep_schedule:
            self.stdout.write("WARNING: what was scheduled goes public at its time.")
        else:
            self.stdout.write(f"On hold now: {len(done.held)} releases that were scheduled.")
        if chosen.keep_previews:
            self.stdout.write("WARNING: preview links are open as they were.")
        else:
            self.stdout.write(f"Revoked: {len(done.revoked)} preview links. Issue them again.")
        self.stdout.write("Everybody is signed out.\n")
        self.stdout.write(UNDONE)
        files = backup.manifest["files"]
        lost = [*files["missing"], *files["damaged"]]
        if lost:
            self.stdout.write(f"\nThe backup lacks {len(lost)} files that the storage had lost:")
            self.stdout.write("\n".join(lost))
        first = "" if files["with_renditions"] else "manage.py makerenditions, then "
        self.stdout.write(f"\nNext: {first}manage.py checkfiles, then start the newsroom.")


def _shown(backup: Backup) -> str:
    return f"{backup.moment:%Y-%m-%d %H:%M:%S} UTC"
