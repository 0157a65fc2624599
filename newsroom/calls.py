"""What we ask for in a case: in quotation marks only with the speaker and the public release."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from people.models import Case
from releases.models import Mention, Quote, Release

_MARKS = re.compile('[“”„‟«»"]')
_BETWEEN = r'[\s“”„‟«»"]+'
_OPENING = tuple('“„‟«"')

ASKED_AT_ONCE = 20  # calls that are looked for in one query: PostgreSQL keeps 32 expressions
TRIED_FOR_EACH = 20  # quotations with the words of one call


@dataclass(frozen=True, slots=True)
class Entry:
    """A case with its call as it may be printed, and the quotation that the call is from."""

    case: Case
    call: str
    quote: Quote | None = None


def entries(cases: Iterable[Case], at: datetime) -> list[Entry]:
    """Return cases with their calls.

    A call in quotation marks keeps them if a public release that names the person has a quotation
    with these words, whose speaker may be named. Otherwise it is printed without the marks.
    """
    cases = list(cases)
    sources: dict[object, list[Quote]] = {}
    quoted = [case for case in cases if case.call.lstrip().startswith(_OPENING)]
    ours = {case.pk for case in quoted}
    for start in range(0, len(quoted), ASKED_AT_ONCE):
        sources |= _sources(quoted[start : start + ASKED_AT_ONCE], at)
    found = []
    for case in cases:
        if case.pk not in ours:
            found.append(Entry(case, case.call))
            continue
        source = next(
            (
                quote
                for quote in sources.get(case.person_id, [])
                if all(piece in _plain(quote.text) for piece in _pieces(case.call))
            ),
            None,
        )
        found.append(Entry(case, case.call if source else _MARKS.sub("", case.call), source))
    return found


def _sources(cases: list[Case], at: datetime) -> dict[object, list[Quote]]:
    """Return the quotations that calls may be from, for each person, the newest first.

    The database looks for the words: a person may be named in thousands of releases.
    """
    wanted = Q()
    for case in cases:
        theirs = Q(person=case.person_id)
        for piece in _pieces(case.call):
            theirs &= Q(release__quotes__text__regex=_written(piece))
        wanted |= theirs
    rows = Mention.objects.filter(wanted, release__in=Release.objects.public(at))
    rows = rows.order_by("-release__publish_at", "release__quotes__pk")
    pairs = list(rows.values_list("person", "release__quotes")[: len(cases) * TRIED_FOR_EACH])
    quotes = Quote.objects.select_related("release", "speaker").in_bulk({pk for _, pk in pairs})
    day = timezone.localdate(at)
    found: dict[object, list[Quote]] = {}
    for person, pk in pairs:
        if pk in quotes and not quotes[pk].speaker.is_protected(day):
            found.setdefault(person, []).append(quotes[pk])
    return found


def _pieces(call: str) -> list[str]:
    """Return the words between marks of omission, without quotation marks."""
    return [_plain(piece) for piece in re.split(r"…|\.\.\.", call)]


def _written(piece: str) -> str:
    """Return a regular expression for words as `_plain` compares them."""
    words = ([re.escape(letter) for letter in word] for word in piece.split())
    return _BETWEEN.join(f"{_MARKS.pattern}*".join(word) for word in words)


def _plain(text: str) -> str:
    return " ".join(_MARKS.sub("", text).split())
