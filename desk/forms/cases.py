"""Forms of a case: a new status is dated and sourced anew, and shown as it will be printed."""

import hashlib
import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.forms.names import PublicTextForm
from desk.forms.releases import NewestForm
from people.locking import lock_names_for_read, lock_row
from people.models import Case, Designation, Sourced

CONFIRMED = "confirmed"  # the field that carries the digest of what was shown


class CaseForm(PublicTextForm, NewestForm):
    """A case. Day, confidence and source of a new status are those of the new one alone."""

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
        help_text=gettext_lazy("Where the new status comes from. Internal only, unless you tick."),
    )
    status_source_url = forms.URLField(
        label=gettext_lazy("address of this source"), required=False, assume_scheme="https"
    )
    status_source_public = forms.BooleanField(
        label=gettext_lazy("this source may be printed"), required=False
    )

    class Meta:
        model = Case
        fields = ["call_types"]

    # Digest of the new status and its questions; "" if there is nothing to show.
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
                "The day for which the new status is known. Leave blank to keep the status."
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
                    self.add_error(name, _("A new status needs this."))
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
        """Show what is new as the public page prints it, once all of it is in order."""
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
                None, _("Read the status as it will be printed, then press “Save this status”.")
            )


class DesignationFormSet(BaseInlineFormSet):
    """Designations: each that is new or changed is shown as it will be printed."""

    digest = ""
    shown: list[Designation]

    def get_queryset(self) -> Any:
        """Those marked as recorded in error are no longer edited."""
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
                    _("Read the designation as it will be printed, then press “Save this status”.")
                )


class ErrorForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("What is wrong, and how you know"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Internal only. It stays in the record with your name and the time."
        ),
    )


class SourcesForm(forms.Form):
    """Which sources of a case may be printed, of those that were printed before an upgrade."""

    rows: list[Sourced]

    def __init__(self, *args: Any, rows: list[Sourced], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows
        for row in rows:
            self.fields[self._name(row)] = forms.BooleanField(
                label=row.source or row.source_url,
                required=False,
                help_text=f"{capfirst(row._meta.verbose_name)}: {row}",
            )

    def save(self) -> None:
        """Keep the decision for each source; the rows are reviewed then."""
        for row in self.rows:
            row.source_public = self.cleaned_data[self._name(row)]
            row.source_to_review = False
            row.save()

    @staticmethod
    def _name(row: Sourced) -> str:
        return f"{row._meta.model_name}-{row.pk}"


def digest_of(shown: Any) -> str:
    """Return what changes whenever what is shown to the editor does."""
    text = json.dumps(shown, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def confirmed_in(data: Any) -> list[str]:
    """Return the digests of what the editor has read before pressing the button."""
    return list(data.getlist(CONFIRMED)) if hasattr(data, "getlist") else []
