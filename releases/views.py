"""The public pages. Each asks the clock once and sees only what is public at that moment."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.core.paginator import InvalidPage, Paginator
from django.db.models import Count, Q
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from assets import storage
from assets.cards import share_card
from assets.models import CONTENT_TYPES
from people.models import Consent, Group, Person
from people.names import fold
from releases.addresses import site_url
from releases.archive import Filters, facets
from releases.bundle import media_zip
from releases.calls import entries
from releases.exports import as_ninjs, as_text, withdrawn_ninjs
from releases.models import FormerSlug, Quote, Release, ReleaseQuerySet, Topic
from releases.page import ReleasePage
from releases.prisoners import Filters as PrisonerFilters
from releases.prisoners import as_csv, columns, current_cases, picture, sections, title_of
from releases.prisoners import facets as prisoner_facets
from releases.structured import news_article, profile
from releases.visibility import public_assets

OfARelease = Callable[[HttpRequest, ReleasePage | Release], HttpResponseBase]

A_DAY = 24 * 60 * 60  # seconds
A_YEAR = 365 * A_DAY
A_PAGE = 20
ON_THE_FRONT = 8
LONGEST_TERM = 200  # characters
CASE_PARTS = ("statuses", "events", "charges", "sentences", "designations")


def listed(at: datetime) -> ReleaseQuerySet:
    """Return the public releases as lists show them, newest first."""
    return Release.objects.public(at).select_related("poster").defer("notes_to_editors")


@require_safe
def newsroom(request: HttpRequest) -> HttpResponse:
    """The front page: the newest release as the lead, the ones before it, and ways in."""
    now = timezone.now()
    newest = list(listed(now)[: ON_THE_FRONT + 1])
    topics = (
        Topic.objects.filter(releases__in=Release.objects.public(now))
        .annotate(count=Count("releases"))
        .order_by("name")
    )
    return render(
        request,
        "releases/newsroom.html",
        {
            "lead": newest[0] if newest else None,
            "releases": newest[1:],
            "topics": topics,
            "cases": current_cases(timezone.localdate(now)).in_group(Group.DETENTION)[:3],
        },
    )


@require_safe
def archive(request: HttpRequest) -> HttpResponse:
    """Every public release, page by page, narrowed by the filters of the address."""
    now = timezone.now()
    filters = Filters.from_query(request.GET)
    try:
        page = Paginator(filters.apply(listed(now)), A_PAGE).page(request.GET.get("page") or 1)
    except InvalidPage:
        raise Http404 from None
    return render(
        request,
        "releases/archive.html",
        {"page": page, "filters": filters, "facets": list(facets(filters, now))},
    )


def of_one_release(view: OfARelease) -> Callable[..., HttpResponseBase]:
    """Let a view print a public release, or the tombstone of one that was withdrawn.

    A former address leads to the present one, in the same form.
    """

    @wraps(view)
    def find(request: HttpRequest, slug: str) -> HttpResponseBase:
        now = timezone.now()
        releases = Release.objects.public(now).filter(slug=slug).select_related("poster")
        if found := releases.prefetch_related("topics", "contacts").first():
            return view(request, ReleasePage(found, at=now))
        if withdrawn := Release.objects.tombstones(now).filter(slug=slug).first():
            response = view(request, withdrawn)
            response.status_code = 410
            return response
        public = Release.objects.public(now)
        former = FormerSlug.objects.filter(slug=slug, release__in=public).first()
        if former is None or request.resolver_match is None:
            raise Http404
        return redirect(request.resolver_match.view_name, slug=former.release.slug, permanent=True)

    return require_safe(find)


@of_one_release
def release(request: HttpRequest, page: ReleasePage | Release) -> HttpResponse:
    """One release; its tombstone where it was withdrawn."""
    if isinstance(page, Release):
        return render(request, "releases/withdrawn.html", {"release": page})
    context = {
        "page": page,
        "release": page.release,
        "structured": news_article(page, site_url(request), settings.NEWSROOM_NAME),
        "lang": page.release.language,
        "dir": page.release.direction,
    }
    return render(request, "releases/release.html", context)


@of_one_release
def release_text(request: HttpRequest, page: ReleasePage | Release) -> HttpResponse:
    """One release as plain text."""
    if isinstance(page, Release):
        return _withdrawn_text(page)
    words = as_text(page, site_url(request), settings.NEWSROOM_NAME)
    return HttpResponse(words, content_type="text/plain; charset=utf-8")


@of_one_release
def release_json(request: HttpRequest, page: ReleasePage | Release) -> HttpResponse:
    """One release as ninjs."""
    if isinstance(page, Release):
        data = withdrawn_ninjs(page)
    else:
        data = as_ninjs(page, site_url(request), settings.NEWSROOM_NAME)
    return JsonResponse(data, json_dumps_params={"ensure_ascii": False, "indent": 1})


@of_one_release
def release_card(request: HttpRequest, page: ReleasePage | Release) -> HttpResponseBase:
    """The card that stands for a release without a picture, set from its title."""
    if isinstance(page, Release):
        return _withdrawn_text(page)
    shown = page.release
    words = {
        "kind": shown.get_kind_display(),
        "newsroom": settings.NEWSROOM_NAME,
        "language": shown.language,
        "direction": shown.direction,
    }
    name = sha256(f"{shown.title} {words}".encode("utf-8", "replace")).hexdigest()
    response: HttpResponse | None = get_conditional_response(request, etag=f'"{name}"')
    if response is None:
        # By its words: whatever keeps it, nothing that was to be hidden is found by it.
        card = cache.get_or_set(f"card.{name}", lambda: share_card(shown.title, **words), A_DAY)
        response = HttpResponse(card, content_type="image/jpeg")
    response["ETag"] = f'"{name}"'
    return response


@of_one_release
def release_zip(request: HttpRequest, page: ReleasePage | Release) -> HttpResponseBase:
    """One release with its pictures and documents, streamed."""
    if isinstance(page, Release):
        return _withdrawn_text(page)
    archive = media_zip(page, site_url(request), settings.NEWSROOM_NAME)
    response = StreamingHttpResponse(archive, content_type="application/zip")
    response["Content-Length"] = len(archive)
    name = content_disposition_header(True, f"{page.release.slug}.zip")
    response["Content-Disposition"] = str(name)
    return response


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Our spokespeople."""
    now = timezone.now()
    said = Count("quotes", filter=Q(quotes__release__in=Release.objects.public(now)))
    spokespeople = (
        Person.objects.with_page()
        .spokespeople()
        .select_related("portrait")
        .prefetch_related("roles")
        .annotate(quotations=said)
        .order_by("sort_name", "display_name", "pk")  # an aggregate drops the model's own order
    )
    context = {"people": spokespeople, "today": timezone.localdate(now)}
    return render(request, "releases/people.html", context)


