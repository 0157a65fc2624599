"""Forms of the picture library."""

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.json_field import JSONField
from assets import storage
from assets.models import MediaAsset
from desk.forms.conflicts import ConflictCheckedForm
from desk.forms.corrections import correction_field, minor_edit_field
from desk.forms.names import PublicTextForm
from desk.forms.times import label_parts
from people import depicted
from people.locking import lock_names_for_read, lock_row
from people.models import Person
from releases.library import edit_blockers, needs_correction
from releases.models import Quote
from releases.rules.desk_visibility import files_visible_to

# Fields that need no correction when they are changed, even if the picture is on a public page.
WITHOUT_CORRECTION = {"depicts", "licence_expires", "read_version", "correction", "minor"}


class AssetForm(PublicTextForm, ConflictCheckedForm):
    """Form of one picture or document."""

    depicts = forms.ModelMultipleChoiceField(
        queryset=Person.objects.none(),
        required=False,
        label=gettext_lazy("People shown"),
        help_text=gettext_lazy(
            "For searching the library. A release can’t be approved with a picture of someone who "
            "may not be named."
        ),
    )
    correction = correction_field(
        gettext_lazy(
            "Public. Shown below each public release that uses this. Required for every change of "
            "substance."
        )
    )
    minor = minor_edit_field(gettext_lazy("Minor edit (typo, punctuation, crop)"))

    class Meta:
        model = MediaAsset
        fields = [
            "original", "original_name", "alt_text", "caption", "credit_line", "ai_made",
            "creator", "copyright_notice", "usage_terms", "licence_expires", "date_created",
            "place", "focus_x", "focus_y",
        ]  # fmt: skip
        widgets = {
            # Django's default widget links to the file, but originals have no URL.
            "original": forms.FileInput(),
            "alt_text": forms.Textarea(attrs={"rows": 2}),
            "caption": forms.Textarea(attrs={"rows": 2}),
            "usage_terms": forms.Textarea(attrs={"rows": 2}),
            "focus_x": forms.NumberInput(attrs={"step": "0.01", "min": "0", "max": "1"}),
            "focus_y": forms.NumberInput(attrs={"step": "0.01", "min": "0", "max": "1"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.compared_with = files_visible_to(self.user)
        if "licence_expires" in self.fields:
            label_parts(self.fields["licence_expires"])
        if "depicts" in self.fields:
            visible = Person.objects.visible_to(self.user)
            chosen = cast(forms.ModelMultipleChoiceField, self.fields["depicts"])
            chosen.queryset = visible
            speaker = Quote._meta.get_field("speaker")  # for the same search as in the editor
            chosen.widget = AutocompleteSelectMultiple(speaker, admin.site, choices=chosen.choices)
            if not self.instance._state.adding:
                chosen.initial = visible.filter(depicted_in=self.instance)

    def clean_original(self) -> Any:
        file = self.cleaned_data["original"]
        is_replaced = "original" in self.changed_data and not self.instance._state.adding
        if is_replaced and (blockers := edit_blockers(self.instance, self.user, file=True)):
            raise ValidationError(blockers)
        if "original" in self.changed_data:
            try:  # check now, because an error at the save would lose what was typed
                storage.check_writable(file.size)
            except OSError as error:
                message = _(
                    "The file was not stored: %(reason)s. Nothing was changed. Choose the file "
                    "again and save in a minute."
                )
                reason = storage.reason_for_editors(error)
                raise ValidationError(message % {"reason": reason}) from None
        return file

    def lock(self) -> None:
        lock_names_for_read()
        chosen = [person.pk for person in self.cleaned_data.get("depicts", ())]
        depicted.lock_people(self.instance, chosen)  # people before pictures
        lock_row(self.instance)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance._state.adding:
            return cleaned
        if blockers := edit_blockers(self.instance, self.user):
            raise ValidationError([*blockers, _("Your text is still here but not saved.")])
        public = set(self.changed_data) - WITHOUT_CORRECTION
        is_explained = cleaned.get("correction") or cleaned.get("minor")
        if cleaned.get("correction") and not public - {"original_name"}:
            message = _("Nothing public was changed. Change something or clear this field.")
            self.add_error("correction", message)
        if public and not is_explained and needs_correction(self.instance, self.user):
            message = _("A public release uses it. Enter a correction notice or tick “Minor edit”.")
            self.add_error("correction" if "correction" in self.fields else None, message)
        return cleaned


class EditManyForm(forms.Form):
    """Form that sets the same credit and terms on many pictures. A blank field changes nothing."""

    credit_line = forms.CharField(label=gettext_lazy("Credit line"), max_length=255, required=False)
    creator = forms.CharField(label=gettext_lazy("Creator"), max_length=255, required=False)
    copyright_notice = forms.CharField(
        label=gettext_lazy("Copyright notice"), max_length=255, required=False
    )
    usage_terms = forms.CharField(
        label=gettext_lazy("Usage terms"),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
    )
    licence_expires = forms.SplitDateTimeField(
        label=gettext_lazy("Licence ends"),
        widget=admin.widgets.AdminSplitDateTime,
        required=False,
    )
    read = JSONField(widget=forms.HiddenInput)
    correction = correction_field(
        gettext_lazy("Public. Shown below each public release that uses one of them.")
    )
    minor = minor_edit_field(gettext_lazy("Minor edit (typo, punctuation)"))

    OTHER_FIELDS = ("read", "correction", "minor")

    def __init__(self, *args: Any, is_public: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label_parts(self.fields["licence_expires"])
        self.is_public = is_public
        if not is_public:
            del self.fields["correction"], self.fields["minor"]

    def clean_read(self) -> dict[UUID, int]:
        try:
            return {UUID(pk): int(version) for pk, version in self.cleaned_data["read"].items()}
        except (AttributeError, TypeError, ValueError):
            message = _("The form was incomplete. Select the pictures again.")
            raise ValidationError(message) from None

    def values(self) -> dict[str, Any]:
        """Return the new values by the name of their field."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if value and name not in self.OTHER_FIELDS
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.values() and not self.errors:
            raise ValidationError(_("Fill in at least one field."))
        is_explained = cleaned.get("correction") or cleaned.get("minor")
        if self.is_public and not is_explained and set(self.values()) - WITHOUT_CORRECTION:
            message = _(
                "Public releases use some of them. Enter a correction notice or tick “Minor edit”."
            )
            self.add_error("correction", message)
        return cleaned
