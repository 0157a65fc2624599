"""One format for every line of the log, without secrets.

gunicorn.conf.py loads this file by its path, outside of Django, so it must not import other modules
of Pressroom. See docs/decisions/0029.
"""

import json
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any
from urllib.parse import quote, unquote

FORMATS = ("text", "json")
# The key in the WSGI environment for what RequestIdMiddleware adds to the access log.
ACCESS = "pressroom.access"

# The id of the request that this thread is answering, "" between requests.
request_id: ContextVar[str] = ContextVar("request_id", default="")


def format_problem(name: str) -> str:
    """Return what is wrong with a value of LOG_FORMAT, or an empty text."""
    if name in FORMATS:
        return ""
    return f"LOG_FORMAT is {name}: choose text, or json for one JSON object per line."


# --- Secrets -----------------------------------------------------------------------------------

HIDDEN = "…"
_SECRET_NAME = re.compile(
    r"(?:^|_|PG)(?:KEYS?|SECRETS?|TOKENS?|PASSWORDS?|PASSWD|PASSPHRASE|PASS|DSN)(?:_|$)"
)
_PASSWORD_IN_ADDRESS = re.compile(r"://[^/\s:@]*:([^\s]+)@")


def _encoded(word: str) -> str:
    """Return a pattern for a word with any of its characters percent-encoded, once or more."""
    return "".join(
        f"(?:{re.escape(each)}|%(?:25)*(?:{ord(each):02x}|{ord(each.swapcase()):02x}))"
        for each in word
    )


_SLASH, _EQUALS = _encoded("/"), _encoded("=")
_NAMES = (
    "x-amz-signature|x-amz-credential|x-amz-security-token|signature|awsaccesskeyid|token|secret"
    r"|password\d?|sessionid|session_key|csrftoken|csrfmiddlewaretoken"
)
_PATTERNS = [
    # The token in the address of a preview or an invitation, as it is and percent-encoded.
    (rf"(?i)((?:{_encoded('preview')}|{_encoded('signoff')}|{_encoded('invitation')}){_SLASH})"
     rf"(?:(?!{_SLASH})[^/?#&\s\"'<>])+", rf"\1{HIDDEN}"),
    # user:password@ in the address of a database, a cache or a mail server.
    (r"(://[^/\s:@]*:)[^/\s@]+(?=@)", rf"\1{HIDDEN}"),
    (rf"(?i)\b({_NAMES})(['\"]?\s*(?:{_EQUALS}|:)\s*b?['\"]?)[^&\s\"';,)}}]+", rf"\1\2{HIDDEN}"),
    (r"(?i)\b((?:set-)?cookie|authorization)(['\"]?\s*:\s*)[^\n]+", rf"\1\2{HIDDEN}"),
    (r"<Session: \w+>", f"<Session: {HIDDEN}>"),
    # PostgreSQL quotes the refused row or query, which may contain an embargoed text or a name.
    (r"(?s)((?:DETAIL|CONTEXT|LINE \d+):\s).+?(?=\n\nThe above|\n\nDuring handling|\Z)",
     rf"\1{HIDDEN}"),
    # gunicorn's warning about an invalid request has the whole address of its sender.
    (r"\bip=[0-9A-Fa-f.:]+(?=: )", f"ip={HIDDEN}"),
]  # fmt: skip
_REPLACEMENTS = [(re.compile(pattern), replacement) for pattern, replacement in _PATTERNS]
# Long words that look random: tokens, and with 32 characters session keys and CSRF secrets. Each
# character may be percent-encoded.
_CHARACTER = r"(?:[A-Za-z0-9_-]|%(?:25)*(?:2d|5f|3[0-9]|[46][1-9a-f]|[57][0-9a]))"
_LONG_WORD = re.compile(rf"(?<![A-Za-z0-9_-]){_CHARACTER}{{32,}}", re.IGNORECASE)


def secrets_in(variables: Mapping[str, str]) -> list[str]:
    """Return the values that no line may contain: keys, tokens and passwords, the longest first.

    Each value is also included percent-encoded, and as Python's repr prints it. Values shorter than
    eight characters are left out: a password such as "press" would hide half of the log. Inside a
    URL, a pattern hides them.
    """
    found = set()
    for name, value in variables.items():
        if _SECRET_NAME.search(name):
            found |= {value, *value.split(",")}
        elif match := _PASSWORD_IN_ADDRESS.search(value):
            found |= {match[1], unquote(match[1])}
    found = {value.strip() for value in found}
    found |= {quote(value, safe="") for value in found} | {repr(value)[1:-1] for value in found}
    return sorted((value for value in found if len(value) >= 8), key=len, reverse=True)


