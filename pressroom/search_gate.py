"""At most four searches at a time on a machine. Further requests are answered with 429.

A search costs more than any other public page, anybody can send one, and no cache helps against
different ones. Without a limit, a flood of searches would hold every thread and processor, and no
other page would be answered.

Every public request with a text in `q` counts, so that a new page with a search is limited too. The
desk does not count, because its users are signed in.
"""

import logging
import os
from contextlib import ExitStack
from pathlib import Path
from threading import BoundedSemaphore

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import loader

from assets import storage_basics
from pressroom.middleware import GetResponse
from storing.folders import prepare_private
from storing.slots import lock_slot

log = logging.getLogger(__name__)

MAX_SEARCHES = 4  # at a time, in all web processes of a machine
# A search takes far less. So a few people who search at the same moment wait, and only a flood is
# refused.
WAIT_SECONDS = 0.5
RETRY_SECONDS = 5


class SearchLimitMiddleware:
    """Limits the public searches at a time, and answers 429 above the limit.

    It comes before the middleware that reads sessions and forms, so that a refusal costs little.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._places: BoundedSemaphore | None = None

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not _is_search(request):
            return self.get_response(request)
        with ExitStack() as until_answered:
            if self._admit(until_answered):
                return self.get_response(request)
        return _try_later()

    def _admit(self, until_answered: ExitStack) -> bool:
        """Take a place of this process and a slot of this machine. Return False if none is free.

        Without a folder for the slots, the limit is the one of each process.
        """
        places = self._of_this_process()
        if not places.acquire(blocking=False):
            return False
        until_answered.callback(places.release)
        folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
        try:
            prepare_private(folder)
            slot = lock_slot(folder, "search", MAX_SEARCHES, WAIT_SECONDS)
        except OSError as problem:
            log.error("Searches can’t be counted for the whole machine: %s", problem)
            return True
        if slot is None:
            return False
        until_answered.callback(os.close, slot)
        return True

    def _of_this_process(self) -> BoundedSemaphore:
        """Return the places for searches that run or wait: other pages keep a quarter of threads.

        One of four threads is enough for them, because a refused search holds it for a moment only.
        """
        if self._places is None:  # the number of threads is set when gunicorn has started
            threads = storage_basics.web_threads * 3 // 4 if storage_basics.web_threads else 1000
            self._places = BoundedSemaphore(max(1, threads))
        return self._places


def _is_search(request: HttpRequest) -> bool:
    is_public = not request.path_info.startswith("/admin/")
    return is_public and bool(request.GET.get("q", "").strip())


def _try_later() -> HttpResponse:
    page = loader.get_template("too_many_searches.html").render().encode()
    # The middleware that adds the length comes later. Without it, the answer would be in chunks.
    headers = {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"}
    return HttpResponse(page, status=429, headers=headers | {"Content-Length": str(len(page))})
