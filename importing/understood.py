"""The result of an import: the release that was read, or the reason why there is none."""

import datetime
from dataclasses import dataclass
from typing import Literal

from importing.languages import LanguageGuess
from importing.notes import Note


class NotAReleaseError(ValueError):
    """A file that contains no release; `note` is the reason."""

    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self.note = note


def refusal(note: Note, filename: str) -> NotAReleaseError:
    """Return the error for a note, with the name of the file."""
    return NotAReleaseError(Note(note.code, {"file": filename, **note.values}))


@dataclass(frozen=True, slots=True)
class PullQuote:
    """The sentence repeated at the top, without quotation marks, and the speaker as printed."""

    text: str
    speaker: str


@dataclass(frozen=True, slots=True)
class Poster:
    """A picture that the file names but does not contain. `credit_guess` comes from its name.

    The name is empty for a data: address, which contains the picture.
    """

    name: str
    credit_guess: str
    source: str
    occurrences: int


@dataclass(frozen=True, slots=True)
class DateGuess:
    """The likely date of the file, with reasons. An editor confirms it."""

    date: datetime.date
    reasons: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class PersonSuggestion:
    """A person named in the text: every form of the name, title, description and context."""

    name: str
    also: tuple[str, ...]
    count: int
    speaker: bool
    title: str
    descriptor: str
    context: str


@dataclass(frozen=True, slots=True)
class DesignationSuggestion:
    """A person that the text calls a prisoner of conscience, and the sentence."""

    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Speech:
    """A quotation of a sentence or more, without its marks, and its speaker.

    A speaker that is not `certain` is offered to an editor. `quotation` is the number of its
    blockquote, from 0; None for words in a running paragraph.
    """

    text: str
    speaker: str
    title: str
    certain: bool
    quotation: int | None = None


@dataclass(frozen=True, slots=True)
class Accounting:
    """Where each word of the file is: in exactly one part, or in `left_out`."""

    total: int
    parts: tuple[tuple[str, int], ...]
    left_out: tuple[str, ...]

    def __post_init__(self) -> None:
        placed = sum(words for _, words in self.parts)
        left = sum(len(quote.split()) for quote in self.left_out)
        if placed + left != self.total:
            raise ValueError("words", self.total, placed, left)


# stated: by the file. guessed: from a line above the text. offered: the first sentence.
TitleFrom = Literal["stated", "guessed", "offered", ""]


@dataclass(frozen=True, slots=True)
class Understood:
    """The release that was read from a file. Names or `notes` show what is only a guess.

    `source_texts` has the pieces of the file’s text, each after the name of the part that uses it.
    """

    filename: str
    format: str
    encoding: str
    kind: str
    kicker: str
    title: str
    title_from: TitleFrom
    offered_title: str
    standfirst: str
    pull_quote: PullQuote | None
    body_html: str
    dateline_place: str
    language_guess: LanguageGuess
    posters: tuple[Poster, ...]
    date_guess: DateGuess | None
    people: tuple[PersonSuggestion, ...]
    designations: tuple[DesignationSuggestion, ...]
    speeches: tuple[Speech, ...]
    relative_dates: tuple[str, ...]
    notes: tuple[Note, ...]
    missing: tuple[Note, ...]
    accounting: Accounting
    source_texts: tuple[tuple[str, str], ...]
    digest: str

    @property
    def language(self) -> str | None:
        """The language for the draft, unless the user chooses another. None if it is uncertain."""
        return self.language_guess.tag if self.language_guess.is_sure else None
