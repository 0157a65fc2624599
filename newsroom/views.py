"""The public pages. Each view reads the clock once and shows what is public at that moment."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import wraps
from itertools import chain, islice
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, QuerySet
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
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from zipstream import ZipStream

from accounts.desk_addresses import site_url
from assets import storage
from assets.models import CONTENT_TYPES
from newsroom.archive import MAX_TOPICS, Filters
from newsroom.calls import entries
from newsroom.cases_csv import as_csv
from newsroom.counts import MAX_COUNTED, CountUpTo
from newsroom.detention_chart import detention_chart
from newsroom.feeds import channel_of
from newsroom.formats import Content, FeedFormat, ReleaseFormat, links_to
from newsroom.listing import Texts, listed
from newsroom.page import ReleasePage
from newsroom.paging import PAGE_SIZE, page_of
from newsroom.prisoners import Filters as CaseFilters
from newsroom.prisoners import columns, current_cases, sections, title_of, with_people
from newsroom.quotations import count_quotations, quotations_page
from newsroom.results import results
from newsroom.structured import news_article, profile
from newsroom.suggested import suggested
from people.models import Consent, Group, Person
from releases.models import FormerSlug, Release, Topic, text_of
from releases.rules.visibility import public_assets

ReleaseView = Callable[[HttpRequest, ReleasePage | Release], HttpResponseBase]

YEAR_SECONDS = 365 * 24 * 60 * 60
FRONT_PAGE_RELEASES = 8
MAX_TERM_CHARACTERS = 200
SITEMAP_SIZE = 5_000  # URLs per file; the protocol allows 50,000
CASE_RELATIONS = ("statuses", "events", "charges", "sentences", "designations")


@require_safe
@vary_on_headers("Accept-Language")
def newsroom(request: HttpRequest) -> HttpResponse:
    """Show the front page: the newest release as the lead, earlier ones, cases and topics."""
    now = timezone.now()
    releases = listed(now)
    texts = Texts.for_reader(request, now)
    newest = texts.entries(texts.once(releases)[: FRONT_PAGE_RELEASES + 1])

    public = Release.objects.public(now)
    about = Topic.releases.through.objects.filter(topic=OuterRef("pk"), release__in=public)
    number = CountUpTo(about, each=text_of("release") if texts.translated else None)
    topics = Topic.objects.filter(Exists(about)).annotate(count=number)
    cases = current_cases(timezone.localdate(now)).in_group(Group.DETENTION)
    return render(
        request,
        "newsroom/newsroom.html",
        {
            "lead": newest[0] if newest else None,
            "entries": newest[1:],
            "topics": topics.order_by("name")[:MAX_TOPICS],
            "max_counted": MAX_COUNTED,
            "cases": cases.select_related("person")[:3],
        },
    )


@require_safe
@vary_on_headers("Accept-Language")
def archive(request: HttpRequest) -> HttpResponse:
    """Show the public releases that match the filters of the URL, or the results of a search."""
    now = timezone.now()
    today = timezone.localdate(now)
    filters = Filters.from_query(request.GET)
    texts = Texts.for_reader(request, now)
    if filters.q:
        return render(request, "newsroom/results.html", results(request, filters, texts))
    matching = filters.apply(listed(now), today)
    page = page_of(request, texts.once(matching), count=texts.count(matching))
    public = Release.objects.public(now).order_by()
    context = {
        "page": page,
        "entries": texts.entries(page),
        "filters": filters,
        "facets": list(filters.facets(public, today, translated=texts.translated)),
    }
    return render(request, "newsroom/archive.html", context)


@require_safe
def suggest(request: HttpRequest) -> JsonResponse:
    """Send what a reader may be typing: names of people, topics and titles that are public."""
    return JsonResponse({"suggestions": suggested(request.GET.get("q", ""), timezone.now())})


def release_view(view: ReleaseView) -> Callable[..., HttpResponseBase]:
    """Decorate a view that takes a release page, or a withdrawn release, instead of a slug.

    A former slug redirects to the present one, in the same format. A withdrawn release has status
    410. Raises Http404 for all other slugs.
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


