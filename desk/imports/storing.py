"""Storage of an import as a draft: the content, and only those records that an editor confirmed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from html import escape
from itertools import count
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.models import User
from assets.models import MediaAsset
from desk.imports.comparing import compare
from desk.imports.messages import sentence
from desk.imports.report import poster_name, report
from importing import Speech, Understood
from importing.languages import CHOSEN, LanguageGuess
from people.levels import request_level
from people.models import Case, Designation, Level, Person, Role
from releases import languages, workflow
from releases.document import clean, link_people
from releases.models import Event, Release
from storing.texts import clean_text, cut

CREATE = "create"
MAX_COPIES = 100  # drafts of one source, each imported on purpose
# This finds only tags, because the importer escapes each “<” and “>” of the text.
_QUOTATION = re.compile("<blockquote[^>]*>")


class AlreadyImported(Exception):
    """The source was imported before. `release` is the release that was made of it."""

    def __init__(self, release: Release) -> None:
        values = {"release": release, "state": release.state().label}
        super().__init__(_("This was already imported as “%(release)s” (%(state)s).") % values)
        self.release = release


@dataclass(frozen=True, slots=True)
class DesignationDecision:
    """The designations that an editor confirmed: names, organisation and day."""

    names: frozenset[str]
    by: str
    on: date


@dataclass(frozen=True, slots=True)
class Copies:
    """The first release that was made from the same words, and the number of the next copy."""

    first: Release | None
    next: int

    @property
    def can_be_more(self) -> bool:
        """Whether the same words can be imported again."""
        return self.next <= MAX_COPIES


def copies_of(understood: Understood) -> Copies:
    """Return the copies that were made from the same words, in any state.

    A restricted release has no digest, so it is not among them.
    """
    digests = {_digest(understood, n): n for n in range(1, MAX_COPIES + 1)}
    made = {
        digests[release.import_digest]: release
        for release in Release.objects.filter(import_digest__in=digests)
    }
    free = next((n for n in digests.values() if n not in made), MAX_COPIES + 1)
    return Copies(made[min(made)] if made else None, free)


def _digest(understood: Understood, copy: int) -> str:
    """Return the digest of a copy by its number.

    It is unique in the database, so two parallel imports of one copy create only one release.
    """
    if copy == 1:
        return understood.digest
    return sha256(f"{understood.digest}:{copy}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RequestedLevel:
    """A level that an editor requests, with a reason. A second person must approve it."""

    to: Level
    basis: str


def doubtful_speakers(speeches: Sequence[Speech]) -> dict[int, Speech]:
    """Return the quotations that have exactly one likely speaker who is not certain.

    The key is the number of the quotation in the body, from 0.
    """
    found: dict[int, Speech] = {}
    several: set[int] = set()
    for speech in speeches:
        number = speech.quotation
        if number is None:
            continue
        known = found.setdefault(number, speech)
        if speech.certain or not speech.speaker or known.speaker != speech.speaker:
            several.add(number)
    return {number: speech for number, speech in found.items() if number not in several}


def import_draft(
    understood: Understood,
    *,
    by: User | None,
    people: Mapping[str, str] | None = None,
    designated: DesignationDecision | None = None,
    again: int | None = None,
    levels: Mapping[str, RequestedLevel] | None = None,
    speakers: Mapping[int, Speech] | None = None,
    at: datetime | None = None,
    language: str | None = None,
) -> Release:
    """Create one draft of a source, with the report of the import in its history.

    `people` has a decision for each name: the ID of a recorded person, `CREATE` for a new record at
    level 1, or "". `designated` has the designations that an editor confirmed. `levels` has the
    levels that `by` requests, by name. `speakers` has the doubtful speakers that an editor
    confirmed, by the number of the quotation. `language` (BCP 47) is the language that a user
    chose; if it is None and the guess is not sure, the draft has no language. `again` is the number
    of an intended copy, from `copies_of`.

    No publication time is set; a guessed date is only in the history. Raises AlreadyImported, also
    if the number of the copy is already used, and ActionBlocked if a level can't be requested.
    """
    understood = with_language(understood, language)
    copies = copies_of(understood)
    if copies.first and (again != copies.next or again > MAX_COPIES):
        raise AlreadyImported(copies.first)
    digest = _digest(understood, copies.next)
    try:
        with transaction.atomic():
            understood = _with_speakers(understood, speakers or {})
            return _import_draft(understood, by, people or {}, designated, levels or {}, digest, at)
    except IntegrityError:  # someone else imported the same source at the same moment
        if release := copies_of(understood).first:
            raise AlreadyImported(release) from None
        raise


def with_language(understood: Understood, language: str | None) -> Understood:
    """Return an import with a language (BCP 47) that a user chose. None changes nothing.

    Raises LanguageTagError if the text is not a tag.
    """
    if language is None or language == understood.language:
        return understood
    chosen = LanguageGuess(languages.canonical(language), 1.0, (), CHOSEN)
    return replace(understood, language_guess=chosen)


def _import_draft(
    understood: Understood,
    by: User | None,
    people: Mapping[str, str],
    designated: DesignationDecision | None,
    levels: Mapping[str, RequestedLevel],
    digest: str,
    at: datetime | None,
) -> Release:
    limits = _FieldLimits()
    known = _people(understood, people, limits)
    if designated:
        _designate(understood, known, designated)
    _request_levels(known, levels, by, at)
    draft = _draft(understood, known, limits)
    draft.poster = _poster(understood, limits)
    draft.import_digest = digest

    def detail(stored: Release) -> dict[str, Any]:
        compared = compare(understood, stored, known)
        values: dict[str, Any] = {
            "file": understood.filename,
            "title_from": understood.title_from,
            "report": report(understood, compared, limits.sentences),
        }
        if guess := understood.date_guess:
            values |= {"date_guess": guess.date.isoformat()}
            values |= {"reasons": [sentence(reason) for reason in guess.reasons]}
        return values

    return workflow.create(draft, by=by, at=at, verb=Event.Verb.IMPORTED, detail=detail)


def preview(understood: Understood) -> str:
    """Return the report of an import without storing anything."""
    limits = _FieldLimits()
    draft = _draft(understood, {}, limits)
    draft.body = clean(draft.body)
    return report(understood, compare(understood, draft), limits.sentences)


def _draft(understood: Understood, known: Mapping[str, UUID], limits: "_FieldLimits") -> Release:
    title = understood.title or understood.offered_title
    fitting = limits(Release, "title", title, _("The text begins with the whole title."))
    whole_title = ""
    if understood.title and fitting != clean_text(title, multiline=False):
        whole_title = f"<p>{escape(understood.title)}</p>"
    return Release(
        kind=understood.kind,
        language=understood.language or languages.UNDETERMINED,
        title=fitting,
        standfirst=understood.standfirst,
        dateline_place=limits(Release, "dateline_place", understood.dateline_place),
        pull_quote=understood.pull_quote.text if understood.pull_quote else "",
        body=link_people(whole_title + understood.body_html, known),
    )


class _FieldLimits:
    """Cut texts to the length of their columns, and collect a sentence about each cut."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def __call__(self, model: type[Model], column: str, text: str, where: str = "") -> str:
        field: Any = model._meta.get_field(column)
        text = clean_text(text, multiline=False)
        fitting = cut(text, field.max_length)
        if fitting != text:
            sentence = _("%(field)s was cut to %(max)s characters.") % {
                "field": capfirst(field.verbose_name),
                "max": field.max_length,
            }
            where = where or _("The file has: “%(text)s”") % {"text": text}
            self.sentences.append(f"{sentence} {where}")
        return fitting