class RedactionFilter(logging.Filter):
    """Remove secrets from a record and its traceback. Every handler has this filter.

    Errors of `django.security`, such as a wrong Host, become warnings without a traceback, because
    any stranger can cause them.
    """

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        super().__init__()
        self.secrets = secrets_in(variables)

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "redacted_by", None) is RedactionFilter:
            return True
        try:
            self._redact(record)
        except Exception as problem:  # losing a line is better than logging a secret
            record.msg, record.args = "A line was left out (%s).", (type(problem).__name__,)
            record.exc_info = record.exc_text = record.stack_info = None
        record.redacted_by = RedactionFilter
        return True

    def _redact(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
        except Exception:
            text = f"{record.msg} (a message that does not fit its arguments)"
        record.msg, record.args = self.redact(text), ()
        if record.name.startswith("django.security") and record.levelno > logging.WARNING:
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        if record.exc_info and record.exc_info[0]:
            record.exc_text = self.redact(logging.Formatter().formatException(record.exc_info))
        elif record.exc_text:
            record.exc_text = self.redact(record.exc_text)
        if record.stack_info:
            record.stack_info = self.redact(record.stack_info)
        if fields := getattr(record, "fields", None):
            record.fields = {
                key: self.redact(value) if isinstance(value, str) else value
                for key, value in fields.items()
            }

    def redact(self, text: str) -> str:
        """Return a text without secrets."""
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        for pattern, replacement in _REPLACEMENTS:
            text = pattern.sub(replacement, text)
        return _LONG_WORD.sub(_unless_plain, text)


def _unless_plain(match: re.Match[str]) -> str:
    word = match[0]
    while "%" in word and (decoded := unquote(word)) != word:
        word = decoded
    if len(word) == 32 and word.isalnum():
        # A session key has lower-case letters and digits. Hexadecimal words are ids and digests.
        is_random = not re.fullmatch("[0-9a-f]+|[0-9A-F]+|[A-Za-z]+", word)
    elif len(word) < 40:
        is_random = False
    else:
        is_random = all(re.search(kind, word) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return HIDDEN if is_random else match[0]


def add_to_every_handler(redaction: logging.Filter) -> None:
    """Add the filter to every handler of every logger, unless the handler already has one."""
    named = list(logging.root.manager.loggerDict.values())
    loggers = [logging.root, *(each for each in named if isinstance(each, logging.Logger))]
    handlers = {handler for logger in loggers for handler in logger.handlers}
    for handler in handlers | ({logging.lastResort} if logging.lastResort else set()):
        if not any(isinstance(each, RedactionFilter) for each in handler.filters):
            handler.addFilter(redaction)


# --- Floods of lines -----------------------------------------------------------------------------

FLOOD_LINES = 10  # of one logger, in each process
FLOOD_SECONDS = 60


class FloodFilter(logging.Filter):
    """Limit the warnings that any stranger can cause to FLOOD_LINES a minute, and count the others.

    Examples are a wrong Host, a form without its token, and an invalid request. Thousands of them
    must not push everything else out of the log.
    """

    KINDS = re.compile(r"django\.security\b.*|previews\.views|gunicorn\.error")

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.seen: dict[
            str, tuple[float, int]
        ] = {}  # by logger: start of the minute, number of lines

    def filter(self, record: logging.LogRecord) -> bool:
        passes: bool | None = getattr(record, "passes_flood", None)
        if passes is None:
            # gunicorn logs actions of the operator as INFO and failures as ERROR.
            counts = self.KINDS.fullmatch(record.name) and (
                record.levelno == logging.WARNING or record.name.startswith("django.security")
            )
            passes = record.passes_flood = self._passes(record) if counts else True
        return passes

    def _passes(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        with self.lock:
            since, number = self.seen.get(record.name, (now, 0))
            left_out = number - FLOOD_LINES
            if now - since >= FLOOD_SECONDS:
                since, number = now, 0
            else:
                left_out = 0
            self.seen[record.name] = since, number + 1
        if left_out > 0:
            self._add(record, f"({left_out} more like this were left out before.)")
        if number + 1 == FLOOD_LINES:
            self._add(record, f"(More like this are left out for {FLOOD_SECONDS} seconds.)")
        return number < FLOOD_LINES

    @staticmethod
    def _add(record: logging.LogRecord, words: str) -> None:
        record.msg, record.args = f"{record.getMessage()} {words}", ()


# --- One format --------------------------------------------------------------------------------

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_BELOW = "\n    "


class TextFormatter(logging.Formatter):
    """Time in UTC, level, logger, request id and message; below them an indented traceback.

    Line ends are indented and control characters escaped, so that a message can neither imitate
    another line nor control a terminal.
    """

    def format(self, record: logging.LogRecord) -> str:
        line = f"{time_of(record)} {record.levelname} {record.name} {id_of(record) or '-'} "
        parts = [line + record.getMessage(), record.exc_text, record.stack_info]
        text = "\n".join(part for part in parts if part)
        return _CONTROL.sub(lambda match: repr(match[0])[1:-1], text).replace("\n", _BELOW)


class JSONFormatter(logging.Formatter):
    """The same values as one JSON object per line, together with the fields of the access log."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time_of(record),
            "level": record.levelname,
            "logger": record.name,
            "request_id": id_of(record) or None,
            "message": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if record.exc_text:
            line["exception"] = record.exc_text
        if record.stack_info:
            line["stack"] = record.stack_info
        return json.dumps(line)


def formatter(name: str) -> logging.Formatter:
    return JSONFormatter() if name == "json" else TextFormatter()


def time_of(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def id_of(record: logging.LogRecord) -> str:
    return getattr(record, "request_id", "") or request_id.get()


FILTERS = ["outages", "flood", "redaction"]  # on every handler, in this order


def configuration(name: str, *, report_errors: bool) -> dict[str, Any]:
    """Return Django's LOGGING for a format, text or json."""
    handlers: dict[str, Any] = {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": FILTERS,
        },
    }
    if report_errors:
        handlers["reporter"] = {
            "()": "pressroom.errors.ReportHandler",
            "level": "ERROR",
            "filters": FILTERS,
        }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter, "name": name}},
        "filters": {
            "outages": {"()": "pressroom.outages.OutageFilter"},
            "flood": {"()": FloodFilter},
            "redaction": {"()": RedactionFilter},
            # The reason for a 503 has just been logged.
            "not_503": {
                "()": "django.utils.log.CallbackFilter",
                "callback": lambda record: getattr(record, "status_code", 0) != 503,
            },
        },
        "handlers": handlers,
        "root": {"handlers": [*handlers], "level": "INFO"},
        "loggers": {
            # By default, Django gives these loggers handlers, which would write each line twice.
            "django": {"handlers": [], "level": "INFO"},
            "django.server": {"handlers": [], "level": "INFO", "propagate": True},
            # A 404 is the normal answer for everything hidden. Probes are recorded elsewhere
            # (releases.probes).
            "django.request": {"level": "ERROR", "filters": ["not_503"]},
            # Django sends a body in answer to HEAD. gunicorn drops it, with a warning each time.
            "gunicorn.http.wsgi": {"level": "ERROR"},
            "PIL": {"level": "WARNING"},
        },
    }


