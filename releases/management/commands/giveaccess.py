from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils.translation import gettext as _

from accounts.errors import ActionBlocked
from accounts.models import User
from releases import workflow
from releases.models import Release


class Command(BaseCommand):
    help = _(
        "Give a user access to a restricted release, in an emergency: for example if the people "
        "named on it have left. The people named get an e-mail, and the record has the event. "
        "Exit status: 0 if the user has access now, 1 if not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("release", help=_("the ID in the address of the release at the desk"))
        parser.add_argument("name", help=_("the username"))

    def handle(self, *args: Any, release: str, name: str, **options: Any) -> None:
        try:
            found = Release.objects.filter(pk=UUID(release)).first()
            user = User.objects.filter(username=name).first()
        except ValueError:
            found = user = None
        except DatabaseError as problem:
            raise CommandError(_("The database does not answer. %s") % problem) from problem
        if found is None:
            raise CommandError(
                _("There is no release with this ID. It is in its address at the desk.")
            )
        if user is None:
            raise CommandError(_("There is no user with this username."))
        try:
            workflow.give_access(found, user, by=None)
        except ActionBlocked as blocked:
            raise CommandError(" ".join(map(str, blocked.blockers))) from None
        self.stdout.write(
            _("%(name)s can read the release now. The people named on it were notified.")
            % {"name": user}
        )
