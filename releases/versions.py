"""Compare and restore the versions of a release."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from html import escape
from typing import Any, cast
from uuid import UUID

from django.db.models import Field
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from assets.models import MediaAsset
from people.models import Person
from people.names.shared import people_index
from releases import language_tags
from releases.document import Document
from releases.models import Release
from releases.rules.desk_visibility import files_visible_to
from releases.rules.public_texts import TABLES

_TEXTS = TABLES["releases.release"]
# Editors write these fields, and a version restores them; the workflow sets the others.
_EDITABLE = [field.attname for field in Release._meta.concrete_fields if field.editable]
# The texts come first in a comparison.
RESTORED_FIELDS = tuple(
    dict.fromkeys([*(text.field for text in _TEXTS if text.field in _EDITABLE), *_EDITABLE])
)
# Readers of the release see these fields.
PRINTED_FIELDS = (*(text.field for text in _TEXTS if text.printed), "poster_id", "attached")
DOCUMENT_FIELDS = {"body", "notes_to_editors"}
CONTEXT_WORDS = 12  # shown on each side of a change
MAX_COMPARED = 4_000  # words between the first and the last change
HIDDEN_PERSON = gettext_lazy("a person whose record you can’t see")
TEXT_NOT_SHOWN = gettext_lazy("Changed. The earlier text is not shown.")


@dataclass(frozen=True, slots=True)
class Change:
    """One changed field. In `html`, `<del>` and `<ins>` mark removed and added text."""

    label: str
    html: SafeString


def compare(older: Any, newer: Any, user: User) -> Iterator[Change]:
    """Yield the changes from one version to another, as a user may see them."""
    names = _names_in(older, newer)
    unknown = Person.objects.filter(pk__in=[pk for pk in names if pk]).exclude(
        pk__in=Person.objects.visible_to(user)
    )
    names |= dict.fromkeys(unknown.values_list("pk", flat=True), str(HIDDEN_PERSON))
    for row in _rows_hidden_from(user, [pk for pk in names if pk]):
        del names[row.pk]  # it is shown as deleted
    yield from _compare(older, newer, RESTORED_FIELDS, names)
    for name, label in (("topics", _("Topics")), ("contacts", _("Contacts"))):
        before, after = (_chosen(version, name) for version in (older, newer))
        if before != after:
            yield Change(label, marked(before, after))


def _rows_hidden_from(user: User, keys: list[UUID]) -> Iterator[Release | MediaAsset]:
    """Yield the releases and files with these keys that do not exist for a user."""
    releases, files = Release.objects.filter(pk__in=keys), MediaAsset.objects.filter(pk__in=keys)
    yield from releases.exclude(pk__in=releases.visible_to(user).values("pk"))
    yield from files.exclude(pk__in=files_visible_to(user).filter(pk__in=keys).values("pk"))


def _chosen(version: Any, name: str) -> list[str]:
    """Return the topics or contacts of a stored version, each followed by a comma."""
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
                capfirst(str(field.verbose_name)), marked(before.split(" "), after.split(" "))
            )


def compare_printed(release: Release, since: int) -> list[Change]:
    """Return the changes since a version that are printed, for readers outside the newsroom.

    The text of a change that contains a protected name is not shown.
    """
    older = release.history.filter(version=since).order_by("-history_id").first()
    if older is None:
        return []
    names = _names_in(older, release)
    bound, ids = Person.objects.protected(), [pk for pk in names if pk]
    names |= dict.fromkeys(
        bound.filter(pk__in=ids).values_list("pk", flat=True), _("name withheld")
    )
    names |= {
        pk: credit or _("without a credit")
        for pk, credit in MediaAsset.objects.filter(pk__in=ids).values_list("pk", "credit_line")
    }
    changes = []
    for change in _compare(older, release, PRINTED_FIELDS, names):
        named = {match.person for match in people_index().matches(strip_tags(change.html))}
        if bound.filter(pk__in=named).exists():
            change = replace(change, html=format_html("{}", TEXT_NOT_SHOWN))
        changes.append(change)
    return changes


def restore_text(release: Release, version: Any) -> None:
    """Copy the text of a version to a release in memory.

    A reference to a deleted row stays empty. So does the slug if another release uses it now.
    """
    for name in RESTORED_FIELDS:
        setattr(release, name, getattr(version, name))
    poster, original = release.poster_id, release.translation_of_id
    if poster and not MediaAsset.objects.filter(pk=poster).exists():
        release.poster = None
    if original and not Release.objects.filter(pk=original).exists():
        release.translation_of = None
    if release.is_taken(release.slug):
        release.slug = ""


def _names_in(*versions: Any) -> dict[UUID | None, str]:
    """Return the names of the people, pictures and releases that versions refer to, by key."""
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
    if name in DOCUMENT_FIELDS:
        document = Document(value)
        speakers = [
            ", ".join(
                filter(None, [quote.name or names.get(quote.speaker, _("nobody")), quote.title])
            )
            for quote in document.quotations
        ]
        quoted = [_("Quoted: %s.") % "; ".join(speakers)] if speakers else []
        shown = [_("Picture: %s.") % names.get(asset, _("deleted")) for asset in document.pictures]
        return " ¶ ".join([*document.paragraphs, *quoted, *shown])
    if name == "attached":
        return "; ".join(names.get(UUID(asset), _("deleted")) for asset in value)
    if name.endswith("_id"):
        return names.get(value, "") if value else ""
    if name == "language":
        return language_tags.name(value)
    if name == "countries":
        return ", ".join(str(country.name or country.code) for country in value)
    labels: dict[Any, Any] = dict(getattr(Release._meta.get_field(name), "flatchoices", ()))
    return str(labels.get(value, value))


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
    """Return the differences between two lists of words, as operations of `difflib`.

    Equal words at both ends are skipped first. If more than MAX_COMPARED words are left, they count
    as one replacement, because the time of a comparison grows with the square of their number.
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
    """Return unchanged words as text, without those that are far from any change."""
    if len(words) <= 2 * CONTEXT_WORDS + 5:
        return " ".join(words)
    return " ".join([*words[:CONTEXT_WORDS], "…", *words[-CONTEXT_WORDS:]])
