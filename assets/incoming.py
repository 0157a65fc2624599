"""Which views take files, and how large. pressroom.upload_gate holds every request to it."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from django.conf import settings

View = TypeVar("View", bound=Callable[..., Any])


class Taking(NamedTuple):
    """What a view takes: the permission of who may send it, and the largest file in megabytes."""

    permission: str
    megabytes: Callable[[], int]


def largest_file() -> int:
    """Return the megabytes of the largest file that the library takes."""
    return max(settings.MAX_PICTURE_MEGABYTES, settings.MAX_DOCUMENT_MEGABYTES)


def takes_files(
    permission: str, megabytes: Callable[[], int] = largest_file
) -> Callable[[View], View]:
    """Mark a view as one that takes files. With any other, the files of a form are left out.

    The view asks for itself what else it has to know of the user.
    """

    def mark(view: View) -> View:
        view.takes_files = Taking(permission, megabytes)  # type: ignore[attr-defined]
        return view

    return mark
