"""Sending e-mail: whether it is on, how long it may take, and why a message was not sent."""

import io
import logging
import re
import smtplib
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from socket import SOCK_STREAM, gaierror, getaddrinfo, socket
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends import smtp
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)

AT_MOST = 30  # seconds for all that is sent on one connection, where nothing else is said
# What a server may take to answer after it has the whole message, in seconds. A sender that leaves
# earlier does not know whether the message was taken, and sends it twice: RFC 5321, 4.5.3.2.6.
AFTER_THE_MESSAGE = 10 * 60
PIECE = 16_384  # bytes that are sent in one step
# These say something about one message. Every other failure is one of the connection.
OF_ONE_MESSAGE = (
    smtplib.SMTPDataError,
    smtplib.SMTPNotSupportedError,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPSenderRefused,
)


class Failure(str):
    """Why a message was not sent; "" if it was. `is_final`: trying again would not help."""

    is_final: bool

    def __new__(cls, reason: str = "", *, is_final: bool = False) -> "Failure":
        made = super().__new__(cls, reason)
        made.is_final = is_final
        return made


class NoConnection(TimeoutError):
    """The mail server's machine did not take the connection in time."""


class TookTooLong(TimeoutError):
    """The mail server answers, but the time for all messages together is over."""


class _SMTP(smtplib.SMTP):
    """A connection on which nothing waits past `ends`, a time of the monotonic clock.

    A step is one reply of the server, or one piece that is sent. It has EMAIL_TIMEOUT. The
    time-out of a socket alone is no bound: it counts anew with each byte that arrives.
    """

    ends = float("inf")
    step_ends = float("inf")
    after_the_message: float | None = None  # seconds; None: as any other reply
    _has_sent_all = False

    def _left(self) -> float:
        return min(self.step_ends, self.ends) - time.monotonic()

    def allow(self) -> None:
        """Give the next call of the socket the time that is left. Raises TimeoutError for none."""
        if (left := self._left()) <= 0:
            raise TimeoutError
        if self.sock:
            self.sock.settimeout(left)

    @contextmanager
    def _step(self) -> Iterator[None]:
        begun = time.monotonic()
        self.step_ends = begun + self.timeout
        if self._has_sent_all and self.after_the_message:
            self.step_ends = self.ends = begun + self.after_the_message
        try:
            yield
        except smtplib.SMTPServerDisconnected as problem:
            # smtplib calls every failure a closed connection, silence too.
            if isinstance(problem.__context__, TimeoutError):
                # Where little was left, it had answered before, and used up the time.
                late = self.ends - begun < self.timeout / 2
                raise (TookTooLong if late else TimeoutError)() from problem
            raise
        self.step_ends = time.monotonic() + self.timeout
        if self.sock:  # for the handshake after STARTTLS, which takes the time-out of the socket
            self.sock.settimeout(max(0.01, self._left()))

    def _get_socket(self, host: str, port: int, timeout: float) -> socket:
        """Connect to the first address of a host that answers; each has its share of the time."""
        ends = min(time.monotonic() + timeout, self.ends)
        problem: OSError = OSError("The name has no address.")
        addresses = getaddrinfo(host, port, type=SOCK_STREAM)
        for tried, (family, kind, protocol, _name, address) in enumerate(addresses):
            made = socket(family, kind, protocol)
            try:
                share = (ends - time.monotonic()) / (len(addresses) - tried)
                made.settimeout(max(0.01, share))
                made.connect(address)
            except TimeoutError as late:
                problem = NoConnection(*late.args)
            except OSError as failed:
                problem = failed
            else:
                # For the handshake of a server that begins with TLS.
                made.settimeout(max(0.01, min(timeout, self.ends - time.monotonic())))
                return made
            made.close()
        raise problem

    def getreply(self) -> tuple[int, bytes]:
        if self.sock and self.file is None:
            self.file = io.BufferedReader(_Incoming(self))
        with self._step():
            return super().getreply()

    def data(self, msg: Any) -> tuple[int, bytes]:
        ends = self.ends
        try:
            return super().data(msg)
        finally:
            self._has_sent_all, self.ends = False, ends

    def send(self, s: Any) -> None:
        data = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        # In pieces of one TLS record: sendall of a TLS socket would count anew with each of them.
        for start in range(0, len(data), PIECE):
            with self._step():
                if self.sock:
                    self.sock.settimeout(max(0.01, self._left()))
                super().send(data[start : start + PIECE])
        self._has_sent_all = data.endswith(b"\r\n.\r\n")