def _people(
    understood: Understood, decisions: Mapping[str, str], limits: _FieldLimits
) -> dict[str, UUID]:
    known: dict[str, UUID] = {}
    for suggestion in understood.people:
        decision = decisions.get(suggestion.name, "")
        if decision == CREATE:
            name = limits(Person, "display_name", suggestion.name)
            person = Person.objects.create(display_name=name)
            if suggestion.title:
                title = limits(Role, "title", suggestion.title)
                Role.objects.create(person=person, title=title)
            known[suggestion.name] = person.pk
        elif decision:
            known[suggestion.name] = UUID(decision)
    return known


def _request_levels(
    known: Mapping[str, UUID],
    levels: Mapping[str, RequestedLevel],
    by: User | None,
    at: datetime | None,
) -> None:
    """Request each level, but only once for a record that has two names."""
    done: set[UUID] = set()
    for name, level in levels.items():
        if by is None or name not in known or known[name] in done:
            continue
        done.add(known[name])
        person = Person.objects.get(pk=known[name])
        request_level(person, to=level.to, basis=level.basis, by=by, at=at)


def _with_speakers(understood: Understood, speakers: Mapping[int, Speech]) -> Understood:
    """Return an import with the confirmed speakers in its quotations."""
    if not speakers:
        return understood
    numbers = count()

    def named(tag: re.Match[str]) -> str:
        if speech := speakers.get(next(numbers)):
            title = f' data-title="{escape(speech.title)}"' if speech.title else ""
            return f'<blockquote data-name="{escape(speech.speaker)}"{title}>'
        return tag[0]

    return replace(understood, body_html=_QUOTATION.sub(named, understood.body_html))


def _designate(
    understood: Understood, known: Mapping[str, UUID], decided: DesignationDecision
) -> None:
    """Record the designations that an editor confirmed.

    If the person has no case, a case with an unknown status is created for the designation.
    """
    source = _("“%(title)s”, release of %(day)s") % {
        "title": understood.title or understood.offered_title,
        "day": date_format(decided.on, "DATE_FORMAT"),
    }
    for suggestion in understood.designations:
        if suggestion.name not in decided.names or suggestion.name not in known:
            continue
        person = Person.objects.get(pk=known[suggestion.name])
        case = person.cases.first() or Case.objects.create(
            person=person, custody_status=Case.Custody.UNKNOWN, as_of=decided.on, source=source
        )
        Designation.objects.create(
            case=case,
            by=decided.by,
            made=Designation.Made.RELEASE,
            since=decided.on.isoformat(),
            source=source,
            internal_note=suggestion.sentence,
        )


def _poster(understood: Understood, limits: _FieldLimits) -> MediaAsset | None:
    """Store the name and the guessed credit of the first picture. An editor adds its file later."""
    if not understood.posters:
        return None
    poster = understood.posters[0]
    return MediaAsset.objects.create(
        original_name=limits(MediaAsset, "original_name", poster_name(poster)),
        credit_line=limits(MediaAsset, "credit_line", poster.credit_guess),
    )
