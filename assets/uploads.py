"""Checks uploads before they are stored, with the limits in the settings."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from assets import sandbox
from assets.messages import BadFileError

RENDITION_TIME_FACTOR = 30  # relative to the check of an upload
RENDITION_MEMORY_FACTOR = 4


def is_stored(file: Any) -> bool:
    """Return whether a file is in the storage, and not an upload that must still be stored."""
    return getattr(file, "_committed", False)


def limits() -> sandbox.Limits:
    """Return the resources that the check of an upload may use."""
    return sandbox.Limits(
        settings.MAX_PICTURE_MEGAPIXELS,
        settings.MAX_PICTURE_SECONDS,
        settings.MAX_PICTURE_MEMORY_MEGABYTES,
    )


def limits_of_renditions() -> sandbox.Limits:
    """Return the resources that renditions or a watermark of an accepted picture may use."""
    check = limits()
    return sandbox.Limits(
        check.megapixels,
        check.seconds * RENDITION_TIME_FACTOR,
        check.megabytes * RENDITION_MEMORY_FACTOR,
    )


def inspect(file: Any) -> sandbox.FileFacts:
    """Return the facts about an upload, which is opened only the first time.

    Raises BadFileError if it can't be used.
    """
    upload = getattr(file, "file", file)
    known: sandbox.FileFacts | None = getattr(upload, "inspected", None)
    if known is None:
        known = sandbox.inspect(upload, limits())
        upload.inspected = known
        file.seek(0)
    return known


def check_upload(file: Any) -> None:
    """Raise ValidationError, with the file name, if an upload can't be used."""
    if is_stored(file):
        return  # it was checked when it was uploaded
    try:
        _check_size(file, settings.MAX_DOCUMENT_MEGABYTES)
        if inspect(file).kind == "image":
            _check_size(file, settings.MAX_PICTURE_MEGABYTES)
    except BadFileError as problem:
        raise ValidationError(
            _("%(file)s: %(problem)s") % {"file": file.name, "problem": problem}
        ) from problem


def _check_size(file: Any, max_megabytes: int) -> None:
    if file.size > max_megabytes * 1024 * 1024:
        raise BadFileError(
            _("The file has %(size)s MB. The limit is %(limit)s MB.")
            % {"size": round(file.size / 1024 / 1024), "limit": max_megabytes}
        )
