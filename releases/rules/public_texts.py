"""Every text that the public can read: its field, and where it is printed.

The check for protected names, the comparison of versions, the text index and `namecheck` all use
`TEXTS`. A test compares it with the models: every text field is either in `TEXTS`, or in `INTERNAL`
with the reason why the public never reads it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_plus

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Model, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from assets.models import MediaAsset
from people.models import Person
from releases.document import Document
from releases.models import Contact, Illustration, Release, Topic

Label = str | Promise
TextReader = Callable[[str], str]


def _plain(value: str) -> str:
    return value


def _html(value: str) -> str:
    return Document(value).text_for_names


def _attributions(value: str) -> str:
    return "\n".join(f"{quote.name}\n{quote.title}" for quote in Document(value).quotations)


def _separated(value: str) -> str:
    """Return a file name or an address with spaces between its words, to find names in it."""
    return re.sub(r"[_.\-]+", " ", value)


def _addresses(value: str) -> str:
    """Return the addresses of the links in a text, because browsers and all formats show them."""
    return "\n".join(_separated(unquote_plus(href)) for href in Document(value).links)


@dataclass(frozen=True, slots=True)
class PublicText:
    """One text field that the public can read.

    `place`: its name at the desk. `read`: returns the text of a stored value. `printed`: readers of
    a release are shown its changes. `when`: the boolean field that makes it public, if any.
    """

    table: str
    field: str
    place: Label
    read: TextReader = _plain
    printed: bool = False
    when: str = ""

    def of(self, row: Model) -> str:
        """Return its text in a row in memory, or "" while it is not public."""
        if self.when and not getattr(row, self.when):
            return ""
        return self.read(getattr(row, self.field) or "")


def _of(table: str, when: str = "", **places: Label) -> Iterator[PublicText]:
    for field, place in places.items():
        yield PublicText(table, field, place, when=when)


TEXTS: tuple[PublicText, ...] = (
    PublicText("releases.release", "title", _("the title"), printed=True),
    PublicText("releases.release", "standfirst", _("the standfirst"), printed=True),
    PublicText("releases.release", "pull_quote", _("the pull quote"), printed=True),
    PublicText("releases.release", "body", _("the text"), _html, printed=True),
    PublicText("releases.release", "body", _("an attribution"), _attributions),
    PublicText("releases.release", "body", _("the address of a link in the text"), _addresses),
    PublicText(
        "releases.release", "notes_to_editors", _("the notes to editors"), _html,
        printed=True,
    ),
    PublicText(
        "releases.release", "notes_to_editors", _("the address of a link in the notes"), _addresses
    ),
    PublicText("releases.release", "dateline_place", _("the place"), printed=True),
    PublicText("releases.release", "slug", _("the address"), _separated),
    PublicText("releases.release", "withdrawal_reason", _("the reason of the withdrawal")),
    *_of("releases.correction", text=_("the correction")),
    PublicText("releases.quote", "attribution_title", _("an attribution")),
    *_of(
        "assets.mediaasset",
        alt_text=_("the alternative text"),
        caption=_("the caption"),
        credit_line=_("the credit line"),
        creator=_("the creator"),
        copyright_notice=_("the copyright notice"),
        usage_terms=_("the usage terms"),
        place=_("the place"),
        date_created=_("the day on which it was made"),
    ),
    PublicText("assets.mediaasset", "original_name", _("the file name"), _separated),
    *_of("releases.topic", name=_("the name of the topic")),
    PublicText("releases.topic", "slug", _("the address of the topic"), _separated),
    *_of(
        "releases.contact",
        name=_("the name of the contact"),
        email=_("the e-mail address of the contact"),
        phone=_("the telephone number of the contact"),
        hours=_("the hours of the contact"),
    ),
    *_of("people.person", display_name=_("the name"), pronouns=_("the pronouns")),
    *_of("people.personname", when="printed", text=_("another name")),
    PublicText("people.person", "slug", _("the address of the person’s page"), _separated),
    *_of("people.role", title=_("the job title"), unit=_("the organisation")),
    *_of(
        "people.case",
        call=_("what we ask for"),
        what_to_do=_("what readers can do"),
        what_to_do_url=_("the link to what readers can do"),
        summary=_("the summary of the case"),
        health=_("the concern for health"),
    ),
    *_of(
        "people.designation",
        label=_("the designation"),
        by=_("who decided the designation"),
    ),
    *_of(
        "people.charge",
        text=_("the charge"),
        original_text=_("the charge in its original wording"),
        law=_("the law"),
    ),
    *_of(
        "people.sentence",
        text=_("the sentence"),
        court=_("the court"),
    ),
    *_of(
        "people.caseevent",
        when="public",
        summary=_("an event of the case"),
    ),
)  # fmt: skip

_SOURCED = ("case", "casestatus", "designation", "charge", "sentence", "caseevent")
TEXTS += tuple(
    PublicText(f"people.{table}", field, place, when="source_public")
    for table in _SOURCED
    for field, place in (
        ("source", _("the source")),
        ("source_url", _("the address of the source")),
    )
)

REASON_NOT_TEXT = "a choice from a fixed list, a code, a date or a hash"
REASON_INTERNAL = "never public: no page, feed or export prints it"
INTERNAL: dict[tuple[str, str], str] = {
    ("releases.release", "kind"): REASON_NOT_TEXT,
    ("releases.release", "language"): REASON_NOT_TEXT,
    ("releases.release", "countries"): REASON_NOT_TEXT,
    ("releases.release", "status"): REASON_NOT_TEXT,
    ("releases.release", "import_digest"): REASON_NOT_TEXT,
    ("releases.formerslug", "slug"): "redirects from an address that was public; it is not printed",
    ("releases.release", "attached"): "ids of pictures and documents, which are checked there",
    ("releases.event", "detail"): REASON_INTERNAL,
    ("releases.mention", "surface"): "a copy of a part of the text, which is checked there",
    ("releases.quote", "attribution_name"): "the speaker's own name: the speaker's level decides",
    ("releases.quote", "text"): "a copy of a part of the text, which is checked there",
    ("releases.probe", "what"): REASON_INTERNAL,
    ("releases.probe", "sender_hash"): REASON_INTERNAL,
    ("releases.probe", "network"): REASON_INTERNAL,
    ("releases.nameexception", "table"): REASON_INTERNAL,
    ("releases.nameexception", "row"): REASON_INTERNAL,
    ("releases.nameexception", "name"): REASON_INTERNAL,
    ("releases.nameexception", "reason"): REASON_INTERNAL,
    ("releases.namedisclosure", "table"): REASON_INTERNAL,
    ("releases.namedisclosure", "row"): REASON_INTERNAL,
    ("releases.namecheckfind", "address"): REASON_INTERNAL,
    ("releases.namecheckfind", "kind"): REASON_INTERNAL,
    ("releases.namecheckfind", "place"): REASON_INTERNAL,
    ("releases.namecheckfind", "table"): REASON_INTERNAL,
    ("releases.namecheckfind", "row"): REASON_INTERNAL,
    ("releases.foldedtext", "table"): REASON_INTERNAL,
    ("releases.foldedtext", "row"): REASON_INTERNAL,
    ("releases.foldedtext", "letters"): REASON_INTERNAL,
    ("releases.searchentry", "key"): REASON_INTERNAL,
    ("releases.searchentry", "digest"): REASON_NOT_TEXT,
    ("releases.searchword", "word"): "a public search must confirm a word before it is shown",
    ("releases.searchword", "reversed"): REASON_INTERNAL,
    ("releases.searchword", "stem"): REASON_INTERNAL,
    ("releases.rejectedname", "name"): REASON_INTERNAL,
    ("jobs.job", "reason"): REASON_INTERNAL,
    ("jobs.job", "name"): REASON_INTERNAL,
    ("jobs.job", "lane"): REASON_INTERNAL,
    ("jobs.job", "key"): REASON_INTERNAL,
    ("jobs.job", "arguments"): REASON_INTERNAL,
    ("jobs.job", "state"): REASON_INTERNAL,
    ("jobs.email", "reason"): REASON_INTERNAL,
    ("jobs.email", "message_id"): REASON_INTERNAL,
    ("jobs.email", "to"): REASON_INTERNAL,
    ("jobs.email", "subject"): REASON_INTERNAL,
    ("jobs.email", "text"): REASON_INTERNAL,
    ("jobs.email", "fill"): REASON_INTERNAL,
    ("jobs.email", "fill_key"): REASON_INTERNAL,
    ("jobs.email", "about"): REASON_INTERNAL,
    ("jobs.email", "state"): REASON_INTERNAL,
    ("releases.event", "verb"): REASON_INTERNAL,
    ("assets.mediaasset", "embedded_metadata"): "metadata of the file, which only editors see",
    ("assets.mediaasset", "file_warnings"): "warnings for editors, which are not printed",
    (
        "assets.mediaasset",
        "renditions",
    ): "sizes and formats of the files that are served, and what was "
    "removed from them, which only editors see",
    ("people.case", "call_types"): REASON_NOT_TEXT,
    ("assets.mediaasset", "kind"): REASON_NOT_TEXT,
    ("assets.mediaasset", "original"): "the name of the stored file, which has no public address",
    ("assets.mediaasset", "sha256"): REASON_NOT_TEXT,
    ("assets.mediaasset", "extension"): REASON_NOT_TEXT,
    ("assets.mediaasset", "state"): REASON_NOT_TEXT,
    ("assets.mediaasset", "error"): REASON_INTERNAL,
    ("assets.mediaasset", "as_is_reason"): REASON_INTERNAL,
    ("people.person", "sort_name"): "lists are ordered by it, and do not print it",
    ("people.person", "level_basis"): REASON_INTERNAL,
    ("people.personname", "language"): REASON_NOT_TEXT,
    ("people.personname", "script"): REASON_NOT_TEXT,
    ("people.personname", "kind"): REASON_NOT_TEXT,
    ("people.consent", "basis"): REASON_INTERNAL,
    ("people.consent", "evidence"): REASON_INTERNAL,
    ("people.levelchange", "outcome"): REASON_INTERNAL,
    ("people.levelchange", "basis"): REASON_INTERNAL,
    ("people.levelchange", "note"): REASON_INTERNAL,
    ("people.case", "country"): REASON_NOT_TEXT,
    ("people.case", "custody_status"): REASON_NOT_TEXT,
    ("people.case", "legal_status"): REASON_NOT_TEXT,
    ("people.case", "confidence"): REASON_NOT_TEXT,
    ("people.case", "since"): REASON_NOT_TEXT,
    ("people.case", "until"): REASON_NOT_TEXT,
    ("people.case", "reliability"): REASON_INTERNAL,
    ("people.case", "internal_note"): REASON_INTERNAL,
    ("people.case", "place"): REASON_INTERNAL,
    ("people.casestatus", "error_note"): REASON_INTERNAL,
    ("people.designation", "error_note"): REASON_INTERNAL,
    ("people.designation", "made"): REASON_NOT_TEXT,
    ("people.minormarkremoval", "outcome"): REASON_INTERNAL,
    ("people.minormarkremoval", "reason"): REASON_INTERNAL,
    ("people.minormarkremoval", "note"): REASON_INTERNAL,
    ("people.casestatus", "custody_status"): REASON_NOT_TEXT,
    ("people.casestatus", "legal_status"): REASON_NOT_TEXT,
    ("people.casestatus", "confidence"): REASON_NOT_TEXT,
    ("people.casestatus", "reliability"): REASON_INTERNAL,
    ("people.casestatus", "internal_note"): REASON_INTERNAL,
    ("people.designation", "since"): REASON_NOT_TEXT,
    ("people.designation", "until"): REASON_NOT_TEXT,
    ("people.designation", "reliability"): REASON_INTERNAL,
    ("people.designation", "internal_note"): REASON_INTERNAL,
    ("people.charge", "date"): REASON_NOT_TEXT,
    ("people.charge", "original_language"): REASON_NOT_TEXT,
    ("people.charge", "result"): REASON_NOT_TEXT,
    ("people.charge", "reliability"): REASON_INTERNAL,
    ("people.charge", "internal_note"): REASON_INTERNAL,
    ("people.sentence", "date"): REASON_NOT_TEXT,
    ("people.sentence", "kind"): REASON_NOT_TEXT,
    ("people.sentence", "duration"): REASON_NOT_TEXT,
    ("people.sentence", "reliability"): REASON_INTERNAL,
    ("people.sentence", "internal_note"): REASON_INTERNAL,
    ("people.caseevent", "date"): REASON_NOT_TEXT,
    ("people.caseevent", "kind"): REASON_NOT_TEXT,
    ("people.caseevent", "reliability"): REASON_INTERNAL,
    ("people.caseevent", "internal_note"): REASON_INTERNAL,
    ("previews.previewlink", "kind"): REASON_INTERNAL,
    ("previews.previewlink", "name"): REASON_INTERNAL,
    ("previews.previewlink", "outlet"): REASON_INTERNAL,
    ("previews.previewlink", "email"): REASON_INTERNAL,
    ("previews.previewlink", "token_hash"): REASON_INTERNAL,
    ("previews.previewlink", "reference"): REASON_INTERNAL,
    ("previews.visit", "network"): REASON_INTERNAL,
    ("previews.visit", "agent"): REASON_INTERNAL,
    ("previews.opening", "what"): REASON_INTERNAL,
    ("previews.opening", "network"): REASON_INTERNAL,
    ("previews.opening", "browser"): REASON_INTERNAL,
}

TABLES: dict[str, tuple[PublicText, ...]] = {
    table: tuple(text for text in TEXTS if text.table == table)
    for table in dict.fromkeys(text.table for text in TEXTS)
}


def table_of(row: Model) -> str:
    """Return the name of a row's table in TABLES."""
    return row._meta.label_lower


