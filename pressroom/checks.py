"""Our checks in `manage.py check --deploy`."""

import os
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Info, Tags, Warning, register
from django.db import connection
from django.utils.translation import gettext as _

from assets import isolation
from pressroom import sqlite


@register(Tags.security, deploy=True)
def check_deployment(**options: Any) -> list[CheckMessage]:
    """Return warnings about a deployment that works, but is incomplete or less secure."""
    found: list[CheckMessage] = []
    if not settings.EMAIL_IS_ON:
        found.append(
            Warning(
                _("E-mail is off: EMAIL_URL is empty, or does not name a mail server."),
                hint=_(
                    "Set it, as in smtp+tls://user:password@smtp.example.org:587, and test it with "
                    "`manage.py sendtestmail`. Until then editors send preview links themselves."
                ),
                id="pressroom.W001",
            )
        )
    elif not settings.NEWSROOM_EMAIL:
        found.append(
            Warning(
                _(
                    "NEWSROOM_EMAIL is empty: messages are sent from newsroom@localhost, and most "
                    "mail servers refuse that."
                ),
                hint=_("Set the newsroom’s own address."),
                id="pressroom.W002",
            )
        )
    if not settings.SITE_URL:
        found.append(
            Warning(
                _("SITE_URL is empty: links in messages that Pressroom sends have no host."),
                hint=_("Set the public address, as in https://news.example.org"),
                id="pressroom.W003",
            )
        )
    secured = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
    if settings.EMAIL_HOST_PASSWORD and not secured and not _is_local(settings.EMAIL_HOST):
        found.append(
            Warning(
                _(
                    "EMAIL_URL begins with smtp:// and has a password, which is sent to %(host)s "
                    "without encryption."
                )
                % {"host": settings.EMAIL_HOST},
                hint=_("Begin it with smtp+tls://, or with smtp+ssl:// for port 465."),
                id="pressroom.W004",
            )
        )
    # gunicorn adds the arguments in this variable to its command line.
    own_certificate = "--certfile" in os.environ.get("GUNICORN_CMD_ARGS", "")
    if settings.SECURE_SSL_REDIRECT and not settings.TRUST_PROXY and not own_certificate:
        found.append(
            Warning(
                _(
                    "HTTPS is on and TRUST_PROXY is off: behind a proxy, every page redirects to "
                    "itself."
                ),
                hint=_(
                    "Let the proxy set X-Forwarded-Proto and X-Forwarded-For itself, then set "
                    "TRUST_PROXY=on. Without a proxy, gunicorn needs a certificate: --certfile in "
                    "GUNICORN_CMD_ARGS."
                ),
                id="pressroom.W005",
            )
        )
    if settings.REQUIRE_SECOND_FACTOR == "nobody":
        found.append(
            Warning(
                _(
                    "REQUIRE_SECOND_FACTOR is nobody: anyone who guesses or steals the password "
                    "of one account can read every draft, and publish if the account can."
                ),
                hint=_("Remove the setting, or set it to privileged."),
                id="pressroom.W008",
            )
        )
    file = sqlite.file_of(connection)
    if file and sqlite.others_may_read(file):
        found.append(
            Warning(
                _("Other users of this machine can read the database, %(file)s.") % {"file": file},
                hint=f"chmod go= {file}*",
                id="pressroom.W006",
            )
        )
    found += [
        Warning(
            problem,
            hint=_(
                "Use Linux 5.13 or newer with Landlock turned on, on x86_64 or aarch64, and Docker "
                "23 or newer with its own seccomp profile; see docs/operating.md."
            ),
            id="pressroom.W007",
        )
        for problem in isolation.problems()
    ]
    if limits := isolation.limits_sentence():
        found.append(Info(limits, id="pressroom.I001"))
    return found


def _is_local(host: str) -> bool:
    """Return whether a host is this machine or in a private network."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return host.lower() == "localhost"
