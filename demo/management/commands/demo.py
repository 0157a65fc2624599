from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from demo import loading
from releases.models import Release


class Command(BaseCommand):
    help = _(
        "Load the demo newsroom into an empty database and print its users and their passwords. If "
        "DEBUG is off, it also needs --yes-public-passwords, and refuses a database that is not "
        "empty."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--yes-public-passwords",
            action="store_true",
            help=_("load the demo even if DEBUG is off; it prints the passwords of its users"),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            is_empty = loading.is_empty()
        except DatabaseError:
            raise CommandError(
                _("The database is not ready. Run manage.py migrate first.")
            ) from None
        if not settings.DEBUG and (not is_empty or not options["yes_public_passwords"]):
            sentences = [_("DEBUG is off, so this may be a public site. Nothing was added.")]
            if not is_empty:
                sentences.append(
                    _("The database is not empty. The demo can only be loaded into an empty one.")
                )
            if not options["yes_public_passwords"]:
                sentences.append(
                    _(
                        "The demo creates users and prints their passwords. To allow this, "
                        "add --yes-public-passwords."
                    )
                )
            raise CommandError(" ".join(sentences))
        if is_empty:
            loading.load(report=self.stdout.write)
            number = Release.objects.count()
            text = ngettext(
                "The demo newsroom is ready: %(number)d release.",
                "The demo newsroom is ready: %(number)d releases.",
                number,
            )
            self.stdout.write(text % {"number": number})
        else:
            self.stdout.write(_("The newsroom is not empty. Nothing was added or changed."))
        sign_ins = list(loading.sign_ins())
        if sign_ins:
            self.stdout.write("\n" + _("Sign in at /admin/ as"))
            for username, password, group in sign_ins:
                self.stdout.write(f"  {username:<14} {password}   ({group})")
