"""What an approval covers: everything that the page of a release prints.

A release prints rows that others can change: pictures, documents, topics, contacts, the roles of
its speakers. Each row has a fingerprint of its printed values. The approver's form contains the
fingerprints of what the approver read, and the submission and approval events store them. A
difference blocks the approval, or is shown to the approver.
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
from django.utils.translation import ngettext

from accounts.models import User
from assets.models import MediaAsset
from people.models import Person, Role
from releases.models import Contact, Event, Release, Topic
from releases.rules.public_texts import TABLES, pictures_of, row_or_none, table_of
from releases.versions import RESTORED_FIELDS, Change, compare, marked

# Fields of a picture that change what a page shows, in addition to its texts.
_OF_A_PICTURE = ("sha256", "ai_made", "focus_x", "focus_y", "licence_expires", "withdrawn_at")
_OF_A_CONTACT = ("hidden_at",)

Fingerprints = dict[str, str]  # by the key of a row: see `key_of`


def key_of(row: Model) -> str:
    """Return the key that identifies a printed row: its table and primary key."""
    return f"{table_of(row)}:{row.pk}"


def printed_fingerprints(release: Release) -> Fingerprints:
    """Return the fingerprint of every row that a saved release prints, in a fixed order."""
    rows = {key_of(row): row for row in _rows(release)}
    return {key: fingerprint(row) for key, row in sorted(rows.items())}


def fingerprint(row: Model) -> str:
    """Return a digest of the values of a row that a release prints."""
    match row:
        case Release():
            values = [str(getattr(row, name)) for name in RESTORED_FIELDS]
            values += sorted(map(str, row.topics.values_list("pk", flat=True)))
            values += ["", *sorted(map(str, row.contacts.values_list("pk", flat=True)))]
        case Person():
            values = [row.display_name]
            values += sorted(f"{role.title}|{role.start}|{role.end}" for role in row.roles.all())
        case _:
            fields = [text.field for text in TABLES[table_of(row)]]
            fields += _OF_A_PICTURE if isinstance(row, MediaAsset) else ()
            fields += _OF_A_CONTACT if isinstance(row, Contact) else ()
            values = [str(getattr(row, name)) for name in fields]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]


def changes_since_read(read_fingerprints: Mapping[str, str], release: Release) -> list[str]:
    """Return a sentence for each row that was changed since the approver read it."""
    now = printed_fingerprints(release)
    return [
        _change_sentence(key)
        for key in sorted({*read_fingerprints, *now} - {key_of(release)})
        if read_fingerprints.get(key) != now.get(key)
    ]


def unread_changes(release: Release, user: User) -> tuple[str, list[Change]]:
    """Return a label, and the changes that an approver may not have read.

    In review, these are the changes since the release was submitted. A draft can be approved
    without a submission. For a draft, they are the changes of printed rows since its text was
    last saved. Details that the user may not see are left out.
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
    # The submission saved a new version. `event.version` is the one before it.
    older = release.history.filter(version=event.version).order_by("-history_id").first()
    newer = release.history.order_by("-version", "-history_id").first()
    changes = list(compare(older, newer, user)) if older and newer else []
    before = event.detail.get("page")
    if isinstance(before, dict):
        now = printed_fingerprints(release)
        for key in sorted({*before, *now} - {key_of(release)}):
            if before.get(key) != now.get(key):
                changes += _row_changes(key, before, now, event.at, user)
    return _("Changed since it was submitted"), changes


def coverage(page: Mapping[str, str]) -> str:
    """Return what an approval covered: the text, and the number of rows of each kind.

    Return "" for an event without fingerprints.
    """
    if not page:
        return ""
    counts: dict[str, int] = {}
    for key in page:
        table = key.split(":")[0]
        counts[table] = counts.get(table, 0) + 1
    assets, topics = counts.get("assets.mediaasset", 0), counts.get("releases.topic", 0)
    contacts, speakers = counts.get("releases.contact", 0), counts.get("people.person", 0)
    parts = [
        (assets, ngettext("%d picture or document", "%d pictures or documents", assets)),
        (topics, ngettext("%d topic", "%d topics", topics)),
        (contacts, ngettext("%d contact", "%d contacts", contacts)),
        (speakers, ngettext("%d speaker", "%d speakers", speakers)),
    ]
    return ", ".join([_("the text"), *(part % number for number, part in parts if number)])


# --- Private functions ---------------------------------------------------------------------------


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


def _change_sentence(key: str) -> str:
    row = _row(key)
    if row is None:
        return _("Something in this release was deleted while you were reading.")
    if isinstance(row, Person):
        return _("A speaker’s name or title was changed while you were reading.")
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
        yield Change(_("Other content"), _sentence(_("It was changed or deleted.")))
        return
    if key not in now or key not in before:
        return  # the changes of the text include added and removed rows
    if isinstance(row, Person):
        yield _speaker_change(row, at)
    else:
        yield from _field_changes(cast(MediaAsset | Topic | Contact, row), _label(row), at)


def _label(row: Model) -> str:
    return _("%(kind)s “%(name)s”") % {"kind": _kind(row), "name": row}


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
    # History rows are ordered newest first. If the history begins after `at`, compare with its
    # first version.
    older = row.history.filter(history_date__lte=at).first() or row.history.last()
    if older is None:
        yield Change(label, _sentence(_("It was changed. The earlier text is not known.")))
        return
    for name in dict.fromkeys(text.field for text in TABLES[table_of(row)]):
        was, is_now = str(getattr(older, name) or ""), str(getattr(row, name) or "")
        if was != is_now:
            field = str(capfirst(row._meta.get_field(name).verbose_name))  # type: ignore[union-attr]
            yield Change(f"{label}: {field}", marked(was.split(" "), is_now.split(" ")))
    yield from _other_changes(older, row, label)


def _other_changes(older: Any, row: Model, label: str) -> Iterator[Change]:
    if isinstance(row, Contact) and older.hidden_at != row.hidden_at:
        sentence = _("It is shown again.") if row.is_shown() else _("It was hidden.")
        yield Change(label, _sentence(sentence))
    if not isinstance(row, MediaAsset):
        return
    if older.sha256 != row.sha256:
        yield Change(label, _sentence(_("The file was replaced.")))
    for name in ("ai_made", "focus_x", "focus_y", "licence_expires", "withdrawn_at"):
        if getattr(older, name) != getattr(row, name):
            field = str(capfirst(MediaAsset._meta.get_field(name).verbose_name))  # type: ignore[union-attr]
            yield Change(f"{label}: {field}", _sentence(_("It was changed.")))


def _is_visible(person: Person, user: User) -> bool:
    return Person.objects.visible_to(user).filter(pk=person.pk).exists()


def _sentence(sentence: str) -> SafeString:
    return format_html("{}", sentence)
