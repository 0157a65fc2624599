"""What we ask for in a case: in quotation marks only with the speaker and the public release."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from people.models import Case
from releases.models import Quote, Release

_MARKS = re.compile('[“”„‟«»"]')
_OPENING = tuple('“„‟«"')


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
    quoted = [case for case in cases if case.call.lstrip().startswith(_OPENING)]
    quotes: dict[object, list[Quote]] = {}
    if quoted:
        public = Release.objects.public(at)
        people = {case.person_id for case in quoted}
        rows = Quote.objects.filter(release__in=public, release__mentions__person__in=people)
        rows = rows.select_related("release", "speaker").prefetch_related("release__mentions")
        for quote in rows.order_by("-release__publish_at", "pk").distinct():
            if not quote.speaker.is_protected(timezone.localdate(at)):
                for mention in quote.release.mentions.all():
                    quotes.setdefault(mention.person_id, []).append(quote)
    found = []
    for case in cases:
        if case not in quoted:
            found.append(Entry(case, case.call))
            continue
        pieces = [_plain(piece) for piece in re.split(r"…|\.\.\.", case.call)]
        source = next(
            (
                quote
                for quote in quotes.get(case.person_id, [])
                if all(piece in _plain(quote.text) for piece in pieces)
            ),
            None,
        )
        found.append(Entry(case, case.call if source else _MARKS.sub("", case.call), source))
    return found


def _plain(text: str) -> str:
    return " ".join(_MARKS.sub("", text).split())
