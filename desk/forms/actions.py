"""The forms of the actions on a release."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.json_field import JSONField
from desk.forms.times import AmbiguousTimeForm, EmbargoEndField
from releases.document import MAX_LINES

NOTIFY_FIELD = forms.BooleanField(
    label=gettext_lazy("Notify recipients who accepted the embargo"),
    required=False,
    initial=True,
    help_text=gettext_lazy("They get an e-mail with the new time and nothing about the content."),
)


class ActionForm(forms.Form):
    """Form with the version that was read, so that no newer version is approved by mistake."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class ReadForm(ActionForm):
    """Form with the fingerprints of all rows that the page printed (releases.approval)."""

    read_fingerprints = JSONField(widget=forms.HiddenInput)

    def clean_read_fingerprints(self) -> dict[str, str]:
        fingerprints = self.cleaned_data["read_fingerprints"]
        if not isinstance(fingerprints, dict):
            raise ValidationError(self.fields["read_fingerprints"].error_messages["invalid"])
        return {str(key): str(value) for key, value in fingerprints.items()}


class SendBackForm(ActionForm):
    reason = forms.CharField(
        label=gettext_lazy("Note to the author"),
        max_length=MAX_LINES,
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        help_text=gettext_lazy("What should be changed. It stays in the history."),
    )


class EmbargoForm(AmbiguousTimeForm):
    publish_at = EmbargoEndField(
        label=gettext_lazy("Publish at / embargo ends"),
        help_text=gettext_lazy("The release becomes public at this time."),
    )
    notify = NOTIFY_FIELD


class ApproveForm(EmbargoForm, ReadForm):
    backdated = forms.BooleanField(
        label=gettext_lazy("Backdate"),
        required=False,
        help_text=gettext_lazy("For the archive. Allows a time in the past."),
    )


class RescheduleForm(EmbargoForm, ActionForm):
    pass


class PublishForm(ReadForm):
    notify = NOTIFY_FIELD


class WithdrawForm(ActionForm):
    reason = forms.CharField(
        label=gettext_lazy("Public reason"),
        max_length=MAX_LINES,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Shown at the release’s address. Don’t name anyone who needs protection."
        ),
    )


class NameExceptionForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=200,
        help_text=gettext_lazy("As written in the text."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=MAX_LINES,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Why the name is allowed: for example a namesake, or part of another name. The reason "
            "stays on record."
        ),
    )


class AllowNameForm(NameExceptionForm, ActionForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = self.initial.get("names", [])
        self.fields["name"].initial = next(iter(names), "")
        if names:
            listed = ", ".join(f"“{name}”" for name in names)
            self.fields["name"].help_text = _("Protected names in this release: %(names)s.") % {
                "names": listed
            }
