"""People and speakers that the importer finds in the releases marked by hand."""

import re
from collections import Counter
from collections.abc import Iterator
from html import unescape

import pytest

from importing import Speech, Understood, understand
from tests import gold

# The share of all marks that must be found.
PEOPLE_FOUND, PEOPLE_RIGHT = 0.94, 0.95
SPEAKERS_FOUND, SPEAKERS_WRONG = 0.95, 0.01


@pytest.fixture(scope="module")
def read() -> list[tuple[gold.Gold, Understood]]:
    return [(one, understand(one.data, one.filename)) for one in gold.releases()]


def test_marked_people_are_found_and_nothing_wrong_is_offered(read) -> None:
    counts: dict[int, Counter[str]] = {}
    for release, understood in read:
        count = counts.setdefault(release.source, Counter())
        found = [
            {_letters(form) for form in (person.name, *person.also)} for person in understood.people
        ]
        rows = [row for row in release.people if _is_in_file(release, row)]
        count["unsure"] += sum("unsure" in row for row in rows)
        for row in rows:
            if "unsure" not in row:
                hit = any(_forms(row) & forms for forms in found)
                count["found" if hit else "missed"] += 1
        for person, forms in zip(understood.people, found, strict=True):
            if not any(_forms(row) & forms for row in rows):
                count["family name only" if _is_family_name_only(person) else "wrong"] += 1
    for source, count in sorted(counts.items()):
        print(f"source {source}: {dict(count)}")
    total = sum(counts.values(), Counter())
    marked = total["found"] + total["missed"]
    offered = total["found"] + total["wrong"] + total["family name only"]
    print(f"all: {dict(total)}, {total['found'] / marked:.3f}, {total['found'] / offered:.3f}")
    assert total["found"] >= PEOPLE_FOUND * marked, total
    assert total["found"] >= PEOPLE_RIGHT * offered, total
    assert total["wrong"] == 0, total


def test_marked_speakers_are_found_with_at_most_one_percent_wrong(read) -> None:
    counts: dict[int, Counter[str]] = {}
    for release, understood in read:
        count = counts.setdefault(release.source, Counter())
        found_speeches = list(_speeches_of(understood))
        for row in release.quotations:
            count[_how_found(release, row, understood, found_speeches)] += 1
    for source, count in sorted(counts.items()):
        print(f"source {source}: {dict(count)}")
    total = sum(counts.values(), Counter())
    named = total["right"] + total["offered"] + total["wrong"] + total["missed"]
    print(f"all: {dict(total)}, {total['right'] / named:.3f}")
    assert total["right"] >= SPEAKERS_FOUND * named, total
    wrong = total["wrong"] + total["wrong, nobody marked"]
    assert wrong <= SPEAKERS_WRONG * (total["right"] + wrong), total


def _how_found(
    release: gold.Gold, row: dict, understood: Understood, found_speeches: list[tuple[str, Speech]]
) -> str:
    words = _letters(row["text"])
    # A quotation inside the words of another person is not a separate speech.
    outer = [
        _letters(other["text"])
        for other in release.quotations
        if words in _letters(other["text"]) and words != _letters(other["text"])
    ]
    matching = [
        speech
        for text, speech in found_speeches
        if (words in text or (len(text) > 30 and text in words))
        and not any(other in text for other in outer)
    ]
    speech = next((one for one in matching if one.speaker), None)
    if not row["speaker"] or "unsure" in row:
        if speech and speech.certain and not _is_marked_speaker(speech, row, release, understood):
            return "wrong, nobody marked"
        return "unsure" if "unsure" in row else "nobody"
    if speech is None:
        return "missed"
    if not _is_marked_speaker(speech, row, release, understood):
        return "wrong" if speech.certain else "missed"
    return "right" if speech.certain else "offered"


def _is_marked_speaker(
    speech: Speech, row: dict, release: gold.Gold, understood: Understood
) -> bool:
    person = next((one for one in understood.people if one.name == speech.speaker), None)
    found = {_letters(form) for form in (speech.speaker, *(person.also if person else ()))}
    marked = [one for one in release.people if one["name"] == row["speaker"]]
    return bool(found & (_forms(marked[0]) if marked else {_letters(row["speaker"])}))


def _speeches_of(understood: Understood) -> Iterator[tuple[str, Speech]]:
    for speech in understood.speeches:
        yield _letters(speech.text), speech
    if pull_quote := understood.pull_quote:
        speaker = pull_quote.speaker.partition(",")[0]
        yield _letters(pull_quote.text), Speech(pull_quote.text, speaker, "", certain=bool(speaker))


def _forms(row: dict) -> set[str]:
    return {_letters(form) for form in (row["name"], *row.get("also", []))}


def _is_in_file(release: gold.Gold, row: dict) -> bool:
    """Return whether the file has a name. Some names were only in other fields of the source."""
    text = _letters(unescape(re.sub(r"<[^>]*>", " ", release.data.decode(errors="replace"))))
    return any(form in text for form in _forms(row))


def _is_family_name_only(person) -> bool:
    """Return whether only a family name was found: the marks have no row for “President Bush”."""
    return len(person.name.split()) == 1 or person.name.split()[0] == "King"


def _letters(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))
