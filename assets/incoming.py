"""Marks the views that accept files, with a maximum size; pressroom.upload_gate enforces it."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from django.conf import settings

View = TypeVar("View", bound=Callable[..., Any])


class UploadPolicy(NamedTuple):
    """The permission needed to upload to a view, and the largest file in megabytes."""

    permission: str
    megabytes: Callable[[], int]


def largest_file() -> int:
    """Return the size in megabytes of the largest file that the library accepts."""
    return max(settings.MAX_PICTURE_MEGABYTES, settings.MAX_DOCUMENT_MEGABYTES)


def accepts_files(
    permission: str, megabytes: Callable[[], int] = largest_file
) -> Callable[[View], View]:
    """Mark a view that accepts files. All other views get forms without their files.

    The view must check all other permissions.
    """

    def mark(view: View) -> View:
        view.accepts_files = UploadPolicy(permission, megabytes)  # type: ignore[attr-defined]
        return view

    return mark
