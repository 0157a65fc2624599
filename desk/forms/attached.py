"""Form field for the ordered list of attachments of a release."""

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from assets.models import MediaAsset
from releases.document import uuids_in
from releases.library import UploadResult
from releases.models import Release


class AttachedWidget(forms.Widget):
    """List of attachments. Users drag items to sort them, and drop files to add them."""

    # The files that the user may see, and the release to which new files belong. None: all, none.
    files: QuerySet[MediaAsset] | None = None
    release: Release | None = None

    class Media:
        js = [forms.Script("js/attached.js", type="module")]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        ids = uuids_in(value or [])
        assets = (MediaAsset.objects.all() if self.files is None else self.files).in_bulk(ids)
        uploads = [UploadResult(str(assets[pk]), assets[pk]) for pk in ids if pk in assets]
        context = {"uploads": uploads, "release": self.release}
        return render_to_string("admin/releases/release/_attached_field.html", context)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return data.getlist(name) if hasattr(data, "getlist") else data.get(name) or []

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False  # browsers send nothing for an empty list, which means that all were removed


class AttachedField(forms.Field):
    """The IDs of pictures and documents in their order. An unknown ID is an error."""

    widget = AttachedWidget

    def show_for(self, files: QuerySet[MediaAsset], release: Release | None) -> None:
        """Accept only these files, and add uploads to this release."""
        widget = cast(AttachedWidget, self.widget)
        widget.files, widget.release = files, release

    def to_python(self, value: Any) -> list[str]:
        ids = list(dict.fromkeys(uuids_in(value or [])))
        shown = cast(AttachedWidget, self.widget).files
        files = MediaAsset.objects.all() if shown is None else shown
        stored = set(files.filter(pk__in=ids).values_list("pk", flat=True))
        if len(stored) < len(ids):
            raise ValidationError(
                _("An attached file is no longer in the library. Remove it and save again.")
            )
        return [str(pk) for pk in ids]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != [str(pk) for pk in uuids_in(data or [])]