@release_view
def release(request: HttpRequest, page: ReleasePage | Release) -> HttpResponse:
    """Show one release, or the notice of its withdrawal."""
    if isinstance(page, Release):
        return render(request, "newsroom/withdrawn.html", {"release": page})
    context = {
        "page": page,
        "release": page.release,
        "downloads": links_to(page),
        "structured": news_article(page, site_url(request), settings.NEWSROOM_NAME),
        "lang": page.release.language,
        "dir": page.release.direction,
    }
    return render(request, "newsroom/release.html", context)


def release_file(file_format: ReleaseFormat) -> Callable[..., HttpResponseBase]:
    """Return the view that sends a release in a format, or the notice of its withdrawal."""

    def send(request: HttpRequest, page: ReleasePage | Release) -> HttpResponseBase:
        if isinstance(page, Release):
            notice = file_format.write_withdrawn(page)
            return HttpResponse(notice, content_type=file_format.withdrawn_type)
        etag = f'"{file_format.version(page)}"' if file_format.version else ""
        response: HttpResponseBase | None = None
        if etag:
            response = get_conditional_response(request, etag=etag)
        if response is None:
            content = file_format.write(page, site_url(request), settings.NEWSROOM_NAME)
            response = _file_response(content, file_format)
            if file_format.saved_as:
                name = f"{page.release.slug}.{file_format.saved_as}"
                disposition = content_disposition_header(True, name)
                response["Content-Disposition"] = str(disposition)
        if etag:
            response["ETag"] = etag
        return response

    return release_view(send)


def _file_response(content: Content, file_format: ReleaseFormat) -> HttpResponseBase:
    if not isinstance(content, ZipStream):
        return HttpResponse(content, content_type=file_format.content_type)
    response = StreamingHttpResponse(content, content_type=file_format.content_type)
    response["Content-Length"] = len(content)
    return response


def feed(feed_format: FeedFormat) -> Callable[..., HttpResponse]:
    """Return the view that sends the releases as a feed."""

    def send(request: HttpRequest) -> HttpResponse:
        channel = channel_of(request, feed_format.name)
        return HttpResponse(feed_format.write(channel), content_type=feed_format.content_type)

    return require_safe(send)


@require_safe
@vary_on_headers("Accept-Language")
def people(request: HttpRequest) -> HttpResponse:
    """Show our spokespeople, in pages."""
    now = timezone.now()
    today = timezone.localdate(now)
    spokespeople = Person.objects.with_page(today).spokespeople(today)
    page = page_of(request, spokespeople.select_related("portrait").prefetch_related("roles"))
    counts = count_quotations(page.object_list, Texts.for_reader(request, now))
    context = {
        "page": page,
        "speakers": [(person, counts.get(person.pk, 0)) for person in page],
        "max_counted": MAX_COUNTED,
        "today": today,
    }
    return render(request, "newsroom/people.html", context)


