"""The whole site on one screen."""

from django.contrib import admin
from django.urls import include, path

from newsroom import feeds, views
from pressroom import errors, health
from previews import views as previews

handler400 = "pressroom.errors.bad_request"
handler500 = "pressroom.errors.server_error"

# /metrics is not here: without its token the address does not exist (pressroom.metrics).
urlpatterns = [
    path("", views.newsroom, name="newsroom"),
    path("releases/", views.archive, name="archive"),
    path("releases/feed.atom", feeds.atom, name="feed"),
    path("releases/feed.json", feeds.json_feed, name="feed_json"),
    path("releases/feed.rss", feeds.rss, name="feed_rss"),
    path("releases/<str:slug>/", views.release, name="release"),
    path("releases/<str:slug>/release.txt", views.release_text, name="release_text"),
    path("releases/<str:slug>/release.docx", views.release_word, name="release_word"),
    path("releases/<str:slug>/release.json", views.release_json, name="release_json"),
    path("releases/<str:slug>/card.jpg", views.release_card, name="release_card"),
    path("releases/<str:slug>/media.zip", views.release_zip, name="release_zip"),
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
    # Django's redirect from a key to a page does not check permissions.
    path("admin/r/", include([path("<path:row>", errors.page_not_found)])),
    path("admin/", admin.site.urls),
]
