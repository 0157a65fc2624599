"""Blocks into the parts of a release: kicker, title, pull quote, lead, quotations, the rest."""

import re
from dataclasses import dataclass, field, replace
from html import escape
from urllib.parse import unquote, urlsplit

from releases.importing.accounting import Span
from releases.importing.blocks import (
    BREAK,
    Block,
    Source,
    list_html,
    outline,
    plain,
    renumbered,
    size,
    table_html,
    words,
)
from releases.importing.dates import days_in
from releases.importing.markup import shortened
from releases.importing.names import is_role
from releases.importing.understood import Poster, PullQuote
from releases.importing.vocabulary import (
    DATE_LINE_WORDS,
    KICKERS,
    PICTURE_AGENCIES,
    PLACES,
    RELEASE_LINES,
    SAYING,
    SAYING_BESIDE_A_QUOTE,
    WEEKDAYS,
)

_LONGEST_HEAD = 50  # lines above the text
_LONGEST_CREDIT = 300  # characters at the end of a picture's name in which a credit is looked for
_OPENING, _CLOSING = "“„«‟", "”»"
_PULL_QUOTE = re.compile(
    r"[‘“\"'«„](?P<text>.+)[’”\"'»“]\s*(?:[-–—]+|\|)\s*(?P<speaker>[^“”\"‘\n]{2,100})"
)
_WHOLLY_QUOTED = re.compile(r"[‘“\"'«„](?P<text>.+)[’”\"'»“]")
_CREDIT = re.compile(r"(?:[-–—]+|―)\s*(?P<speaker>[^\W\d_].{1,150})", re.S)
_END_MARK = re.compile(
    r"#{2,}|\*(?:\s*\*){2,}|[-–—/\s]*(?:ends?|fin|ende|fim)[-–—/.\s]*|[-–—\s]*30[-–—\s]*", re.I
)
_DATELINE = re.compile(
    r"\(?(?P<place>[^\W\d_][\w.’'/-]*(?:,?[ \t]+[^\W\d_][\w.’'/-]*){0,4}?)\)?"
    r"(?P<date>,?[ \t]+[^–—:\n]{0,40}?\d[^–—:\n]{0,20}?)?"
    r"(?:[ \t]*(?:--+|[—–])[ \t]*|[ \t]+-[ \t]*|[ \t]{3,})(?=[“\"‘'(]?[^\W\d_a-z])"
)
_STATE = re.compile(r",?\s+(?:[A-Z]{2}|[A-Z]\.[A-Z]\.|[A-Z][a-z]{2,4}\.)$")
_TIME = re.compile(
    r"\b\d{1,2}[:.]\d\d(?:\s?[ap]\.?m\.?)?|\b\d{1,2}\s?[ap]\.?m\.?|\b\d{4}\s?hrs\b", re.I
)
_EMBARGO = re.compile(
    r"\b(?:embargo(?:ed)?|sperrfrist|embargado|sous embargo"
    r"|not for (?:publication|release) before)\b",
    re.I,
)
_ENDS_SENTENCE = re.compile(r"(?:[^A-Z.][.]|[:;,]|[。：；，])[”\"’)]*$")
_NOTES = re.compile(r"(?:notes? (?:to|for) (?:the )?editors?|editors?[’'] notes?)\b", re.I)
_CONTACT = re.compile(r"(?:(?:press|media) )?(?:contacts?|enquiries|inquiries)\b.{0,30}:", re.I)
_SALUTATION = re.compile(r"(?:dear|sincerely|yours|best|kind) ", re.I)
_SAYING_VERBS = "|".join(sorted(SAYING | SAYING_BESIDE_A_QUOTE))
_ATTRIBUTED_INSIDE = re.compile(rf"[,.?!][”\"]?\s(?:{_SAYING_VERBS})\s(?:[A-Z]\w*\.?\s)?[A-Z]")
_VIA = re.compile(r"((?:[A-Z][\w.’'-]*\s){0,3}?)via\s+(\S.*)$")


