"""What `manage.py check --deploy` says of this newsroom beyond Django's own checks."""

from typing import Any

from django.conf import settings
from django.core.checks import Tags, Warning, register


@register(Tags.security, deploy=True)
def check_deployment(**options: Any) -> list[Warning]:
    """Warn of settings that are safe, and leave something out that a newsroom needs."""
    found = []
    if not settings.EMAIL_IS_ON:
        found.append(
            Warning(
                "E-mail is off: EMAIL_URL is empty, or names no mail server.",
                hint="Set it, as in smtp+tls://user:password@smtp.example.org:587, and try it "
                "with `manage.py sendtestmail`. Until then editors send preview links themselves.",
                id="pressroom.W001",
            )
        )
    elif not settings.NEWSROOM_EMAIL:
        found.append(
            Warning(
                "NEWSROOM_EMAIL is empty: messages are sent from newsroom@localhost, and most mail "
                "servers refuse that.",
                hint="Set the newsroom's own address.",
                id="pressroom.W002",
            )
        )
    if not settings.SITE_URL:
        found.append(
            Warning(
                "SITE_URL is empty: messages that Pressroom sends by itself have links without a "
                "host.",
                hint="Set the public address, as in https://news.example.org",
                id="pressroom.W003",
            )
        )
    return found
