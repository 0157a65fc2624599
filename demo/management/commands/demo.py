from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from demo import loading
from releases.models import Release


class Command(BaseCommand):
    help = (
        "Load the demo newsroom into an empty database, and print its sign-ins. Where DEBUG is "
        "off, it needs --yes-public-passwords as well, and refuses a database that is not empty."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--yes-public-passwords",
            action="store_true",
            help="load the demo although DEBUG is off: three sign-ins whose passwords are printed",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            is_empty = loading.is_empty()
        except DatabaseError:
            raise CommandError(
                "The database is not ready. Run `manage.py migrate` first, then this again."
            ) from None
        if not settings.DEBUG and (not is_empty or not options["yes_public_passwords"]):
            raise CommandError(
                " ".join(
                    ["DEBUG is off, so this may be a public site. Nothing was added."]
                    + ["The database is not empty: the demo is never mixed with a newsroom."]
                    * (not is_empty)
                    + [
                        "The demo makes three sign-ins and prints their passwords: if you want "
                        "that here, add --yes-public-passwords."
                    ]
                    * (not options["yes_public_passwords"])
                )
            )
        if is_empty:
            loading.load(say=self.stdout.write)
            self.stdout.write(f"The demo newsroom is ready: {Release.objects.count()} releases.")
        else:
            self.stdout.write("The newsroom is not empty: nothing was added, nothing was changed.")
        sign_ins = list(loading.sign_ins())
        if sign_ins:
            self.stdout.write("\nSign in at /admin/ as")
            for username, password, group in sign_ins:
                self.stdout.write(f"  {username:<10} {password}   ({group})")
