"""Sending e-mail: whether it is on, how long it may take, and why a message was not sent."""

import logging
import smtplib
import ssl
import time
from collections.abc import Iterable, Iterator
from socket import gaierror, socket
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends import smtp
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)

AT_MOST = 30  # seconds for all that one request sends; a proxy gives up after sixty
# These say something about one message. Every other failure is one of the connection.
OF_ONE_MESSAGE = (
    smtplib.SMTPDataError,
    smtplib.SMTPNotSupportedError,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPSenderRefused,
)


class NoConnection(TimeoutError):
    """The mail server's machine did not take the connection in time."""


class TookTooLong(TimeoutError):
    """The mail server answers, but the time for all messages together is over."""


class _SMTP(smtplib.SMTP):
    """A connection on which no answer is awaited past `ends`, a time of the monotonic clock."""

    ends = float("inf")

    def _get_socket(self, host: str, port: int, timeout: float) -> socket:
        try:
            return super()._get_socket(host, port, timeout)  # type: ignore[misc]
        except TimeoutError as problem:
            raise NoConnection(*problem.args) from problem

    def getreply(self) -> tuple[int, bytes]:
        left = max(0.01, self.ends - time.monotonic())
        if self.sock:
            self.sock.settimeout(min(self.timeout, left))
        try:
            return super().getreply()
        except smtplib.SMTPServerDisconnected as problem:
            # smtplib calls every failure a closed connection, silence too.
            if isinstance(problem.__context__, TimeoutError):
                late = left < self.timeout / 2  # it had answered before, and used up the time
                raise (TookTooLong if late else TimeoutError)() from problem
            raise


class _SMTPOverTLS(smtplib.SMTP_SSL, _SMTP):
    pass


