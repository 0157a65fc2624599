import getpass
import sys
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from accounts import roles
from accounts.models import User
from accounts.record import Verb, record

ADMINISTRATOR = "administrator"
# The first administrator of a newsroom must be able to do everything.
ALSO = {ADMINISTRATOR: ["Publisher"]}
ROLES = {name.casefold().replace(" ", "-"): name for name in reversed(roles.ROLES)}


class Command(BaseCommand):
    help = _(
        "Create a user who can sign in to the desk. The command asks for the password twice, "
        "or reads it from the first line of the standard input with --password-stdin. An "
        "administrator that this command creates is also a publisher and a superuser. To add other "
        "people, invite them on the page “Team” at the desk."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help=_("username"))
        parser.add_argument("--email", required=True, help=_("the e-mail address of the user"))
        parser.add_argument(
            "--role",
            required=True,
            metavar="ROLE",
            help=_("one of: %(roles)s") % {"roles": ", ".join(ROLES)},
        )
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help=_("read the password from the standard input, for scripts"),
        )

    def handle(self, *args: Any, name: str, email: str, role: str, **options: Any) -> None:
        if role not in ROLES:
            raise CommandError(
                _("There is no role %(role)s. Choose one of: %(roles)s.")
                % {"role": role, "roles": ", ".join(ROLES)}
            )
        user = User(username=name, email=email, is_staff=True, is_superuser=role == ADMINISTRATOR)
        try:
            self._check(user)
            groups = [Group.objects.get(name=n) for n in (ROLES[role], *ALSO.get(role, ()))]
        except (DatabaseError, Group.DoesNotExist):
            raise CommandError(
                _("The database is not ready. Run manage.py migrate first.")
            ) from None
        read = self._read if options["password_stdin"] else self._ask
        user.set_password(read(user))
        with transaction.atomic():
            user.save()
            user.groups.add(*groups)
            given = [group.name for group in groups]
            record(Verb.ACCOUNT_CREATED, subject=user, roles=given, command="adduser")
        if settings.SITE_URL:
            done = _("%(name)s can sign in as %(role)s at %(url)s")
        else:
            done = _("%(name)s can sign in as %(role)s at /admin/ of your site")
        url = f"{settings.SITE_URL}/admin/"
        self.stdout.write(done % {"name": name, "role": role, "url": url})

    def _check(self, user: User) -> None:
        taken = User.with_username(user.username).exists()
        if taken:
            raise CommandError(
                _("The name %(name)s is taken. Choose another.") % {"name": user.username}
            )
        try:
            user.clean_fields(exclude=["password"])
            user.clean()
        except ValidationError as problem:
            raise CommandError(
                " ".join(
                    f"{field}: {sentence}"
                    for field, sentences in problem.message_dict.items()
                    for sentence in sentences
                )
            ) from None

    def _read(self, user: User) -> str:
        password = sys.stdin.readline().rstrip("\r\n")
        if problems := self._password_problems(password, user):
            raise CommandError(
                _("No user was created. %(problems)s") % {"problems": " ".join(problems)}
            )
        return password

    def _ask(self, user: User) -> str:
        if not sys.stdin.isatty():
            raise CommandError(
                _(
                    "There is no terminal to type the password on. Run this in a terminal, or "
                    "send the password to the standard input with --password-stdin."
                )
            )
        self.stdout.write("\n".join(password_validators_help_texts()))
        try:
            while True:
                password = getpass.getpass(_("Password: "))
                if problems := self._password_problems(password, user):
                    self.stderr.write(" ".join(problems))
                elif getpass.getpass(_("Password again: ")) != password:
                    self.stderr.write(_("The two passwords differ. Type both again."))
                else:
                    return password
        except (EOFError, KeyboardInterrupt):
            raise CommandError(_("No user was created.")) from None

    def _password_problems(self, password: str, user: User) -> list[str]:
        """Return one sentence for each problem of a password."""
        if not password:
            return [_("The password is empty.")]
        try:
            validate_password(password, user)
        except ValidationError as problem:
            return problem.messages
        return []
