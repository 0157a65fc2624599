"""Every text that the public can read: which field it is, where it is printed, who restores it.

One table. The check for protected names, the comparison of versions, the folded texts and
`namecheck` read it, and a test compares it with the models: a text field stands in it, or in
`INTERNAL` with the reason why the public never reads it.
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

Words = str | Promise


def _plain(value: str) -> str:
    return value


def _html(value: str) -> str:
    return Document(value).text_for_names


def _attributions(value: str) -> str:
    return "\n".join(f"{quote.name}\n{quote.title}" for quote in Document(value).quotations)


def _separated(value: str) -> str:
    """A file name or an address: what joins its words is no part of a name."""
    return re.sub(r"[_.\-]+", " ", value)


def _addresses(value: str) -> str:
    """The addresses of the links of a text: browsers and every format that goes out show them."""
    return "\n".join(_separated(unquote_plus(href)) for href in Document(value).links)


@dataclass(frozen=True, slots=True)
class PublicText:
    """One text field that the public can read.

    `place` says at the desk where it stands. `restored`: versions of a release compare and restore
    it. `printed`: its readers see a change of it. `when`: the tick that makes it public, if any.
    """

    table: str
    field: str
    place: Words
    words: Callable[[str], str] = _plain
    restored: bool = False
    printed: bool = False
    when: str = ""

    def of(self, row: Model) -> str:
        """Return its words in a row as it stands in memory, "" while they are not public."""
        if self.when and not getattr(row, self.when):
            return ""
        return self.words(getattr(row, self.field) or "")


def _of(table: str, when: str = "", **places: Words) -> Iterator[PublicText]:
    for field, place in places.items():
        yield PublicText(table, field, place, when=when)


TEXTS: tuple[PublicText, ...] = (
    PublicText("releases.release", "title", _("the title"), restored=True, printed=True),
    PublicText("releases.release", "standfirst", _("the standfirst"), restored=True, printed=True),
    PublicText("releases.release", "pull_quote", _("the pull quote"), restored=True, printed=True),
    PublicText("releases.release", "body", _("the text"), _html, restored=True, printed=True),
    PublicText("releases.release", "body", _("an attribution"), _attributions),
    PublicText("releases.release", "body", _("the address of a link in the text"), _addresses),
    PublicText(
        "releases.release", "notes_to_editors", _("the notes to editors"), _html,
        restored=True, printed=True,
    ),
    PublicText(
        "releases.release", "notes_to_editors", _("the address of a link in the notes"), _addresses
    ),
    PublicText("releases.release", "dateline_place", _("the place"), restored=True, printed=True),
    PublicText("releases.release", "slug", _("the address"), _separated, restored=True),
    PublicText("releases.release", "withdrawal_reason", _("the reason of the withdrawal")),
    *_of("releases.correction", words=_("the correction")),
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
    PublicText("people.person", "slug", _("the address of the person's page"), _separated),
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

_NOT_A_TEXT = "a choice from a fixed list, a code, a date or a hash"
_NEVER_PUBLIC = "never public: no page, feed or export prints it"
INTERNAL: dict[tuple[str, str], str] = {
    ("releases.release", "kind"): _NOT_A_TEXT,
    ("releases.release", "language"): _NOT_A_TEXT,
    ("releases.release", "countries"): _NOT_A_TEXT,
    ("releases.release", "status"): _NOT_A_TEXT,
    ("releases.release", "import_digest"): _NOT_A_TEXT,
    ("releases.formerslug", "slug"): "leads on from an address that was public; printed nowhere",
    ("releases.release", "attached"): "ids of pictures and documents, which are checked there",
    ("releases.event", "detail"): _NEVER_PUBLIC,
    ("releases.mention", "surface"): "a copy of words of the text, which are checked there",
    ("releases.quote", "attribution_name"): "the speaker's own name: the speaker's level decides",
    ("releases.quote", "text"): "a copy of words of the text, which are checked there",
    ("releases.guess", "what"): _NEVER_PUBLIC,
    ("releases.guess", "who"): _NEVER_PUBLIC,
    ("releases.guess", "network"): _NEVER_PUBLIC,
    ("releases.nameexception", "table"): _NEVER_PUBLIC,
    ("releases.nameexception", "row"): _NEVER_PUBLIC,
    ("releases.nameexception", "name"): _NEVER_PUBLIC,
    ("releases.nameexception", "reason"): _NEVER_PUBLIC,
    ("releases.namefind", "table"): _NEVER_PUBLIC,
    ("releases.namefind", "row"): _NEVER_PUBLIC,
    ("releases.namecheckfind", "address"): _NEVER_PUBLIC,
    ("releases.namecheckfind", "kind"): _NEVER_PUBLIC,
    ("releases.namecheckfind", "place"): _NEVER_PUBLIC,
    ("releases.namecheckfind", "table"): _NEVER_PUBLIC,
    ("releases.namecheckfind", "row"): _NEVER_PUBLIC,
    ("releases.foldedtext", "table"): _NEVER_PUBLIC,
    ("releases.foldedtext", "row"): _NEVER_PUBLIC,
    ("releases.foldedtext", "letters"): _NEVER_PUBLIC,
    ("releases.rejectedname", "name"): _NEVER_PUBLIC,
    ("jobs.job", "reason"): _NEVER_PUBLIC,
    ("jobs.job", "name"): _NEVER_PUBLIC,
    ("jobs.job", "lane"): _NEVER_PUBLIC,
    ("jobs.job", "key"): _NEVER_PUBLIC,
    ("jobs.job", "arguments"): _NEVER_PUBLIC,
    ("jobs.job", "state"): _NEVER_PUBLIC,
    ("jobs.email", "reason"): _NEVER_PUBLIC,
    ("jobs.email", "message_id"): _NEVER_PUBLIC,
    ("jobs.email", "to"): _NEVER_PUBLIC,
    ("jobs.email", "subject"): _NEVER_PUBLIC,
    ("jobs.email", "text"): _NEVER_PUBLIC,
    ("jobs.email", "fill"): _NEVER_PUBLIC,
    ("jobs.email", "fill_key"): _NEVER_PUBLIC,
    ("jobs.email", "about"): _NEVER_PUBLIC,
    ("jobs.email", "state"): _NEVER_PUBLIC,
    ("releases.event", "verb"): _NEVER_PUBLIC,
    ("assets.mediaasset", "found"): "what the file says of itself, for editors only",
    ("assets.mediaasset", "notes"): "warnings for editors, printed nowhere",
    (
        "assets.mediaasset",
        "renditions",
    ): "sizes and formats of the files that are served, and for editors only "
    "what was taken out of them",
    ("people.case", "call_types"): _NOT_A_TEXT,
    ("assets.mediaasset", "kind"): _NOT_A_TEXT,
    ("assets.mediaasset", "original"): "the name of the stored file, which has no public address",
    ("assets.mediaasset", "sha256"): _NOT_A_TEXT,
    ("assets.mediaasset", "extension"): _NOT_A_TEXT,
    ("assets.mediaasset", "state"): _NOT_A_TEXT,
    ("assets.mediaasset", "problem"): _NEVER_PUBLIC,
    ("assets.mediaasset", "as_is_reason"): _NEVER_PUBLIC,
    ("people.person", "sort_name"): "lists are ordered by it, and print it nowhere",
    ("people.person", "level_basis"): _NEVER_PUBLIC,
    ("people.personname", "language"): _NOT_A_TEXT,
    ("people.personname", "script"): _NOT_A_TEXT,
    ("people.personname", "kind"): _NOT_A_TEXT,
    ("people.consent", "basis"): _NEVER_PUBLIC,
    ("people.consent", "evidence"): _NEVER_PUBLIC,
    ("people.levelchange", "outcome"): _NEVER_PUBLIC,
    ("people.levelchange", "basis"): _NEVER_PUBLIC,
    ("people.levelchange", "words"): _NEVER_PUBLIC,
    ("people.case", "country"): _NOT_A_TEXT,
    ("people.case", "custody_status"): _NOT_A_TEXT,
    ("people.case", "legal_status"): _NOT_A_TEXT,
    ("people.case", "confidence"): _NOT_A_TEXT,
    ("people.case", "since"): _NOT_A_TEXT,
    ("people.case", "until"): _NOT_A_TEXT,
    ("people.case", "reliability"): _NEVER_PUBLIC,
    ("people.case", "internal_note"): _NEVER_PUBLIC,
    ("people.case", "place"): _NEVER_PUBLIC,
    ("people.casestatus", "error_note"): _NEVER_PUBLIC,
    ("people.designation", "error_note"): _NEVER_PUBLIC,
    ("people.designation", "made"): _NOT_A_TEXT,
    ("people.minormarkremoval", "outcome"): _NEVER_PUBLIC,
    ("people.minormarkremoval", "reason"): _NEVER_PUBLIC,
    ("people.minormarkremoval", "note"): _NEVER_PUBLIC,
    ("people.casestatus", "custody_status"): _NOT_A_TEXT,
    ("people.casestatus", "legal_status"): _NOT_A_TEXT,
    ("people.casestatus", "confidence"): _NOT_A_TEXT,
    ("people.casestatus", "reliability"): _NEVER_PUBLIC,
    ("people.casestatus", "internal_note"): _NEVER_PUBLIC,
    ("people.designation", "since"): _NOT_A_TEXT,
    ("people.designation", "until"): _NOT_A_TEXT,
    ("people.designation", "reliability"): _NEVER_PUBLIC,
    ("people.designation", "internal_note"): _NEVER_PUBLIC,
    ("people.charge", "date"): _NOT_A_TEXT,
    ("people.charge", "original_language"): _NOT_A_TEXT,
    ("people.charge", "result"): _NOT_A_TEXT,
    ("people.charge", "reliability"): _NEVER_PUBLIC,
    ("people.charge", "internal_note"): _NEVER_PUBLIC,
    ("people.sentence", "date"): _NOT_A_TEXT,
    ("people.sentence", "kind"): _NOT_A_TEXT,
    ("people.sentence", "duration"): _NOT_A_TEXT,
    ("people.sentence", "reliability"): _NEVER_PUBLIC,
    ("people.sentence", "internal_note"): _NEVER_PUBLIC,
    ("people.caseevent", "date"): _NOT_A_TEXT,
    ("people.caseevent", "kind"): _NOT_A_TEXT,
    ("people.caseevent", "reliability"): _NEVER_PUBLIC,
    ("people.caseevent", "internal_note"): _NEVER_PUBLIC,
    ("previews.previewlink", "kind"): _NEVER_PUBLIC,
    ("previews.previewlink", "name"): _NEVER_PUBLIC,
    ("previews.previewlink", "outlet"): _NEVER_PUBLIC,
    ("previews.previewlink", "email"): _NEVER_PUBLIC,
    ("previews.previewlink", "token_hash"): _NEVER_PUBLIC,
    ("previews.previewlink", "reference"): _NEVER_PUBLIC,
    ("previews.visit", "network"): _NEVER_PUBLIC,
    ("previews.visit", "agent"): _NEVER_PUBLIC,
    ("previews.opening", "what"): _NEVER_PUBLIC,
    ("previews.opening", "network"): _NEVER_PUBLIC,
    ("previews.opening", "browser"): _NEVER_PUBLIC,
}

TABLES: dict[str, tuple[PublicText, ...]] = {
    table: tuple(text for text in TEXTS if text.table == table)
    for table in dict.fromkeys(text.table for text in TEXTS)
}


def table_of(row: Model) -> str:
    """Return the name under which a row's texts stand in the table."""
    return row._meta.label_lower