class Backend(smtp.EmailBackend):
    """Django's SMTP backend with a bound on what a connection may take altogether.

    EMAIL_TIMEOUT bounds each answer; `seconds`, counted from the first opening, bounds them all.
    """

    def __init__(self, *args: Any, seconds: float = AT_MOST, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seconds = seconds
        self.ends: float | None = None

    def open(self) -> bool | None:
        self.ends = self.ends or time.monotonic() + self.seconds
        return super().open()

    @property
    def connection_class(self) -> Any:
        kind = _SMTPOverTLS if self.use_ssl else _SMTP
        return type(kind.__name__, (kind,), {"ends": self.ends})


def send(messages: Iterable[EmailMessage], seconds: float | None = None) -> Iterator[str]:
    """Send messages over one connection; yield for each why it was not sent, "" where it was.

    Where the connection fails or the time is over, AT_MOST or fewer `seconds`, the rest is not
    tried. Never raises.
    """
    if not settings.EMAIL_IS_ON:
        yield from (off() for _message in messages)
        return
    connection: Any = get_connection(seconds=seconds or AT_MOST)
    stopped, delivered = "", 0
    try:
        for message in messages:
            if stopped:
                yield stopped
                continue
            problem = _attempt(connection, message)
            if delivered and _is_closed(connection) and not isinstance(problem, TimeoutError):
                # Many servers end a connection after some messages: this one had its share.
                _close(connection)
                delivered = 0
                problem = _attempt(connection, message)
            if problem is None:
                delivered += 1
                yield ""
                continue
            # What a server says may quote the message, and the message holds an address that nobody
            # may read in a log.
            log.error("An e-mail could not be sent: %s", type(problem).__name__)
            of_one = isinstance(problem, OF_ONE_MESSAGE) and not _is_closed(connection)
            if isinstance(problem, OSError) and not of_one:
                stopped = explain(problem)
            yield explain(problem)
    finally:
        _close(connection)


def _attempt(connection: Any, message: EmailMessage) -> Exception | None:
    try:
        connection.open()
        connection.send_messages([message])
    except Exception as problem:
        return problem
    return None


def off() -> str:
    """Say that e-mail is off, for editors."""
    return _("E-mail is off for this newsroom.")


def explain(problem: Exception) -> str:
    """Say in a sentence or two why an e-mail could not be sent."""
    server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    match problem:
        case smtplib.SMTPAuthenticationError():
            return _("The mail server refused the user name or the password.")
        case smtplib.SMTPNotSupportedError() if "STARTTLS" in str(problem):
            return _("The mail server offers no TLS (STARTTLS).")
        case smtplib.SMTPNotSupportedError() if "AUTH" in str(problem):
            return _("The mail server takes no user name and password on this connection.")
        case smtplib.SMTPNotSupportedError():
            return _("The mail server takes no addresses in other scripts than Latin.")
        case smtplib.SMTPRecipientsRefused():
            return _("The mail server refused the recipient: %s.") % "; ".join(
                f"{address}, {_said(*answer)}" for address, answer in problem.recipients.items()
            )
        case smtplib.SMTPSenderRefused():
            return _("The mail server refused the sender %(sender)s: %(said)s.") % {
                "sender": problem.sender,
                "said": _said(problem.smtp_code, problem.smtp_error),
            }
        case smtplib.SMTPConnectError() | smtplib.SMTPHeloError():
            return _("The mail server refused the connection: %s.") % _said(
                problem.smtp_code, problem.smtp_error
            )
        case smtplib.SMTPResponseException():
            return _("The mail server refused the message: %s.") % _said(
                problem.smtp_code, problem.smtp_error
            )
        case ssl.SSLCertVerificationError() if problem.verify_code in (62, 64):
            return _("The certificate of the mail server is for another name than %s.") % (
                settings.EMAIL_HOST
            )
        case ssl.SSLCertVerificationError():
            return _("The certificate of the mail server is not trusted: %s.") % (
                problem.verify_message
            )
        case ssl.SSLError() if settings.EMAIL_USE_SSL:
            return (
                _(
                    "The mail server at %s does not begin with TLS. Where it offers STARTTLS, "
                    "EMAIL_URL begins with smtp+tls."
                )
                % server
            )
        case ssl.SSLError():
            return _("The mail server at %(server)s failed to agree on TLS: %(reason)s.") % {
                "server": server,
                "reason": problem.reason,
            }
        case gaierror():
            return _("The name of the mail server, %s, does not resolve.") % settings.EMAIL_HOST
        case ConnectionRefusedError():
            return _("Nothing listens at %s, where the mail server should be.") % server
        case NoConnection():
            return _("No connection to the mail server at %(server)s in %(seconds)s seconds.") % {
                "server": server,
                "seconds": settings.EMAIL_TIMEOUT,
            }
        case TookTooLong():
            return (
                _(
                    "The mail server at %s is so slow that sending was stopped. The message may "
                    "have arrived all the same."
                )
                % server
            )
        case TimeoutError():
            return _(
                "The mail server at %(server)s took the connection and did not answer within "
                "%(seconds)s seconds."
            ) % {"server": server, "seconds": settings.EMAIL_TIMEOUT} + (
                ""
                if settings.EMAIL_USE_SSL
                else " "
                + _("If it begins with TLS, as on port 465, EMAIL_URL begins with smtp+ssl.")
            )
        case smtplib.SMTPServerDisconnected() | ConnectionResetError():
            return _("The mail server at %s closed the connection.") % server
        case OSError() if problem.strerror:
            return _("The mail server at %(server)s cannot be reached: %(reason)s.") % {
                "server": server,
                "reason": problem.strerror,
            }
    return _("The message could not be sent (%s).") % type(problem).__name__


def _said(code: int, words: bytes | str) -> str:
    """Return what a server answered, short enough for a line."""
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"“{code} {' '.join(text.split())[:200]}”"


def _is_closed(connection: Any) -> bool:
    """Return whether an SMTP connection was never made, or has ended."""
    live = getattr(connection, "connection", None)
    return isinstance(connection, smtp.EmailBackend) and not (live and live.sock)


def _close(connection: Any) -> None:
    try:
        connection.close()
    except OSError:
        log.info("The mail server did not say goodbye.")
