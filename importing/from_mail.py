"""Reads a mail into blocks: the subject is the title, the text or HTML part is the release."""

import codecs
import re
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any, cast

from importing.accounting import Span
from importing.blocks import Field, Source, plain, size
from importing.decoding import decode
from importing.from_html import read_html
from importing.from_text import read_text
from importing.heads import head_line
from importing.markup import quoted
from importing.notes import Note
from importing.understood import refusal
from importing.vocabulary import KICKERS

_MAX_PARTS = 500
# Maximum number of parts that contain parts: the library takes quadratic time in the depth.
_MAX_HOLDERS = 20
_MAX_HEADER_CHARACTERS = 2_000  # of each header that are read
_MIN_WORDS = 8  # with fewer words, an attached mail is read instead
_MAX_NAMES = 20
_MAX_SIGNATURE_LINES = 15
_PART = re.compile(rb"(?:^|[\r\n])--")
_HOLDER = re.compile(rb"multipart/|message/", re.I)
_STRUCTURE = re.compile(r"<(?:h[1-6]|ul|ol|th|blockquote(?![^>]*cite))\b", re.I)
_REPLY_PREFIX = re.compile(
    r"\s*(?:(?:re|aw|antw|sv|fwd?|wg|tr|rv|enc|doorst)(?:\[\d+\])?\s?:\s*|\[[^\]]{1,40}\]\s+)", re.I
)
_SIGNATURE = re.compile(r"^-- ?$", re.M)
_FORWARDED = re.compile(
    r"^[ \t>]*(?:-{2,}[ \t]*(?:forwarded message|original message|weitergeleitete nachricht"
    r"|urspr[üu]ngliche nachricht|message transf[ée]r[ée]|message d'origine|mensaje reenviado"
    r"|mensagem (?:encaminhada|original))[ \t]*-{2,}|begin forwarded message:)[ \t]*\n"
    r"(?:[ \t>]*\n)?(?:[ \t>]*\*?[^\W\d_][\w -]{1,20}:.*\n){1,10}",
    re.I | re.M,
)
# The same headers as Outlook writes them, without a line above.
_FORWARDED_HEAD = re.compile(
    r"^[ \t>]*\*?(?:from|von|de|da):.*\n(?:[ \t>]*\*?[^\W\d_][\w -]{1,20}:.*\n){2,8}", re.I | re.M
)
_SUBJECT = re.compile(r"^[ \t>]*\*?(?:subject|betreff|objet|asunto|assunto|oggetto):", re.I | re.M)
_LINE_OF_HEAD = re.compile(r"(?:From \S.*|[A-Za-z][A-Za-z0-9-]*:.*|[ \t].*)")
_MAIL_HEADERS = ("message-id", "received", "mime-version", "content-type", "return-path")
_COUNTED_HEADERS = ("from", "sender", "reply-to", "to", "cc")


# Exceptions that the library raises on some malformed headers.
_LIBRARY_FAILS = (
    MessageError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    RecursionError,  # on nested comments
)
# Python codecs that no mail uses. The first two take quadratic time.
_NO_CHARSETS = {"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"}