@require_safe
def person(request: HttpRequest, slug: str) -> HttpResponse:
    """One person: titles, what they said, the case, and every public release that names them."""
    now = timezone.now()
    today = timezone.localdate(now)
    found = get_object_or_404(
        Person.objects.with_page(today)
        .select_related("portrait")
        .prefetch_related(
            "names",
            "roles",
            "consents",
            *(f"cases__{part}" for part in CASE_PARTS),
        ),
        slug=slug,
    )
    said = list(
        Quote.objects.filter(speaker=found, release__in=Release.objects.public(now))
        .select_related("release")
        .order_by("release", "position")
    )
    term = request.GET.get("q", "").strip()[:LONGEST_TERM]
    quotes = [quote for quote in said if fold(term) in fold(f"{quote.text} {quote.release.title}")]
    context = {
        "person": found,
        "entries": entries(found.cases.all(), now),
        "today": today,
        "health": found.may_tell(Consent.Scope.HEALTH, today),
        "term": term,
        "said": len(said),
        "quotes": quotes if term else said,
        "releases": listed(now).filter(mentions__person=found),
        "structured": profile(found, today, site_url(request), now),
    }
    return render(request, "releases/person.html", context)


@require_safe
def prisoners(request: HttpRequest) -> HttpResponse:
    """The people whose cases we follow: as a roll by group, a table and a picture."""
    now = timezone.now()
    today = timezone.localdate(now)
    filters = PrisonerFilters.from_query(request.GET)
    everybody = list(current_cases(today))
    cases = filters.apply(everybody, today)
    context = {
        "title": title_of(filters, cases, today),
        "filters": filters,
        "facets": list(prisoner_facets(filters, everybody, today)),
        "cases": cases,
        "sections": sections(entries(cases, now)),
        "columns": columns(filters),
        "picture": picture(cases, today),
        "today": today,
    }
    return render(request, "releases/prisoners.html", context)


@require_safe
def prisoners_csv(request: HttpRequest) -> HttpResponse:
    """The same table for spreadsheets."""
    now = timezone.now()
    today = timezone.localdate(now)
    filters = PrisonerFilters.from_query(request.GET)
    cases = filters.apply(current_cases(today), today)
    table = as_csv(entries(cases, now), site_url(request), today)
    response = HttpResponse(table, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, "prisoners.csv")
    return response


@require_safe
def rendition(request: HttpRequest, uuid: UUID, style: str, extension: str) -> HttpResponseBase:
    """A picture in one of its styles, or a document, while something public shows it.

    The plain address gives what is current, and is asked for anew each time. The one with a
    version may be kept by the reader's own browser, and by nothing between us (decision 0015).
    What is taken along is heavy, and comes from the bucket where there is one (decision 0016).
    """
    now = timezone.now()
    asset = get_object_or_404(public_assets(now), pk=uuid)
    name = asset.stored_name(style, extension)
    if (style, extension) == asset.press and (
        address := storage.signed_address(
            name, filename=asset.download_name(extension), content_type=CONTENT_TYPES[extension]
        )
    ):
        away = HttpResponseRedirect(address)
        away["Cache-Control"] = "private, no-store"
        return away
    etag = f'"{asset.version}-{style}-{extension}"'
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    response = response or asset.rendition_response(style, extension)
    response["ETag"] = etag
    if request.GET.get("v") == asset.version:
        ends = asset.licence_expires
        kept = min(int((ends - now).total_seconds()), A_YEAR) if ends else A_YEAR
        response["Cache-Control"] = f"private, max-age={kept}, immutable"
    return response


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """Every public page, for search engines."""
    return render(
        request,
        "sitemap.xml",
        {
            "releases": Release.objects.public().only("slug", "publish_at", "updated_at"),
            "people": Person.objects.with_page().only("slug"),
        },
        content_type="application/xml",
    )


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What robots may read: all that anybody may."""
    return render(request, "robots.txt", content_type="text/plain")


def _withdrawn_text(release: Release) -> HttpResponse:
    words = f"This release was withdrawn.\n\n{release.withdrawal_reason}\n"
    return HttpResponse(words, content_type="text/plain; charset=utf-8")
