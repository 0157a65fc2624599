"""The URLs of the whole site."""

from django.contrib import admin
from django.urls import include, path

from newsroom import formats, views
from pressroom import errors, health, retention_page
from previews import views as previews

handler400 = "pressroom.errors.bad_request"
handler500 = "pressroom.errors.server_error"

# /metrics is not here: without its token, it must be like an unknown URL (pressroom.metrics).
urlpatterns = [
    path("", views.newsroom, name="newsroom"),
    path("releases/", views.archive, name="archive"),
    # newsroom.formats lists the files of releases and feeds, such as release.txt and feed.atom.
    *(
        path(f"releases/{each.file}", views.feed(each), name=each.name)
        for each in formats.FEED_FORMATS
    ),
    path("releases/suggest/", views.suggest, name="suggest"),
    path("releases/<str:slug>/", views.release, name="release"),
    *(
        path(f"releases/<str:slug>/{each.file}", views.release_file(each), name=each.name)
        for each in formats.RELEASE_FORMATS
    ),
    path("preview/<str:token>/", previews.preview, name="preview"),
    path("preview/<str:token>/release.txt", previews.text, name="preview_text"),
    path(
        "preview/<str:token>/<uuid:uuid>/<str:style>.<str:extension>",
        previews.picture,
        name="preview_picture",
    ),
    path("people/", views.people, name="people"),
    path("people/<str:slug>/", views.person, name="person"),
    path("prisoners/", views.prisoners, name="prisoners"),
    path("prisoners/prisoners.csv", views.prisoners_csv, name="prisoners_csv"),
    path("media/<uuid:uuid>/<str:style>.<str:extension>", views.rendition, name="rendition"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    path("sitemap-pages.xml", views.sitemap_pages, name="sitemap_pages"),
    path("sitemap-people.xml", views.sitemap_people, name="sitemap_people"),
    path("sitemap-releases.xml", views.sitemap_releases, name="sitemap_releases"),
    path("robots.txt", views.robots, name="robots"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    # Disables Django's redirect to the page of an object: it does not check who may see the object.
    path("admin/r/", include([path("<path:row>", errors.page_not_found)])),
    path(
        "admin/retention/",
        include([path("", admin.site.admin_view(retention_page.retention), name="retention")]),
    ),
    path("admin/", include("accounts.urls")),
    path("admin/", admin.site.urls),
]