def model_of(table: str) -> type[Model]:
    """Return the model of a table."""
    return apps.get_model(table)


def row_of(table: str, row: str) -> Model | None:
    """Return a row, or None if it was deleted."""
    return model_of(table)._default_manager.filter(pk=row).first()


def row_or_none(table: str, row: str) -> Model | None:
    """Return a row by a table and key from a URL, or None if they are not valid."""
    try:
        return row_of(table, row) if table in TABLES else None
    except (ValueError, ValidationError):
        return None


def texts_of(row: Model) -> dict[PublicText, str]:
    """Return the public texts of a row in memory by field, without empty ones."""
    texts = {field: field.of(row) for field in TABLES[table_of(row)]}
    return {field: text for field, text in texts.items() if text}


# --- What a release prints, and what prints a row ------------------------------------------------


def printed_with(release: Release, document: Document | None = None) -> list[Model]:
    """Return every row whose texts a release prints: itself, pictures, topics, contacts, …"""
    rows: list[Model] = [release, *pictures_of(release, document or release.document)]
    if not release._state.adding:
        rows += [
            *release.topics.all(),
            *release.contacts.all(),
            *release.quotes.all(),
            *release.corrections.all(),
        ]
    return rows


def pictures_of(release: Release, document: Document) -> list[MediaAsset]:
    """Return every picture and document of a release: poster, in the text, attached."""
    shown = {*document.pictures, *release.attached_ids, release.poster_id} - {None}
    return list(MediaAsset.objects.in_bulk(shown).values())