class _Incoming(io.RawIOBase):
    """What a server sends, read within the time that its connection allows."""

    def __init__(self, smtp: _SMTP) -> None:
        self.smtp = smtp

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.smtp.allow()
        if not self.smtp.sock:
            return 0
        return self.smtp.sock.recv_into(buffer)


class _SMTPOverTLS(smtplib.SMTP_SSL, _SMTP):
    pass


class Backend(smtp.EmailBackend):
    """Django's SMTP backend with a bound on what a connection may take altogether.

    EMAIL_TIMEOUT bounds each answer; `seconds`, counted from the first opening, bounds all that
    is sent and awaited. `after_the_message` is what the answer to a whole message may take.
    """

    def __init__(
        self,
        *args: Any,
        seconds: float = AT_MOST,
        after_the_message: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.seconds = seconds
        self.after_the_message = after_the_message
        self.ends: float | None = None

    def open(self) -> bool | None:
        self.ends = self.ends or time.monotonic() + self.seconds
        return super().open()

    @property
    def connection_class(self) -> Any:
        kind = _SMTPOverTLS if self.use_ssl else _SMTP
        limits = {"ends": self.ends, "after_the_message": self.after_the_message}
        return type(kind.__name__, (kind,), limits)


def send(
    messages: Iterable[EmailMessage], seconds: float | None = None, *, patient: bool = False
) -> Iterator[Failure]:
    """Send messages over one connection; yield for each why it was not sent, "" if it was.

    If the connection fails or the time is over (`seconds`, AT_MOST by default), the rest is not
    tried. `patient`: the answer to a whole message is awaited for AFTER_THE_MESSAGE seconds. A
    message is taken from `messages` only after the one before it was answered. Never raises.
    """
    if not settings.EMAIL_IS_ON:
        yield from (Failure(off()) for _message in messages)
        return
    connection: Any = get_connection(
        seconds=seconds or AT_MOST, after_the_message=AFTER_THE_MESSAGE if patient else None
    )
    stopped, delivered = Failure(), 0
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
                yield Failure()
                continue
            # What a server says may quote the message, and the message holds an address that nobody
            # may read in a log.
            log.error("An e-mail could not be sent: %s", type(problem).__name__)
            of_one = isinstance(problem, OF_ONE_MESSAGE) and not _is_closed(connection)
            failure = Failure(explain(problem), is_final=of_one and _is_final(problem))
            if isinstance(problem, OSError) and not of_one:
                stopped = failure
            yield failure
    finally:
        _close(connection)


def _attempt(connection: Any, message: EmailMessage) -> Exception | None:
    try:
        connection.open()
        connection.send_messages([message])
    except Exception as problem:
        return problem
    return None


def _is_final(problem: Exception) -> bool:
    """Return whether a server refused a recipient or a message for good: with 500 or above."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _said in problem.recipients.values())
    return isinstance(problem, smtplib.SMTPDataError) and problem.smtp_code >= 500


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


# A server may quote the message that it refuses, and the address of a preview stands in it. This is
# every word with a slash, however it is written, and every word as long as a token.
_QUOTED = re.compile(r"\S*(?:/|%(?:25)*2f|&#x?(?:2f|47);)\S*|[^\s@]{25,}", re.IGNORECASE)


def _said(code: int, words: bytes | str) -> str:
    """Return what a server answered without what it may quote, short enough for a line."""
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"“{code} {' '.join(_QUOTED.sub('…', text).split())[:200]}”"


def _is_closed(connection: Any) -> bool:
    """Return whether an SMTP connection was never made, or has ended."""
    live = getattr(connection, "connection", None)
    return isinstance(connection, smtp.EmailBackend) and not (live and live.sock)


def _close(connection: Any) -> None:
    try:
        connection.close()
    except OSError:
        log.info("The mail server did not say goodbye.")
