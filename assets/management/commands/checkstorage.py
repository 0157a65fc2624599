from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from assets import storage
from assets.checkstorage import BucketCheck, FolderCheck


class Command(BaseCommand):
    help = _(
        "Check that stored files are safe: written and read, not public, and in a bucket with "
        "versions. Exit status: 0 if all checks succeed, 1 if not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--prepare",
            action="store_true",
            help=_("first create the bucket if it does not exist, and turn on its versions"),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        bucket = storage.the_bucket()
        if options["prepare"]:
            if bucket is None:
                raise CommandError(_("S3_BUCKET is empty: there is no bucket to prepare."))
            try:
                bucket.prepare()
            except OSError as error:
                raise CommandError(str(error)) from error
        check = BucketCheck(bucket) if bucket else FolderCheck()
        self.stdout.write(_("Files are kept in %(place)s.") % {"place": check.place})
        count = 0
        for claim, problem in check.results():
            values = {"claim": claim, "problem": problem}
            if problem:
                self.stdout.write(_("WRONG  %(claim)s %(problem)s") % values)
                count += 1
            else:
                self.stdout.write(_("ok     %(claim)s") % values)
        if count:
            raise CommandError(_("Files are not stored safely; see the lines that say WRONG."))
