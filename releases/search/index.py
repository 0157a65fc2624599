"""Writes the index of the search: of a row when it is saved, of all rows by `reindex`."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, Max, Model, OuterRef, Q
from django.db.models.signals import m2m_changed, post_delete, post_save

from assets.models import MediaAsset
from people.models import (
    Case,
    CaseEvent,
    CaseStatus,
    Charge,
    Designation,
    Person,
    PersonName,
    Role,
    Sentence,
)
from releases.models import Correction, Quote, Release, SearchEntry, SearchWord, Topic, text_stored
from releases.search.entries import Entry, Kind, Tokens, attribution_key, entries_of
from releases.search.matching import Matches, Sought
from releases.search.query import Form, Unit
from releases.search.storage import PLACES
from releases.search.tokens import TOKENISER
from releases.search.vocabulary import add_words, batches

# Rows with entries, and the kinds of entries that they have.
INDEXED: dict[type[Model], tuple[str, tuple[SearchEntry.Kind, ...]]] = {
    Release: ("release", (Kind.RELEASE, Kind.QUOTATION)),
    Person: ("person", (Kind.PERSON, Kind.RECORD)),
    Topic: ("topic", (Kind.TOPIC,)),
    MediaAsset: ("asset", (Kind.FILE,)),
    Case: ("case", (Kind.CASE,)),
}
# Rows whose texts are in the entry of another row, and the field that refers to it.
PARTS: dict[type[Model], str] = {
    Correction: "release",
    **dict.fromkeys((PersonName, Role), "person"),
    **dict.fromkeys((CaseStatus, Designation, Charge, Sentence, CaseEvent), "case"),
}
PREFETCHED: dict[type[Model], tuple[str, ...]] = {
    Release: ("quotes", "mentions", "topics", "corrections"),
    Person: ("names", "roles"),
    Case: ("statuses", "designations", "charges", "sentences", "events"),
}
INTERNAL_KINDS = (Kind.RECORD, Kind.CASE)
BATCH = 100  # rows that `reindex` reads at once


def connect() -> None:
    """Connect the receivers that update the index to the signals of the models."""
    text_stored.connect(_release_stored, Release, dispatch_uid="search.release")
    for model in INDEXED:
        if model is not Release:  # its quotations are not saved yet: see text_stored
            post_save.connect(_stored, model, dispatch_uid="search.row")
    for model in PARTS:
        post_save.connect(_part_changed, model, dispatch_uid="search.part")
        post_delete.connect(_part_changed, model, dispatch_uid="search.part")
    m2m_changed.connect(_topics_changed, Release.topics.through, dispatch_uid="search.topics")


def index_rows(rows: list[Any], *, anew: bool = False) -> set[str]:
    """Write the entries of rows of one model, and remove those that they no longer have.

    Entries that have not changed stay, except with `anew`. Returns the words of those written.
    """
    if not rows:
        return set()
    with transaction.atomic(savepoint=False):
        return _index_rows(rows, anew)


def _index_rows(rows: list[Any], anew: bool) -> set[str]:
    link, kinds = INDEXED[type(rows[0])]
    entries = {
        (entry.kind.value, entry.key): entry for row in rows for entry in entries_of(row)
    }  # each attribution once
    attributions = [key for kind, key in entries if kind == Kind.ATTRIBUTION]
    of_rows = Q(kind__in=kinds, **{f"{link}__in": rows})
    stored = SearchEntry.objects.filter(of_rows | Q(kind=Kind.ATTRIBUTION, key__in=attributions))
    known = {
        (kind, key): (digest, tokeniser)
        for kind, key, digest, tokeniser in stored.values_list("kind", "key", "digest", "tokeniser")
    }
    for batch in batches([key for kind, key in known if (kind, key) not in entries]):
        SearchEntry.objects.filter(of_rows, key__in=batch).delete()
    return _write(entries.values(), {} if anew else known)


def _write(entries: Iterable[Entry], known: dict[tuple[int, str], tuple[str, int]]) -> set[str]:
    changed: list[SearchEntry] = []
    words: dict[bool, set[str]] = {True: set(), False: set()}
    tokens = Tokens()
    for entry in entries:
        if known.get((entry.kind.value, entry.key)) != (entry.digest, TOKENISER):
            row, found = entry.to_store(tokens)
            changed.append(row)
            words[entry.kind not in INTERNAL_KINDS] |= found
    # In one order everywhere, because two transactions may write the same attributions.
    changed.sort(key=lambda row: (row.kind, row.key))
    SearchEntry.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["kind", "key"], batch_size=BATCH,
        update_fields=[*PLACES, "digest", "tokeniser", "person"],
    )  # fmt: skip
    for public, found in words.items():
        add_words(found, public=public)
    return words[True] | words[False]


def _stored(instance: Model, **signal: Any) -> None:
    index_rows([instance])


def _release_stored(release: Release, **signal: Any) -> None:
    index_rows([release])


def _part_changed(instance: Model, origin: Any = None, **signal: Any) -> None:
    """Index the row of a part again. `origin`: the row or the rows that somebody deleted."""
    if getattr(origin, "model", type(origin)) in INDEXED:
        return  # the row is deleted with its parts, and may be there until then
    field = PARTS[type(instance)]
    model: Any = instance._meta.get_field(field).related_model
    index_rows(list(model.objects.filter(pk=getattr(instance, f"{field}_id"))))


def _topics_changed(instance: Any, action: str, reverse: bool, pk_set: Any, **signal: Any) -> None:
    """Index the releases whose topics were changed. `reverse`: by `topic.releases`."""
    if action == "pre_clear" and reverse:
        instance.cleared_releases = list(instance.releases.values_list("pk", flat=True))
    elif action.startswith("post_"):
        keys = pk_set if action != "post_clear" else getattr(instance, "cleared_releases", ())
        index_rows(list(Release.objects.filter(pk__in=keys)) if reverse else [instance])


# --- All rows ------------------------------------------------------------------------------------


def is_due() -> bool:
    """Return whether `reindex` has to run: rows have no entry, or one of another tokeniser."""
    if is_due_at_a_glance():
        return True
    counts = SearchEntry.objects.values_list("kind").annotate(Count("pk")).order_by()
    entries: dict[int, int] = dict(counts)
    return any(
        model._default_manager.count() != entries.get(kinds[0].value, 0)
        for model, (_link, kinds) in INDEXED.items()
    )


def is_due_at_a_glance() -> bool:
    """Return whether `is_due`, at a cost that does not grow with the archive.

    Of each model it only checks the first and the last row. So it notices that `reindex` did not
    run or was stopped, but not that single rows have no entry.
    """
    other = Q(tokeniser__lt=TOKENISER) | Q(tokeniser__gt=TOKENISER)
    if SearchEntry.objects.filter(other).exists():
        return True
    for model, (link, kinds) in INDEXED.items():
        entry = SearchEntry.objects.filter(kind=kinds[0], **{link: OuterRef("pk")})
        rows = model._default_manager.values_list(Exists(entry))
        if (False,) in (rows.order_by("pk").first(), rows.order_by("-pk").first()):
            return True
    return False


def count() -> int:
    """Return the number of rows that `reindex` reads."""
    return sum(model._default_manager.count() for model in INDEXED)


def reindex() -> Iterator[int]:
    """Write all entries again, and yield the number of rows read so far after each batch.

    A batch is locked while it is indexed. A save at the same time waits, and then indexes its own
    text.
    """
    newest = SearchWord.objects.aggregate(newest=Max("pk"))["newest"] or 0
    words: set[str] = set()
    done = 0
    for model in INDEXED:
        rows: Any = model._default_manager.order_by("pk").select_for_update(of=("self",))
        rows, last = rows.prefetch_related(*PREFETCHED.get(model, ())), None
        while True:
            with transaction.atomic():
                batch = list(rows.filter(pk__gt=last)[:BATCH] if last else rows[:BATCH])
                words |= index_rows(batch, anew=True)
            done += len(batch)
            yield done
            if len(batch) < BATCH:
                break
            last = batch[-1].pk
    _remove_unused_attributions()
    _remove_words(words, newest)


def _remove_unused_attributions() -> None:
    """Remove the attributions that no quotation prints any more."""
    entries = SearchEntry.objects.filter(kind=Kind.ATTRIBUTION)
    for person in entries.order_by().values_list("person", flat=True).distinct():
        with transaction.atomic():
            printed = {attribution_key(quote) for quote in Quote.objects.filter(speaker=person)}
            entries.filter(person=person).exclude(key__in=printed).delete()


def _remove_words(used: set[str], newest: int) -> None:
    """Remove the words that no text contains any more, except those stored since `newest`."""
    last = 0
    while batch := list(
        SearchWord.objects.filter(pk__gt=last, pk__lte=newest)
        .order_by("pk")
        .values_list("pk", "word")[:BATCH]
    ):
        unused = [pk for pk, word in batch if word not in used]
        SearchWord.objects.filter(pk__in=unused).delete()
        last = batch[-1][0]


def words_only_in(keys: Collection[int]) -> set[int]:
    """Return the keys of the words that stand in the entries with some keys, and in no other."""
    entries = SearchEntry.objects.filter(pk__in=keys)
    tokens = {
        token.partition(":")[0].strip("'")
        for text in entries.values_list("everything", flat=True)
        for token in text.split()
    }
    others = SearchEntry.objects.exclude(pk__in=keys)
    words = SearchWord.objects.filter(word__in=tokens).values_list("pk", "word")
    return {
        pk
        for pk, word in words
        if not others.filter(Matches(Sought((Unit((Form((word,)),)),)))).exists()
    }
