from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from jobs import mail


class Command(BaseCommand):
    help = (
        "Send a test message, and say what is wrong if it cannot be sent. Ends with 0 if the "
        "mail server took the message, else with 1; within EMAIL_TIMEOUT seconds."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help="who gets the message, such as you@example.org")

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        try:
            validate_email(address)
        except ValidationError:
            raise CommandError(f"{address} is not an e-mail address.") from None
        if not settings.EMAIL_HOST:
            raise CommandError(
                "E-mail is off: EMAIL_URL is empty, or names no mail server. Set it, as in "
                "smtp+tls://user:password@smtp.example.org:587"
            )
        message = EmailMessage(
            f"Test message from {settings.NEWSROOM_NAME}",
            f"This is a test message from Pressroom, sent with `manage.py sendtestmail`.\n\n"
            f"The newsroom: {settings.NEWSROOM_NAME}\n"
            f"Its address: {settings.SITE_URL or 'SITE_URL is not set'}\n",
            to=[address],
        )
        server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
        self.stdout.write(f"Sending to {address} through {server} …")
        (failure,) = mail.send([message], seconds=settings.EMAIL_TIMEOUT)
        if failure:
            raise CommandError(failure)
        self.stdout.write(
            f"The mail server took the message, from {settings.DEFAULT_FROM_EMAIL}. "
            "Check that it arrived; if not, look in the spam folder."
        )
        if not settings.NEWSROOM_EMAIL:
            self.stdout.write(
                "NEWSROOM_EMAIL is empty. Set it: few mail servers accept newsroom@localhost."
            )
