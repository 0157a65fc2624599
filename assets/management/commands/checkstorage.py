from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assets import storage
from assets.checkstorage import BucketCheck, FolderCheck


class Command(BaseCommand):
    help = (
        "Prove that stored files are kept as they must be: written and read, closed to strangers, "
        "and in a bucket with their versions. Ends with 0 where all of it is so, else with 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--prepare",
            action="store_true",
            help="first make the bucket where there is none, and have it keep versions",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        bucket = storage.the_bucket()
        if options["prepare"]:
            if bucket is None:
                raise CommandError("S3_BUCKET is empty: there is no bucket to prepare.")
            try:
                bucket.prepare()
            except OSError as error:
                raise CommandError(str(error)) from error
        check = BucketCheck(bucket) if bucket else FolderCheck()
        self.stdout.write(f"Files are kept in {check.place}.")
        wrong = 0
        for claim, problem in check.results():
            self.stdout.write(f"WRONG  {claim} {problem}" if problem else f"ok     {claim}")
            wrong += bool(problem)
        if wrong:
            raise CommandError("Files are not kept as they must be; see the lines that say WRONG.")
