"""The form that issues preview links."""

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.forms.times import AmbiguousTimeForm, EmbargoEndField
from previews.emails import INVITATION
from previews.models import PreviewLink
from previews.recipients import Recipient, RecipientListError, read


class IssueForm(AmbiguousTimeForm):
    """Form with the recipients of links, the time when the links end, and the message."""

    ambiguous_field = "expires_at"
    batch = forms.UUIDField(
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(
            ["required", "invalid"],
            gettext_lazy("The form was incomplete. Reload it and try again."),
        ),
    )
    recipients = forms.CharField(
        label=gettext_lazy("Recipients"),
        widget=forms.Textarea(
            attrs={"rows": 6, "placeholder": gettext_lazy("Jane Doe, The Paper, jane@…")}
        ),
        help_text=gettext_lazy(
            "One per line: name, outlet, e-mail. Each recipient gets a personal link, and every "
            "copy carries their name."
        ),
        max_length=1_000_000,
        error_messages={"required": gettext_lazy("Enter at least one recipient.")},
    )
    expires_at = EmbargoEndField(
        label=gettext_lazy("Link ends"),
        required=False,
        help_text=gettext_lazy("Leave blank to end with the embargo."),
    )
    max_visits = forms.IntegerField(
        label=gettext_lazy("Maximum visits"),
        min_value=1,
        max_value=1000,
        required=False,
        help_text=gettext_lazy("How often each link can be opened. Leave blank for no limit."),
    )
    send_email = forms.BooleanField(
        label=gettext_lazy("Send by e-mail"),
        required=False,
        help_text=gettext_lazy(
            "Sends the message below to recipients with an e-mail address. The next page also "
            "shows the links to copy."
        ),
    )
    message = forms.CharField(
        label=gettext_lazy("Message"),
        widget=forms.Textarea(attrs={"rows": 12}),
        required=False,
        help_text=gettext_lazy(
            "You can write in the recipient’s language. {name}, {embargo_ends}, {link} and "
            "{newsroom} are filled in. Don’t mention the content of the release."
        ),
    )

    def __init__(self, *args: Any, kind: PreviewLink.Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["batch"].initial = uuid.uuid4
        self.fields["message"].initial = INVITATION[kind]
        if not settings.EMAIL_IS_ON:
            del self.fields["send_email"], self.fields["message"]
        if kind == PreviewLink.Kind.COLLEAGUE:
            self.set_help_text(_("Leave blank to end when it is published."))

    def clean_recipients(self) -> list[Recipient]:
        try:
            return read(self.cleaned_data["recipients"])
        except RecipientListError as error:
            raise ValidationError(error.reasons) from None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("send_email"):
            if "{link}" not in cleaned.get("message", ""):
                self.add_error(
                    "message",
                    _("Include {link} in the message, or the recipient can’t open the preview."),
                )
            if not any(recipient.email for recipient in cleaned.get("recipients", [])):
                self.add_error("send_email", _("No recipient has an e-mail address."))
        return cleaned