def model_of(table: str) -> type[Model]:
    """Return the model of a table."""
    return apps.get_model(table)


def row_of(table: str, row: str) -> Model | None:
    """Return a row, None where it is gone."""
    return model_of(table)._default_manager.filter(pk=row).first()


def row_or_none(table: str, row: str) -> Model | None:
    """Return a row as an address names it, None where that is none of the table of texts."""
    try:
        return row_of(table, row) if table in TABLES else None
    except (ValueError, ValidationError):
        return None


def texts_of(row: Model) -> dict[PublicText, str]:
    """Return the public words of a row as it stands in memory; empty ones are left out."""
    found = {text: text.of(row) for text in TABLES[table_of(row)]}
    return {text: words for text, words in found.items() if words}


# --- What a release prints, and what prints a row ------------------------------------------------


def printed_with(release: Release, document: Document | None = None) -> list[Model]:
    """Return every row whose texts go out with a release: itself, pictures, topics, contacts, …"""
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
    """Return everything a release shows or offers: poster, pictures of the text, attached."""
    shown = {*document.pictures, *release.attached_ids, release.poster_id} - {None}
    return list(MediaAsset.objects.in_bulk(shown).values())


def person_of(row: Model) -> Person | None:
    """Return the person on whose page a row is printed, None where it is none of those."""
    if isinstance(row, Person):
        return row
    if person := getattr(row, "person", None):
        return person
    case = getattr(row, "case", None)
    return case.person if case else None


