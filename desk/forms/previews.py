"""What editors fill in to issue preview links."""

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from desk.forms.times import AmbiguousTimeForm, EmbargoEndField
from previews.emails import INVITATION
from previews.models import PreviewLink
from previews.recipients import BadList, Recipient, read


class IssueForm(AmbiguousTimeForm):
    """For whom links are, until when, and what goes with them."""

    ambiguous_field = "expires_at"
    batch = forms.UUIDField(
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(
            ["required", "invalid"], "The form did not arrive whole. Open it again."
        ),
    )
    recipients = forms.CharField(
        label="For whom",
        widget=forms.Textarea(attrs={"rows": 6, "placeholder": "Jane Doe, The Paper, jane@…"}),
        help_text="One a line: name, outlet, e-mail. Each gets a link of their own, and every "
        "copy carries the name.",
        max_length=1_000_000,
        error_messages={"required": "Name at least one recipient."},
    )
    expires_at = EmbargoEndField(
        label="Ends",
        required=False,
        help_text="Empty: when the embargo lifts.",
    )
    max_visits = forms.IntegerField(
        label="Visits",
        min_value=1,
        max_value=1000,
        required=False,
        help_text="How often each link may be opened. Empty: as often as its reader likes.",
    )
    send = forms.BooleanField(
        label="Send by e-mail",
        required=False,
        help_text="To those with an address, in the words below. The next page shows the "
        "links too, so that you can copy them.",
    )
    words = forms.CharField(
        label="Words",
        widget=forms.Textarea(attrs={"rows": 12}),
        required=False,
        help_text="In the recipient’s language, if you like. {name}, {lift}, {link} and "
        "{newsroom} are filled in. Say nothing of what the release is about.",
    )

    def __init__(self, *args: Any, kind: PreviewLink.Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["batch"].initial = uuid.uuid4
        self.fields["words"].initial = INVITATION[kind]
        if not settings.EMAIL_IS_ON:
            del self.fields["send"], self.fields["words"]
        if kind == PreviewLink.Kind.COLLEAGUE:
            self.fields["expires_at"].help_text = self.fields["expires_at"].help_text.replace(
                "the embargo lifts", "it is published"
            )

    def clean_recipients(self) -> list[Recipient]:
        try:
            return read(self.cleaned_data["recipients"])
        except BadList as problem:
            raise ValidationError(problem.reasons) from None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("send"):
            if "{link}" not in cleaned.get("words", ""):
                self.add_error(
                    "words", "The words need {link}: without it the reader cannot open the preview."
                )
            if not any(recipient.email for recipient in cleaned.get("recipients", [])):
                self.add_error("send", "None of the recipients has an e-mail address.")
        return cleaned
