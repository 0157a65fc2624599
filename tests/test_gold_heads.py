"""The share of titles, places, dates and languages of marked releases that the importer finds.

`pytest tests/test_gold_heads.py -s` prints the table. Heads that are marked as unsure are left out,
and so is text that is only in the container of the release.
"""

import re
from collections import Counter
from html import unescape

import pytest

from importing import Understood, understand
from tests import gold

RELEASES = [marked for marked in gold.releases() if not marked.marks.get("unsure")]
# The measured shares, which no change may lower. The language of one release, a programme with
# names and times, is uncertain, so the importer asks the user.
MIN_SHARES = {"title": 1.0, "place": 1.0, "date": 1.0, "language": 0.97}
CONTENT_ITEMS = 3  # the source with dates in separate fields


def found(understood: Understood) -> dict[str, str]:
    guess = understood.date_guess
    # A date that only the file name states does not count.
    stated = guess and {note.code for note in guess.reasons} != {"date_in_file_name"}
    return {
        "title": understood.title,
        "place": understood.dateline_place,
        "date": guess.date.isoformat() if guess and stated else "",
        "language": (understood.language or "").partition("-")[0],
    }


def wanted(marked: gold.Gold) -> dict[str, str]:
    """Return the marks of a head that the imported text contains."""
    marks = {what: str(marked.marks.get(what, "")) for what in MIN_SHARES}
    marks["language"] = marks["language"].partition("-")[0]
    text = unescape(re.sub(r"<[^>]+>", "", marked.data.decode(errors="replace")))
    if marks["title"] not in gold.plain(text):
        del marks["title"]
    if marked.source == CONTENT_ITEMS:
        del marks["date"]
    return marks


def spelled(what: str, words: str) -> str:
    # The marks of a title have no tags; `<q>` prints as quotation marks.
    return gold.plain(re.sub(r"[“”]", "", words) if what == "title" else words)


@pytest.fixture(scope="module")
def measured() -> list[tuple[gold.Gold, dict[str, str]]]:
    return [(one, found(understand(one.data, one.filename))) for one in RELEASES]


def test_titles_places_dates_and_languages_are_found(measured):
    asked: Counter[str] = Counter()
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    misses = []
    for marked, got in measured:
        for what, mark in wanted(marked).items():
            asked[what] += 1
            if spelled(what, mark) == spelled(what, got[what]):
                right[what] += 1
            else:
                wrong[what] += bool(got[what])
                misses.append(f"{marked.name}: {what} is {mark!r}, and {got[what]!r} was found")
    print(f"\n{'':10}{'asked':>8}{'exact':>8}{'wrong':>8}{'share':>8}")
    for what in MIN_SHARES:
        share = right[what] / asked[what]
        print(f"{what:10}{asked[what]:>8}{right[what]:>8}{wrong[what]:>8}{share:>8.2f}")
    print("\n".join(misses))
    for what, floor in MIN_SHARES.items():
        assert right[what] / asked[what] >= floor, "\n".join(misses)
