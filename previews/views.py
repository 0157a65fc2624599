"""Preview pages for readers. Only a POST that accepts the terms opens a release and uses a visit.

All invalid URLs below /preview/ get the same page, whether the link is wrong, ended, revoked, used
up, on hold or withdrawn (pressroom.middleware.UniformNotFoundMiddleware).
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
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts.desk_addresses import site_url
from accounts.networks import address_of, network_of
from assets.pictures import CONTENT_TYPES
from newsroom.exports import as_text
from previews import links, openings, throttle
from previews.brief_waits import brief_wait
from previews.models import LinkState, Opening, PreviewLink, Visit
from previews.openings import Origin
from previews.page import ReaderPage
from previews.watermarks import with_watermark

log = logging.getLogger(__name__)

COOKIE = "preview"
SESSION_SECONDS = 12 * 60 * 60  # how long an acceptance is valid in its browser
MINUTE = timedelta(minutes=1)
ACCEPTANCE_LOCK_MILLISECONDS = 5_000  # how long an acceptance waits for a locked table


def throttled(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a view to count and log invalid URLs, and to return status 429 above the limit.

    A valid URL always works: nobody can guess 256 bits, and many readers may share one network
    address, in a newsroom or behind a proxy that TRUST_PROXY does not cover. All invalid URLs are
    counted alike, so that neither the status nor the response time shows whether a link has ended
    or never existed.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Http404:
            address = address_of(request)
            misses = throttle.count_miss(address, timezone.now())
            if misses > throttle.THROTTLE_LIMIT:
                response = render(request, "previews/invalid.html", status=429)
                response["Retry-After"] = str(int(throttle.THROTTLE_WINDOW.total_seconds()))
                return response
            log.warning(
                "An invalid preview address was requested from %s; %s within %s minutes.",
                network_of(address),
                misses,
                throttle.THROTTLE_WINDOW // MINUTE,
            )
            raise

    return wrapper


@csrf_exempt  # The URL is the only credential, so a forged form gains nothing.
@require_http_methods(["GET", "HEAD", "POST"])
@throttled
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """Show the terms, then the release. Once it is public, redirect to its public page."""
    now = timezone.now()
    link = _link(token)
    release = link.release
    link_state = link.link_state(now)
    if release is None or link_state == LinkState.CLOSED:
        raise Http404
    if link_state == LinkState.PUBLIC:
        return redirect(release)
    if link_state == LinkState.PAUSED:
        return render(request, "previews/paused.html", {"link": link})
    visit = _current_visit(request, link)
    if visit is None and link.is_used_up:
        raise Http404
    if request.method == "POST":
        return _accept_terms(request, link, now)
    if visit is None:
        return _terms_page(request, link)
    visit.show(release.version, now)
    prefetch_related_objects([release], "topics")  # printed, and compared with other releases
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
    """Send the release as plain text to a reader who has accepted the terms."""
    page = _open_page_or_404(request, token)
    plain = as_text(page, site_url(request), settings.NEWSROOM_NAME)
    marked = with_watermark(plain, page.link.reference, page.paragraphs)
    content = f"{page.embargo_warning}\n\n{marked}\n\n{page.embargo_warning}\n"
    response = HttpResponse(content, content_type="text/plain; charset=utf-8")
    if request.method == "GET":
        openings.count(page.link, Opening.What.TEXT, Origin.of(request), page.at)
    return _attached(response, page, "release.txt")


@require_safe
@throttled
def picture(
    request: HttpRequest, token: str, uuid: UUID, style: str, extension: str
) -> HttpResponse:
    """Send a picture with a watermark to a reader who has accepted the terms."""
    page = _open_page_or_404(request, token)
    shown = page.shown_pictures.get(uuid)
    if shown is None:
        raise Http404
    content = shown.watermarked_rendition(style, extension, page.embargo_warning)
    response = HttpResponse(content, content_type=CONTENT_TYPES[extension])
    is_download, origin = style == "press", Origin.of(request)
    if request.method == "GET" and (
        is_download or not openings.is_recorded(page.link, origin, page.at)
    ):
        openings.count(page.link, Opening.What.PICTURE, origin, page.at)
    return _attached(response, page, f"{style}.{extension}") if is_download else response


# --- Terms and access --------------------------------------------------------------------------


def _link(token: str) -> PreviewLink:
    link = links.link_of_token(token)
    if link is None:
        raise Http404
    return link


def _terms_page(
    request: HttpRequest, link: PreviewLink, moved: bool = False, failed: bool = False
) -> HttpResponse:
    """Show the name of the reader and the end of the embargo, but no content of the release."""
    last = None if failed else link.latest_visit  # after a failed write, a read may fail too
    changed = last is not None and last.embargo_ends != link.embargo_ends
    context = {
        "link": link,
        "embargo_ends": link.embargo_ends,
        "accepted": last.embargo_ends if last and changed else None,
        "moved": moved,
        "failed": failed,
    }
    response = render(
        request, "previews/embargo_terms.html", context, status=503 if failed else 200
    )
    if failed:
        response["Retry-After"] = "10"
    return response


def _accept_terms(request: HttpRequest, link: PreviewLink, now: datetime) -> HttpResponse:
    agreed = _moment(request.POST.get("embargo_ends", ""))
    if agreed != link.embargo_ends:
        return _terms_page(request, link, moved=True)
    origin = Origin.of(request)
    try:
        with brief_wait(ACCEPTANCE_LOCK_MILLISECONDS):
            visit = links.accept_terms(
                link, embargo_ends=agreed, network=origin.network, browser=origin.browser, at=now
            )
    except Error as problem:
        # Without a recorded acceptance, a reader must not see the release.
        log.error("The acceptance of a preview could not be recorded: %s", problem)
        return _terms_page(request, link, failed=True)
    if visit is None:
        raise Http404
    response = HttpResponseRedirect(request.path, status=303)
    response.set_cookie(
        COOKIE,
        signing.dumps(visit.pk, salt=COOKIE),
        max_age=SESSION_SECONDS,
        path=request.path,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _current_visit(request: HttpRequest, link: PreviewLink) -> Visit | None:
    """Return the visit of this browser, None if the embargo end has changed since."""
    try:
        visit = signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=SESSION_SECONDS)
    except signing.BadSignature:
        return None
    return link.visits.filter(pk=visit, embargo_ends=link.embargo_ends).first()


def _open_page_or_404(request: HttpRequest, token: str) -> ReaderPage:
    """Return the page of a link that is open in this browser. Raises Http404 if it is not."""
    now = timezone.now()
    link = _link(token)
    visit = _current_visit(request, link)
    if visit is None or link.release is None or link.link_state(now) != LinkState.OPEN:
        raise Http404
    return ReaderPage(link.release, at=now, token=token, link=link, visit=visit)


def _attached(response: HttpResponse, page: ReaderPage, name: str) -> HttpResponse:
    prefix = "EMBARGOED" if page.link.kind == PreviewLink.Kind.PRESS else "DRAFT"
    name = f"{prefix}-{page.link.printed_reference}-{name}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None
