"""Every version of a release: seen, compared, restored."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from html import escape
from typing import Any, cast
from uuid import UUID

from django.db.models import Field
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts.models import User
from assets.models import MediaAsset
from people.models import Person
from people.names.shared import people_index
from releases.document import Document
from releases.models import Release
from releases.rules.public_texts import TABLES

_TEXTS = TABLES["releases.release"]
# What an editor writes; the rest of a row is the workflow's.
WRITTEN = (
    *(text.field for text in _TEXTS if text.restored),
    "kind", "language", "poster_id", "attached", "translation_of_id", "countries",
)  # fmt: skip
# What a reader of the release sees of it.
PRINTED = (*(text.field for text in _TEXTS if text.printed), "poster_id", "attached")
DOCUMENTS = {"body", "notes_to_editors"}
FAR_FROM_A_CHANGE = 12  # words
MAX_COMPARED = 4_000  # words between the first and the last change
UNKNOWN = "somebody whose record you may not see"
NOT_REPEATED = mark_safe("Changed; what stood there is not repeated.")


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs, with what was taken out and put in marked by `del` and `ins`."""

    label: str
    html: SafeString


def compare(older: Any, newer: Any, user: User) -> Iterator[Change]:
    """Return what changed in the text from one stored version to another, for a user to see."""
    names = _names_in(older, newer)
    unknown = Person.objects.filter(pk__in=[pk for pk in names if pk]).exclude(
        pk__in=Person.objects.visible_to(user)
    )
    names |= dict.fromkeys(unknown.values_list("pk", flat=True), UNKNOWN)
    yield from _compare(older, newer, WRITTEN, names)
    for name, label in (("topics", _("Topics")), ("contacts", _("Contacts"))):
        before, after = (_chosen(version, name) for version in (older, newer))
        if before != after:
            yield Change(label, marked(before, after))


def _chosen(version: Any, name: str) -> list[str]:
    """Return the topics or contacts of a stored version, each with a comma behind it."""
    link = name.removesuffix("s")
    keys = getattr(version, name).values_list(f"{link}_id", flat=True)
    rows = Release._meta.get_field(name).related_model._default_manager.filter(pk__in=list(keys))  # type: ignore[union-attr]
    return [f"{row}," for row in rows]


def _compare(
    older: Any, newer: Any, fields: Iterable[str], names: dict[UUID | None, str]
) -> Iterator[Change]:
    for name in fields:
        before, after = (_readable(version, name, names) for version in (older, newer))
        if before != after:
            field = cast("Field[Any, Any]", Release._meta.get_field(name.removesuffix("_id")))
            yield Change(
                str(field.verbose_name).capitalize(), marked(before.split(" "), after.split(" "))
            )


def compare_printed(release: Release, since: int) -> list[Change]:
    """Return what is printed differently since a version, for readers outside the newsroom.

    Where a protected name is in play, what stood there is not repeated.
    """
    older = release.history.filter(version=since).order_by("-history_id").first()
    if older is None:
        return []
    names = _names_in(older, release)
    bound, ids = Person.objects.protected(), [pk for pk in names if pk]
    names |= dict.fromkeys(bound.filter(pk__in=ids).values_list("pk", flat=True), "name withheld")
    names |= {
        pk: credit or "without a credit"
        for pk, credit in MediaAsset.objects.filter(pk__in=ids).values_list("pk", "credit_line")
    }
    changes = []
    for change in _compare(older, release, PRINTED, names):
        named = {match.person for match in people_index().matches(strip_tags(change.html))}
        if bound.filter(pk__in=named).exists():
            change = replace(change, html=NOT_REPEATED)
        changes.append(change)
    return changes


def take_back(release: Release, version: Any) -> None:
    """Give a release in memory the text of one of its versions.

    What that version pointed to and is gone meanwhile, or is another release's by now, stays
    empty: the picture, the translated release, the address.
    """
    for name in WRITTEN:
        setattr(release, name, getattr(version, name))
    poster, original = release.poster_id, release.translation_of_id
    if poster and not MediaAsset.objects.filter(pk=poster).exists():
        release.poster = None
    if original and not Release.objects.filter(pk=original).exists():
        release.translation_of = None
    if release.is_taken(release.slug):
        release.slug = ""


def _names_in(*versions: Any) -> dict[UUID | None, str]:
    """Return what to call the people, pictures and releases that versions point to."""
    documents = [Document(version.body) for version in versions]
    people = {quote.speaker for document in documents for quote in document.quotations}
    pictures = {asset for document in documents for asset in document.pictures}
    pictures |= {version.poster_id for version in versions}
    pictures |= {UUID(asset) for version in versions for asset in version.attached}
    originals = {version.translation_of_id for version in versions}
    return {
        pk: str(row)
        for model, ids in ((Person, people), (MediaAsset, pictures), (Release, originals))
        for pk, row in model._default_manager.in_bulk(ids - {None}).items()
    }


def _readable(version: Any, name: str, names: dict[UUID | None, str]) -> str:
    value = getattr(version, name)
    if name in DOCUMENTS:
        document = Document(value)
        said = [
            ", ".join(filter(None, [quote.name or names.get(quote.speaker, "nobody"), quote.title]))
            for quote in document.quotations
        ]
        quoted = [f"Quoted: {'; '.join(said)}."] if said else []
        shown = [f"Picture: {names.get(asset, 'deleted')}." for asset in document.pictures]
        return " ¶ ".join([*document.paragraphs, *quoted, *shown])
    if name == "attached":
        return "; ".join(names.get(UUID(asset), "deleted") for asset in value)
    if name.endswith("_id"):
        return names.get(value, "") if value else ""
    return str(value)


def marked(before: list[str], after: list[str]) -> SafeString:
    pieces = []
    for kind, i, j, k, end in _differences(before, after):
        if kind == "equal":
            pieces.append(escape(_shortened(before[i:j])))
            continue
        if i < j:
            pieces.append(f"<del>{escape(' '.join(before[i:j]))}</del>")
        if k < end:
            pieces.append(f"<ins>{escape(' '.join(after[k:end]))}</ins>")
    return mark_safe(" ".join(pieces))


def _differences(before: list[str], after: list[str]) -> list[tuple[str, int, int, int, int]]:
    """Return what differs between two lists of words, as `difflib` says it.

    What is alike at both ends is left out first. Where more than MAX_COMPARED words are left, what
    stood there is taken out as a whole, and what stands there now put in: to compare words takes
    the square of their number.
    """
    first, shorter = 0, min(len(before), len(after))
    while first < shorter and before[first] == after[first]:
        first += 1
    last = 0
    while last < shorter - first and before[-1 - last] == after[-1 - last]:
        last += 1
    old, new = before[first : len(before) - last], after[first : len(after) - last]
    if len(old) + len(new) > MAX_COMPARED:
        inside: Sequence[tuple[str, int, int, int, int]] = [("replace", 0, len(old), 0, len(new))]
    else:
        inside = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    found = [("equal", 0, first, 0, first)] if first else []
    found += [(kind, i + first, j + first, k + first, end + first) for kind, i, j, k, end in inside]
    if last:
        found.append(("equal", len(before) - last, len(before), len(after) - last, len(after)))
    return found


def _shortened(words: list[str]) -> str:
    """Leave out what is far from any change."""
    if len(words) <= 2 * FAR_FROM_A_CHANGE + 5:
        return " ".join(words)
    return " ".join([*words[:FAR_FROM_A_CHANGE], "…", *words[-FAR_FROM_A_CHANGE:]])
