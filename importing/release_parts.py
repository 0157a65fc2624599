# Above 450 lines because one pass over a queue of blocks finds all parts.
"""Finds the parts of a release: kicker, title, pull quote, lead, quotations and the rest."""

import re
from dataclasses import dataclass, field, replace
from html import escape
from urllib.parse import urlsplit

from importing.accounting import Span
from importing.blocks import (
    BREAK,
    Block,
    Field,
    Source,
    list_html,
    outline,
    plain,
    renumbered,
    size,
    table_html,
    words,
)
from importing.datelines import dateline
from importing.dates import days_in
from importing.heads import (
    FURNITURE,
    NOT_A_TITLE,
    capital_title,
    ends_sentence,
    first_sentence,
    head_line,
    is_contact,
    leading_date,
    release_line_end,
    title_label_end,
)
from importing.markup import shortened
from importing.notes import Note, Value
from importing.pictures import is_address, poster_of
from importing.quotations import (
    CLOSING,
    CREDIT,
    OPENING,
    PULL_QUOTE,
    WHOLLY_QUOTED,
    count_quoted_paragraphs,
    looks_like_credit,
    shape_of,
)
from importing.rules import matching
from importing.understood import Poster, PullQuote, TitleFrom
from importing.vocabulary import KICKERS

_MAX_HEAD_LINES = 50  # lines above the text
_MAX_CLOSING_LINES = 6  # lines below the text that may be furniture
_END_MARK = re.compile(
    r"#{2,}|\*(?:\s*\*){2,}|[-–—/\s]*(?:ends?|fin|ende|fim)[-–—/.\s]*|[-–—\s]*30[-–—\s]*", re.I
)
_RULE = re.compile(r"[-=_~–—]{3,}|\*(?:\s?\*){2,}")
_NOTES = re.compile(r"(?:notes? (?:to|for) (?:the )?editors?|editors?[’'] notes?)\b", re.I)
_CONTACT = re.compile(r"(?:(?:press|media) )?(?:contacts?|enquiries|inquiries)\b.{0,30}:", re.I)
_CONTACTS = re.compile(r"(?:(?:press|media) )?(?:contacts?|enquiries|inquiries):?", re.I)
_MAX_CONTACT_LINES = 6
_FIRST_LINES = 10  # that are searched for the heading of a page
_SALUTATION = re.compile(r"(?:dear|sincerely|yours|best|kind) ", re.I)


@dataclass(slots=True)
class Element:
    """A part of the body: a paragraph, a heading, a list, a table, or a quotation."""

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
            # A quotation has its own design, so bold or italics from end to end are dropped.
            paragraphs = "".join(
                f"<p>{block.html(emphasis=not is_emphatic(block))}</p>" for block in self.blocks
            )
            return f"<blockquote{attributes}>{paragraphs}</blockquote>"
        return f"<p>{self.blocks[0].html()}</p>"


@dataclass(frozen=True, slots=True)
class Claim:
    """The text of the file that a part of the release uses: its spans and its words."""

    part: str
    spans: list[Span]
    text: str


