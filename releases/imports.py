"""From what was understood of a source to a draft; nothing that nobody asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from html import escape
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.models import User
from assets.models import MediaAsset
from people.models import Case, Designation, Person, Role
from releases import languages, workflow
from releases.document import with_people
from releases.importing import Understood, report
from releases.importing.languages import CHOSEN, LanguageGuess
from releases.models import Event, Release
from storing.texts import clean_text, cut

CREATE = "create"


class AlreadyImported(Exception):
    """The source is in the newsroom; `release` is what it became."""

    def __init__(self, release: Release) -> None:
        super().__init__(f"This is in the newsroom already, as “{release}” ({release.state()}).")
        self.release = release


@dataclass(frozen=True, slots=True)
class Designated:
    """What an editor confirmed: who is designated, by which organisation, on which day."""

    names: frozenset[str]
    by: str
    on: date


def duplicate_of(understood: Understood) -> Release | None:
    """Return the release that was made from the same words, whatever has become of it."""
    return Release.objects.filter(import_digest=understood.digest).first()


def import_draft(
    understood: Understood,
    *,
    by: User | None,
    people: Mapping[str, str] | None = None,
    designated: Designated | None = None,
    at: datetime | None = None,
    language: str | None = None,
) -> Release:
    """Make one draft of what was understood, with the report of the import in its record.

    `people` says what becomes of each name: the id of a person we know, `CREATE` for a new record
    that only staff know of, or nothing. `designated` is what an editor confirmed of those whom the
    text calls prisoners of conscience; nothing else is recorded of them. No date is set: the guess
    stays a guess, in the record. `language` (BCP 47) is what somebody chose; without it, a guess
    that is not sure leaves the language open. Raises AlreadyImported.
    """
    understood = with_language(understood, language)
    try:
        with transaction.atomic():
            return _import_draft(understood, by, people or {}, designated, at)
    except IntegrityError:  # the same source, imported at the same moment by somebody else
        if release := duplicate_of(understood):
            raise AlreadyImported(release) from None
        raise


def with_language(understood: Understood, language: str | None) -> Understood:
    """Return what was understood, in a language (BCP 47) that somebody chose; None changes nothing.

    Raises ValidationError for what is no tag.
    """
    if language is None or language == understood.language:
        return understood
    chosen = LanguageGuess(languages.canonical(language), 1.0, (), CHOSEN)
    return replace(understood, language_guess=chosen)


def _import_draft(
    understood: Understood,
    by: User | None,
    people: Mapping[str, str],
    designated: Any,
    at: datetime | None,
) -> Release:
    if release := duplicate_of(understood):
        raise AlreadyImported(release)
    fits = _Fits()
    known = _people(understood, people, fits)
    if designated:
        _designate(understood, known, designated)
    title = fits(Release, "title", understood.title, _("The text begins with all of it."))
    is_cut = title != clean_text(understood.title, multiline=False)
    whole_title = f"<p>{escape(understood.title)}</p>" if is_cut else ""
    release = Release(
        kind=understood.kind,
        language=understood.language or languages.UNDETERMINED,
        title=title,
        standfirst=understood.standfirst,
        dateline_place=fits(Release, "dateline_place", understood.dateline_place),
        poster=_poster(understood, fits),
        pull_quote=understood.pull_quote.text if understood.pull_quote else "",
        body=with_people(whole_title + understood.body_html, known),
        import_digest=understood.digest,
    )
    understood = replace(understood, notes=(*understood.notes, *fits.sentences))
    detail: dict[str, Any] = {"file": understood.filename, "report": report(understood)}
    if guess := understood.date_guess:
        detail |= {"date_guess": guess.date.isoformat(), "reasons": list(guess.reasons)}
    return workflow.create(release, by=by, at=at, verb=Event.Verb.IMPORTED, detail=detail)


class _Fits:
    """Cuts what is longer than its column, and notes a sentence for the editor."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def __call__(self, model: type[Model], column: str, text: str, where: str = "") -> str:
        field: Any = model._meta.get_field(column)
        text = clean_text(text, multiline=False)
        fitting = cut(text, field.max_length)
        if fitting != text:
            cut_words = _("%(what)s was cut to %(most)s characters.") % {
                "what": capfirst(field.verbose_name),
                "most": field.max_length,
            }
            where = where or _("The file says: “%s”") % text
            self.sentences.append(f"{cut_words} {where}")
        return fitting


def _people(understood: Understood, decisions: Mapping[str, str], fits: _Fits) -> dict[str, UUID]:
    known: dict[str, UUID] = {}
    for suggestion in understood.people:
        decision = decisions.get(suggestion.name, "")
        if decision == CREATE:
            name = fits(Person, "display_name", suggestion.name)
            person = Person.objects.create(display_name=name)
            if suggestion.title:
                title = fits(Role, "title", suggestion.title)
                Role.objects.create(person=person, title=title)
            known[suggestion.name] = person.pk
        elif decision:
            known[suggestion.name] = UUID(decision)
    return known


def _designate(understood: Understood, known: Mapping[str, UUID], decided: Designated) -> None:
    """Record the designations that an editor confirmed, and nothing more about the people."""
    source = _("“%(title)s”, release of %(day)s") % {
        "title": understood.title,
        "day": date_format(decided.on, "j F Y"),
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


def _poster(understood: Understood, fits: _Fits) -> MediaAsset | None:
    """Keep the name and the guessed credit of the picture; its file is for an editor to bring."""
    if not understood.posters:
        return None
    poster = understood.posters[0]
    return MediaAsset.objects.create(
        original_name=fits(MediaAsset, "original_name", poster.name),
        credit_line=fits(MediaAsset, "credit_line", poster.credit_guess),
    )