@dataclass(slots=True)
class Element:
    """A part of the body: a paragraph, a heading, a list, or a quotation over its paragraphs."""

    kind: str
    blocks: list[Block]
    part: str
    credit: tuple[str, str] | None = None
    name: str = ""
    title: str = ""

    @property
    def html(self) -> str:
        if self.kind == "heading":
            tag = "h2" if self.blocks[0].level <= 2 else "h3"
            return f"<{tag}>{self.blocks[0].html(emphasis=False)}</{tag}>"
        if self.kind == "list":
            return list_html(self.blocks)
        if self.kind == "table":
            return table_html(self.blocks[0])
        if self.kind == "quotation":
            attributes = f' data-name="{escape(self.name)}"' if self.name else ""
            attributes += f' data-title="{escape(self.title)}"' if self.title else ""
            # The page sets a quotation apart: bold or italics from end to end say no more.
            paragraphs = "".join(
                f"<p>{block.html(emphasis=not is_emphatic(block))}</p>" for block in self.blocks
            )
            return f"<blockquote{attributes}>{paragraphs}</blockquote>"
        return f"<p>{self.blocks[0].html()}</p>"


@dataclass(slots=True)
class Anatomy:
    """The parts that were found, and which words of the file each of them took."""

    kind: str = ""
    kicker: str = ""
    title: str = ""
    standfirst: str = ""
    pull_quote: PullQuote | None = None
    dateline_place: str = ""
    body: list[Element] = field(default_factory=list)
    posters: tuple[Poster, ...] = ()
    described: frozenset[str] = frozenset()
    dates: list[tuple[str, str]] = field(default_factory=list)
    claims: list[tuple[str, list[Span]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def lead(self) -> str:
        return next((e.blocks[0].text for e in self.body if e.kind == "paragraph"), "")

    @property
    def body_html(self) -> str:
        return renumbered("\n".join(element.html for element in self.body))

    @property
    def body_text(self) -> str:
        return "\n".join(block.text for element in self.body for block in element.blocks)


def dissect(source: Source) -> Anatomy:
    """Return the parts of a release; whatever is not recognised stays a paragraph of the body."""
    return _Dissection(source).result


class _Dissection:
    """Works through the blocks from the top, taking off what has a name."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.result = Anatomy()
        self.queue = [block for block in source.blocks if block.kind != "picture"]
        self._pictures([block for block in source.blocks if block.kind == "picture"])
        self._fields()
        self._head()
        self._body()
        self._check()

    def _claim(self, part: str, block: Block) -> None:
        self.result.claims.append((part, block.spans))

    # --- What the file states by itself ---

    def _fields(self) -> None:
        for name, part in (("title", "title"), ("date", "front matter"), ("kicker", "kicker")):
            stated = self.source.fields.get(name)
            if not stated:
                continue
            if name == "title":
                self.result.title = stated.value
            elif name == "date":
                self.result.dates.append(("the date given in the file", stated.value))
            elif kind := KICKERS.get(stated.value.casefold().replace("_", " ")):
                self.result.kind, self.result.kicker = kind, stated.value
            else:
                continue
            self.result.claims.append((part, list(stated.spans)))
            self.result.claims.append(("front matter", list(stated.marks)))
        if stated := self.source.fields.get("language"):
            self.result.claims.append(("front matter", [*stated.marks, *stated.spans]))
        if stated := self.source.fields.get("summary"):
            self.result.claims.append(("front matter", list(stated.marks)))

    def _pictures(self, blocks: list[Block]) -> None:
        seen: dict[str, tuple[Block, int]] = {}
        for block in blocks:
            address = urlsplit(block.source).path if _is_address(block.source) else block.source
            again = address in seen
            first, times = seen.get(address, (block, 0))
            seen[address] = (first, times + 1)
            self._claim("repeated picture lines" if again else "picture lines", block)
            if block.alt and not again:
                self.result.notes.append(
                    f"The picture's alt text in the file is “{shortened(block.alt, 200)}”."
                )
        self.result.posters = tuple(_poster(block, times) for block, times in seen.values())
        self.result.described = frozenset(block.source for block, _ in seen.values() if block.alt)

    # --- Above the lead ---

    def _head(self) -> None:
        for _ in range(_LONGEST_HEAD):
            if not self.queue:
                break
            self._first_line_alone()
            block = self.queue[0]
            if not (
                self._release_line(block)
                or self._repeated_title(block)
                or self._leading_date(block)
                or self._title(block)
                or self._pull_quote(block)
                or self._subtitle(block)
            ):
                break
        page_title = self.source.fields.get("page title")
        if not self.result.title and page_title:
            self.result.title = page_title.value
            self.result.claims.append(("title", list(page_title.spans)))

    def _first_line_alone(self) -> None:
        """Part the first line of a block from the rest where it is one for the head."""
        block = self.queue[0]
        if block.kind != "paragraph":
            return
        cut = re.search(rf"[\n{BREAK}]", block.raw)
        if not cut or not block.part(cut.end()).text:
            return
        line = block.part(0, cut.start())
        if _head_line(line.text) or (is_emphatic(line) and not is_emphatic(block)):
            self.queue[0:1] = [line, block.part(cut.end())]

    def _release_line(self, block: Block) -> bool:
        """Take a kicker, a date, “for immediate release” or an embargo in a line of its own."""
        found = _head_line(block.text)
        if not found:
            return False
        part, kind = found
        if part == "kicker":
            if self.result.kicker:
                part = "release line"
            else:
                self.result.kicker = block.text
        if kind and not self.result.kind:
            self.result.kind = kind
        if part == "embargo line":
            self.result.notes.append(
                f"The file speaks of an embargo: “{block.text}”. Set the time yourself."
            )
        if any(day.year for day in days_in(block.text)):
            self.result.dates.append(("the line above the text", block.text))
        self._take(part)
        return True

    def _repeated_title(self, block: Block) -> bool:
        """Take the title where it stands once more, alone or before a text."""
        title = words(self.result.title)
        if not title or len(block.raw) > 20_000:
            return False
        again = words(block.text)
        if 2 * len(again) >= len(title) and f" {' '.join(again)} " in f" {' '.join(title)} ":
            self._take("repeated title")
            self.result.notes.append("The title stood in the file more than once: it is kept once.")
            return True
        if len(title) > 4 and again[: len(title)] == title:
            ends = [match.end() for match in re.finditer(r"[^\W_]+", block.raw)]
            end = ends[len(title) - 1]
            self._claim("repeated title", block.part(0, end))
            self.queue[0] = block.part(end)
            return True
        return False

    def _leading_date(self, block: Block) -> bool:
        """Take a full date that a title or a text opens with, and that is no part of a sentence."""
        if block.kind != "paragraph":
            return False
        raw = block.raw[:200]
        day = next(days_in(raw), None)
        if not day or day.start != len(raw) - len(raw.lstrip()) or not day.year:
            return False
        if not re.match(r"[\s|–—-]+[“\"‘]?[^\W\d_a-z]", raw[day.end :]):
            return False
        self.result.dates.append(("the text at its top", day.text))
        self._claim("date line", block.part(0, day.end))
        self.queue[0] = block.part(day.end)
        return True

    def _title(self, block: Block) -> bool:
        if self.result.title or len(self.queue) < 2 or not _looks_like_title(block):
            return False
        self.result.title = block.text
        self._take("title")
        return True

    def _pull_quote(self, block: Block) -> bool:
        if (
            self.result.pull_quote
            or len(block.raw) > 800
            or block.kind not in ("paragraph", "quote")
        ):
            return False
        text = block.raw.strip()
        offset = block.raw.index(text)
        match = _PULL_QUOTE.fullmatch(text)
        if match and _looks_like_credit(match["speaker"]):
            quoted = block.part(0, offset + match.end("text") + 1)
            credit = block.part(offset + match.end("text") + 1)
            self._claim("pull quote", quoted)
            self._claim("speaker credit", credit)
            self.queue.pop(0)
            self.result.pull_quote = PullQuote(plain(match["text"]), plain(match["speaker"]))
            return True
        match = _WHOLLY_QUOTED.fullmatch(text)
        credit_line = (
            _CREDIT.fullmatch(self.queue[1].text) if match and len(self.queue) > 1 else None
        )
        if match and credit_line and _looks_like_credit(credit_line["speaker"]):
            self._take("pull quote")
            self._take("speaker credit")
            self.result.pull_quote = PullQuote(plain(match["text"]), credit_line["speaker"])
            return True
        return False

    def _subtitle(self, block: Block) -> bool:
        """Make a second line of a title a heading: the lead is the first paragraph proper."""
        if not self.result.title or block.kind != "paragraph" or len(self.queue) < 2:
            return False
        if len(self.result.body) > 1:
            return False
        alone = is_emphatic(block) and size(block.text) <= 30
        heading = self.source.format == "text" and _is_heading(block, self.queue[1:4], longest=25)
        if not (alone or heading) or _ENDS_SENTENCE.search(block.text) or block.text[0] in _OPENING:
            return False
        self.queue.pop(0)
        self._add("heading", [replace(block, level=2)], "headings")
        self.result.notes.append(
            f"“{shortened(block.text, 100)}” stands between the title and the text: it became a "
            "heading. Perhaps it is the standfirst."
        )
        return True

    def _take(self, part: str) -> None:
        self._claim(part, self.queue.pop(0))

    # --- The body ---

    def _add(self, kind: str, blocks: list[Block], part: str) -> Element:
        element = Element(kind, blocks, part)
        self.result.body.append(element)
        for block in blocks:
            self._claim(part, block)
        return element

    def _body(self) -> None:
        lead = True
        place = 0
        while place < len(self.queue):
            block = self.queue[place]
            following = self.queue[place + 1 : place + 2]
            if _END_MARK.fullmatch(block.text):
                self._claim("end mark", block)
            elif block.kind == "heading":
                self._add("heading", [block], "headings")
            elif block.kind == "table":
                self._add("table", [block], "tables")
            elif block.kind in ("item", "quote"):
                together = _same_group(self.queue, place)
                kind, part = (
                    ("list", "lists") if block.kind == "item" else ("quotation", "quotations")
                )
                self._add(kind, together, part)
                place += len(together) - 1
            elif lines := _quotation(self.queue, place):
                self._add("quotation", self.queue[place : place + lines], "quotations")
                place += lines - 1
            elif self._credit(block):
                pass
            elif not lead and self._heading(block, following):
                self._add("heading", [replace(block, level=2)], "headings")
            elif lead:
                self._lead(block)
                lead = False
            else:
                self._add("paragraph", [block], "paragraphs")
            place += 1
        headings = [element for element in self.result.body if element.kind == "heading"]
        levels = outline([element.blocks[0].level for element in headings])
        for element, level in zip(headings, levels, strict=True):
            element.blocks = [replace(element.blocks[0], level=level)]

    def _heading(self, block: Block, following: list[Block]) -> bool:
        if self.source.format == "text":
            return _is_heading(block, following)
        return is_emphatic(block, strong=True) and _is_heading(block, following)

    def _lead(self, block: Block) -> None:
        if dateline := _dateline(block):
            place, end, stated = dateline
            self.result.dateline_place = place
            self._claim("dateline", block.part(0, end))
            if stated:
                self.result.dates.append(("the dateline", stated))
            self.result.notes.append(
                f"“{block.part(0, end).text}” was taken from the front of the lead as its dateline."
            )
            block = block.part(end)
        self._add("paragraph", [block], "lead")
        self._summary(words(block.text))

    def _credit(self, block: Block) -> bool:
        """Take a line that says whose words the quotation above it is."""
        last = self.result.body[-1] if self.result.body else None
        if not last or last.kind != "quotation" or last.credit:
            return False
        match = _CREDIT.fullmatch(block.text)
        if not match or not _looks_like_credit(match["speaker"]):
            return False
        name, _, title = match["speaker"].partition(", ")
        last.credit = (name.strip(" ."), title.strip(" ."))
        self._claim("speaker credit", block)
        return True

    def _summary(self, lead: list[str]) -> None:
        stated = self.source.fields.pop("summary", None)
        if not stated:
            return
        summary = words(stated.value)
        if summary == lead[: len(summary)]:
            self.result.claims.append(("repeated summary", list(stated.spans)))
            self.result.notes.append(
                "The summary given in the file is the lead word for word: it stands once, in the "
                "body, and the standfirst is empty."
            )
        else:
            self.result.claims.append(("standfirst", list(stated.spans)))
            self.result.standfirst = stated.value

    # --- What an editor should know ---

    def _check(self) -> None:
        result = self.result
        self._summary([])
        notes = result.notes
        if not result.kind:
            result.kind = "press_release"
            notes.append("Nothing says what kind of release it is: “press release” is the default.")
        letters = [char for char in result.title if char.isalpha()]
        if sum(char.isupper() for char in letters) > 0.7 * len(letters) > 7:
            notes.append("The title is in capitals. Retype it in the style of the house.")
        lifted = result.pull_quote
        if lifted and " ".join(words(lifted.text)) not in " ".join(words(result.body_text)):
            notes.append("The pull quote's words do not stand in the body. Check them.")
        texts = [element.blocks[0].text for element in result.body]
        if any(_NOTES.match(text) for text in texts):
            notes.append("Notes to editors stand in the body: move them to their own field.")
        if any(_CONTACT.match(text) for text in texts):
            notes.append("A press contact stands in the body: check whether it should.")
        for element in result.body:
            if element.kind == "quotation" and _shape(element.blocks[-1].text) == "open":
                begins = shortened(element.blocks[0].text, 60)
                notes.append(f"A quotation never closes, the one that begins {begins}")
        marks = len(re.findall(r"[.,;:。，、؟،।]", result.body_text))
        length = len(result.body_text.split())
        if length > 100 and marks < length / 100:
            notes.append(
                "The text has next to no full stops and commas: they were lost before this file "
                "was made. Compare it with the original."
            )


def is_emphatic(block: Block, strong: bool = False) -> bool:
    """Whether a block is bold or italic from end to end."""
    runs = [run for run in block.runs if plain(run.text)]
    return bool(runs) and (
        all(run.strong for run in runs) or (not strong and all(run.em for run in runs))
    )


def _head_line(text: str) -> tuple[str, str] | None:
    """Return what a line above the text is, and the kind of release that it announces."""
    if len(text) > 150 or not text:
        return None
    if _EMBARGO.search(text) and len(text.split()) <= 15:
        return "embargo line", ""
    kicker = KICKERS.get(text.casefold().strip(" :|-–—*_"))
    if kicker:
        return "kicker", kicker
    rest = text
    days = list(days_in(text))
    for day in reversed(days):
        rest = rest[: day.start] + " " + rest[day.end :]
    left = re.sub(r"[^\w\s’'-]", " ", _TIME.sub(" ", rest)).casefold().split()
    left = [word for word in left if word.strip("-") and word not in WEEKDAYS]
    phrase = " ".join(left)
    if phrase in RELEASE_LINES:
        return "release line", ""
    if days and phrase in KICKERS:
        return "kicker", KICKERS[phrase]
    kind = next((kind for words_, kind in KICKERS.items() if phrase.endswith(words_)), "")
    if days and all(word in DATE_LINE_WORDS for word in left):
        return "date line", kind if left else ""
    return None


def _looks_like_title(block: Block) -> bool:
    if block.kind == "heading":
        return True
    text = block.text
    if block.kind != "paragraph" or not 1 < size(text) <= 40 or len(text) > 300:
        return False
    if not any(char.isalpha() for char in text) or _ENDS_SENTENCE.search(text):
        return False
    if BREAK in block.raw.strip():
        return False
    quoted = text[0] in _OPENING + '"' and _shape(text) != "mixed"
    return not quoted and not _dateline(block) and not _PULL_QUOTE.fullmatch(text)


def _is_heading(block: Block, following: list[Block], longest: int = 12) -> bool:
    """Whether a short line of its own heads the text after it."""
    text = block.text
    if (
        size(text) > longest
        or len(text) > 10 * longest
        or _ENDS_SENTENCE.search(text)
        or not following
    ):
        return False
    if text[0] in _OPENING + _CLOSING + '"-–—*([|' or text[0].islower() or not text[-1:].strip():
        return False
    if (
        _SALUTATION.match(text)
        or any(day.year for day in days_in(text))
        or re.search(r"\d{4,}", text)
    ):
        return False
    return any(after.kind == "item" or size(after.text) >= 15 for after in following)


def _looks_like_credit(text: str) -> bool:
    """Whether words after a quotation name its speaker: “Felix Jakens, Head of Campaigns”."""
    parts = text.strip().split(",")[0].split()
    if not 0 < len(parts) <= 8 or len(text.split()) > 25 or text.rstrip().endswith(("?", "!", ":")):
        return False
    return parts[0][0].isupper() and (len(parts) < 2 or parts[-1][0].isupper() or is_role(parts[0]))


def _same_group(blocks: list[Block], place: int) -> list[Block]:
    first = blocks[place]
    together = []
    for number in range(place, len(blocks)):
        block = blocks[number]
        if (block.kind, block.group) != (first.kind, first.group):
            break
        together.append(block)
    return together


# --- Quotations --------------------------------------------------------------------------------


def _quotation(blocks: list[Block], place: int) -> int:
    """Return how many paragraphs from a place on are one quotation; 0 where none begins.

    Each may open with “ and only the last closes; or only the first opens.
    """
    shape = _shape(blocks[place].text) if blocks[place].kind == "paragraph" else ""
    if shape == "whole":
        return 1
    if shape != "open":
        return 0
    count = 1
    for number in range(place + 1, len(blocks)):
        block = blocks[number]
        if block.kind != "paragraph":
            break
        shape = _shape(block.text)
        if shape in ("open", "whole"):
            count += 1
            if shape == "whole":
                break
        elif shape == "plain" and (more := _closes_later(blocks, place + count)):
            return count + more
        else:
            break
    return count


def _closes_later(blocks: list[Block], place: int) -> int:
    """Return after how many paragraphs a quotation closes that goes on without marks."""
    for count, block in enumerate(blocks[place : place + 10], start=1):
        shape = _shape(block.text) if block.kind == "paragraph" else ""
        if shape == "closing":
            return count
        if shape != "plain":
            return 0
    return 0


def _shape(text: str) -> str:
    """Return how a paragraph is quoted.

    “whole” from end to end, “open” where it opens and does not close, “closing” where it closes
    what an earlier one opened, “mixed” where words stand outside the marks, “plain” otherwise.
    """
    if not text:
        return "plain"
    opens = text[0] in _OPENING + '"'
    if text[0] in "‘'" and len(text) > 1 and not text[1].isspace():
        return _single_shape(text)
    depth = 0
    for match in re.finditer(r"[“”„«»‟\"]", text):
        at, mark = match.start(), match[0]
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        if mark == '"':
            opening = (
                (not before or before in " \xa0([—–-‘'“" or before == BREAK)
                and not after.isspace()
                and after != ""
            )
        elif mark == "“":
            # In German and Polish “ is the mark that closes what „ opened.
            opening = not (text[0] == "„" and before and not before.isspace())
        else:
            opening = mark in _OPENING
        depth += 1 if opening else -1
        if depth < 0 or (depth == 0 and opens):
            rest = text[at + 1 :].strip(" .,!?;\xa0)")
            if depth == 0:
                return "mixed" if rest or _ATTRIBUTED_INSIDE.search(text) else "whole"
            return "closing" if not rest and not opens else "mixed"
    if not opens:
        return "plain"
    return "mixed" if _ATTRIBUTED_INSIDE.search(text) else "open"


def _single_shape(text: str) -> str:
    """Return the shape of a paragraph in single marks, where ’ may be an apostrophe too."""
    end = text.rstrip(" .,")
    if text[0] == "'" and not end.endswith("'"):
        return "plain"
    if re.search(r"[.,?!…][’'](?=\s)", text[:-2]) or _ATTRIBUTED_INSIDE.search(text):
        return "mixed"
    if end.endswith(("’", "'")) and len(text.split()) > 7:
        return "whole"
    return "plain"


# --- Dateline ----------------------------------------------------------------------------------


def _dateline(block: Block) -> tuple[str, int, str] | None:
    """Return place, end and date of a dateline such as “WASHINGTON, DC — ”."""
    raw = block.raw[:200]
    match = _DATELINE.match(raw.lstrip())
    if not match:
        return None
    indent = len(raw) - len(raw.lstrip())
    place = plain(match["place"])
    known = _STATE.sub("", place).casefold()
    shouted = place.isupper() and len(place) > 2
    listed = all(part.strip() in PLACES for part in re.split(r"/|, ", known))
    dated = match["date"] and any(days_in(match["date"]))
    if match["date"] and not dated:
        return None
    spaced_out = raw[indent + match.end() - 3 : indent + match.end()].isspace()
    stated = bool(_STATE.search(place))
    if not (listed or dated or (shouted and not spaced_out) or (stated and not spaced_out)):
        return None
    if not all(part[0].isupper() for part in re.findall(r"[^\W\d_]+", place)):
        return None
    return place, indent + match.end(), (match["date"] or "").strip(" ,")


# --- Pictures ----------------------------------------------------------------------------------


def _is_address(source: str) -> bool:
    try:
        urlsplit(source)
    except ValueError:
        return False
    return not source.startswith("data:")


def _poster(block: Block, occurrences: int) -> Poster:
    source = block.source
    if source.startswith("data:"):
        return Poster("a picture inside the file", "", source.partition(",")[0][:60], occurrences)
    path = urlsplit(source).path if _is_address(source) else source
    name = plain(unquote(path).rstrip("/").rpartition("/")[2]) or plain(unquote(path)) or source
    credit = picture_credit(name) or picture_credit(block.alt)
    return Poster(name, credit, source, occurrences)


def picture_credit(name: str) -> str:
    """Return whom the name of a picture credits: “AFP via Getty Images”, or nothing."""
    text = re.sub(r"\.\w{2,5}$", "", name[-_LONGEST_CREDIT:]).replace("_", " ")
    text = re.sub(
        r"\s+", " ", re.sub(r"(?<=[^\W\d_])-(?=[A-Za-z])", " ", text) if " " not in text else text
    )
    if stated := re.search(
        r"(?:©|\(c\)|(?:photo|photograph|picture|image)(?: credit)?(?: by|:)"
        r"|\bcredits?:?|\bcourtesy of)\s*(\S.{1,80})$",
        text,
        re.I,
    ):
        return stated[1].strip(" .)]")
    agency = _agency_at_end(text)
    if via := _VIA.search(text):
        before = (
            _agency_at_end(text[: via.start(2)].removesuffix("via ").rstrip()) or via[1].strip()
        )
        return " via ".join(filter(None, (before, via[2].strip())))
    if slash := re.search(r"((?:[A-Z][\w.’'-]*\s){0,2}[A-Z][\w.’'-]*)\s?/\s?(.+)$", text):
        return f"{slash[1]}/{slash[2]}" if agency and slash[2] in agency else agency
    return agency


_AGENCIES = sorted(PICTURE_AGENCIES, key=len, reverse=True)


def _agency_at_end(text: str) -> str:
    text = text.rstrip(" )]")
    for agency in _AGENCIES:
        if text.casefold().endswith(agency.casefold()) and not text[: -len(agency)][-1:].isalnum():
            found = text[-len(agency) :]
            return (
                agency
                if (found.islower() and not agency.isupper()) or found == agency
                else (agency if len(agency) > 3 else "")
            )
    return ""
