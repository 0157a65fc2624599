from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assets.management.progress import Progress
from pressroom.backups import writing
from pressroom.backups.contents import BackupError, counted


class Command(BaseCommand):
    help = (
        "Back up the database and the files that it names, while the newsroom works. Ends with 0 "
        "where the backup is whole, with 3 where it is written but the storage lacks files, with "
        "1 where there is no backup."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folder",
            type=Path,
            help="where backups are kept; each gets a folder of its own, and shares unchanged "
            "files with the newest one there",
        )
        parser.add_argument(
            "--without-renditions",
            action="store_true",
            help="leave out what makerenditions can make again",
        )
        parser.add_argument(
            "--no-verify",
            action="store_true",
            help="do not try the backup in a scratch database, and do not read its files again",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            backup = writing.write(
                options["folder"],
                say=self.stderr.write,
                progress=Progress(self.stderr),
                with_renditions=not options["without_renditions"],
                verify=not options["no_verify"],
            )
        except BackupError as problem:
            raise CommandError(f"No backup was written. {problem}") from problem
        files = backup.manifest["files"]
        rows = sum(backup.manifest["rows"].values())
        self.stdout.write(
            f"{backup.folder}: {counted(rows, 'row', 'rows')}, "
            f"{counted(files['number'], 'file', 'files')}, "
            f"{files['bytes'] / 1024 / 1024:.1f} MB, as of {backup.moment:%Y-%m-%d %H:%M:%S} UTC, "
            f"{'verified' if backup.manifest['verified'] else 'not verified'}."
        )
        lacking = [f"{name} is missing" for name in files["missing"]]
        lacking += [f"{name} is not what its row says" for name in files["damaged"]]
        if lacking:
            for sentence in lacking:
                self.stdout.write(f"WRONG  {sentence}")
            raise CommandError(
                f"The storage lacks {counted(len(lacking), 'file', 'files')}, so the backup does "
                "too: see the lines that say WRONG. Everything else is in it.",
                returncode=3,
            )
