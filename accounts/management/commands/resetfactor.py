from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from accounts import recovery, second_factor
from accounts.models import User


class Command(BaseCommand):
    help = _(
        "Remove the second factor of a user who lost it, and end their sessions. The user signs in "
        "with the password and sets up a new factor. For the last administrator: for other users, "
        "an administrator starts a recovery at the desk."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help=_("username"))
        parser.add_argument("--yes", action="store_true", help=_("do not ask"))

    def handle(self, *args: Any, name: str, yes: bool, **options: Any) -> None:
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(_("There is no user %(name)s.") % {"name": name})
        if not second_factor.is_enrolled(user):
            raise CommandError(_("%(name)s has no second factor.") % {"name": name})
        if not (yes or self._is_sure(name)):
            raise CommandError(_("Nothing was changed."))
        recovery.reset_by_command(user)
        self.stdout.write(
            _("%(name)s has no second factor now, and all sessions of the account have ended.")
            % {"name": name}
        )

    def _is_sure(self, name: str) -> bool:
        question = _("Make sure who asks. Type %(name)s again to remove the second factor: ")
        try:
            return input(question % {"name": name}) == name
        except (EOFError, KeyboardInterrupt):
            return False
