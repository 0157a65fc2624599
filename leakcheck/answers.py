"""Compares answers, and finds words in them."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, unquote_to_bytes

from django.utils import timezone
from django.utils.http import http_date
from django.utils.translation import gettext

from leakcheck.canary import Names
from leakcheck.site import MAX_BYTES, Answer

# Tokens and the current time differ in every answer.
_TOKENS = re.compile(rb'(csrfmiddlewaretoken" value="|nonce="|\'nonce-|csrftoken=)[\w+/=-]+')
_MOMENT = (
    rb"\d{4}-\d\d-\d\dt\d\d:\d\d:\d\d(?:\.\d+)?(?:z|[+-]\d\d:\d\d)"
    rb"|(?:mon|tue|wed|thu|fri|sat|sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d gmt"
)
_MOMENTS = re.compile(_MOMENT)
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_WORDS = re.compile(_MOMENT + rb"|-?\d+(?:\.\d+)?(?![\w.])|[\w%+=/-]+|[^\w%+=/-]+")
FROM_THE_BODY = ("header etag:", "header content-length:")
_IGNORED_HEADERS = {"date", "age", "x-request-id", "connection", "keep-alive"}
# How much a clock (or, below 0, a countdown) changes per second. It may count in seconds,
# milliseconds, microseconds or minutes.
_RATES = [sign * unit for unit in (1, 1000, 1_000_000, 1 / 60) for sign in (1, -1)]


class Comparable:
    """An answer without its tokens, and with placeholders for the requested names.

    If `blurred`, it also has a placeholder for the current time, which an empty feed prints.
    """

    def __init__(self, answer: Answer, names: Names, blurred: bool = True) -> None:
        self.status = f"{answer.status} {answer.reason}"
        self.now = _moment(answer.header("date").encode()) or timezone.now()
        self.names, self.blurred = names, blurred
        raw = answer.body.lower()
        self.body = self._plain(raw)
        # A page that repeats the request differs for each name, and so does its ETag.
        left_out = _IGNORED_HEADERS | ({"etag"} if any(self._contains(raw)) else set())
        is_packed = answer.header("content-encoding") == "gzip"
        sent = [(key.lower(), value) for key, value in answer.headers]
        self.headers = sorted(
            (key, self._plain(value.lower().encode(errors="replace")))
            for key, value in sent
            # Django adds random bytes to compressed answers.
            if key not in left_out and not (is_packed and key == "content-length")
        )

    def different_headers(self, other: "Comparable") -> set[str]:
        mine, theirs = set(self.headers), set(other.headers)
        return {key for key, _ in mine ^ theirs}

    def difference(self, other: "Comparable", ignored: set[str] | None = None) -> str:
        """Return how this differs from another answer, or an empty text."""
        if self.status != other.status:
            return _difference_text("status", self.status, other.status)
        if self.body != other.body:
            at = next(
                (n for n, (a, b) in enumerate(zip(self.body, other.body, strict=False)) if a != b),
                min(len(self.body), len(other.body)),
            )
            mine, theirs = ([b[max(at - 30, 0) : at + 60]] for b in (self.body, other.body))
            return _difference_text("body", _excerpt(mine), _excerpt(theirs))
        for key in sorted(self.different_headers(other) - (ignored or set())):
            mine, theirs = ([v for k, v in answer.headers if k == key] for answer in (self, other))
            return _difference_text(f"header {key}:", _excerpt(mine), _excerpt(theirs))
        return ""

    def fields(self) -> dict[str, bytes]:
        """Return status, headers and body by name."""
        fields: dict[str, bytes] = {"status": self.status.encode(), "body": self.body}
        for key, value in self.headers:
            name = f"header {key}:"
            fields[name] = fields[name] + b", " + value if name in fields else value
        return fields

    def _contains(self, text: bytes) -> Iterator[bool]:
        yield from (part.encode() in text for part in self.names.replaceable)

    def _plain(self, text: bytes) -> bytes:
        for number, part in enumerate(self.names.replaceable):
            text = text.replace(part.encode(), b"{%d}" % number)
        text = _TOKENS.sub(rb"\1-", text)
        return _MOMENTS.sub(self._replace_now, text) if self.blurred else text

    def _replace_now(self, match: re.Match[bytes]) -> bytes:
        moment = _moment(match[0])
        is_now = moment and abs(moment - self.now) < timedelta(seconds=5)
        return b"{now}" if is_now else match[0]


@dataclass(slots=True)
class Judgement:
    """How an answer changed while a canary was there.

    `difference` describes what the canary changed, or is empty. `is_own` means that the page
    changed for another reason. `unsteady` names the values that change all the time, in which a
    leak could not be seen.
    """

    difference: str = ""
    is_own: bool = False
    unsteady: set[str] = field(default_factory=set)


def judge(before: Answer, now: Answer, after: list[Answer], names: Names) -> Judgement:
    """Compare an answer with answers from before the canary was planted and after its removal.

    A value that is the same in all other answers must be the same in this one. A clock or a
    countdown changes at a constant rate, so its value must be close to the predicted one.
    """
    judgement = Judgement()
    times = [before.at, now.at, *(answer.at for answer in after)]
    fields = [Comparable(answer, names, blurred=False).fields() for answer in (before, now, *after)]
    for name in sorted(set().union(*fields), key=_status_first):
        values = [fields.get(name) for fields in fields]
        first, mine, *others = values
        if mine == first or (mine is None and None in others):
            continue
        if all(other == first for other in others):
            judgement.difference = _field_difference(name, mine, first)
            return judgement
        if mine in others or None in others or first is None:
            judgement.is_own = True
        elif mine is None:
            judgement.difference = _field_difference(name, mine, first)
            return judgement
        else:
            off, is_predictable = _compare_with_prediction(values, times)
            if off:
                judgement.difference = _field_difference(name, *off)
                return judgement
            if all(other == others[0] for other in others):
                judgement.is_own = True
            elif not is_predictable and not (
                name in FROM_THE_BODY and "body" in judgement.unsteady
            ):
                judgement.unsteady.add(name)
    return judgement


def _status_first(name: str) -> tuple[int, str]:
    return (["status", "body"].index(name) if name in ("status", "body") else 2, name)


def _field_difference(name: str, mine: bytes | None, theirs: bytes | None) -> str:
    if name == "body" and mine and theirs:
        at = next(
            (n for n, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b),
            min(len(mine), len(theirs)),
        )
        mine, theirs = (text[max(at - 30, 0) : at + 60] for text in (mine, theirs))
    return _difference_text(name, _excerpt([mine or b""]), _excerpt([theirs or b""]))


def _difference_text(name: str, mine: str, theirs: str) -> str:
    """Return a difference as a text; `name` is "status", "body" or such as "header etag:"."""
    texts = {
        "status": gettext("status %(mine)s instead of %(theirs)s"),
        "body": gettext("body %(mine)s instead of %(theirs)s"),
    }
    header = gettext("header %(name)s: %(mine)s instead of %(theirs)s")
    header_name = name.removeprefix("header ").rstrip(":")
    return texts.get(name, header) % {"name": header_name, "mine": mine, "theirs": theirs}


def _compare_with_prediction(
    values: list[bytes | None], times: list[float]
) -> tuple[tuple[bytes, bytes] | None, bool]:
    """Compare the changing parts of a value with their predictions from the other answers.

    Returns the first part that is different, with the expected part, or None; and whether all
    changing parts are clocks or countdowns, so that they could be predicted.
    """
    split = [_WORDS.findall(value or b"") for value in values]
    first, mine, *others = split
    if any(len(other) != len(first) for other in others):
        return None, False
    if len(mine) != len(first):
        return (values[1] or b"", values[0] or b""), False
    is_predictable = True
    for words in zip(*split, strict=True):
        before, now, *after = words
        if all(other == before for other in after):
            if now != before:
                return (now, before), False
            continue
        numbers = [number for word in words if (number := _number(word)) is not None]
        line = _predicted(numbers, times) if len(numbers) == len(words) else None
        if line is None:
            is_predictable = False
        elif abs(numbers[1] - line[0]) > 30 * line[1]:
            return (now, b"%.0f" % line[0]), True
    return None, is_predictable


def _predicted(numbers: list[float], times: list[float]) -> tuple[float, float] | None:
    """Return the second number as predicted from the others, and its unit, or None."""
    start, _, *ends = numbers
    for rate in _RATES:
        unit = max(1, abs(rate))
        line = [start + rate * (at - times[0]) for at in times]
        is_steady = all(abs(a - b) <= 2 * unit for a, b in zip(ends, line[2:], strict=True))
        if is_steady and (ends[-1] - start) * rate > 0:
            return line[1], unit
    return None


def _number(word: bytes) -> float | None:
    if _NUMBER.fullmatch(word):
        return float(word)
    moment = _moment(word) if _MOMENTS.fullmatch(word) else None
    return moment.timestamp() if moment else None


def counts_down_to(answer: Answer, moments: list[datetime]) -> tuple[str, str, datetime] | None:
    """Return a header, its value and the moment that it reveals, or None.

    It may contain the moment, or the seconds or milliseconds until then.
    """
    for name, value in answer.headers:
        if name.lower() in _IGNORED_HEADERS:
            continue
        text = value.lower().encode(errors="replace")
        numbers = [(_number(word), bool(_MOMENTS.fullmatch(word))) for word in _WORDS.findall(text)]
        for number, is_moment in numbers:
            for moment in moments if number is not None and abs(number) > 60 else []:
                left, number = moment.timestamp() - answer.at, number or 0
                ways = [(number, moment.timestamp())]
                if not is_moment:
                    ways += [(number / 1000, moment.timestamp()), (number, left),
                             (number / 1000, left)]  # fmt: skip
                if any(abs(one - other) < 2 for one, other in ways):
                    return name, value, moment
    return None


def moments_as_text(moment: datetime) -> list[str]:
    """Return the forms in which a page or a header may contain a moment, to the second."""
    here = timezone.localtime(moment)
    utc = moment.astimezone(UTC)
    return [
        f"{utc:%Y-%m-%dt%H:%M:%S}",
        f"{here:%Y-%m-%dt%H:%M:%S}",
        http_date(moment.timestamp()).lower(),
        str(int(moment.timestamp())),
    ]


def _moment(text: bytes) -> datetime | None:
    value = text.decode(errors="replace")
    try:
        if value[:1].isdigit():
            return datetime.fromisoformat(value.upper())
        return parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None


def _excerpt(values: list[bytes]) -> str:
    text = b", ".join(values).decode(errors="replace") or gettext("none")
    return f"“{' '.join(text.split())[:120]}”"


def find_word(needle: str, answer: Answer) -> str:
    """Return where a word is in an answer, or an empty text."""
    if needle in answer.reason.lower():
        return gettext("status line: %(text)s") % {"text": f"{answer.status} {answer.reason}"}
    for name, value in answer.headers:
        if needle in unquote(f"{name}: {value}").lower():
            around = _around(needle, unquote(value))
            return gettext("header %(name)s: %(text)s") % {"name": name, "text": around}
    for file, body in _bodies(answer.body):
        for form in (body, unquote_to_bytes(body) if b"%" in body else b""):
            if needle.encode() in form.lower():
                around = _around(needle, form.decode(errors="replace"))
                if file:
                    values = {"file": file, "text": around}
                    return gettext("body (in %(file)s): %(text)s") % values
                return gettext("body: %(text)s") % {"text": around}
    return ""


def _bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a body after an empty name, and the files in a ZIP or Word file after their names."""
    yield "", body
    if body.startswith(b"PK"):
        try:
            with zipfile.ZipFile(io.BytesIO(body)) as packed:
                for member in packed.infolist():
                    yield member.filename, member.filename.encode()
                    if member.file_size < MAX_BYTES:
                        yield member.filename, packed.read(member)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error):
            return


def _around(needle: str, text: str) -> str:
    at = text.lower().find(needle)
    excerpt = " ".join(text[max(at - 50, 0) : at + len(needle) + 50].split())
    return "“" + "".join(c if c.isprintable() else "·" for c in excerpt) + "”"
