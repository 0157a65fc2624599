from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from jobs import mail


class Command(BaseCommand):
    help = _(
        "Send a test message and report what is wrong if it can’t be sent. Exit status: 0 if the "
        "mail server accepted the message, 1 if not. It takes at most EMAIL_TIMEOUT seconds."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help=_("the recipient, such as you@example.org"))

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        try:
            validate_email(address)
        except ValidationError:
            message = _("%(address)s is not an e-mail address.") % {"address": address}
            raise CommandError(message) from None
        if not settings.EMAIL_HOST:
            raise CommandError(
                _(
                    "E-mail is off: EMAIL_URL is empty, or does not name a mail server. Set it, as "
                    "in smtp+tls://user:password@smtp.example.org:587"
                )
            )
        email = EmailMessage(
            _("Test message from %(newsroom)s") % {"newsroom": settings.NEWSROOM_NAME},
            _(
                "This is a test message from Pressroom, sent with `manage.py sendtestmail`.\n\n"
                "Newsroom: %(newsroom)s\n"
                "Address: %(url)s\n"
            )
            % {
                "newsroom": settings.NEWSROOM_NAME,
                "url": settings.SITE_URL or _("SITE_URL is not set"),
            },
            to=[address],
        )
        server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
        self.stdout.write(
            _("Sending to %(address)s through %(server)s …")
            % {"address": address, "server": server}
        )
        (failure,) = mail.send([email], seconds=settings.EMAIL_TIMEOUT)
        if failure:
            raise CommandError(failure)
        self.stdout.write(
            _(
                "The mail server accepted the message from %(sender)s. Check that it arrived. If "
                "not, check the spam folder."
            )
            % {"sender": settings.DEFAULT_FROM_EMAIL}
        )
        if not settings.NEWSROOM_EMAIL:
            self.stdout.write(
                _("NEWSROOM_EMAIL is empty. Set it: few mail servers accept newsroom@localhost.")
            )
