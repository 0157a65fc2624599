"""The permission to send a large request body is checked before the body is read."""

import os
import re

import pytest
from django import forms
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.test import Client
from django.test.client import MULTIPART_CONTENT, FakePayload
from django.urls import URLPattern, get_resolver, reverse

from pressroom import upload_gate, uploads
from tests.deployment import ROOT
from tests.make import make_user

pytestmark = pytest.mark.django_db

UPLOAD = "/admin/assets/mediaasset/upload/"
MEGABYTE = 1024 * 1024


class Untouched(FakePayload):
    """A body that fails the test if it is read."""

    def read(self, *arguments):
        raise AssertionError("The body was read.")

    readline = read


def send_unread(client, path, length=MEGABYTE, kind=MULTIPART_CONTENT):
    return client.generic(
        "POST", path, b"", kind, CONTENT_LENGTH=str(length), **{"wsgi.input": Untouched(b"")}
    )


def views(patterns=None, prefix=""):
    """Yield the path and the view of every pattern in the URLconf."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(one.pattern)
        if isinstance(one, URLPattern):
            yield path, one.callback
        else:
            yield from views(one.url_patterns, path)


def paths_that_accept_files() -> list[str]:
    found = [path for path, view in views() if hasattr(view, "accepts_files")]
    assert len(found) >= 5
    return [re.sub("<[^>]+>", "11111111-2222-3333-4444-555555555555", path) for path in found]


def test_nginx_streams_requests_only_to_views_that_accept_files():
    conf = (ROOT / "docs/nginx.conf").read_text()
    (block,) = [
        part for part in re.split(r"\n    location ", conf) if "proxy_request_buffering off" in part
    ]
    pattern = re.match(r"~ (\S+) \{", block)[1]
    accepting = {path for path, view in views() if hasattr(view, "accepts_files")}
    for path, _ in views():
        address = "/" + re.sub("<[^>]+>", "some-key", path)
        assert bool(re.search(pattern, address)) == (path in accepting), path


def test_every_form_of_the_desk_with_a_file_accepts_files():
    """Other views get no files, so a new form with a file works only once its view accepts them."""
    for model, found in admin.site._registry.items():
        own = [isinstance(field, forms.FileField) for field in found.form.base_fields.values()]
        stored = [isinstance(field, models.FileField) for field in model._meta.fields]
        has_file = any(own + stored)
        for name in ("add_view", "change_view"):
            assert hasattr(getattr(found, name), "accepts_files") == has_file, model


@pytest.mark.parametrize("path", ["/", UPLOAD, "/admin/login/", "/preview/x/", "/no-such-page/"])
def test_a_large_body_of_a_stranger_is_not_read(path):
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "a" * 32
    client.cookies["sessionid"] = "b" * 32
    assert send_unread(client, path, 900_000).status_code in (302, 404, 413)
    assert send_unread(client, path, 900_000, "text/plain").status_code in (302, 404, 413)


def test_an_upload_is_not_read_for_an_account_without_permission(at_desk, author):
    for path in paths_that_accept_files():
        client = at_desk(make_user("nobody", None))
        assert send_unread(client, f"/{path}").status_code == 403, path


def test_a_file_that_is_too_large_is_not_read(at_desk, author, settings):
    settings.MAX_DOCUMENT_MEGABYTES = settings.MAX_PICTURE_MEGABYTES = 3
    client = at_desk(author)
    assert send_unread(client, UPLOAD, 4 * MEGABYTE + 1).status_code == 413
    for name, limit in (("import", 3), ("add", 6)):
        address = reverse(f"admin:releases_release_{name}")
        assert send_unread(client, address, limit * MEGABYTE + 1).status_code == 413


def test_files_reach_only_views_that_accept_them(at_desk, editor):
    client = at_desk(editor)
    file = {"file": SimpleUploadedFile("a.txt", b"x")}
    answer = client.post(reverse("admin:releases_contact_add"), {"name": "Desk"} | file)
    assert answer.wsgi_request.FILES == {}
    answer = client.post(UPLOAD, {"file": SimpleUploadedFile("a.jpg", b"x")})
    assert list(answer.wsgi_request.FILES) == ["file"]


def test_an_account_has_two_uploads_at_a_time(at_desk, author, editor):
    held = [upload_gate._slot_of(str(author.pk)) for _ in range(2)]
    assert None not in held
    client = at_desk(author)
    refused = send_unread(client, UPLOAD)
    assert (refused.status_code, refused["Retry-After"]) == (429, "10")
    assert "already uploading two files" in refused.content.decode()
    other = at_desk(editor).post(UPLOAD, {})
    assert other.status_code == 200
    os.close(held[0])
    assert at_desk(author).post(UPLOAD, {}).status_code == 200
    assert at_desk(author).post(UPLOAD, {}).status_code == 200  # each upload freed its slot
    os.close(held[1])
    assert uploads.abandoned() == []
