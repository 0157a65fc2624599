"""What an approval covers: everything that the page of a release prints.

A release prints rows that others can change: pictures, documents, topics, contacts, the roles of
its speakers. Each has a fingerprint of what is printed of it. The approver's form carries the
fingerprints that were read, the events of submission and approval keep them, and a difference is
refused or shown.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, cast

from django.db.models import Model
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.models import User
from assets.models import MediaAsset
from people.models import Person, Role
from releases.models import Contact, Event, Release, Topic
from releases.rules.public_texts import TABLES, pictures_of, row_or_none, table_of
from releases.versions import WRITTEN, Change, compare, marked

# What is printed of a picture beside its texts.
_OF_A_PICTURE = ("sha256", "ai_made", "focus_x", "focus_y", "licence_expires", "withdrawn_at")
_OF_A_CONTACT = ("hidden_at",)

Printed = dict[str, str]  # the key of a row (see `key_of`) and the fingerprint of what it prints


def key_of(row: Model) -> str:
    """Return the name of a row among those that a release prints: its table and primary key."""
    return f"{table_of(row)}:{row.pk}"


def printed(release: Release) -> Printed:
    """Return the fingerprint of every row that a stored release prints, in a fixed order."""
    rows = {key_of(row): row for row in _rows(release)}
    return {key: fingerprint(row) for key, row in sorted(rows.items())}


def fingerprint(row: Model) -> str:
    """Return a digest of what a release prints of a row."""
    match row:
        case Release():
            words = [str(getattr(row, name)) for name in WRITTEN]
            words += sorted(map(str, row.topics.values_list("pk", flat=True)))
            words += ["", *sorted(map(str, row.contacts.values_list("pk", flat=True)))]
        case Person():
            words = [row.display_name]
            words += sorted(f"{role.title}|{role.start}|{role.end}" for role in row.roles.all())
        case _:
            fields = [text.field for text in TABLES[table_of(row)]]
            fields += _OF_A_PICTURE if isinstance(row, MediaAsset) else ()
            fields += _OF_A_CONTACT if isinstance(row, Contact) else ()
            words = [str(getattr(row, name)) for name in fields]
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:16]


def changed_since(read: Mapping[str, str], release: Release) -> list[str]:
    """Return a sentence for each row that is printed otherwise than when it was read."""
    now = printed(release)
    return [
        _not_as_read(key)
        for key in sorted({*read, *now} - {key_of(release)})
        if read.get(key) != now.get(key)
    ]


def changes_to_read(release: Release, user: User) -> tuple[str, list[Change]]:
    """Return what an approver may not have read yet, for a user to see: since when, and what.

    In review, that is what is printed otherwise than when the release was submitted. A draft need
    not be submitted: there it is what was changed around it since its text was saved.
    """
    if release.status == Release.Status.DRAFT:
        changes = [
            change
            for row in _rows(release)
            if isinstance(row, MediaAsset | Topic | Contact)
            for change in _field_changes(row, _label(row), release.updated_at)
        ]
        return _("Changed since the text was last saved"), changes
    event = release.events.filter(verb=Event.Verb.SUBMITTED).order_by("-at", "-pk").first()
    if release.status != Release.Status.IN_REVIEW or event is None:
        return "", []
    # The version that was acted upon is the one before the submission stored its own.
    older = release.history.filter(version=event.version).order_by("-history_id").first()
    newer = release.history.order_by("-version", "-history_id").first()
    changes = list(compare(older, newer, user)) if older and newer else []
    before = event.detail.get("page")
    if isinstance(before, dict):
        now = printed(release)
        for key in sorted({*before, *now} - {key_of(release)}):
            if before.get(key) != now.get(key):
                changes += _row_changes(key, before, now, event.at, user)
    return _("Changed since it was submitted"), changes


def covered(page: Mapping[str, str]) -> str:
    """Return what an approval covered, in words: the text, and how many rows of each kind.

    "" for an event that kept nothing of it.
    """
    if not page:
        return ""
    counts: dict[str, int] = {}
    for key in page:
        table = key.split(":")[0]
        counts[table] = counts.get(table, 0) + 1
    names = {
        "assets.mediaasset": _("pictures and documents: %d"),
        "releases.topic": _("topics: %d"),
        "releases.contact": _("contacts: %d"),
        "people.person": _("speakers: %d"),
    }
    return ", ".join(
        [
            _("the text"),
            *(words % counts[table] for table, words in names.items() if table in counts),
        ]
    )


# --- Inside --------------------------------------------------------------------------------------


def _rows(release: Release) -> list[Model]:
    document = release.document
    speakers = {quote.speaker for quote in document.quotations if quote.speaker}
    return [
        release,
        *pictures_of(release, document),
        *release.topics.all(),
        *release.contacts.all(),
        *Person.objects.filter(pk__in=speakers).prefetch_related("roles"),
    ]


def _not_as_read(key: str) -> str:
    row = _row(key)
    if row is None:
        return _("Something that the release printed was deleted while you were reading.")
    if isinstance(row, Person):
        return _("The name or the job title of a speaker was changed while you were reading.")
    return _("%(kind)s “%(name)s” was changed while you were reading.") % {
        "kind": _kind(row), "name": row,
    }  # fmt: skip


def _row(key: str) -> Model | None:
    table, _colon, pk = key.partition(":")
    return row_or_none(table, pk)


def _kind(row: Model) -> str:
    if isinstance(row, MediaAsset):
        return row.get_kind_display()
    return str(capfirst(row._meta.verbose_name))


def _row_changes(
    key: str, before: Mapping[str, str], now: Mapping[str, str], at: datetime, user: User
) -> Iterator[Change]:
    row = _row(key)
    if row is None or (isinstance(row, Person) and not _is_visible(row, user)):
        yield Change(_("Something else that it prints"), _words(_("It was changed or deleted.")))
        return
    if key not in now or key not in before:
        return  # what was added or removed is among the changes of the text
    if isinstance(row, Person):
        yield _speaker_change(row, at)
    else:
        yield from _field_changes(cast(MediaAsset | Topic | Contact, row), _label(row), at)


def _label(row: Model) -> str:
    return f"{_kind(row)} “{row}”"


def _speaker_change(person: Person, at: datetime) -> Change:
    was = person.history.filter(history_date__lte=at).first()
    roles = Role.history.as_of(at).filter(person_id=person.pk)
    before = _with_titles(was.display_name if was else "", roles)
    now = _with_titles(person.display_name, person.roles.all())
    return Change(_label(person), marked(before.split(" "), now.split(" ")))


def _with_titles(name: str, roles: Iterable[Role]) -> str:
    titles = sorted(f"{role.title} ({role.start or '…'} – {role.end or '…'})" for role in roles)
    return ", ".join(filter(None, [name, *titles]))


def _field_changes(row: MediaAsset | Topic | Contact, label: str, at: datetime) -> Iterator[Change]:
    # The newest is first. A row whose versions begin later is compared with the first of them.
    older = row.history.filter(history_date__lte=at).first() or row.history.last()
    if older is None:
        yield Change(label, _words(_("It was changed. Its earlier text is not known.")))
        return
    for name in dict.fromkeys(text.field for text in TABLES[table_of(row)]):
        was, is_now = str(getattr(older, name) or ""), str(getattr(row, name) or "")
        if was != is_now:
            field = str(capfirst(row._meta.get_field(name).verbose_name))  # type: ignore[union-attr]
            yield Change(f"{label}: {field}", marked(was.split(" "), is_now.split(" ")))
    yield from _other_changes(older, row, label)


def _other_changes(older: Any, row: Model, label: str) -> Iterator[Change]:
    if isinstance(row, Contact) and older.hidden_at != row.hidden_at:
        said = _("It is shown again.") if row.is_shown() else _("It was hidden.")
        yield Change(label, _words(said))
    if not isinstance(row, MediaAsset):
        return
    if older.sha256 != row.sha256:
        yield Change(label, _words(_("Another file took its place.")))
    for name in ("ai_made", "focus_x", "focus_y", "licence_expires", "withdrawn_at"):
        if getattr(older, name) != getattr(row, name):
            field = str(capfirst(MediaAsset._meta.get_field(name).verbose_name))  # type: ignore[union-attr]
            yield Change(f"{label}: {field}", _words(_("It was changed.")))


def _is_visible(person: Person, user: User) -> bool:
    return Person.objects.visible_to(user).filter(pk=person.pk).exists()


def _words(sentence: str) -> SafeString:
    return format_html("{}", sentence)
