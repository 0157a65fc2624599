"""The form fields for a change to a public text: a correction notice or a minor edit."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from releases.document import MAX_LINES


def correction_field(help_text: Any) -> forms.CharField:
    """Return the field of the notice. It is printed below each release with the changed text."""
    return forms.CharField(
        label=_("Correction notice"),
        max_length=MAX_LINES,
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text=help_text,
    )


def minor_edit_field(label: Any) -> forms.BooleanField:
    """Return the checkbox for a change that is not announced."""
    return forms.BooleanField(
        label=label,
        required=False,
        help_text=_("Recorded in the versions, not announced."),
    )
