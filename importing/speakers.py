"""Finds the speaker of each quotation, by the words before, after and between quotations.

A speaker is certain if the text states one person. Otherwise, a likely one is offered. In the rules
and their examples, the sign § stands for a person in the text, with title and description.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from importing.name_rules import PERSON
from importing.names import Mention, People
from importing.quotations import Stretch, stretches_of
from importing.rules import Rule
from importing.understood import Speech
from importing.vocabulary import (
    SPEECH_VERBS,
    SPEECH_VERBS_BESIDE_A_QUOTE,
    SPEECH_VERBS_WITH_LISTENER,
)

_MAX_DISTANCE = 400  # characters around a quotation that are searched for its speaker
_MAX_SPEECHES = 500

_VERBS = "|".join(sorted(SPEECH_VERBS | SPEECH_VERBS_BESIDE_A_QUOTE, key=len, reverse=True))
_VERBS_FIRST = "|".join(
    sorted(
        (SPEECH_VERBS | SPEECH_VERBS_BESIDE_A_QUOTE) - SPEECH_VERBS_WITH_LISTENER,
        key=len,
        reverse=True,
    )
)
_ADVERBS = (
    r"(?:\s(?:also|later|today|then|further|recently|yesterday|again|has|have|had|a|ha|hat))*"
)
_DESCRIBED = r"(?:\s\([^()]{1,40}\))?(?:,\s[^§.;:!?“”\"«»]{2,160}?)?,?"
_HEAD = r"^[\s,.;–—-]*"
_WORDS = (
    r"(?:(?!(?:and|that|to|about|of|for|with|by|from|on|at)\s)"
    r"[^\W\d_](?:[\w’'-]*|\w{0,2}\.)\s){0,8}?"
)
_OF = r"(?:§['’]s?\s[^§.!?,]{1,60},?\s)?"  # before the name: “§’s lawyer, ”
_WHO = r"(?P<who>§)(?!['’]s?\b)"
_TAIL = r"(?:[^.!?;]|(?<=[A-Z])\.){0,120}?[,:]?\s*$"
_STATEMENT = (
    r"(?:made|issued|released|gave|delivered|offered|provided|makes|issues|releases)\s"
    r"(?:the|this)\sfollowing\s(?:\w+\s){0,2}(?:statement|remarks?|comments?|reaction|response)\b"
)


def _after(pattern: str) -> "re.Pattern[str]":
    return re.compile(_HEAD + pattern)


# Words directly after the closing mark of a quotation.
AFTER = (
    Rule("said NAME",
         _after(rf"(?:(?:a|ha|hat)\s)?(?i:{_VERBS_FIRST}){_ADVERBS}\s{_OF}{_WORDS}{_WHO}").search,
         (", said §.", " said §, Director of Aid.", " added human rights lawyer §.", " dijo §.",
          ", a déclaré §.", ", sagte §.", " disse §."),
         (" said a spokesman for §.", " told §.", " said that §", " said §'s lawyer.")),
    Rule("NAME said",
         _after(rf"{_OF}{_WORDS}{_WHO}{_DESCRIBED}{_ADVERBS}\s(?:{_VERBS})\b").search,
         (", § said.", " §, Head of Aid, said.", " § (D-CT) added.", " § told reporters."),
         (" §'s lawyer said.", " a letter to § said.", " § was released.")),
    Rule("according to NAME",
         _after(rf"(?:according to|selon|según|segundo|laut)\s{_WORDS}{_WHO}").search,
         (", according to §.", " according to §, a lawyer.", ", selon §."),
         (" according to a report on §.", " according to the law.")),
    Rule("credit",
         re.compile(rf"^\s*[-–—―]+\s*{_WHO}\s*(?:[,(\n]|$)").search,
         (" – §, Head of Aid", " — §"),
         (" – § was released", " §")),
)  # fmt: skip
# Words directly before the opening mark of a quotation.
BEFORE = (
    Rule("NAME said:",
         re.compile(rf"{_WHO}{_DESCRIBED}{_ADVERBS}\s(?:{_VERBS}){_TAIL}").search,
         ("§ said:", "§, Head of Aid, said today, ", "In a statement, § said ", "§ a déclaré : ",
          "§ told reporters in Geneva: "),
         ("§'s lawyer said: ", "§ was released. ", "§ said. The court is closed. ")),
    Rule("said NAME:",
         re.compile(rf"\b(?i:{_VERBS_FIRST}){_ADVERBS}\s{_OF}{_WORDS}{_WHO}[^.!?;§]{{0,120}}:\s*$").search,
         ("On Friday said §, a lawyer: ", "Added §: "),
         ("said §.", "told §: ")),
    Rule("statement of NAME",
         re.compile(r"(?P<who>§)['’]s?\s(?:[\w’'-]+\s){0,3}(?:statement|remarks?|comments?"
                    r"|reaction|response)\b[^.!?;§]{0,160}:\s*$", re.I).search,
         ("§'s full statement on the bill: ", "§’s remarks: "),
         ("§'s statement was long. ", "§'s house: ")),
    Rule("according to NAME:",
         re.compile(rf"\b(?:According to|according to|Selon|Según)\s{_WORDS}{_WHO}"
                    rf"{_DESCRIBED}[,:]\s*$").search,
         ("According to §, ", "according to §: "),
         ("according to a friend of §, who was there, ",)),
    Rule("NAME:",
         re.compile(rf"^\s*{_WHO}{_DESCRIBED}:\s*$").search,
         ("§: ", "§, Head of Aid: "),
         ("We met §: ", "§ was freed: ")),
)  # fmt: skip
# A pronoun or a role that refers to a speaker who was named before.
PRONOUN_AFTER = (
    Rule("he said",
         _after(rf"(?:he|she|He|She){_ADVERBS}\s(?:{_VERBS})\b").search,
         (", he said.", " she added later."), (" they said.", " he left.")),
    Rule("said he",
         _after(rf"(?:{_VERBS_FIRST})\s(?:he|she)\b").search,
         (", said she.", " added he."), (" said they.", " told her.")),
    Rule("the senator said",
         _after(rf"the\s(?:senator|minister|president|chairman|director|lawyer){_ADVERBS}\s"
                rf"(?:{_VERBS})\b").search,
         (", the minister said.",), (" the court said.",)),
)  # fmt: skip
PRONOUN_BEFORE = (
    Rule("he said:",
         re.compile(rf"\b(?:he|she|He|She){_ADVERBS}\s(?:{_VERBS}){_TAIL}").search,
         ("She added: ", "Later he told reporters, "), ("They said: ", "He left. ")),
)  # fmt: skip
# Another subject or several people say the quotation, so it has no speaker.
SOMEBODY_ELSE = (
    Rule("another subject said",
         _after(rf"(?:[^\s.!?]+\s){{0,14}}?(?i:{_VERBS})\b").search,
         (", the letter states.", " the committee wrote.", " said the family.", ", they said."),
         (" The bill passed.",)),
)  # fmt: skip
SOMEBODY_ELSE_BEFORE = (
    Rule("another subject said:",
         re.compile(rf"\b(?:{_VERBS}|statement|letter|report|words)\b(?:[^.!?;]|(?<=[A-Z])\.)"
                    r"{0,120}[,:]\s*$").search,
         ("The committee wrote: ", "In his own words: ", "people say, "),
         ("The bill passed. ", "The committee wrote. It was late. ")),
)  # fmt: skip

# Words anywhere in the paragraph before a quotation that announce a statement.
ANNOUNCED = (
    Rule("NAME made the following statement",
         re.compile(rf"{_WHO}[^!?;§]{{0,200}}?\b{_STATEMENT}").search,
         ("§ (D-CT) today released the following statement on the bill. § has held it.",),
         ("§ released a report on the following: ", "The following statement is on §.")),
)  # fmt: skip
# A sentence before a quotation that may announce it: the speaker is only offered.
SENTENCE_BEFORE = (
    Rule("NAME said.",
         re.compile(rf"{_WHO}{_DESCRIBED}{_ADVERBS}\s(?:{_VERBS})(?:\s[\w’'-]+){{0,8}}\.\s*$").search,
         ("§ replied.", "The court is closed. §, Head of Aid, responded to them."),
         ("§ was freed.", "§ replied. The court is closed.", "§ said: ")),
)  # fmt: skip
# Words inside a quotation that name its speaker, without marks: the speaker is only offered.
INSIDE = (
    Rule("…, said NAME, …",
         re.compile(rf"[,.?!]\s(?:{_VERBS_FIRST})\s{_WORDS}{_WHO}(?=[,.])").search,
         ("Women are at risk, said §, Head of Aid. We commend it.",),
         ("Women are at risk. §, Head of Aid.", "They said § was there.")),
)  # fmt: skip

_GROUP = re.compile(r"\s*(?:\([^()]{1,40}\)\s*)?,?\s*(?:and|&|et|y|und|e|along with|joined by)\b")
_LISTED = re.compile(r"§[^.!?;]{0,160}?\b(?:and|&|with)\s(?:[\w.’'-]+\s){0,8}$")
_OBJECT = re.compile(r"\b(?:to|of|for|by|from|with|against|about|at|on)\s$")
_SENTENCE = re.compile(
    r"(?<=[^\W\d_]{2}[.!?])[”\"’)]*\s+(?=[^\W\d_a-z])|(?<=[^A-Z][.!?])\s+(?=[§A-Z])"
)


@dataclass(slots=True)
class Part:
    """A paragraph of the body that is searched for speakers.

    `quotation` is the number of its quotation in the body, None outside quotations. `credit` is
    the speaker that the file states below a quotation. `is_separate` is set for headings, tables
    and the like, which contain no speech and end a quotation.
    """

    place: int
    quotation: int | None = None
    credit: tuple[str, str] | None = None
    is_separate: bool = False


@dataclass(slots=True)
class _Speaker:
    name: str
    title: str
    person: int | None
    certain: bool


_NO_SPEAKER = _Speaker("", "", None, False)


@dataclass(slots=True)
class _Marked:
    """A piece of the text with PERSON for each person, and their mentions in order."""

    text: str = ""
    named: list[tuple[int, Mention]] = field(default_factory=list)

    def begins(self) -> "_Marked":
        """Return the first words, in which a speaker can be named."""
        text = self.text[:_MAX_DISTANCE]
        return _Marked(text, self.named[: text.count(PERSON)])

    def ends(self) -> "_Marked":
        """Return the last sentence, in which a speaker can be named."""
        text = self.text[-_MAX_DISTANCE:]
        starts = [match.end() for match in _SENTENCE.finditer(text.rstrip())]
        text = text[starts[-1] :] if starts else text
        return _Marked(text, self.named[len(self.named) - text.count(PERSON) :])

    def sentences(self) -> int:
        """Return the number of sentences in its first _MAX_DISTANCE characters."""
        return 1 + len(_SENTENCE.findall(self.text[:_MAX_DISTANCE].strip()))


@dataclass(slots=True)
class _State:
    """What the paragraphs before the next quotation show about its speaker."""

    before: _Marked = field(default_factory=_Marked)  # the words since the last quotation
    speaker: _Speaker | None = None  # of the last quotation
    earlier: list[tuple[int, Mention]] = field(default_factory=list)  # in the words before these
    followed: bool = False  # the words follow a quotation in the same paragraph
    open: bool = False  # the last quotation was not closed
    introduced: bool = False  # its speaker is named before it
    place: int = -1  # its paragraph
    quotation: int | None = None  # its number in the body


def speeches(people: People, parts: Sequence[Part]) -> tuple[Speech, ...]:
    """Return the quotations of a sentence or more, in order, with their speakers."""
    return tuple(_SpeakerFinder(people, parts).speeches[:_MAX_SPEECHES])


class _SpeakerFinder:
    """Reads the paragraphs in order and remembers the last speaker."""

    def __init__(self, people: People, parts: Sequence[Part]) -> None:
        self.people = people
        self.parts = parts
        self.speeches: list[Speech] = []
        self.state = _State()
        for number, part in enumerate(parts):
            self._read(number, part)

    def _read(self, number: int, part: Part) -> None:
        if part.is_separate:
            self.state = _State()
            return
        text = self.people.passages[part.place].text
        found = stretches_of(text)
        if part.quotation is not None and not found and text:
            found = [Stretch(0, len(text), True, len(text))]
        outside = 0
        for place, stretch in enumerate(found):
            if place or text[: stretch.start].strip(" \"“„«»‘'"):
                marks = 1 if stretch.start else 0
                words = self._marked(part.place, outside, stretch.start - marks)
                self._set_words_between(words, goes_on=place > 0)
            after = self._words_after(number, found, place)
            speaker = self._speaker(part, stretch, after)
            self._add(part, text[stretch.start : stretch.end], speaker)
            self.state.speaker, self.state.open = speaker, not stretch.closed
            self.state.place, self.state.quotation = part.place, part.quotation
            self.state.before, self.state.followed = _Marked(), True
            outside = stretch.after
        if part.credit:  # the credit line ends the quotation
            self.state.speaker = None
        self.state.open &= bool(found)
        rest = self._marked(part.place, outside, len(text))
        if not found or rest.text.strip(" .,"):
            self._set_words_between(rest, goes_on=bool(found))

    def _set_words_between(self, words: _Marked, *, goes_on: bool) -> None:
        """Set the words before the next quotation. With `goes_on`, they follow another one."""
        self.state.earlier = self.state.before.named
        self.state.before = words
        self.state.followed = goes_on

    def _words_after(self, number: int, found: list[Stretch], place: int) -> _Marked:
        """Return the words after a quotation, up to the next one or into the next paragraph."""
        part, stretch = self.parts[number], found[place]
        text = self.people.passages[part.place].text
        until = found[place + 1].start if place + 1 < len(found) else len(text)
        behind = self._marked(part.place, stretch.after, until)
        if not behind.text.strip(" .,") and until == len(text) and number + 1 < len(self.parts):
            following = self.parts[number + 1]
            begins = self.people.passages[following.place].text[:1]
            if following.quotation is None and not following.is_separate and begins.islower():
                return self._marked(following.place, 0, _MAX_DISTANCE)
        return behind

    def _marked(self, place: int, start: int, end: int) -> _Marked:
        """Return a piece of a paragraph, with PERSON for each person."""
        text = self.people.passages[place].text
        end = min(end, len(text))
        pieces: list[str] = []
        named: list[tuple[int, Mention]] = []
        at = start
        mentions = self.people.mentions[place]
        for mention in mentions[bisect_left(mentions, start, key=lambda it: it.end) :]:
            if mention.start >= end:
                break
            if mention.end <= at:
                continue
            first = max(at, min(mention.start, self.people.described_from(place, mention)))
            pieces += [text[at:first].replace(PERSON, " "), PERSON]
            named.append((place, mention))
            at = mention.end
        pieces.append(text[at:end].replace(PERSON, " ") if at < end else "")
        return _Marked("".join(pieces), named)

    # --- The speaker of one quotation ---

    def _speaker(self, part: Part, stretch: Stretch, after: _Marked) -> _Speaker | None:
        state = self.state
        if state.before.text.strip(" .,") and not state.open:
            state.introduced = False
        if part.credit:
            return _Speaker(*part.credit, None, True)
        words = self._marked(part.place, stretch.start, stretch.end)
        begins_anew = words.text.rstrip()[-1:] == "." and after.text.strip(" ")[:1].isupper()
        beside = after.begins()
        found: _Speaker | None = None
        if begins_anew:
            if later := self._by_rule(AFTER[:1], beside):
                return later
        else:
            if found := self._by_rule(AFTER, beside) or self._by_pronoun(PRONOUN_AFTER, beside):
                return found
            if _any(SOMEBODY_ELSE, beside.text):
                return None
        if inside := self._by_rule(INSIDE, words):
            found = replace(inside, certain=False)
        elif found := self._before():
            state.introduced = True
        elif state.place != part.place and (
            maybe := self._by_rule(SENTENCE_BEFORE, state.before.ends())
        ):
            found = replace(maybe, certain=False)
        elif not _any(SOMEBODY_ELSE_BEFORE, state.before.ends().text):
            found = self._continued_speaker(part)
        # A speaker should follow the comma, but no rule matched.
        expected = words.text.rstrip()[-1:] == "," and not state.introduced
        return replace(found, certain=False) if found and expected else found

    def _before(self) -> _Speaker | None:
        """Return the speaker who is named in the words before a quotation."""
        beside = self.state.before.ends()
        return (
            self._by_rule(BEFORE, beside)
            or self._by_rule(ANNOUNCED, beside)
            or self._by_pronoun(PRONOUN_BEFORE, beside)
            or (
                None
                if _any(SOMEBODY_ELSE_BEFORE, beside.text)
                else self._by_rule(ANNOUNCED, self.state.before)
            )
        )

    def _continued_speaker(self, part: Part) -> _Speaker | None:
        """Return the previous speaker. It is certain if the same quotation continues."""
        state = self.state
        if not state.speaker or not (state.followed or not state.before.text.strip(" .,")):
            return None
        same = part.place == state.place and state.before.sentences() == 1
        goes_on = state.open or state.introduced or part.quotation == state.quotation is not None
        sure = state.speaker.certain and (same or goes_on)
        return replace(state.speaker, certain=sure)

    def _by_rule(self, rules: Sequence[Rule], beside: _Marked) -> _Speaker | None:
        """Return the speaker by the first rule that matches, `_NO_SPEAKER` for several people."""
        for rule in rules:
            found = rule.matches(beside.text)
            if not isinstance(found, re.Match):
                continue
            at = found.start("who")
            if _OBJECT.search(beside.text[:at]) and "according" not in rule.name:
                continue
            if _GROUP.match(beside.text, at + 1) or _LISTED.search(beside.text[:at]):
                return _NO_SPEAKER
            place, mention = beside.named[beside.text.count(PERSON, 0, at)]
            name, title = self.people.attribution(place, mention)
            return _Speaker(name, title, mention.person, True)
        return None

    def _by_pronoun(self, rules: Sequence[Rule], beside: _Marked) -> _Speaker | None:
        """Return the person that “he” refers to. It is certain if only one person is near."""
        if not _any(rules, beside.text):
            return None
        spoke = self.state.speaker
        near = self.state.before.named or self.state.earlier
        people = {mention.person for _, mention in near}
        if spoke and people <= {spoke.person}:
            return spoke
        if not near:
            return replace(spoke, certain=False) if spoke else _NO_SPEAKER
        last = self.state.before.ends()
        is_subject = last.text.lstrip().startswith(PERSON)
        place, mention = last.named[0] if is_subject else near[-1]
        name, title = self.people.attribution(place, mention)
        sure = len(people) == 1 and (is_subject or not spoke)
        return _Speaker(name, title, mention.person, sure)

    def _add(self, part: Part, words: str, speaker: _Speaker | None) -> None:
        self.speeches.append(
            Speech(
                text=" ".join(words.split()),
                speaker=speaker.name if speaker else "",
                title=speaker.title if speaker else "",
                certain=bool(speaker and speaker.certain),
                quotation=part.quotation,
            )
        )


def _any(rules: Sequence[Rule], text: str) -> bool:
    return any(rule.matches(text) for rule in rules)
