"""Sentences about what was left out or changed in pasted text."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

_MAX_QUOTED_CHARACTERS = 400  # in one sentence; the number of items in it is always complete


@dataclass(slots=True)
class LeftOut:
    """What was left out or changed when the clipboard was read, in the order of the text."""

    pictures: list[str] = field(default_factory=list)  # alternative texts
    embedded: int = 0
    links: list[str] = field(default_factory=list)
    shortened: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)  # of headings
    letters: list[str] = field(default_factory=list)  # used as numbers in a list
    places: int = 0  # links to another place in the text
    deep_headings: int = 0
    loose_notes: int = 0  # marks of footnotes whose text was not copied
    quote_signs: int = 0  # lines that began with “>”
    joined: int = 0  # line ends that were removed
    rows: int = 0  # of tables in plain text
    tables: int = 0  # that became paragraphs
    notes: int = 0  # footnotes that were put in brackets
    _words: dict[str, list[str]] = field(default_factory=lambda: {"struck": [], "hidden": []})
    _open: str = ""

    def words(self, kind: str, text: str) -> None:
        """Add struck-out or hidden words. Words without a `pause()` between them are one piece."""
        if self._open == kind:
            self._words[kind].append(text)
        elif text.strip():
            self._words[kind] += ["\n", text] if self._words[kind] else [text]
            self._open = kind

    def space(self) -> None:
        """Add a space between left-out words."""
        if self._open:
            self._words[self._open].append(" ")

    def pause(self) -> None:
        """End the present piece of left-out words, because kept text follows."""
        self._open = ""

    def sentences(self) -> list[str]:
        """Return one sentence for each kind of change."""
        return [sentence for sentence in self._sentences() if sentence]

    def _sentences(self) -> list[str]:
        return [
            self._about_words(
                "struck",
                ngettext(
                    "%(count)s struck-out word was left out: %(quoted)s.",
                    "%(count)s struck-out words were left out: %(quoted)s.",
                    self._count("struck"),
                ),
            ),
            self._about_words(
                "hidden",
                ngettext(
                    "%(count)s word that was hidden was left out: %(quoted)s. "
                    "If it belongs in the text, type it.",
                    "%(count)s words that were hidden were left out: %(quoted)s. "
                    "If they belong in the text, type them.",
                    self._count("hidden"),
                ),
            ),
            self._about_pictures(),
            _counted(
                ngettext(
                    "%(count)s part was left out, such as a video, a form or a drawing. "
                    "The text can’t contain it.",
                    "%(count)s parts were left out, such as videos, forms or drawings. "
                    "The text can’t contain them.",
                    self.embedded,
                ),
                self.embedded,
            ),
            _listed(
                ngettext(
                    "%(count)s link was removed and its text kept: %(quoted)s. A link needs a full "
                    "address that begins with https://, http://, mailto: or tel:.",
                    "%(count)s links were removed and their text kept: %(quoted)s. A link needs a "
                    "full address that begins with https://, http://, mailto: or tel:.",
                    len(self.links),
                ),
                self.links,
            ),
            _counted(
                ngettext(
                    "%(count)s link to another place in the text was removed and its text kept.",
                    "%(count)s links to other places in the text were removed and their text kept.",
                    self.places,
                ),
                self.places,
            ),
            _listed(
                ngettext(
                    "%(count)s link led through an address that counts clicks. "
                    "It now leads directly to its page: %(quoted)s.",
                    "%(count)s links led through addresses that count clicks. "
                    "They now lead directly to their pages: %(quoted)s.",
                    len(self.shortened),
                ),
                self.shortened,
            ),
            _listed(
                ngettext(
                    "The number or bullet of %(count)s heading was left out: %(quoted)s.",
                    "The numbers or bullets of %(count)s headings were left out: %(quoted)s.",
                    len(self.numbers),
                ),
                self.numbers,
            ),
            _counted(
                ngettext(
                    "%(count)s heading of a third or deeper level is a subheading now.",
                    "%(count)s headings of a third or deeper level are subheadings now.",
                    self.deep_headings,
                ),
                self.deep_headings,
            ),
            _listed(
                ngettext(
                    "%(count)s item with a letter or a Roman number has a plain number now: "
                    "%(quoted)s. Check where the text refers to it.",
                    "%(count)s items with letters or Roman numbers have plain numbers now: "
                    "%(quoted)s. Check where the text refers to them.",
                    len(self.letters),
                ),
                self.letters,
            ),
            _counted(
                ngettext(
                    "%(count)s footnote mark was not changed: you did not copy the text "
                    "of its footnote.",
                    "%(count)s footnote marks were not changed: you did not copy the text "
                    "of their footnotes.",
                    self.loose_notes,
                ),
                self.loose_notes,
            ),
            _counted(
                ngettext(
                    "The sign “>” of a quoted e-mail was removed from %(count)s line.",
                    "The sign “>” of a quoted e-mail was removed from %(count)s lines.",
                    self.quote_signs,
                ),
                self.quote_signs,
            ),
            _counted(
                ngettext(
                    "%(count)s line end was inside a paragraph and was removed.",
                    "%(count)s line ends were inside paragraphs and were removed.",
                    self.joined,
                ),
                self.joined,
            ),
            _counted(
                ngettext(
                    "%(count)s row of a table is a paragraph now, its cells separated by “|”. "
                    "For a table, paste it with its formatting.",
                    "%(count)s rows of tables are paragraphs now, their cells separated by “|”. "
                    "For a table, paste them with their formatting.",
                    self.rows,
                ),
                self.rows,
            ),
            *self._made_paragraphs(),
        ]

    def _made_paragraphs(self) -> list[str]:
        return [
            _counted(
                ngettext(
                    "%(count)s table became paragraphs, one for each row: "
                    "this field has no tables.",
                    "%(count)s tables became paragraphs, one for each row: "
                    "this field has no tables.",
                    self.tables,
                ),
                self.tables,
            ),
            _counted(
                ngettext(
                    "%(count)s footnote was put in brackets: this field has no footnotes.",
                    "%(count)s footnotes were put in brackets: this field has no footnotes.",
                    self.notes,
                ),
                self.notes,
            ),
        ]

    def _about_pictures(self) -> str:
        count = len(self.pictures)
        if not count:
            return ""
        sentence = _counted(
            ngettext(
                "%(count)s picture was left out. Add it to the library, then insert it with "
                "the button “Picture”.",
                "%(count)s pictures were left out. Add them to the library, then insert them "
                "with the button “Picture”.",
                count,
            ),
            count,
        )
        if alts := [alt for alt in self.pictures if alt]:
            described = _("Described as: %(quoted)s.") % {"quoted": _quoted(alts)}
            return f"{sentence} {described}"
        return sentence

    def _about_words(self, kind: str, sentence: str) -> str:
        count = self._count(kind)
        pieces = [" ".join(piece.split()) for piece in self._text(kind).split("\n")]
        return sentence % {"count": count, "quoted": _quoted(pieces)} if count else ""

    def _count(self, kind: str) -> int:
        return len(self._text(kind).split())

    def _text(self, kind: str) -> str:
        return "".join(
            part if part == "\n" else part.replace("\n", " ") for part in self._words[kind]
        )


def _counted(sentence: str, count: int) -> str:
    return sentence % {"count": count} if count else ""


def _listed(sentence: str, items: list[str]) -> str:
    return sentence % {"count": len(items), "quoted": _quoted(items)} if items else ""


def _quoted(pieces: list[str]) -> str:
    """Return pieces in quotation marks, up to _MAX_QUOTED_CHARACTERS, each different one once."""
    shown: list[str] = []
    room = _MAX_QUOTED_CHARACTERS
    for piece in dict.fromkeys(pieces):
        if room <= 0:
            return ", ".join([*shown, "…"])
        shown.append(f"“{piece[:room]}…”" if len(piece) > room else f"“{piece}”")
        room -= len(piece)
    return ", ".join(shown)