def capture_uncaught() -> None:
    """Write warnings and uncaught errors to the log instead of to stderr.

    Call it only in our own processes, such as a server or a command: it sets hooks of Python.
    """
    log = logging.getLogger("pressroom")

    def command_failed(
        kind: type[BaseException], problem: BaseException, trace: TracebackType | None
    ) -> None:
        if not issubclass(kind, Exception) or not logging.getLogger().handlers:
            sys.__excepthook__(kind, problem, trace)  # Ctrl-C, or before there is a log
        else:
            log.critical("%s failed", " ".join(sys.argv[:2]), exc_info=(kind, problem, trace))

    def thread_failed(failed: threading.ExceptHookArgs) -> None:
        if failed.exc_value and not isinstance(failed.exc_value, SystemExit):
            name = failed.thread.name if failed.thread else "unknown"
            info = (failed.exc_type, failed.exc_value, failed.exc_traceback)
            log.error("The thread %s failed", name, exc_info=info)

    def could_not_be_raised(failed: Any) -> None:
        info = (failed.exc_type, failed.exc_value, failed.exc_traceback)
        log.error("%s: %r", failed.err_msg or "Error ignored in", failed.object, exc_info=info)

    add_to_every_handler(RedactionFilter())
    logging.captureWarnings(True)
    sys.excepthook = command_failed
    threading.excepthook = thread_failed
    sys.unraisablehook = could_not_be_raised
