"""Finds place and date at the start of a lead, by tables of rules with examples."""

import re
from dataclasses import dataclass

from importing.blocks import plain
from importing.dates import DAY
from importing.rules import Rule, matching
from importing.vocabulary import (
    FUNCTION_WORDS,
    INSTITUTION_WORDS,
    MONTHS,
    PLACES,
    WEEKDAYS,
)

MAX_DATELINE_CHARACTERS = 200
_MAX_PLACE_WORDS = 5


# In wrongly converted texts, “–” may have become a lone “â”.
_DATELINE = re.compile(
    r"\s*+\(?(?P<place>[^\W\d_][\w.’'/-]*(?:(?:,?[ \t]++|[ \t]++/[ \t]++)[^\W\d_][\w.’'/-]*)"
    rf"{{0,{_MAX_PLACE_WORDS - 1}}}?)\)?"
    r"(?P<date>(?:[ \t]*+[,(:]?[ \t]*+(?:(?:le|den)[ \t]++)?|[ \t]++[—–-][ \t]++)"
    rf"(?i:{DAY.pattern})\)?)?"
    r"(?P<mark>[ \t]*+(?:--+|[—–])[ \t]*+|[ \t]++(?:-|â)[ \t]*+"
    r"|(?<=\d)\.[ \t]?[-–—][ \t]*+|[ \t]{3,}+)"
    r"(?=[“\"‘'(]?[^\W\d_a-z])"
)
_STATE = re.compile(r",?\s+(?:[A-Z]\.?\s?[A-Z]\.?|[A-Z][a-z]{1,4}\.)$")
# Words that occur in place names: Port of Spain, Salt Lake City, Santa Cruz de la Sierra.
_IN_PLACES = frozenset(
    (
        *("of", "the", "de", "la", "del", "los", "las", "el", "al", "do", "da", "am", "upon"),
        *("sur", "new", "saint", "north", "south", "east", "west", "central", "city", "centre"),
        *("town", "village", "bay", "beach", "hill", "park", "lake", "river", "island", "islands"),
        *("mountain", "bridge", "field", "harbour", "castle", "forest", "valley", "base", "camp"),
    )
)
_NO_PLACE = (
    FUNCTION_WORDS | INSTITUTION_WORDS | frozenset(WEEKDAYS) | frozenset(MONTHS)
) - _IN_PLACES


def _words_of(place: str) -> list[str]:
    return [word.strip(".,’'").casefold() for word in re.split(r"[\s/]+", place)]


def _names_no_place(text: str) -> bool:
    return not _NO_PLACE.isdisjoint(_words_of(text))


def _is_capitalised(text: str) -> bool:
    """Return whether each word begins with a capital or is common in place names."""
    return all(
        word[0].isupper() or word.casefold() in _IN_PLACES
        for word in re.findall(r"[^\W\d_][\w’'-]*", text)
    )


def _is_listed(text: str) -> bool:
    return all(
        part.strip() in PLACES for part in re.split(r"/|, ", _STATE.sub("", text).casefold())
    )


PLACE = (
    Rule(
        "known place",
        _is_listed,
        yes=("WASHINGTON", "Washington, D.C.", "Washington D C", "London/Geneva"),
        no=("MINISTRY", "Thursday", "Mr Lammy"),
    ),
    Rule(
        "place with its state",
        lambda text: _STATE.search(text) and not _names_no_place(text) and len(text.split()) < 5,
        yes=("Boise, ID", "Salt Lake City, Utah.", "Burlington, Vt."),
        no=("BURLINGTON", "Ministry of Peace, US", "Thursday Oct."),
    ),
    Rule(
        "place in capitals",
        lambda text: (
            text.isupper() and len(text) > 2 and len(text.split()) < 4 and not _names_no_place(text)
        ),
        yes=("EL OBEID", "PORT OF SPAIN", "CHIANG RAI"),
        no=("MINISTRY", "MINISTRY CONFIRMS DEATHS", "THURSDAY", "El Obeid",
            "MINISTER CONFIRMS DEATHS OF PRISONERS"),
    ),
)  # fmt: skip
PLACE_WITH_DATE = (
    Rule(
        "short name in capitals and small letters",
        lambda text: (
            len(text.split()) < 4
            and not _names_no_place(text)
            and _is_capitalised(text)
        ),
        yes=("Chiang Rai", "El Obeid", "Santa Cruz de"),
        no=("Thursday", "The ministry", "Ministry", "He said"),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dateline:
    """Place and date at the start of a lead, with the ends of both and of the dateline."""

    place: str
    place_end: int
    date: str
    date_end: int
    end: int


def dateline(text: str) -> Dateline | None:
    """Return the dateline at the start of a text, such as “WASHINGTON, DC — ”, or None."""
    match = _DATELINE.match(text[:MAX_DATELINE_CHARACTERS])
    if not match:
        return None
    place, stated = plain(match["place"]), (match["date"] or "").strip(" ,:()—–-\t")
    if not _is_capitalised(place):
        return None
    # If only spaces separate the place from the text, it must be a known place.
    rules = PLACE[:1] if match["mark"].isspace() else PLACE
    if not matching(rules, place) and not (stated and matching(PLACE_WITH_DATE, place)):
        return None
    date_end = match.end("date") if stated else match.end("place")
    return Dateline(place, match.end("place"), stated, date_end, match.end())


DATELINES = (
    Rule(
        "dateline",
        dateline,
        yes=(
            "WASHINGTON - U.S. Senator Sam Brownback today condemned",
            "WASHINGTON, DC — Today",
            "Washington, D.C. â Today, U.S. Senator Barbara Boxer",
            "Washington  D C    Today  U S  Senator",
            "KAMPALA, 3 May 2021 – The ministry said",
            "Chiang Rai, May 3, 2021 -- The ministry said",
            "(London) – The ministry said",
            "WALPOLE, MA - March 25, 2010 - The ministry said",
            "LONDON — May 3, 2021 — The ministry said",
            "London, UK – 3 May 2021 – The ministry said",
            "London: 3 May 2021 – The ministry said",
            "Addis Ababa / Nairobi – 3 May 2021 – The ministry said",
            "Port-au-Prince, Haiti (May 3, 2021) – The ministry said",
            "Paris, le 3 mai 2021 – La ministre a dit",
            "Berlin, den 3. Mai 2021 – Die Ministerin sagte",
            "San José, 3 de mayo de 2021.- La ministra dijo",
            "Stockholm den 3 maj 2021 – Domstolen måste",
            "Женева, 3 мая 2021 года – Суд должен",
        ),
        no=(
            "MINISTRY CONFIRMS DEATHS OF THREE PRISONERS, May 3, 2021 -- The ministry said",
            "MINISTRY CONFIRMS DEATHS, May 3, 2021 -- The ministry said",
            "MCCAIN SUPPORTS REAUTHORIZATION OF SANCTIONS  July 26  2006 Washington  D C    Today",
            "Thursday        Oct  6     The Judiciary Committee",
            "The minister – Who resigned",
            "Yesterday – The ministry said",
        ),
    ),
)  # fmt: skip
