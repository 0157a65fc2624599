"""Checks whether a user may send a large body, before any of it is read.

Django's CSRF check reads the whole body of a form, and anybody can send one. So this check runs
before it, as the first `process_view`. There, the session and the permissions are known, and the
body has not been read.

A view accepts files only if it is marked by assets.incoming.accepts_files. For other views, the
files of a form are ignored. nginx passes uploads to the same URLs without reading them first
(docs/nginx.conf). A test compares the URLs.
"""

import os
from contextlib import ExitStack
from threading import BoundedSemaphore
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from assets import storage_basics
from pressroom import uploads
from pressroom.middleware import GetResponse
from pressroom.outages import outage_of
from storing.slots import lock_slot

MEGABYTE = 1024 * 1024
MAX_UPLOADS = 2  # per account at a time, in all processes of a machine
PUBLIC_FORM_BYTES = 64 * 1024  # the sign-in and the forms of a preview are far smaller
FORM_BYTES = MEGABYTE  # for the other fields of a form with a file
RETRY_SECONDS = 10


class UploadLimitMiddleware:
    """Rejects bodies that are too large for their view, and a third upload of a user at a time.

    Uploads may use at most half of the threads of a process, so that the desk stays available.
    pressroom.connections limits how slow a client may be.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._places: BoundedSemaphore | None = None

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with ExitStack() as until_answered:
            request.META["pressroom.until_answered"] = until_answered
            return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        try:
            return self._error_for(request, view)
        except Exception as problem:
            # The user is not known. The outage page returns the text that was typed, but at most
            # half of the threads may read a large body for it.
            length = _length_of(request)
            if outage_of(problem) and length > PUBLIC_FORM_BYTES:
                fits = length <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE
                request.META["pressroom.unread"] = not (fits and self._has_place(request))
            raise

    def _error_for(self, request: HttpRequest, view: Any) -> HttpResponse | None:
        length = _length_of(request)
        marked = getattr(view, "accepts_files", None)
        if marked is None:
            if length <= PUBLIC_FORM_BYTES:
                return None
            # Up to this size, the view rejects the body with a better message.
            maximum = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + FORM_BYTES
            return None if length <= maximum and _is_signed_in(request) else _too_large()
        if request.method != "POST":
            return None
        permission, megabytes = marked
        if not _is_signed_in(request):
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        if not request.user.has_perm(permission):
            raise PermissionDenied
        if length > megabytes() * MEGABYTE + FORM_BYTES:
            return _too_large()
        return self._admit(request)

    def _admit(self, request: HttpRequest) -> HttpResponse | None:
        until_answered: ExitStack = request.META["pressroom.until_answered"]
        if not self._has_place(request):
            message = _("Too many uploads at the moment. Try again in a few seconds.")
            return _try_later(message, status=503)
        try:
            slot = _slot_of(str(request.user.pk))
        except OSError:  # no space left: the form shows an error for the upload
            slot = None
        else:
            if slot is None:
                message = _("You are already uploading two files. Wait until they finish.")
                return _try_later(message, status=429)
            until_answered.callback(os.close, slot)
        request.META["pressroom.takes_files"] = True
        return None

    def _has_place(self, request: HttpRequest) -> bool:
        """Reserve a place of this process until the response. Return False if none is free."""
        places = self._of_this_process()
        if not places.acquire(blocking=False):
            return False
        request.META["pressroom.until_answered"].callback(places.release)
        return True

    def _of_this_process(self) -> BoundedSemaphore:
        if self._places is None:  # the number of threads is set when gunicorn has started
            self._places = BoundedSemaphore(max(1, storage_basics.web_threads // 2 or 1000))
        return self._places


class MarkedViewsUploadHandler(FileUploadHandler):
    """Skips the files of a form if its view does not accept files."""

    def new_file(self, *arguments: Any, **more: Any) -> None:
        super().new_file(*arguments, **more)
        if self.request is None or not self.request.META.get("pressroom.takes_files"):
            if self.request is not None:
                self.request.META["pressroom.left_out_files"] = True
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def _length_of(request: HttpRequest) -> int:
    """Return the declared bytes of a body. Without a length, Django does not read the body."""
    try:
        return max(0, int(request.META.get("CONTENT_LENGTH") or 0))
    except ValueError:
        return 0


def _is_signed_in(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_staff)


def _slot_of(account: str) -> int | None:
    """Lock one of the account's places. Return its file descriptor, or None if none is free."""
    uploads.prepare_folder()
    return lock_slot(uploads.folder(), f"place-{account}", MAX_UPLOADS)


def _too_large() -> HttpResponse:
    message = _(
        "This is too large. Nothing was saved. Go back and send a smaller file or a shorter text."
    )
    return _error(message, status=413)


def _try_later(message: str, status: int) -> HttpResponse:
    response = _error(message, status)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _error(message: str, status: int) -> HttpResponse:
    return HttpResponse(f"{message}\n", status=status, content_type="text/plain; charset=utf-8")
