"""Checks who may send a large body before any of it is read.

Django's CSRF check reads the whole body of a form, and any stranger may send one. So this runs
before it, as the first `process_view`: session and permission are known there, and the body is
still in the socket.

A view takes files only if assets.incoming.accepts_files marks it; with any other, the files
of a form are left out. nginx passes an upload on unread at the same addresses (docs/nginx.conf); a
test compares them.
"""

import fcntl
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

MEGABYTE = 1024 * 1024
MAX_UPLOADS = 2  # at a time, of one account, over all processes of a node
PUBLIC_FORM_BYTES = 64 * 1024  # the sign-in and the forms of a preview are far smaller
FORM_BYTES = MEGABYTE  # for the other fields of a form with a file
RETRY_SECONDS = 10


class UploadLimitMiddleware:
    """Reject bodies that no view reads; allow two uploads at a time for each user.

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
            # The user is not known. The page for an outage gives back what was typed, but it only
            # reads what half of the threads can wait for.
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
            # Below that, the view has a better message.
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
            return _later(message, status=503)
        try:
            slot = _slot_of(str(request.user.pk))
        except OSError:  # no space left: the form says so when it rejects the upload
            slot = None
        else:
            if slot is None:
                message = _("You are already uploading two files. Wait until they finish.")
                return _later(message, status=429)
            until_answered.callback(os.close, slot)
        request.META["pressroom.takes_files"] = True
        return None

    def _has_place(self, request: HttpRequest) -> bool:
        """Take a place of this process until the request is answered; False if none is free."""
        places = self._of_this_process()
        if not places.acquire(blocking=False):
            return False
        request.META["pressroom.until_answered"].callback(places.release)
        return True

    def _of_this_process(self) -> BoundedSemaphore:
        if self._places is None:  # the number of threads is known once gunicorn has started
            self._places = BoundedSemaphore(max(1, storage_basics.web_threads // 2 or 1000))
        return self._places


class MarkedViewsUploadHandler(FileUploadHandler):
    """Leave out the files of a form if its view takes none."""

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
    """Return the declared length of a body; Django reads no body without one."""
    try:
        return max(0, int(request.META.get("CONTENT_LENGTH") or 0))
    except ValueError:
        return 0


def _is_signed_in(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_staff)


def _slot_of(account: str) -> int | None:
    """Take one of the account's places; return its descriptor, or None if none is free.

    The lock ends with the descriptor, so a killed process leaves no place taken. The name begins
    with a dot: housekeeping does not remove it.
    """
    uploads.prepare_folder()
    for number in range(MAX_UPLOADS):
        path = uploads.folder() / f".place-{account}-{number}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return descriptor
    return None


def _too_large() -> HttpResponse:
    message = _(
        "This is too large. Nothing was saved. Go back and send a smaller file or a shorter text."
    )
    return _error(message, status=413)


def _later(message: str, status: int) -> HttpResponse:
    response = _error(message, status)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _error(message: str, status: int) -> HttpResponse:
    return HttpResponse(f"{message}\n", status=status, content_type="text/plain; charset=utf-8")
