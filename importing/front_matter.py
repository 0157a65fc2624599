"""Front matter: lines of keys and values above the text of a Markdown file."""

import re

from importing.accounting import Span
from importing.blocks import Field, Source, plain
from importing.markup import shortened
from importing.notes import Note

_FENCE = re.compile(r"(---|\+\+\+)[ \t]*\n")
_KEY = re.compile(r"([A-Za-z_][\w-]*):(?:[ \t]+|$)")
_TOML_KEY = re.compile(r"([A-Za-z_][\w-]*)[ \t]*=[ \t]*(?=\S)")
_FIELDS = {
    "title": "title",
    "headline": "title",
    "date": "date",
    "published": "date",
    "release_date": "date",
    "pubdate": "date",
    "excerpt": "summary",
    "description": "summary",
    "summary": "summary",
    "standfirst": "summary",
    "subtitle": "summary",
    "lang": "language",
    "language": "language",
    "locale": "language",
    "kicker": "kicker",
    "kind": "kicker",
    "type": "kicker",
    "category": "kicker",
}
_MAX_TOML_CHARACTERS = 20_000  # that are searched for the second fence
_MAX_HEAD_CHARACTERS = 5_000  # of keys and values without fences


def read_front_matter(source: Source, printed: str) -> int:
    """Read `key: value` lines between two fences, and return where the text begins.

    Comments may precede them. TOML has `key = value` between `+++`. Without fences, a blank line
    ends the lines, and one of them must be a title.

    Values may be quoted, or continue on indented lines. Lists and unknown keys are not claimed, so
    that the editor sees them among the words that were left out.
    """
    text = source.text
    begins = len(printed) - len(printed.lstrip())
    opening = _FENCE.match(text, begins)
    fence = opening[1] if opening else ""
    toml = fence == "+++"
    key_of = _TOML_KEY if toml else _KEY
    if not (key_of.match(text, opening.end()) if opening else _has_bare_head(text, begins)):
        return 0
    if toml and not re.search(r"^\+\+\+[ \t]*$", text[begins + 3 :][:_MAX_TOML_CHARACTERS], re.M):
        return 0
    fences = [opening.span()] if opening else []
    place = opening.end() if opening else begins
    key, value = "", [(0, 0)]
    while place < len(text):
        end = text.find("\n", place)
        end = len(text) if end < 0 else end
        line = text[place:end].rstrip()
        if line == fence or (line == "..." and fence == "---"):
            fences.append((place, end))
            place = end
            break
        if not (opening or line):
            break
        match = key_of.match(text, place, end)
        # In TOML, lines without a key belong to the value.
        indented = (toml and not match) or line.startswith((" ", "\t", "-", "#")) or not line
        match = None if indented else match
        if match:
            _set_field(source, key, value)
            key, value = match[1], [(match.start(), match.end()), (match.end(), end)]
        elif indented and key:
            value.append((place, end))
        else:
            # The second fence is missing: the text begins here.
            break
        place = end + 1
    _set_field(source, key, value)
    source.front_matter += fences
    return min(place, len(text))


def _has_bare_head(text: str, place: int) -> bool:
    """Return whether the first paragraph has only lines of keys and values, one of them a title."""
    lines = text[place : place + _MAX_HEAD_CHARACTERS].partition("\n\n")[0].split("\n")
    keys = [match[1].casefold() if (match := _KEY.match(line)) else "" for line in lines]
    return len(keys) > 1 and all(keys) and any(_FIELDS.get(key) == "title" for key in keys)


def _set_field(source: Source, key: str, spans: list[Span]) -> None:
    name = _FIELDS.get(key.casefold())
    if not name:
        return
    marks, spans = spans[:1], spans[1:]
    lines = [source.text[start:end].strip() for start, end in spans]
    if lines and re.fullmatch(r"[>|][+-]?", lines[0]):
        marks.append(spans.pop(0))
        del lines[0]
    value = plain(" ".join(lines))
    if value.startswith(("[", "{", "- ", "&")) or value in ("", "null", "~"):
        return
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        inside = value[1:-1]
        value = inside.replace("''", "'") if value[0] == "'" else inside.replace('\\"', '"')
    if used := source.fields.get(name):
        if used.value != value:
            other = {"key": key[:60], "used": shortened(used.value, 200)}
            source.notes.append(Note("double_key", {**other, "other": shortened(value, 200)}))
        return
    source.fields[name] = Field(value, tuple(spans), tuple(marks))
