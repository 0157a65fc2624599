"""The cases we follow as a CSV file for spreadsheets."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from django.utils import timezone
from django_countries import countries

from newsroom.calls import CaseEntry, entries
from newsroom.prisoners import country_of, current_cases
from people.dates import UncertainDate
from people.models import CaseQuerySet, PersonName
from storing.spreadsheets import BYTE_ORDER_MARK, lines_of

# Other programs use these names: you may add columns, but do not rename any.
COLUMNS = [
    "name", "name in own script", "country", "country code", "group", "custody status",
    "legal status", "as of", "designation", "designation by", "designation since",
    "held since", "held since in words", "held since EDTF",
    "held until", "held until in words", "held until EDTF",
    "days held", "call", "call quoted from", "source", "source address", "address",
]  # fmt: skip
BATCH_SIZE = 250  # cases per query


def as_csv(cases: CaseQuerySet, origin: str, at: datetime) -> Iterator[str]:
    """Yield the CSV file in blocks of lines (RFC 4180).

    It may have very many cases, so they are read in batches, and each batch checks again who may be
    named.
    """
    on, country_names = timezone.localdate(at), dict(countries)
    pks = list(cases.values_list("pk", flat=True))
    yield BYTE_ORDER_MARK + lines_of([COLUMNS])
    for start in range(0, len(pks), BATCH_SIZE):
        batch = pks[start : start + BATCH_SIZE]
        rows = current_cases(on).filter(pk__in=batch).select_related("person")
        found = {case.pk: case for case in rows.prefetch_related("person__names", "designations")}
        known = [found[pk] for pk in batch if pk in found]
        cells = partial(_cells, origin=origin, on=on, country_names=country_names)
        yield lines_of(map(cells, entries(known, at)))


def _cells(entry: CaseEntry, origin: str, on: date, country_names: Mapping[str, str]) -> list[Any]:
    case = entry.case
    person, code, days = case.person, country_of(case).code or "", case.days_in_detention(on)
    designation = case.designation_on(on)
    native_names = [
        name.text
        for name in person.names.all()
        if name.printed and name.kind == PersonName.Kind.NATIVE
    ]
    return [
        person.display_name, " · ".join(native_names), country_names.get(code, ""), code,
        case.group.label, case.get_custody_status_display(),
        case.get_legal_status_display() if case.legal_status else "",
        case.as_of.isoformat(),
        *((designation.label, designation.by, designation.since) if designation else [""] * 3),
        *_date_cells(case.detained_since), *_date_cells(case.detained_until),
        "" if days is None else days,
        entry.call, _speaker_and_address(entry, origin),
        case.printed_source, case.printed_source_url,
        origin + person.get_absolute_url(),
    ]  # fmt: skip


def _date_cells(known: UncertainDate | None) -> tuple[str, str, str]:
    """Return a date in three forms: ISO 8601 (empty if the day is uncertain), words, and EDTF."""
    if known is None:
        return "", "", ""
    return (known.earliest.isoformat() if known.is_certain else "", known.label, known.text)


def _speaker_and_address(entry: CaseEntry, origin: str) -> str:
    if (quote := entry.quote) is None:
        return ""
    speaker = ", ".join(filter(None, [quote.attribution_name, quote.attribution_title]))
    return f"{speaker}: {origin}{quote.release.get_absolute_url()}"
