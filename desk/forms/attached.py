"""Form field for the ordered list of attachments of a release."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from assets.models import MediaAsset
from releases.document import uuids_in
from releases.library import UploadResult


class AttachedWidget(forms.Widget):
    """List of attachments. Users drag items to sort them, and drop files to add them."""

    class Media:
        js = [forms.Script("js/attached.js", type="module")]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        ids = uuids_in(value or [])
        assets = MediaAsset.objects.in_bulk(ids)
        uploads = [UploadResult(str(assets[pk]), assets[pk]) for pk in ids if pk in assets]
        return render_to_string("admin/releases/release/_attached_field.html", {"uploads": uploads})

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return data.getlist(name) if hasattr(data, "getlist") else data.get(name) or []

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False  # browsers send nothing for an empty list, which means that all were removed


class AttachedField(forms.Field):
    """The IDs of pictures and documents in their order. An unknown ID is an error."""

    widget = AttachedWidget

    def to_python(self, value: Any) -> list[str]:
        ids = list(dict.fromkeys(uuids_in(value or [])))
        stored = set(MediaAsset.objects.filter(pk__in=ids).values_list("pk", flat=True))
        if len(stored) < len(ids):
            raise ValidationError(
                _("An attached file is no longer in the library. Remove it and save again.")
            )
        return [str(pk) for pk in ids]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != [str(pk) for pk in uuids_in(data or [])]
