"""Forms of a case. A new status needs its own date and source, and is shown before the save."""

import hashlib
import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.forms.conflicts import ConflictCheckedForm
from desk.forms.names import PublicTextForm
from people.locking import lock_names_for_read, lock_row
from people.models import Case, Designation, Sourced

CONFIRMED = "confirmed"  # the POST field with the digests of texts that the editor confirmed


class CaseForm(PublicTextForm, ConflictCheckedForm):
    """Form of a case. Each new status needs a new date and source, and may have a confidence."""

    call_types = forms.MultipleChoiceField(
        label=gettext_lazy("Kinds of call"),
        choices=Case.Call.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    status_source = forms.CharField(
        label=gettext_lazy("Source of this status"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy(
            "Where the new status comes from. Internal only unless you tick the box."
        ),
    )
    status_source_url = forms.URLField(
        label=gettext_lazy("Link to this source"), required=False, assume_scheme="https"
    )
    status_source_public = forms.BooleanField(
        label=gettext_lazy("This source may be published"), required=False
    )

    class Meta:
        model = Case
        fields = ["call_types"]

    # Digest of the new status and its questions; "" if there is nothing to confirm.
    digest = ""
    questions: list[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = []
        self.before: dict[str, Any] = {}
        if not self.instance._state.adding:
            self.before = {name: getattr(self.instance, name) for name in Case.STATUS_FIELDS}
        if "as_of" in self.fields and self.before:
            for name in ("as_of", "confidence"):
                self.initial[name] = ""
                self.fields[name].required = False
            self.fields["as_of"].help_text = _(
                "The date of the new status. Leave blank to keep the present status."
            )

    def lock(self) -> None:
        lock_names_for_read()
        lock_row(self.instance.person)  # people before cases
        lock_row(self.instance)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "status_source" not in self.fields or self.errors:
            return cleaned
        is_new = not self.before or any(
            cleaned.get(name) != self.before[name] for name in ("custody_status", "legal_status")
        )
        is_new = is_new or any(
            cleaned.get(name)
            for name in (
                "as_of", "confidence", "status_source", "status_source_url", "status_source_public",
            )
        )  # fmt: skip
        if is_new:
            for name in ("as_of", "status_source"):
                if not cleaned.get(name):
                    self.add_error(name, _("Required for a new status."))
            if self.errors:
                return cleaned
            self.instance.status_source = {
                "source": cleaned["status_source"],
                "source_url": cleaned["status_source_url"],
                "source_public": cleaned["status_source_public"],
            }
        else:
            cleaned |= {name: self.before[name] for name in ("as_of", "confidence")}
        return cleaned

    def _post_clean(self) -> None:
        """If the form is valid, require confirmation of the new status as the public page shows it.

        `digest` and `questions` are set for the template.
        """
        super()._post_clean()
        is_new = self.instance.status_source is not None
        if self.errors or not (is_new or "until" in self.changed_data):
            return
        case = self.instance
        self.questions = case.status_questions()
        if not (is_new or self.questions):
            return
        printed = [case.sentence(), case.confidence, case.since, case.until, str(case.country)]
        self.digest = digest_of([*printed, case.status_source, self.questions])
        if self.digest not in confirmed_in(self.data):
            self.add_error(
                None, _("Check how the status will look, then press “Save this status”.")
            )


class DesignationFormSet(BaseInlineFormSet):
    """Designations of a case. New and changed ones are shown for confirmation before the save."""

    digest = ""
    shown: list[Designation]

    def get_queryset(self) -> Any:
        """Return the rows that can be edited: those not marked as recorded in error."""
        return super().get_queryset().filter(error_at=None)

    def clean(self) -> None:
        super().clean()
        changed = [form for form in self.forms if form.has_changed() and form.is_valid()]
        self.shown = [form.instance for form in changed]
        if self.shown:
            self.digest = digest_of(
                [[row.label, row.sentence(), row.printed_source] for row in self.shown]
            )
            if self.digest not in confirmed_in(self.data):
                raise ValidationError(
                    _("Check how the designation will look, then press “Save this status”.")
                )


class ErrorForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("What is wrong and how you know"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Internal only. It stays in the history with your name and the time."
        ),
    )


class SourcesForm(forms.Form):
    """Form that asks which sources may be published, of those public before an upgrade."""

    rows: list[Sourced]

    def __init__(self, *args: Any, rows: list[Sourced], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows
        for row in rows:
            self.fields[self._name(row)] = forms.BooleanField(
                label=row.source or row.source_url,
                required=False,
                help_text=_("%(kind)s: %(row)s")
                % {"kind": capfirst(row._meta.verbose_name), "row": row},
            )

    def save(self) -> None:
        """Save the decision for each source and mark the rows as reviewed."""
        for row in self.rows:
            row.source_public = self.cleaned_data[self._name(row)]
            row.source_to_review = False
            row.save()

    @staticmethod
    def _name(row: Sourced) -> str:
        return f"{row._meta.model_name}-{row.pk}"


def digest_of(shown: Any) -> str:
    """Return a digest of data shown to the editor, to detect changes since then."""
    text = json.dumps(shown, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def confirmed_in(data: Any) -> list[str]:
    """Return the digests of the texts that the editor has confirmed."""
    return list(data.getlist(CONFIRMED)) if hasattr(data, "getlist") else []
