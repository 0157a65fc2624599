"""The two forms of an import: the source, and the decisions about its content."""

import base64
from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.text import Truncator, format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.forms.fields import LanguageField
from desk.imports.language_messages import language_guess_sentence
from desk.imports.storing import DesignationDecision, RequestedLevel, doubtful_speakers
from importing import MAX_BYTES, Speech
from importing.languages import LanguageGuess
from people.models import Level, Person
from people.names.shared import people_index


class ImportForm(forms.Form):
    """Form with the source of a release: a file or pasted text."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        help_text=format_lazy(
            gettext_lazy("Text, Markdown, HTML or an e-mail (.eml), up to {megabytes} MB."),
            megabytes=MAX_BYTES // 1024**2,
        ),
    )
    text = forms.CharField(
        label=gettext_lazy("Or paste the text"),
        widget=forms.Textarea(attrs={"rows": 16, "class": "vLargeTextField"}),
        required=False,
        strip=False,
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        pasted = (cleaned.get("text") or "").strip()
        if not cleaned.get("file") and not pasted:
            raise ValidationError(_("Choose a file or paste the text."))
        if cleaned.get("file") and pasted:
            raise ValidationError(_("Choose a file or paste the text, not both."))
        file = cleaned.get("file")
        if file and file.size > MAX_BYTES:
            raise ValidationError(
                _("The file is larger than %(megabytes)s MB. Import one release at a time.")
                % {"megabytes": MAX_BYTES // 1024**2}
            )
        return cleaned

    def source(self) -> tuple[bytes, str]:
        """Return the content of the source as bytes, and its name."""
        if file := self.cleaned_data["file"]:
            return file.read(), file.name
        return self.cleaned_data["text"].encode(), _("pasted text")


class ConfirmImportForm(forms.Form):
    """Form with the same source and a decision about each person found in it."""

    SKIP, CREATE = "", "create"

    source = forms.CharField(widget=forms.HiddenInput)
    filename = forms.CharField(widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        suggestions: Any,
        user: Any,
        designations: Any = (),
        speeches: Sequence[Speech] = (),
        day: date | None = None,
        language: LanguageGuess | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        guess = language or LanguageGuess()
        self.fields["language"] = LanguageField(
            label=gettext_lazy("Language"),
            required=not guess.is_sure,
            initial=guess.tag if guess.is_sure else "",
            likely=guess.candidates,
            help_text=language_guess_sentence(guess),
            error_messages={"required": gettext_lazy("Choose the language of the text.")},
        )
        self.suggestions = suggestions
        self.may_request_levels = user.has_perm("people.change_person")
        may_designate = user.has_perms(["people.add_case", "people.add_designation"])
        self.designations = designations if may_designate else ()
        index = people_index()
        for number, suggestion in enumerate(suggestions):
            named = Q(display_name=suggestion.name) | Q(names__text=suggestion.name)
            offers = index.find([suggestion.name])
            named |= Q(pk__in={person for name in offers if name.whole for person in name.people})
            people = Person.objects.visible_to(user).filter(named).distinct()
            self.fields[f"person_{number}"] = forms.ChoiceField(
                label=suggestion.name,
                required=False,
                choices=[
                    (self.SKIP, _("Decide later")),
                    *(
                        (
                            str(person.pk),
                            _("This is %(person)s (existing record)") % {"person": person},
                        )
                        for person in people
                    ),
                    (self.CREATE, _("Create a record (level 1: known to staff)")),
                ],
                help_text=", ".join(
                    [
                        *filter(None, [suggestion.title, suggestion.descriptor]),
                        f"“{suggestion.context.strip('“”')}”",
                    ]
                ),
            )
            if self.may_request_levels:
                self._offer_level(number, suggestion.name)
        self._offer_speakers(speeches)
        self._offer_designations(day)

    def _offer_level(self, number: int, name: str) -> None:
        self.fields[f"level_{number}"] = forms.TypedChoiceField(
            label=_("Request a higher level for %(name)s") % {"name": name},
            required=False,
            coerce=int,
            empty_value=None,
            choices=[
                ("", _("Don’t change the level")),
                *((level.value, level.label) for level in Level if level >= Level.NAMEABLE),
            ],
        )
        self.fields[f"basis_{number}"] = forms.CharField(
            label=_("Why %(name)s may be named") % {"name": name},
            required=False,
            max_length=2_000,
            widget=forms.Textarea(attrs={"rows": 2}),
            help_text=_("Required for the request. Never public. A second person must approve it."),
        )

    def _offer_speakers(self, speeches: Sequence[Speech]) -> None:
        """Add a checkbox for each block quotation whose speaker is not certain."""
        self.doubtful = doubtful_speakers(speeches)
        for number, speech in self.doubtful.items():
            first_words = Truncator(speech.text).words(12, truncate="…")
            self.fields[f"speaker_{number}"] = forms.BooleanField(
                label=_("%(name)s may be the speaker of “%(text)s”")
                % {"name": speech.speaker, "text": first_words.strip('“”"')},
                required=False,
                help_text=_("Tick to set this speaker."),
                label_suffix="",
            )

    def _offer_designations(self, day: date | None) -> None:
        for number, offered in enumerate(self.designations):
            self.fields[f"designated_{number}"] = forms.BooleanField(
                label=_("%(name)s is designated a prisoner of conscience") % {"name": offered.name},
                required=False,
                help_text=f"“{offered.sentence.strip('“”')}”",
            )
        if self.designations:
            self.fields["designated_by"] = forms.CharField(
                label=_("Designated by"),
                max_length=200,
                required=False,
                initial=settings.NEWSROOM_NAME,
                help_text=_("The organisation that publishes this release."),
            )
            self.fields["designated_on"] = forms.DateField(
                label=_("Date of the release"), required=False, initial=day
            )

    def people_rows(self) -> list[dict[str, Any]]:
        """Return for each person the field for the record and the fields for the level."""
        rows = []
        for number in range(len(self.suggestions)):
            names = (f"level_{number}", f"basis_{number}") if self.may_request_levels else ()
            level = [self[name] for name in names]
            is_open = any(field.errors or field.value() for field in level)
            rows.append({"who": self[f"person_{number}"], "level": level, "open": is_open})
        return rows

    def speaker_fields(self) -> list[forms.BoundField]:
        """Return the fields that offer a doubtful speaker."""
        return [field for field in self if field.name.startswith("speaker_")]

    def designation_fields(self) -> list[forms.BoundField]:
        """Return the fields about designations."""
        return [field for field in self if field.name.startswith("designated_")]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self._check_levels(cleaned)
        numbers = {suggestion.name: n for n, suggestion in enumerate(self.suggestions)}
        ticked = [
            (number, offered)
            for number, offered in enumerate(self.designations)
            if cleaned.get(f"designated_{number}")
        ]
        for number, offered in ticked:
            if not cleaned.get(f"person_{numbers[offered.name]}"):
                self.add_error(
                    f"designated_{number}", _("Choose the person above, then tick again.")
                )
        if ticked:
            for name in ("designated_by", "designated_on"):
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, _("This is required for a designation."))
            day = cleaned.get("designated_on")
            if day and day > timezone.localdate():
                self.add_error("designated_on", _("This date is in the future."))
        return cleaned

    def _check_levels(self, cleaned: dict[str, Any]) -> None:
        for number in range(len(self.suggestions) if self.may_request_levels else 0):
            level, basis = cleaned.get(f"level_{number}"), cleaned.get(f"basis_{number}")
            if not level:
                if basis:
                    self.add_error(f"level_{number}", _("Choose a level."))
                continue
            if not (basis or "").strip():
                self.add_error(
                    f"basis_{number}",
                    _(
                        "Enter why the person may be named: whose consent, or how the risk was "
                        "weighed."
                    ),
                )
            if not cleaned.get(f"person_{number}"):
                self.add_error(f"person_{number}", _("Choose the person or create a record."))

    @staticmethod
    def pack(data: bytes) -> str:
        return base64.b64encode(data).decode()

    @staticmethod
    def unpack(text: str) -> bytes:
        """Return the bytes that were encoded by `pack`. Raises ValueError for invalid text."""
        return base64.b64decode(text, validate=True)

    def decisions(self) -> dict[str, str]:
        """Return the choice for each name: SKIP, CREATE or the ID of a person."""
        return {
            suggestion.name: self.cleaned_data[f"person_{number}"]
            for number, suggestion in enumerate(self.suggestions)
        }

    def levels(self) -> dict[str, RequestedLevel]:
        """Return the requested levels by name."""
        if not self.may_request_levels:
            return {}
        return {
            suggestion.name: RequestedLevel(Level(level), self.cleaned_data[f"basis_{number}"])
            for number, suggestion in enumerate(self.suggestions)
            if (level := self.cleaned_data[f"level_{number}"])
        }

    def speakers(self) -> dict[int, Speech]:
        """Return the doubtful speakers that were confirmed, by the number of the quotation."""
        return {
            number: speech
            for number, speech in self.doubtful.items()
            if self.cleaned_data[f"speaker_{number}"]
        }

    def designated(self) -> DesignationDecision | None:
        """Return the confirmed designations, None if there are none."""
        names = frozenset(
            offered.name
            for number, offered in enumerate(self.designations)
            if self.cleaned_data[f"designated_{number}"]
        )
        if not names:
            return None
        return DesignationDecision(
            names, self.cleaned_data["designated_by"], self.cleaned_data["designated_on"]
        )