def printed_by(person: Person) -> list[Model]:
    """Return every row whose texts stand on a person's page, portrait included."""
    rows: list[Model] = [person, *person.names.all(), *person.roles.all()]
    for case in person.cases.all():
        rows.append(case)
        for part in ("statuses", "designations", "charges", "sentences", "events"):
            rows += getattr(case, part).all()
    if person.portrait:
        rows.append(person.portrait)
    return rows


def releases_printing(row: Model) -> Q:
    """Return the condition under which a release prints a row."""
    match row:
        case Release():
            return Q(pk=row.pk)
        case MediaAsset():
            used = Illustration.objects.filter(asset=row.pk).values("release")
            return Q(poster=row.pk) | Q(pk__in=used)
        case Topic():
            return Q(pk__in=Release.topics.through.objects.filter(topic=row.pk).values("release"))
        case Contact():
            those = Release.contacts.through.objects.filter(contact=row.pk)
            return Q(pk__in=those.values("release"))
        case _ if release := getattr(row, "release_id", None):
            return Q(pk=release)
        case _:
            return Q(pk__in=())


def is_printed(row: Model, at: datetime | None = None) -> bool:
    """Whether something public prints the texts of a stored row at a time (default: now).

    A picture counts while a public release or page uses it, even where its licence has ended: it
    is shown again once that is renewed. A release on hold counts: it comes back as it is.
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
