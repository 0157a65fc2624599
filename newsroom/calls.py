"""Calls in cases. A call has quotation marks only if a public release quotes its words."""

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

BATCH_SIZE = 20  # calls per query: PostgreSQL caches 32 compiled regular expressions
MAX_QUOTES_PER_CALL = 20


@dataclass(frozen=True, slots=True)
class CaseEntry:
    """A case, its call as it may be printed, and the quotation that contains the call."""

    case: Case
    call: str
    quote: Quote | None = None


def entries(cases: Iterable[Case], at: datetime) -> list[CaseEntry]:
    """Return the cases with their calls.

    A call keeps its quotation marks if a public release that names the person has a quotation with
    the same words, and the speaker may be named. Otherwise the marks are removed.
    """
    cases = list(cases)
    sources: dict[object, list[Quote]] = {}
    quoted = [case for case in cases if case.call.lstrip().startswith(_OPENING)]
    quoted_keys = {case.pk for case in quoted}
    for start in range(0, len(quoted), BATCH_SIZE):
        sources |= _sources(quoted[start : start + BATCH_SIZE], at)
    found = []
    for case in cases:
        if case.pk not in quoted_keys:
            found.append(CaseEntry(case, case.call))
            continue
        source = next(
            (
                quote
                for quote in sources.get(case.person_id, [])
                if all(part in _plain(quote.text) for part in _parts(case.call))
            ),
            None,
        )
        found.append(CaseEntry(case, case.call if source else _MARKS.sub("", case.call), source))
    return found


def _sources(cases: list[Case], at: datetime) -> dict[object, list[Quote]]:
    """Return the quotations that may contain the calls, by person, newest first.

    The texts are searched in the database, because thousands of releases may name a person.
    """
    condition = Q()
    for case in cases:
        of_case = Q(person=case.person_id)
        for part in _parts(case.call):
            of_case &= Q(release__quotes__text__regex=_pattern(part))
        condition |= of_case
    rows = Mention.objects.filter(condition, release__in=Release.objects.public(at))
    rows = rows.order_by("-release__publish_at", "release__quotes__pk")
    pairs = list(rows.values_list("person", "release__quotes")[: len(cases) * MAX_QUOTES_PER_CALL])
    quotes = Quote.objects.select_related("release", "speaker").in_bulk({pk for _, pk in pairs})
    day = timezone.localdate(at)
    found: dict[object, list[Quote]] = {}
    for person, pk in pairs:
        if pk in quotes and not quotes[pk].speaker.is_protected(day):
            found.setdefault(person, []).append(quotes[pk])
    return found


def _parts(call: str) -> list[str]:
    """Return the parts of a call between its ellipses, without quotation marks."""
    return [_plain(part) for part in re.split(r"…|\.\.\.", call)]


def _pattern(part: str) -> str:
    """Return a regular expression that ignores the same marks and spaces as `_plain`."""
    words = ([re.escape(letter) for letter in word] for word in part.split())
    return _BETWEEN.join(f"{_MARKS.pattern}*".join(word) for word in words)


def _plain(text: str) -> str:
    return " ".join(_MARKS.sub("", text).split())
