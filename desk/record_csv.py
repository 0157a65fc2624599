"""The record of access as a CSV file."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import AccessEvent
from desk.record_words import Names, account_name, detail_in_words
from storing.spreadsheets import BYTE_ORDER_MARK, lines_of

# Other programs use these names: you may add columns, but do not rename any.
COLUMNS = [
    "time", "event", "event in words", "by account", "by", "about account", "about", "about row",
    "network", "details",
]  # fmt: skip
BATCH_SIZE = 1_000  # events per query


def as_csv(events: Callable[[], QuerySet[AccessEvent]], names: Names) -> Iterator[str]:
    """Yield the CSV file in blocks of lines, newest events first.

    `events` is called for each batch, so that it filters by what the user may read at that moment.
    Each batch starts after the last event of the one before, so that memory is bounded.
    """
    yield BYTE_ORDER_MARK + lines_of([COLUMNS])
    last: AccessEvent | None = None
    while True:
        rows = events().order_by("-at", "-pk")
        if last is not None:
            rows = rows.filter(Q(at__lt=last.at) | Q(pk__lt=last.pk), at__lte=last.at)
        batch = list(rows[:BATCH_SIZE])
        if not batch:
            return
        yield lines_of(_cells(event, names) for event in batch)
        last = batch[-1]


def _cells(event: AccessEvent, names: Names) -> list[Any]:
    return [
        timezone.localtime(event.at).isoformat(timespec="seconds"), event.verb, event.label,
        *_account(event.actor_id, names), *_account(event.subject_id, names), event.about,
        event.network, detail_in_words(event, names),
    ]  # fmt: skip


def _account(key: int | None, names: Names) -> tuple[Any, str]:
    return ("", "") if key is None else (key, account_name(key, names))


def begun(lines: Iterator[str]) -> list[str]:
    """Return the first blocks, so that an early failure gives an error page and not half a file."""
    return [*islice(lines, 2)]