class _Policy(EmailPolicy):
    """Reads only the start of long headers: the library takes quadratic time."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        try:
            return super().header_fetch_parse(name, value[:_MAX_HEADER_CHARACTERS])
        except _LIBRARY_FAILS:
            return super().header_fetch_parse(name, "")


def is_mail(text: str, filename: str) -> bool:
    """Return whether a file is a mail with its headers at the top."""
    head = text.lstrip()[:20_000].partition("\n\n")[0].split("\n")
    lines = [line for line in head if line]
    if not lines or not all(_LINE_OF_HEAD.fullmatch(line) for line in lines[:200]):
        return False
    names = {line.partition(":")[0].casefold() for line in lines if not line[0].isspace()}
    if filename.casefold().endswith(".eml"):
        return bool(names & {"from", "subject", *_MAIL_HEADERS})
    return "from" in names and any(name in names for name in _MAIL_HEADERS)


def read_mail(source: Source, filename: str, data: bytes) -> None:
    """Fill a source with the blocks, title and date of a mail.

    `source.text` becomes the text of the part that is read, followed by the headers. Raises
    NotAReleaseError for a mail without text, or with too many parts.
    """
    if len(_PART.findall(data)) > _MAX_PARTS or len(_HOLDER.findall(data)) > _MAX_HOLDERS:
        raise refusal(Note("too_many_parts"), filename)
    message = cast(EmailMessage, message_from_bytes(data, policy=_Policy()))
    if not _is_saved_page(message):
        source.notes.append(Note("mail_read"))
    inner = _inside(message)
    if inner is not None:
        source.notes.append(Note("mail_inside_mail"))
    names = _attachments(message)
    message = inner or message
    part, is_html = _body(source, message)
    text = _text(source, part, filename) if part is not None else ""
    if not text.strip():
        raise refusal(Note("mail_without_text"), filename)
    if names:
        source.notes.append(Note("mail_attachments", {"names": names}))
    if is_html:
        source.text = text
        read_html(source, filename)
    else:
        _read_plain(source, text, filename, part)
    _headers(source, message)


def _is_saved_page(message: EmailMessage) -> bool:
    """Return whether the mail is a web page that a browser saved in one file (.mhtml)."""
    return "snapshot-content-location" in message or "Saved by" in str(message["from"] or "")


def _inside(message: EmailMessage) -> EmailMessage | None:
    """Return the attached mail if the outer mail has hardly any text, otherwise None."""
    for part in message.walk():
        if part.get_content_type() == "message/rfc822" and part is not message:
            inner = part.get_payload()
            own = cast(EmailMessage | None, message.get_body(("plain", "html")))
            words = size(_decoded(own)[0]) if own is not None else 0
            if words < _MIN_WORDS and isinstance(inner, list) and inner:
                return cast(EmailMessage, inner[0])
            return None
    return None


def _body(source: Source, message: EmailMessage) -> tuple[EmailMessage | None, bool]:
    """Return the part to read, and whether it is HTML. HTML with structure is preferred."""
    text = cast(EmailMessage | None, message.get_body(("plain",)))
    html = cast(EmailMessage | None, message.get_body(("html",)))
    if text is not None and not _decoded(text)[0].strip():
        text = None
    if html is None or text is None:
        return (text, False) if html is None else (html, True)
    structured = bool(_STRUCTURE.search(_decoded(html)[0]))
    source.notes.append(Note("mail_html_read" if structured else "mail_text_read"))
    return (html, True) if structured else (text, False)


def _decoded(part: EmailMessage) -> tuple[str, bytes]:
    """Return the text of a part and its bytes. Bytes outside its charset are replaced."""
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    charset = part.get_content_charset() or "utf-8"
    try:
        if codecs.lookup(charset).name in _NO_CHARSETS:
            charset = "utf-8"
        return data.decode(charset), data
    except (LookupError, UnicodeError, ValueError):
        return data.decode(errors="replace"), data


def _text(source: Source, part: EmailMessage, filename: str) -> str:
    text, data = _decoded(part)
    if not text.strip():
        return ""
    if "\ufffd" in text:
        source.notes.append(Note("mail_charset"))
        decoded = decode(data, filename)
    else:
        decoded = decode(text.encode(errors="replace"), filename)
    source.notes += decoded.notes
    return decoded.text


def _read_plain(source: Source, text: str, filename: str, part: EmailMessage | None) -> None:
    """Read plain text without its signature and the headers of a forwarded mail."""
    heads = [match.span() for match in _FORWARDED.finditer(text)]
    heads += [m.span() for m in _FORWARDED_HEAD.finditer(text) if _SUBJECT.search(m[0])]
    blank: list[tuple[str, Span]] = [("mail headers", span) for span in heads]
    signature = next(reversed(list(_SIGNATURE.finditer(text))), None)
    if signature and text.count("\n", signature.start()) <= _MAX_SIGNATURE_LINES:
        span = (signature.start(), len(text))
        blank.append(("mail signature", span))
        if signature_text := plain(text[signature.end() :]):
            source.notes.append(
                Note("mail_signature", {"texts": quoted([signature_text], length=300)})
            )
    left = text
    for name, (start, end) in blank:
        left = left[:start] + re.sub(r"[^\n]", " ", left[start:end]) + left[end:]
        words = plain(text[start:end]) if name == "mail signature" else ""
        source.excluded.append((name, (start, end), words))
    source.text = left
    read_text(source, filename, flowed=part is not None and _is_flowed(part))
    source.text = text


def _is_flowed(part: EmailMessage) -> bool:
    return str(part.get_param("format", "")).casefold() == "flowed"


def _attachments(message: EmailMessage) -> tuple[str, ...]:
    names: list[str] = []
    for part in message.walk():
        name = part.get_filename() if not part.is_multipart() else None
        if name and plain(name):
            names.append(f"“{plain(name)[:80]}”")
    return (*names[:_MAX_NAMES], "…") if len(names) > _MAX_NAMES else tuple(names)


def _headers(source: Source, message: EmailMessage) -> None:
    """Set title and date from the headers, and append the headers that were read to the text."""
    subject = plain(str(message["subject"] or ""))
    begins = 0
    while prefix := _REPLY_PREFIX.match(subject, begins):
        begins = prefix.end()
    kicker = subject[begins:].partition(":")[0]
    if KICKERS.get(kicker.casefold().strip()) and subject[begins + len(kicker) + 1 :].strip():
        source.fields.setdefault("kicker", Field(kicker.strip(), ()))
        begins += len(kicker) + 1
        begins += len(subject[begins:]) - len(subject[begins:].lstrip())
    title = subject[begins:]
    start = _append(source, f"Subject: {subject}") + len("Subject: ")
    if title and not head_line(title):
        # The subject of a saved page also contains the name of the site.
        name = "page title" if _is_saved_page(message) else "title"
        source.fields[name] = Field(title, ((start + begins, start + len(subject)),))
    stated = str(message["date"] or "")
    _append(source, f"Date: {stated}")
    moment = getattr(message["date"], "datetime", None)
    # The date of a saved page is the date of saving, so it is not used.
    if moment and not _is_saved_page(message):
        source.fields["date"] = Field(moment.date().isoformat(), ())
    seen = {name.casefold(): str(value) for name, value in message.raw_items()}
    for name in _COUNTED_HEADERS:
        if name in seen:
            _append(source, f"{name}: {plain(seen[name][:_MAX_HEADER_CHARACTERS])}")


def _append(source: Source, line: str) -> int:
    """Append a header to the text of a source, and return its position."""
    start = len(source.text) + 1
    source.text = f"{source.text}\n{line}"
    source.excluded.append(("mail headers", (start, len(source.text)), ""))
    return start
