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

from accounts.groups import GROUPS
from accounts.models import User

ADMINISTRATOR = "administrator"
ROLES = {ADMINISTRATOR: None} | {name.casefold(): name for name in reversed(GROUPS)}


class Command(BaseCommand):
    help = (
        "Make a person who can sign in at the desk. The password is asked for on the terminal, "
        "twice, or read from the first line of the standard input with --password-stdin. An "
        "administrator may do everything, and adds further people at the desk, under Users."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the person signs in with")
        parser.add_argument("--email", required=True, help="the e-mail address of this person")
        parser.add_argument(
            "--role", required=True, metavar="ROLE", help="one of: " + ", ".join(ROLES)
        )
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the password from the standard input, for scripts",
        )

    def handle(self, *args: Any, name: str, email: str, role: str, **options: Any) -> None:
        if role not in ROLES:
            raise CommandError(f"There is no role {role}. Choose one of: {', '.join(ROLES)}.")
        user = User(username=name, email=email, is_staff=True, is_superuser=role == ADMINISTRATOR)
        try:
            self._check(user)
            group = ROLES[role] and Group.objects.get(name=ROLES[role])
        except (DatabaseError, Group.DoesNotExist):
            raise CommandError(
                "The database is not ready. Run `manage.py migrate` first, then this again."
            ) from None
        read = self._read if options["password_stdin"] else self._ask
        user.set_password(read(user))
        with transaction.atomic():
            user.save()
            if group:
                user.groups.add(group)
        place = f"{settings.SITE_URL}/admin/" if settings.SITE_URL else "/admin/ of your site"
        self.stdout.write(f"{name} can sign in as {role} at {place}")

    def _check(self, user: User) -> None:
        taken = User.objects.filter(username__iexact=user.username).exists()
        if taken:
            raise CommandError(f"The name {user.username} is taken. Choose another.")
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
        if reasons := self._against(password, user):
            raise CommandError(f"Nobody was added. {reasons}")
        return password

    def _ask(self, user: User) -> str:
        if not sys.stdin.isatty():
            raise CommandError(
                "There is no terminal to ask for the password on. Run this in a terminal, or give "
                "the password on the standard input with --password-stdin."
            )
        self.stdout.write("\n".join(password_validators_help_texts()))
        try:
            while True:
                password = getpass.getpass("Password: ")
                if reasons := self._against(password, user):
                    self.stderr.write(reasons)
                elif getpass.getpass("Password, once more: ") != password:
                    self.stderr.write("The two passwords differ. Type both again.")
                else:
                    return password
        except (EOFError, KeyboardInterrupt):
            raise CommandError("Nobody was added.") from None

    def _against(self, password: str, user: User) -> str:
        """Return what is wrong with a password, "" for nothing."""
        if not password:
            return "The password is empty."
        try:
            validate_password(password, user)
        except ValidationError as problem:
            return " ".join(problem.messages)
        return ""
