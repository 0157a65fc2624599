"""Sends e-mail within a time limit, and explains why a message was not sent."""

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

MAX_SECONDS = 30  # for everything that is sent on one connection, by default
# How long a server may take to reply after it has received the whole message. A sender that
# disconnects earlier does not know whether the message was accepted, and sends it again
# (RFC 5321, 4.5.3.2.6).
REPLY_SECONDS = 10 * 60
CHUNK_BYTES = 16_384  # sent in one step
# Errors about one message. All other errors are about the connection.
MESSAGE_ERRORS = (
    smtplib.SMTPDataError,
    smtplib.SMTPNotSupportedError,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPSenderRefused,
)


class SendFailure(str):
    """The reason why a message was not sent, or "" if it was sent.

    `is_final` means that another attempt would not help.
    """

    is_final: bool

    def __new__(cls, reason: str = "", *, is_final: bool = False) -> "SendFailure":
        made = super().__new__(cls, reason)
        made.is_final = is_final
        return made


class ConnectTimeoutError(TimeoutError):
    """The mail server did not accept the connection in time."""


class TotalTimeoutError(TimeoutError):
    """The mail server answers, but the total time for all messages is used up."""


class _SMTP(smtplib.SMTP):
    """An SMTP connection with a deadline: no call waits past `ends`, a `time.monotonic()` value.

    Each step (one reply of the server, or one chunk that is sent) may take EMAIL_TIMEOUT seconds.
    The timeout of a socket is not enough, because it restarts with each byte that arrives.
    """

    ends = float("inf")
    step_ends = float("inf")
    reply_timeout: float | None = None  # seconds; None: the same as for any other reply
    _has_sent_message = False

    def _left(self) -> float:
        return min(self.step_ends, self.ends) - time.monotonic()

    def allow(self) -> None:
        """Set the socket's timeout to the time left. Raises TimeoutError if no time is left."""
        if (left := self._left()) <= 0:
            raise TimeoutError
        if self.sock:
            self.sock.settimeout(left)

    @contextmanager
    def _step(self) -> Iterator[None]:
        begun = time.monotonic()
        self.step_ends = begun + self.timeout
        if self._has_sent_message and self.reply_timeout:
            self.step_ends = self.ends = begun + self.reply_timeout
        try:
            yield
        except smtplib.SMTPServerDisconnected as problem:
            # smtplib reports every failure as a closed connection, even a timeout.
            if isinstance(problem.__context__, TimeoutError):
                # If little time was left, earlier steps had used up the total time.
                late = self.ends - begun < self.timeout / 2
                raise (TotalTimeoutError if late else TimeoutError)() from problem
            raise
        self.step_ends = time.monotonic() + self.timeout
        if self.sock:  # the handshake after STARTTLS uses the timeout of the socket
            self.sock.settimeout(max(0.01, self._left()))

    def _get_socket(self, host: str, port: int, timeout: float) -> socket:
        """Connect to the first address of a host that answers.

        Each address gets an equal share of the time that is left.
        """
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
                problem = ConnectTimeoutError(*late.args)
            except OSError as failed:
                problem = failed
            else:
                # If the connection starts with TLS, the handshake uses this timeout.
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
            self._has_sent_message, self.ends = False, ends

    def send(self, s: Any) -> None:
        data = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        # A chunk is one TLS record, because sendall() of a TLS socket restarts the timeout with
        # each record.
        for start in range(0, len(data), CHUNK_BYTES):
            with self._step():
                if self.sock:
                    self.sock.settimeout(max(0.01, self._left()))
                super().send(data[start : start + CHUNK_BYTES])
        self._has_sent_message = data.endswith(b"\r\n.\r\n")


