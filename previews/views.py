"""A reader's way in. Only a POST that accepts the terms opens a release or uses anything up.

Every address below /preview/ that leads nowhere answers with one page, whatever the reason:
wrong, ended, revoked, used up, held, withdrawn (pressroom.middleware.UniformNotFoundMiddleware).
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from assets.pictures import CONTENT_TYPES
from newsroom.exports import as_text
from previews import links, openings, throttle
from previews.brief_waits import brief_wait
from previews.marks import woven
from previews.models import LinkState, Opening, PreviewLink, Visit
from previews.openings import Origin
from previews.page import ReaderPage
from releases.addresses import site_url
from releases.probes import address_of, network_of

log = logging.getLogger(__name__)

COOKIE = "preview"
A_SITTING = 12 * 60 * 60  # seconds for which a link stays open in the browser that accepted
MINUTE = timedelta(minutes=1)
ACCEPTANCE_MILLISECONDS = 5_000  # how long an acceptance waits for somebody who locks the table


def throttled(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Ask senders of many wrong addresses to wait, and log each wrong address.

    An address that opens something is never refused: nobody guesses 256 bits, and a whole
    newsroom, or every reader behind a proxy that TRUST_PROXY does not cover, may share one network
    address. Everything that leads nowhere counts alike, so that neither the status nor the time
    tells a link that has ended from one that never existed.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Http404:
            address = address_of(request)
            misses = throttle.count_miss(address, timezone.now())
            if misses > throttle.LIMIT:
                response = render(request, "previews/closed.html", status=429)
                response["Retry-After"] = str(int(throttle.WINDOW.total_seconds()))
                return response
            log.warning(
                "A preview address that leads nowhere was tried from %s; %s within %s minutes.",
                network_of(address),
                misses,
                throttle.WINDOW // MINUTE,
            )
            raise

    return wrapper


@csrf_exempt  # The address is the only right that is used: a forged form gains nobody anything.
@require_http_methods(["GET", "HEAD", "POST"])
@throttled
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """The door, and behind it the release; after the lift, the way to the public page."""
    now = timezone.now()
    link = _link(token)
    release = link.release
    standing = link.standing(now)
    if release is None or standing == LinkState.CLOSED:
        raise Http404
    if standing == LinkState.LIFTED:
        return redirect(release)
    if standing == LinkState.PAUSED:
        return render(request, "previews/resting.html", {"link": link})
    visit = _visit(request, link)
    if visit is None and link.is_used_up:
        raise Http404
    if request.method == "POST":
        return _accept(request, link, now)
    if visit is None:
        return _door(request, link)
    visit.show(release.version, now)
    context = {
        "page": ReaderPage(release, at=now, token=token, link=link, visit=visit),
        "release": release,
        "link": link,
        "lang": release.language,
        "dir": release.direction,
    }
    response = render(request, "previews/release.html", context)
    if request.method == "GET":
        openings.count(link, Opening.What.PAGE, Origin.of(request), now, visit)
    return response


@require_safe
@throttled
def text(request: HttpRequest, token: str) -> HttpResponse:
    """The release as text, for whoever has accepted the terms."""
    page = _opened(request, token)
    words = as_text(page, site_url(request), settings.NEWSROOM_NAME)
    marked = woven(words, page.link.reference, page.paragraphs)
    content = f"{page.warning}\n\n{marked}\n\n{page.warning}\n"
    response = HttpResponse(content, content_type="text/plain; charset=utf-8")
    if request.method == "GET":
        openings.count(page.link, Opening.What.TEXT, Origin.of(request), page.at)
    return _attached(response, page, "release.txt")


@require_safe
@throttled
def picture(
    request: HttpRequest, token: str, uuid: UUID, style: str, extension: str
) -> HttpResponse:
    """A picture of the release, marked, for whoever has accepted the terms."""
    page = _opened(request, token)
    shown = page.shown.get(uuid)
    if shown is None:
        raise Http404
    content = shown.stamped_rendition(style, extension, page.warning)
    response = HttpResponse(content, content_type=CONTENT_TYPES[extension])
    is_download, origin = style == "press", Origin.of(request)
    if request.method == "GET" and (
        is_download or not openings.is_known(page.link, origin, page.at)
    ):
        openings.count(page.link, Opening.What.PICTURE, origin, page.at)
    return _attached(response, page, f"{style}.{extension}") if is_download else response


# --- Behind the door ---------------------------------------------------------------------------


def _link(token: str) -> PreviewLink:
    link = links.find(token)
    if link is None:
        raise Http404
    return link


def _door(
    request: HttpRequest, link: PreviewLink, moved: bool = False, failed: bool = False
) -> HttpResponse:
    """Say that there is something, for whom and until when, and not what."""
    known = None if failed else link.latest_visit  # what could not be written may not be read
    context = {
        "link": link,
        "lift": link.lift,
        "accepted": known.lift if known and known.lift != link.lift else None,
        "moved": moved,
        "failed": failed,
    }
    response = render(request, "previews/door.html", context, status=503 if failed else 200)
    if failed:
        response["Retry-After"] = "10"
    return response


def _accept(request: HttpRequest, link: PreviewLink, now: datetime) -> HttpResponse:
    agreed = _moment(request.POST.get("lift", ""))
    if agreed != link.lift:
        return _door(request, link, moved=True)
    origin = Origin.of(request)
    try:
        with brief_wait(ACCEPTANCE_MILLISECONDS):
            visit = links.enter(
                link, lift=agreed, network=origin.network, browser=origin.browser, at=now
            )
    except Error as problem:
        # Nobody is let in on a promise that is not on record.
        log.error("The acceptance of a preview could not be recorded: %s", problem)
        return _door(request, link, failed=True)
    if visit is None:
        raise Http404
    response = HttpResponseRedirect(request.path, status=303)
    response.set_cookie(
        COOKIE,
        signing.dumps(visit.pk, salt=COOKIE),
        max_age=A_SITTING,
        path=request.path,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _visit(request: HttpRequest, link: PreviewLink) -> Visit | None:
    """Return the visit that this browser is on, as long as what was accepted still holds."""
    try:
        visit = signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=A_SITTING)
    except signing.BadSignature:
        return None
    return link.visits.filter(pk=visit, lift=link.lift).first()


def _opened(request: HttpRequest, token: str) -> ReaderPage:
    """Return the page of a link that is open in this browser. Raises Http404."""
    now = timezone.now()
    link = _link(token)
    visit = _visit(request, link)
    if visit is None or link.release is None or link.standing(now) != LinkState.OPEN:
        raise Http404
    return ReaderPage(link.release, at=now, token=token, link=link, visit=visit)


def _attached(response: HttpResponse, page: ReaderPage, name: str) -> HttpResponse:
    word = "EMBARGOED" if page.link.kind == PreviewLink.Kind.PRESS else "DRAFT"
    name = f"{word}-{page.link.printed_reference}-{name}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None