def person_of(row: Model) -> Person | None:
    """Return the person whose page prints a row, or None."""
    if isinstance(row, Person):
        return row
    if person := getattr(row, "person", None):
        return person
    case = getattr(row, "case", None)
    return case.person if case else None


def printed_by(person: Person) -> list[Model]:
    """Return every row whose texts a person's page prints, including the portrait."""
    rows: list[Model] = [person, *person.names.all(), *person.roles.all()]
    for case in person.cases.all():
        rows.append(case)
        for part in ("statuses", "designations", "charges", "sentences", "events"):
            rows += getattr(case, part).all()
    if person.portrait:
        rows.append(person.portrait)
    return rows


def releases_printing(row: Model) -> Q:
    """Return a Q object for the releases that print a row."""
    match row:
        case Release():
            return Q(pk=row.pk)
        case MediaAsset():
            used = Illustration.objects.filter(asset=row.pk).values("release")
            return Q(poster=row.pk) | Q(pk__in=used)
        case Topic():
            return Q(pk__in=Release.topics.through.objects.filter(topic=row.pk).values("release"))
        case Contact():
            links = Release.contacts.through.objects.filter(contact=row.pk)
            return Q(pk__in=links.values("release"))
        case _ if release := getattr(row, "release_id", None):
            return Q(pk=release)
        case _:
            return Q(pk__in=())


def is_printed(row: Model, at: datetime | None = None) -> bool:
    """Return whether something public prints the texts of a stored row at a time (default: now).

    A picture counts while a public release or page uses it, even if its licence has ended, because
    the licence may be renewed. A release on hold counts, because it comes back unchanged.
    """
    at = at or timezone.now()
    if isinstance(row, Release):
        return row.is_published(at) or row.is_tombstone(at)
    if person := person_of(row):
        return person.has_page(timezone.localdate(at))
    if Release.objects.public(at).filter(releases_printing(row)).exists():
        return True
    if isinstance(row, MediaAsset):
        return Person.objects.with_page(timezone.localdate(at)).filter(portrait=row.pk).exists()
    return False
