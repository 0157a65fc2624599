from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assets.management.progress import Progress
from pressroom.backups import writing
from pressroom.backups.contents import BackupError, counted_files, counted_rows


class Command(BaseCommand):
    help = _(
        "Back up the database and its files while the site is running. Exit status: 0 if the "
        "backup is complete, 3 if it was written but files are missing, 1 if there is no backup."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folder",
            type=Path,
            help=_(
                "where backups are kept; each has its own folder, and shares unchanged files with "
                "the newest one there"
            ),
        )
        parser.add_argument(
            "--without-renditions",
            action="store_true",
            help=_("leave out renditions, which makerenditions can create again"),
        )
        parser.add_argument(
            "--no-verify",
            action="store_true",
            help=_(
                "do not restore the backup into a scratch database, and do not read its files again"
            ),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            backup = writing.write(
                options["folder"],
                report=self.stderr.write,
                progress=Progress(self.stderr),
                with_renditions=not options["without_renditions"],
                verify=not options["no_verify"],
            )
        except BackupError as problem:
            message = _("No backup was written. %(reason)s") % {"reason": problem}
            raise CommandError(message) from problem
        files = backup.manifest["files"]
        if backup.manifest["verified"]:
            summary = _("%(folder)s: %(rows)s, %(files)s, %(size)s MB, as of %(time)s, verified.")
        else:
            summary = _(
                "%(folder)s: %(rows)s, %(files)s, %(size)s MB, as of %(time)s, not verified."
            )
        self.stdout.write(
            summary
            % {
                "folder": backup.folder,
                "rows": counted_rows(sum(backup.manifest["rows"].values())),
                "files": counted_files(files["number"]),
                "size": f"{files['bytes'] / 1024 / 1024:.1f}",
                "time": f"{backup.moment:%Y-%m-%d %H:%M:%S} UTC",
            }
        )
        problems = [_("%(file)s is missing") % {"file": name} for name in files["missing"]]
        problems += [
            _("%(file)s does not match its row") % {"file": name} for name in files["damaged"]
        ]
        if problems:
            for each in problems:
                self.stdout.write(_("WRONG  %(problem)s") % {"problem": each})
            message = ngettext(
                "%(number)d file is missing from the storage or damaged, and so from the backup: "
                "see the line that begins with WRONG. Everything else is in the backup.",
                "%(number)d files are missing from the storage or damaged, and so from the backup: "
                "see the lines that begin with WRONG. Everything else is in the backup.",
                len(problems),
            )
            raise CommandError(message % {"number": len(problems)}, returncode=3)
