from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.errors import ActionBlocked
from accounts.models import User
from people import officers
from people.models import Person


class Command(BaseCommand):
    help = _(
        "Name a user as the case officer of each record at level 0 that has no case officer who "
        "can sign in. The user needs the role “Case officer”. The command prints the number of "
        "records and no names."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help=_("username"))

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(_("There is no user %(name)s.") % {"name": name})
        if not Person.objects.without_officer().exists():
            self.stdout.write(_("Each record at level 0 has a case officer. Nothing was changed."))
            return
        try:
            count = officers.name_on_records_without_officer(user, by=None)
        except ActionBlocked as blocked:
            raise CommandError(str(blocked)) from None
        text = ngettext(
            "%(count)s record has a case officer again: %(name)s.",
            "%(count)s records have a case officer again: %(name)s.",
            count,
        )
        self.stdout.write(text % {"name": name, "count": count})