@dataclass(slots=True)
class ReleaseParts:
    """The parts that were found, and the words of the file that each part uses."""

    kind: str = ""
    kicker: str = ""
    title: str = ""
    title_from: TitleFrom = ""
    offered_title: str = ""
    standfirst: str = ""
    pull_quote: PullQuote | None = None
    dateline_place: str = ""
    body: list[Element] = field(default_factory=list)
    posters: tuple[Poster, ...] = ()
    described: frozenset[str] = frozenset()
    dates: list[tuple[Note, str]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def lead(self) -> str:
        return next((e.blocks[0].text for e in self.body if e.kind == "paragraph"), "")

    @property
    def body_html(self) -> str:
        return renumbered("\n".join(element.html for element in self.body))

    @property
    def body_text(self) -> str:
        return "\n".join(block.text for element in self.body for block in element.blocks)


def parse_release(source: Source) -> ReleaseParts:
    """Return the parts of a release. Unrecognised text stays a paragraph of the body."""
    return _ReleaseParser(source).result


class _ReleaseParser:
    """Takes the parts from a queue of blocks, from the top."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.result = ReleaseParts()
        self.pull_quote_seen = False
        self.queue = [block for block in source.blocks if block.kind != "picture"]
        self._pictures([block for block in source.blocks if block.kind == "picture"])
        self._fields()
        self._head()
        self._body()
        self._check()
        self.result.claims += [Claim(part, [span], text) for part, span, text in source.excluded]

    def _claim(self, part: str, block: Block) -> None:
        self.result.claims.append(Claim(part, block.spans, " ".join([block.text, *block.notes])))

    def _claim_field(self, part: str, stated: Field) -> None:
        self.result.claims.append(Claim(part, list(stated.spans), stated.value))
        self.result.claims.append(Claim("front matter", list(stated.marks), ""))

    def _note(self, code: str, **values: Value) -> None:
        self.result.notes.append(Note(code, values))

    # --- Stated fields and pictures ---

    def _fields(self) -> None:
        for name, part in (("title", "title"), ("date", "front matter"), ("kicker", "kicker")):
            stated = self.source.fields.get(name)
            if not stated:
                continue
            if name == "title":
                self.result.title, self.result.title_from = stated.value, "stated"
            elif name == "date":
                self.result.dates.append((Note("where_file_states"), stated.value))
            elif kind := KICKERS.get(stated.value.casefold().replace("_", " ")):
                self.result.kind, self.result.kicker = kind, stated.value
            else:
                continue
            self._claim_field(part, stated)
        if stated := self.source.fields.get("language"):
            self._claim_field("front matter", stated)

    def _pictures(self, blocks: list[Block]) -> None:
        seen: dict[str, tuple[Block, int]] = {}
        for block in blocks:
            address = urlsplit(block.source).path if is_address(block.source) else block.source
            again = address in seen
            first, times = seen.get(address, (block, 0))
            seen[address] = (first, times + 1)
            self._claim("repeated picture lines" if again else "picture lines", block)
            if block.alt and not again:
                self._note("picture_has_alt_text", words=shortened(block.alt, 200))
        self.result.posters = tuple(poster_of(block, times) for block, times in seen.values())
        self.result.described = frozenset(block.source for block, _ in seen.values() if block.alt)

    # --- Above the lead ---

    def _head(self) -> None:
        self._heading_below()
        contacts: list[Block] = []
        for _ in range(_MAX_HEAD_LINES):
            if not self.queue:
                break
            self._first_line_alone()
            block = self.queue[0]
            if lines := self._contact():
                # Contacts are moved below the text.
                contacts += self.queue[:lines]
                del self.queue[:lines]
                self._note("contact_in_body")
            elif not (
                self._release_line(block)
                or self._furniture(block)
                or self._repeated_title(block)
                or self._capital_title(block)
                or self._leading_date(block)
                or self._title(block)
                or self._pull_quote(block)
                or self._subtitle(block)
            ):
                break
        self.queue += contacts
        page_title = self.source.fields.get("page title")
        if not self.result.title and page_title and not matching(FURNITURE, page_title.value):
            self.result.title, self.result.title_from = page_title.value, "guessed"
            self._claim_field("title", page_title)

    def _heading_below(self) -> None:
        """Take the first heading of a page as its title, even with short lines above it."""
        if self.result.title or self.source.is_plain:
            return
        stated = self.source.fields.get("page title")
        for place, block in enumerate(self.queue[:_FIRST_LINES]):
            if block.kind == "heading":
                named = stated is not None and stated.value.startswith(block.text)
                if (block.level == 1 or named) and place and _looks_like_title(block):
                    self.result.title, self.result.title_from = block.text, "stated"
                    self._claim("title", self.queue.pop(place))
                return
            if block.kind != "paragraph" or size(block.text) > 20 or ends_sentence(block.text):
                return

    def _contact(self) -> int:
        """Return the number of lines at the top that are a contact."""
        if is_contact(self.queue[0].text) and self.queue[0].kind == "paragraph":
            return 1 if len(self.queue) > 1 else 0
        if not _CONTACTS.fullmatch(self.queue[0].text):
            return 0
        for lines, block in enumerate(self.queue[1:_MAX_CONTACT_LINES], start=2):
            if block.kind != "paragraph" or size(block.text) > 10:
                return 0
            if is_contact(block.text):
                return lines
        return 0

    def _first_line_alone(self) -> None:
        """Split the first line off a block if it belongs to the head."""
        block = self.queue[0]
        if block.kind != "paragraph":
            return
        if end := release_line_end(block.raw[:200]):
            self.queue[0:1] = [block.part(0, end), block.part(end)]
            return
        cut = re.search(rf"[\n{BREAK}]", block.raw)
        if not cut or not block.part(cut.end()).text:
            return
        line = block.part(0, cut.start())
        alone = head_line(line.text) or (line.text and matching(FURNITURE, line.text))
        if alone or (is_emphatic(line) and not is_emphatic(block)):
            self.queue[0:1] = [line, block.part(cut.end())]

    def _release_line(self, block: Block) -> bool:
        """Take a kicker, a date, “for immediate release” or an embargo on a separate line."""
        found = head_line(block.text)
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
            self._note("embargo", words=block.text)
        if any(day.year for day in days_in(block.text)):
            self.result.dates.append((Note("where_line_above"), block.text))
        self._take_block(part)
        return True

    def _furniture(self, block: Block) -> bool:
        """Take page furniture, such as controls and letterheads."""
        if block.kind not in ("paragraph", "heading") or len(block.raw) > 1000:
            return False
        if not matching(FURNITURE, block.text):
            return False
        self._take_block("page furniture")
        return True

    def _repeated_title(self, block: Block) -> bool:
        """Take a repeated title, on a separate line or before a text."""
        title = words(self.result.title)
        if not title or len(block.raw) > 20_000:
            return False
        again = words(block.text)
        if 2 * len(again) >= len(title) and f" {' '.join(again)} " in f" {' '.join(title)} ":
            self._take_block("repeated title")
            self._note("title_repeated")
            return True
        if len(title) > 4 and again[: len(title)] == title:
            ends = [match.end() for match in re.finditer(r"[^\W_]+", block.raw)]
            end = ends[len(title) - 1]
            self._claim("repeated title", block.part(0, end))
            self.queue[0] = block.part(end)
            return True
        return False

    def _capital_title(self, block: Block) -> bool:
        """Take a title in capitals that is followed by a date and the text on the same line."""
        if self.result.title or block.kind != "paragraph":
            return False
        found = capital_title(block.raw[:1000])
        if not found:
            return False
        self.result.title, self.result.title_from = plain(found["title"]), "guessed"
        self._claim("title", block.part(0, found.end()))
        self.queue[0] = block.part(found.end())
        return True

    def _leading_date(self, block: Block) -> bool:
        """Take a full date at the start of a title or text that is not part of a sentence."""
        found = leading_date(block.raw[:1000]) if block.kind == "paragraph" else None
        if not found:
            return False
        if found.day:
            self.result.dates.append((Note("where_top"), found.day))
        self._claim("date line", block.part(0, found.end))
        self.queue[0] = block.part(found.end)
        return True

    def _title(self, block: Block) -> bool:
        if self.result.title or len(self.queue) < 2 or not _looks_like_title(block):
            return False
        label = title_label_end(block.raw)
        if label:
            self._claim("title label", block.part(0, label))
            block = self.queue[0] = block.part(label)
        self.result.title = block.text
        self.result.title_from = "stated" if label or block.kind == "heading" else "guessed"
        self._take_block("title")
        return True

    def _pull_quote(self, block: Block) -> bool:
        if self.pull_quote_seen or len(block.raw) > 800 or block.kind not in ("paragraph", "quote"):
            return False
        text = block.raw.strip()
        offset = block.raw.index(text)
        match = PULL_QUOTE.fullmatch(text)
        if match and looks_like_credit(match["speaker"]):
            end = offset + match.end("text") + 1
            quoted, credit = block.part(0, end), block.part(end)
            del self.queue[:1]
            self._set_pull_quote(match["text"], match["speaker"], quoted, credit)
            return True
        match = WHOLLY_QUOTED.fullmatch(text)
        following = self.queue[1] if match and len(self.queue) > 1 else None
        speaker = CREDIT.fullmatch(following.text) if following else None
        if match and following and speaker and looks_like_credit(speaker["speaker"]):
            del self.queue[:2]
            self._set_pull_quote(match["text"], speaker["speaker"], block, following)
            return True
        return False

    def _set_pull_quote(self, text: str, speaker: str, quoted: Block, credit: Block) -> None:
        """Set the pull quote. If the body does not contain its words, it becomes a quotation."""
        self.pull_quote_seen = True
        text, speaker = plain(text), plain(speaker)
        rest = " ".join(" ".join(words(block.text)) for block in self.queue)
        if f" {' '.join(words(text))} " in f" {rest} ":
            self.result.pull_quote = PullQuote(text, speaker)
            self._claim("pull quote", quoted)
            self._claim("speaker of the pull quote", credit)
            return
        name, _, title = speaker.partition(", ")
        element = self._add("quotation", [quoted], "quotations")
        element.credit = (name.strip(" ."), title.strip(" ."))
        self._claim("speaker credit", credit)
        self._note("pull_quote_became_quotation")

    def _subtitle(self, block: Block) -> bool:
        """Make the second line of a title a heading, so that the lead is a real paragraph."""
        if not self.result.title or block.kind != "paragraph" or len(self.queue) < 2:
            return False
        if len(self.result.body) > 1:
            return False
        alone = is_emphatic(block) and size(block.text) <= 30
        heading = self.source.is_plain and _is_heading(block, self.queue[1:4], longest=25)
        if not (alone or heading) or ends_sentence(block.text) or block.text[0] in OPENING:
            return False
        self.queue.pop(0)
        self._add("heading", [replace(block, level=2)], "headings")
        self._note("line_below_title", words=shortened(block.text, 100))
        return True

    def _take_block(self, part: str) -> None:
        self._claim(part, self.queue.pop(0))

    # --- The body ---

    def _add(self, kind: str, blocks: list[Block], part: str) -> Element:
        element = Element(kind, blocks, part)
        self.result.body.append(element)
        for block in blocks:
            self._claim(part, block)
        return element

    def _body(self) -> None:
        self._lines_of_marks()
        self._closing_lines()
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
            elif lines := count_quoted_paragraphs(self.queue, place):
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

    def _lines_of_marks(self) -> None:
        """Take lines of symbols, which are separators and underlines in plain text."""
        for block in [line for line in self.queue if _RULE.fullmatch(line.text)]:
            self._claim("end mark", block)
        self.queue = [line for line in self.queue if not _RULE.fullmatch(line.text)]

    def _closing_lines(self) -> None:
        """Take page furniture off the end of the text."""
        for _ in range(_MAX_CLOSING_LINES):
            if len(self.queue) < 2 or not matching(FURNITURE, self.queue[-1].text[:300]):
                break
            self._claim("page furniture", self.queue.pop())

    def _heading(self, block: Block, following: list[Block]) -> bool:
        if self.source.is_plain:
            return _is_heading(block, following)
        return is_emphatic(block, strong=True) and _is_heading(block, following)

    def _lead(self, block: Block) -> None:
        if found := dateline(block.raw):
            self.result.dateline_place = found.place
            self._claim("dateline", block.part(0, found.place_end))
            mark = block.part(found.date_end, found.end)
            self.result.claims.append(Claim("dateline", mark.spans, ""))
            if found.date:
                self._claim("date line", block.part(found.place_end, found.date_end))
                self.result.dates.append((Note("where_dateline"), found.date))
            self._note("dateline_taken", words=block.part(0, found.end).text)
            block = block.part(found.end)
        self._add("paragraph", [block], "lead")
        self._summary(words(block.text))

    def _credit(self, block: Block) -> bool:
        """Take a line that names the speaker of the quotation above it."""
        last = self.result.body[-1] if self.result.body else None
        if not last or last.kind != "quotation" or last.credit:
            return False
        match = CREDIT.fullmatch(block.text)
        if not match or not looks_like_credit(match["speaker"]):
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
            self._claim_field("repeated summary", stated)
            self._note("summary_repeats_lead")
        else:
            self._claim_field("standfirst", stated)
            self.result.standfirst = stated.value

    # --- Notes for the editor ---

    def _check(self) -> None:
        result = self.result
        self._summary([])
        if not result.kind:
            result.kind = "press_release"
            self._note("kind_assumed")
        text = result.lead or next(iter(filter(None, result.body_text.split("\n"))), "")
        if not result.title and text:
            result.offered_title, result.title_from = first_sentence(text), "offered"
            self._note("title_offered")
        elif result.title_from == "guessed":
            self._note("title_guessed")
        letters = [char for char in result.title if char.isalpha()]
        if sum(char.isupper() for char in letters) > 0.7 * len(letters) > 7:
            self._note("title_in_capitals")
        texts = [element.blocks[0].text for element in result.body]
        if any(_NOTES.match(text) for text in texts):
            self._note("notes_to_editors_in_body")
        if any(_CONTACT.match(text) for text in texts):
            self._note("contact_in_body")
        for element in result.body:
            if element.kind == "quotation" and shape_of(element.blocks[-1].text) == "open":
                self._note("quotation_never_closes", words=shortened(element.blocks[0].text, 60))
        marks = len(re.findall(r"[.,;:。，、؟،।]", result.body_text))
        length = len(result.body_text.split())
        if length > 100 and marks < length / 100:
            self._note("punctuation_lost")


def is_emphatic(block: Block, strong: bool = False) -> bool:
    """Return whether a block is bold or italic from end to end."""
    runs = [run for run in block.runs if plain(run.text)]
    return bool(runs) and (
        all(run.strong for run in runs) or (not strong and all(run.em for run in runs))
    )


def _looks_like_title(block: Block) -> bool:
    text = block.text
    if block.kind == "heading":
        return not matching(FURNITURE, text)
    if block.kind != "paragraph" or not 1 < size(text) <= 40 or len(text) > 300:
        return False
    if BREAK in block.raw.strip() or matching(NOT_A_TITLE, text) or dateline(block.raw):
        return False
    quoted = text[0] in OPENING + '"' and shape_of(text) != "mixed"
    return not quoted and not PULL_QUOTE.fullmatch(text)


def _is_heading(block: Block, following: list[Block], longest: int = 12) -> bool:
    """Return whether a short separate line is the heading of the text after it."""
    text = block.text
    if size(text) > longest or len(text) > 10 * longest or ends_sentence(text) or not following:
        return False
    if text[0] in OPENING + CLOSING + '"-–—*([|' or text[0].islower() or not text[-1:].strip():
        return False
    if (
        _SALUTATION.match(text)
        or any(day.year for day in days_in(text))
        or re.search(r"\d{4,}", text)
    ):
        return False
    return any(after.kind == "item" or size(after.text) >= 15 for after in following)


def _same_group(blocks: list[Block], place: int) -> list[Block]:
    first = blocks[place]
    together = []
    for number in range(place, len(blocks)):
        block = blocks[number]
        if (block.kind, block.group) != (first.kind, first.group):
            break
        together.append(block)
    return together