@require_safe
@vary_on_headers("Accept-Language")
def person(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one person: titles, cases, quotations in pages, and the newest releases."""
    now = timezone.now()
    today = timezone.localdate(now)
    found = get_object_or_404(
        Person.objects.with_page(today)
        .select_related("portrait")
        .prefetch_related(
            "names",
            "roles",
            "consents",
            *(f"cases__{part}" for part in CASE_RELATIONS),
        ),
        slug=slug,
    )
    texts = Texts.for_reader(request, now)
    term = request.GET.get("q", "").strip()[:MAX_TERM_CHARACTERS]
    page, total = quotations_page(request, found, texts, term)
    naming = texts.once(listed(now).filter(mentions__person=found))
    releases = list(naming[: PAGE_SIZE + 1])
    others = texts.others(quote.release for quote in page)
    context = {
        "person": found,
        "entries": entries(found.cases.all(), now),
        "today": today,
        "health": found.has_consent(Consent.Scope.HEALTH, today),
        "term": term,
        "query": urlencode({"q": term}) if term else "",
        "quote_count": total,
        "page": page,
        "quotations": [(quote, others[quote.release_id]) for quote in page],
        "releases": texts.entries(releases[:PAGE_SIZE]),
        "more": len(releases) > PAGE_SIZE,
        "structured": profile(found, today, site_url(request), now),
    }
    return render(request, "newsroom/person.html", context)


@require_safe
def prisoners(request: HttpRequest) -> HttpResponse:
    """Show the cases we follow, in pages: as a list by group, a table and a chart."""
    now = timezone.now()
    today = timezone.localdate(now)
    filters = CaseFilters.from_query(request.GET)
    cases = filters.order(filters.apply(current_cases(today), today), today)
    page = page_of(request, with_people(cases))
    context = {
        "title": title_of(filters, page, today),
        "filters": filters,
        "facets": list(filters.facets(current_cases(today), today)),
        "page": page,
        "sections": sections(entries(page, now)),
        "columns": columns(filters),
        "chart": detention_chart(page, today),
        "today": today,
    }
    return render(request, "newsroom/prisoners.html", context)


@require_safe
def prisoners_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Send all cases that match the filters of the URL as CSV."""
    now = timezone.now()
    today = timezone.localdate(now)
    filters = CaseFilters.from_query(request.GET)
    cases = filters.order(filters.apply(current_cases(today), today), today)
    lines = as_csv(cases, site_url(request), now)
    first = [*islice(lines, 2)]  # an early failure must give an error page, not half a file
    response = StreamingHttpResponse(chain(first, lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, "prisoners.csv")
    return response


@require_safe
def rendition(request: HttpRequest, uuid: UUID, style: str, extension: str) -> HttpResponseBase:
    """Send a picture in one of its styles, or a document, if a public page shows it.

    Browsers revalidate the URL without a version each time. They may cache the URL with a version,
    but shared caches may not (decision 0015). Downloads are large, so they come from the bucket if
    there is one (decision 0016). Raises Http404 for other pictures and documents.
    """
    now = timezone.now()
    asset = get_object_or_404(public_assets(now), pk=uuid)
    name = asset.stored_name(style, extension)
    if (style, extension) == asset.download_rendition and (
        address := storage.signed_address(
            name, filename=asset.download_name(extension), content_type=CONTENT_TYPES[extension]
        )
    ):
        to_bucket = HttpResponseRedirect(address)
        to_bucket["Cache-Control"] = "private, no-store"
        return to_bucket
    etag = f'"{asset.version}-{style}-{extension}"'
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    response = response or asset.rendition_response(style, extension)
    response["ETag"] = etag
    if request.GET.get("v") == asset.version:
        ends = asset.licence_expires
        max_age = min(int((ends - now).total_seconds()), YEAR_SECONDS) if ends else YEAR_SECONDS
        response["Cache-Control"] = f"private, max-age={max_age}, immutable"
    return response


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """Send the sitemap index: the URLs of all sitemaps, for search engines."""
    now = timezone.now()
    files = [(reverse("sitemap_pages"), 1)]
    for name, rows in (("sitemap_people", _paged_people(now)), ("sitemap_releases", _paged(now))):
        files += [(reverse(name), n) for n in Paginator(rows, SITEMAP_SIZE).page_range]
    return render(request, "sitemap.xml", {"files": files}, content_type="application/xml")


@require_safe
def sitemap_pages(request: HttpRequest) -> HttpResponse:
    """Send the sitemap of the pages that always exist."""
    names = ("newsroom", "archive", "people", "prisoners")
    return _addresses(request, [(reverse(name), None) for name in names])


@require_safe
def sitemap_people(request: HttpRequest) -> HttpResponse:
    """Send one sitemap of pages of people."""
    page = page_of(request, _paged_people(timezone.now()), SITEMAP_SIZE)
    return _addresses(request, [(reverse("person", args=[slug]), None) for (slug,) in page])


@require_safe
def sitemap_releases(request: HttpRequest) -> HttpResponse:
    """Send one sitemap of releases, with the time of the last change of each."""
    page = page_of(request, _paged(timezone.now()), SITEMAP_SIZE)
    return _addresses(
        request, [(reverse("release", args=[slug]), changed) for slug, changed in page]
    )


def _paged_people(at: datetime) -> "QuerySet[Person, tuple[str]]":
    people = Person.objects.with_page(timezone.localdate(at))
    return people.order_by("pk").values_list("slug")


def _paged(at: datetime) -> "QuerySet[Release, tuple[str, datetime]]":
    """Return the public releases, oldest first, so that a full sitemap rarely changes."""
    releases = Release.objects.public(at).order_by("publish_at", "pk")
    return releases.values_list("slug", "updated_at")


def _addresses(
    request: HttpRequest, addresses: Iterable[tuple[str, datetime | None]]
) -> HttpResponse:
    context = {"addresses": addresses}
    return render(request, "sitemap_part.xml", context, content_type="application/xml")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Send robots.txt. It allows every public page."""
    return render(request, "robots.txt", content_type="text/plain")