class _Incoming(io.RawIOBase):
    """A stream of the server's replies that keeps the deadline of its connection."""

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
    """Django's SMTP backend with a limit on the total time of a connection.

    EMAIL_TIMEOUT limits each reply. `seconds`, counted from the first open(), limits the whole
    connection. `reply_timeout` limits the reply to a whole message, in seconds; only this reply may
    exceed the other two limits.
    """

    def __init__(
        self,
        *args: Any,
        seconds: float = MAX_SECONDS,
        reply_timeout: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.seconds = seconds
        self.reply_timeout = reply_timeout
        self.ends: float | None = None

    def open(self) -> bool | None:
        self.ends = self.ends or time.monotonic() + self.seconds
        return super().open()

    @property
    def connection_class(self) -> Any:
        kind = _SMTPOverTLS if self.use_ssl else _SMTP
        limits = {"ends": self.ends, "reply_timeout": self.reply_timeout}
        return type(kind.__name__, (kind,), limits)


def send(
    messages: Iterable[EmailMessage],
    seconds: float | None = None,
    *,
    reply_timeout: float | None = None,
) -> Iterator[SendFailure]:
    """Send messages over one connection; for each, yield the reason why it was not sent, or "".

    If the connection fails or the time is up (`seconds`, MAX_SECONDS by default), the remaining
    messages are not tried. `reply_timeout` is how many seconds the reply to a whole message may
    take. The next message is taken from `messages` only after the reply to the previous one. Never
    raises.
    """
    if not settings.EMAIL_IS_ON:
        yield from (SendFailure(email_is_off_sentence()) for _message in messages)
        return
    connection: Any = get_connection(seconds=seconds or MAX_SECONDS, reply_timeout=reply_timeout)
    stopped, delivered = SendFailure(), 0
    try:
        for message in messages:
            if stopped:
                yield stopped
                continue
            problem = _attempt(connection, message)
            if delivered and _is_closed(connection) and not isinstance(problem, TimeoutError):
                # Many servers close a connection after a number of messages, so connect again.
                _close(connection)
                delivered = 0
                problem = _attempt(connection, message)
            if problem is None:
                delivered += 1
                yield SendFailure()
                continue
            # Log only the type. A server's reply may quote the message with its secret address.
            log.error("An e-mail could not be sent: %s", type(problem).__name__)
            is_one_message = isinstance(problem, MESSAGE_ERRORS) and not _is_closed(connection)
            failure = SendFailure(explain(problem), is_final=is_one_message and _is_final(problem))
            if isinstance(problem, OSError) and not is_one_message:
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
    """Return whether a server permanently refused a recipient or a message (code 500 or above)."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _reply in problem.recipients.values())
    return isinstance(problem, smtplib.SMTPDataError) and problem.smtp_code >= 500


def email_is_off_sentence() -> str:
    """Return the message to editors that e-mail is off."""
    return _("E-mail is off for this newsroom.")


def explain(problem: Exception) -> str:
    """Return one or two sentences that explain why an e-mail could not be sent."""
    server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    match problem:
        case smtplib.SMTPAuthenticationError():
            return _("The mail server refused the username or the password.")
        case smtplib.SMTPNotSupportedError() if "STARTTLS" in str(problem):
            return _("The mail server offers no TLS (STARTTLS).")
        case smtplib.SMTPNotSupportedError() if "AUTH" in str(problem):
            return _("The mail server does not accept a username and password on this connection.")
        case smtplib.SMTPNotSupportedError():
            return _("The mail server only accepts addresses in Latin script.")
        case smtplib.SMTPRecipientsRefused():
            return _("The mail server refused the recipient: %s.") % "; ".join(
                f"{address}, {_server_reply(*answer)}"
                for address, answer in problem.recipients.items()
            )
        case smtplib.SMTPSenderRefused():
            return _("The mail server refused the sender %(sender)s: %(reply)s.") % {
                "sender": problem.sender,
                "reply": _server_reply(problem.smtp_code, problem.smtp_error),
            }
        case smtplib.SMTPConnectError() | smtplib.SMTPHeloError():
            return _("The mail server refused the connection: %s.") % _server_reply(
                problem.smtp_code, problem.smtp_error
            )
        case smtplib.SMTPResponseException():
            return _("The mail server refused the message: %s.") % _server_reply(
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
                    "The mail server at %s does not start with TLS. If it offers STARTTLS, "
                    "EMAIL_URL must start with smtp+tls."
                )
                % server
            )
        case ssl.SSLError():
            return _("TLS with the mail server at %(server)s failed: %(reason)s.") % {
                "server": server,
                "reason": problem.reason,
            }
        case gaierror():
            return _("The name of the mail server, %s, could not be found.") % settings.EMAIL_HOST
        case ConnectionRefusedError():
            return _("No mail server answers at %s.") % server
        case ConnectTimeoutError():
            return _("No connection to the mail server at %(server)s in %(seconds)s seconds.") % {
                "server": server,
                "seconds": settings.EMAIL_TIMEOUT,
            }
        case TotalTimeoutError():
            return (
                _(
                    "The mail server at %s was too slow, so sending stopped. The message may still "
                    "have arrived."
                )
                % server
            )
        case TimeoutError():
            values = {"server": server, "seconds": settings.EMAIL_TIMEOUT}
            if settings.EMAIL_USE_SSL:
                return (
                    _(
                        "The mail server at %(server)s accepted the connection, but did not answer "
                        "within %(seconds)s seconds."
                    )
                    % values
                )
            return (
                _(
                    "The mail server at %(server)s accepted the connection, but did not answer "
                    "within %(seconds)s seconds. If it starts with TLS, as on port 465, EMAIL_URL "
                    "must start with smtp+ssl."
                )
                % values
            )
        case smtplib.SMTPServerDisconnected() | ConnectionResetError():
            return _("The mail server at %s closed the connection.") % server
        case OSError() if problem.strerror:
            return _("The mail server at %(server)s can’t be reached: %(reason)s.") % {
                "server": server,
                "reason": problem.strerror,
            }
    return _("The message could not be sent (%s).") % type(problem).__name__


# A server may quote the message that it refuses, with the address of a preview. This matches every
# word with a slash, encoded or not, and every word that is long enough to be a token.
_QUOTED = re.compile(r"\S*(?:/|%(?:25)*2f|&#x?(?:2f|47);)\S*|[^\s@]{25,}", re.IGNORECASE)


def _server_reply(code: int, reply: bytes | str) -> str:
    """Return a server's reply as one short line, without words that it may quote."""
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    return f"“{code} {' '.join(_QUOTED.sub('…', text).split())[:200]}”"


def _is_closed(connection: Any) -> bool:
    """Return whether an SMTP connection was never opened or is closed."""
    live = getattr(connection, "connection", None)
    return isinstance(connection, smtp.EmailBackend) and not (live and live.sock)


def _close(connection: Any) -> None:
    try:
        connection.close()
    except OSError:
        log.info("The mail server did not confirm the end of the connection.")
