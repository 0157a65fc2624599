"""Files in a bucket of a real S3 server: private, but for addresses that we sign for a minute."""

import http.client
import io
import re
import time
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import models, transaction
from django.utils.http import parse_header_parameters
from PIL import Image

from assets import processing, storage_basics
from assets.models import MediaAsset
from assets.storage import check_reachable, replace, signed_address
from assets.storage_basics import StorageError
from jobs.models import Lane
from leakcheck import canary
from releases import workflow
from releases.models import Release
from tests import s3_server
from tests.deployment import files, free_port, gunicorn, start
from tests.make import (
    HIDDEN,
    accept,
    headers_of,
    make_chief,
    make_document,
    make_link,
    make_picture,
    make_release,
    picture_bytes,
    work_off,
)
from tests.test_library import typed

pytestmark = [pytest.mark.django_db, pytest.mark.once]


JPEG = picture_bytes((60, 40))


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    content: bytes


def fetch(address: str, method="GET") -> Answer:
    """Return the answer to a request without credentials."""
    host = urlsplit(address).netloc
    with closing(http.client.HTTPConnection(host, timeout=10)) as connection:
        connection.request(method, address.partition(host)[2])
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.headers), answer.read())


def stored(bucket, top="") -> list[str]:
    """Return the names of all files in the bucket, including those in its folders."""
    folders, names = bucket.listdir(top)
    within = f"{top}/" if top else ""
    return [within + name for name in names] + [
        name for folder in folders for name in stored(bucket, within + folder)
    ]


def plain_address(bucket, name: str) -> str:
    return f"{bucket.endpoint_url}/{bucket.bucket_name}/{name}"


def content(name: str) -> bytes:
    with default_storage.open(name) as file:
        return file.read()


def versions(bucket, name: str) -> list[str]:
    found = bucket.call_client("list_object_versions", Prefix=name)
    return [version["VersionId"] for version in found.get("Versions", [])]


# --- Where files are ---------------------------------------------------------------------------


def test_a_picture_is_stored_in_the_bucket_and_not_in_the_folder(bucket, at_desk, author):
    uploaded = picture_bytes()
    words = {
        "original": SimpleUploadedFile("Brask.jpg", uploaded, content_type="text/html"),
        "original_name": "", "alt_text": "A field", "caption": "", "credit_line": "Nobody",
        "creator": "", "copyright_notice": "", "usage_terms": "",
        "licence_expires_0": "", "licence_expires_1": "",
    }  # fmt: skip
    assert at_desk(author).post("/admin/assets/mediaasset/add/", words).status_code == 302
    work_off(Lane.FILES)
    picture = MediaAsset.objects.get()
    made = [
        picture.rendition_path(style, extension)
        for style, stored in picture.renditions["styles"].items()
        for extension in stored["formats"]
    ]
    assert len(made) > 10
    assert sorted(stored(bucket)) == sorted([picture.original.name, *made])
    assert content(picture.original.name) == uploaded
    assert default_storage.size(picture.original.name) == len(uploaded)
    assert files() == set()


def test_a_deleted_file_does_not_exist_any_more(bucket):
    name = make_picture(content=JPEG).original.name
    default_storage.delete(name)
    assert not default_storage.exists(name)
    with pytest.raises(FileNotFoundError):
        default_storage.open(name)
    default_storage.delete(name)  # deleting a missing file is no error, as in a folder


def test_a_file_that_was_closed_can_be_opened_again(bucket):
    picture = MediaAsset.objects.get(pk=make_picture(content=JPEG).pk)
    for _ in range(2):
        with picture.original.open() as file:
            assert file.read() == JPEG
            file.open()
            assert file.read() == JPEG


def test_an_existing_file_is_not_overwritten(bucket):
    first = default_storage.save("originals/a", ContentFile(b"one"))
    second = default_storage.save("originals/a", ContentFile(b"two"))
    assert first != second
    assert (content(first), content(second)) == (b"one", b"two")


def test_a_new_credit_regenerates_the_renditions_and_the_bucket_keeps_the_old_ones(bucket):
    picture = make_picture(content=JPEG)
    name = picture.rendition_path("press", "jpg")
    before = content(name)
    picture = MediaAsset.objects.get()
    picture.credit_line = "Somebody else"
    picture.save()
    processing.process(picture)
    assert content(picture.rendition_path("press", "jpg")) != before
    assert not default_storage.exists(name)
    (kept,) = versions(bucket, name)
    assert bucket.call_client("get_object", Key=name, VersionId=kept)["Body"].read() == before


def test_a_replaced_file_is_kept_as_a_version(bucket):
    for words in (b"one", b"two"):
        replace("renditions/a", ContentFile(words))
    found = bucket.call_client("list_object_versions")
    assert [version["Key"] for version in found["Versions"]] == ["renditions/a"] * 2
    assert "DeleteMarkers" not in found
    assert content("renditions/a") == b"two"


def test_a_deleted_file_can_be_restored(bucket):
    name = make_picture(content=JPEG).original.name
    before = content(name)
    default_storage.delete(name)
    (version,) = versions(bucket, name)
    assert bucket.call_client("get_object", Key=name, VersionId=version)["Body"].read() == before


def test_many_readers_at_the_same_time_get_the_files_they_request(bucket, monkeypatch):
    # Many threads, because readers on a busy machine would wait too long for one of a few turns.
    monkeypatch.setattr(storage_basics, "web_threads", 16)
    names = [
        default_storage.save("renditions/a", ContentFile(bytes([number]) * 5000))
        for number in range(8)
    ]
    with ThreadPoolExecutor(max_workers=8) as readers:
        read = list(readers.map(content, names * 5))
    assert read == [bytes([number]) * 5000 for number in range(8)] * 5


def test_a_large_file_is_never_held_in_memory(bucket, tmp_path):
    megabyte, size = 1024 * 1024, 24
    (tmp_path / "large").write_bytes(b"0123456789abcdef" * (size * megabyte // 16))
    check_reachable()  # loads what boto needs before memory is measured
    tracemalloc.start()
    with (tmp_path / "large").open("rb") as source:
        name = default_storage.save("originals/large", File(source))
    with default_storage.open(name) as file:
        assert sum(map(len, file.chunks())) == size * megabyte
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * megabyte


def test_a_canary_is_removed_from_a_bucket(bucket):
    make_release(poster=make_picture(content=JPEG))
    before = sorted(stored(bucket))
    canary.plant(canary.choose())
    assert len(stored(bucket)) > len(before)
    canary.sweep()
    assert sorted(stored(bucket)) == before


# --- Access ------------------------------------------------------------------------------------


def test_files_cannot_be_read_or_listed_without_a_signature(bucket, client):
    make_release(poster=make_picture(content=JPEG))  # public, but served only through our site
    names = stored(bucket)
    assert {name.partition("/")[0] for name in names} == {"originals", "renditions"}
    for name in names:
        answer = fetch(plain_address(bucket, name))
        assert answer.status in (401, 403), name
        assert content(name) not in answer.content
    assert fetch(plain_address(bucket, "")).status in (401, 403)
    assert fetch(plain_address(bucket, "?list-type=2")).status in (401, 403)


def test_the_address_that_django_would_print_for_a_file_does_not_work(bucket, client):
    picture = make_picture(content=JPEG)
    for address in (picture.original.url, bucket.url(picture.rendition_path("press", "jpg"))):
        assert address.startswith("/")
        assert client.get(address).status_code == 404


def test_a_signed_address_sends_the_file_as_a_download_that_is_not_cached(bucket):
    picture = make_picture(content=JPEG)
    address = signed_address(
        picture.original.name, filename="Brask, 2026.jpg", content_type="image/jpeg"
    )
    answer = fetch(address)
    assert (answer.status, answer.content) == (200, JPEG)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="Brask, 2026.jpg"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert s3_server.SECRET_KEY not in address


SAVED_AS = {
    "المؤتمر الصحفي.jpg": "المؤتمر الصحفي.jpg",
    "释放 tous les prisonniers – été.jpg": "释放 tous les prisonniers – été.jpg",
    'He results "no"; filename=x.exe': 'He results "no"; filename=x.exe',
    "100 % of it & more+.jpg": "100 % of it & more+.jpg",
    "two\r\nSet-Cookie: a=b\r\n\r\n<p>.jpg": "twoSet-Cookie: a=b<p>.jpg",
    "../../etc/passwd": "-..-etc-passwd",
    "C:\\press\\brask.jpg": "C:-press-brask.jpg",
    "brask\u202egpj.exe": "braskgpj.exe",
    "\x00\n": "file",
    "": "file",
}


def test_a_download_is_saved_under_its_name_without_unsafe_characters(bucket):
    name = default_storage.save("originals/a", ContentFile(b"content"))
    for requested, saved_as in SAVED_AS.items():
        answer = fetch(signed_address(name, filename=requested, content_type="text/plain"))
        kind, given = parse_header_parameters(answer.headers["Content-Disposition"])
        assert (answer.content, kind) == (b"content", "attachment"), requested
        # In a quoted string, a backslash precedes each quote (RFC 9110, 5.6.4).
        assert re.sub(r"\\(.)", r"\1", given["filename"]) == saved_as
        assert "Set-Cookie" not in answer.headers, requested


def test_a_signed_address_expires(bucket, settings):
    settings.S3_URL_SECONDS = 2
    name = default_storage.save("originals/a", ContentFile(JPEG))
    address = signed_address(name, filename="a.jpg", content_type="image/jpeg")
    assert fetch(address).status == 200
    time.sleep(2.2)
    answer = fetch(address)
    assert answer.status == 403
    assert b"expired" in answer.content


def with_another_last_character(address):
    return address[:-1] + ("0" if address[-1] != "0" else "1")


FORGED = {
    "another signature": with_another_last_character,
    "another file": lambda address: address.replace("/poster.jpg", "/press.jpg"),
    "more time": lambda address: re.sub(r"(X-Amz-Expires=)\d+", r"\g<1>3600", address),
    "a later start": lambda address: re.sub(r"(X-Amz-Date=\d{8}T)\d{6}", r"\g<1>235959", address),
    "shown instead of saved": lambda address: address.replace("=attachment", "=inline"),
    "shown as HTML": lambda address: address.replace("=image%2Fjpeg", "=text%2Fhtml"),
    "cached": lambda address: address.replace("no-store", "max-age=9"),
    "another parameter": lambda address: f"{address}&versionId=null",
    "no signature": lambda address: re.sub(r"&X-Amz-Signature=\w+", "", address),
}


def test_a_signed_address_is_refused_after_any_change(bucket):
    for style in ("poster", "press"):
        default_storage.save(f"renditions/a/{style}.jpg", ContentFile(JPEG))
    address = signed_address("renditions/a/poster.jpg", filename="a.jpg", content_type="image/jpeg")
    assert fetch(address).content == JPEG
    for change, forge in FORGED.items():
        forged = forge(address)
        assert forged != address, change
        answer = fetch(forged)
        assert answer.status in (400, 401, 403), change
        assert JPEG not in answer.content, change
    assert fetch(address).content == JPEG


def test_a_signed_address_cannot_change_a_file(bucket):
    name = default_storage.save("originals/a", ContentFile(JPEG))
    address = signed_address(name, filename="a.jpg", content_type="image/jpeg")
    for method in ("PUT", "DELETE", "POST"):
        assert fetch(address, method).status >= 400, method
        assert content(name) == JPEG, method


def test_a_file_in_a_folder_has_no_signed_address(db):
    picture = make_picture(content=JPEG)
    assert signed_address(picture.original.name, filename="a.jpg", content_type="a/b") is None


# --- Through our site --------------------------------------------------------------------------


def test_a_public_rendition_is_served_from_the_bucket(bucket, client):
    picture = make_picture(content=JPEG)
    make_release(poster=picture)
    answer = client.get(picture.public_url("poster", "jpg"))
    body = b"".join(answer.streaming_content)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/jpeg"
    assert int(answer["Content-Length"]) == len(body)
    assert body == content(picture.rendition_path("poster", "jpg"))
    assert bucket.bucket_name not in str(answer.headers)


def environment_of(bucket) -> dict[str, str]:
    """Return the settings with which another process uses the bucket of the test."""
    return {
        "S3_BUCKET": bucket.bucket_name,
        "S3_ENDPOINT_URL": bucket.endpoint_url,
        "S3_REGION": s3_server.REGION,
        "S3_ACCESS_KEY_ID": s3_server.ACCESS_KEY,
        "S3_SECRET_ACCESS_KEY": s3_server.SECRET_KEY,
    }


@pytest.mark.django_db(transaction=True)
def test_gunicorn_serves_a_picture_from_the_bucket(bucket, tmp_path):
    picture = make_picture()
    make_release(poster=picture)
    with gunicorn(tmp_path / "log", 1, 2, **environment_of(bucket)) as port:
        answer = fetch(f"http://127.0.0.1:{port}{picture.public_url('poster', 'jpg')}")
    assert answer.status == 200
    assert answer.content == content(picture.rendition_path("poster", "jpg"))
    assert s3_server.SECRET_KEY not in (tmp_path / "log").read_text()


def test_a_download_redirects_to_a_signed_address_while_the_release_is_public(bucket, client):
    picture = make_picture(content=JPEG, caption="At the gate, عند البوابة")
    report = make_document(caption="The report")
    for asset in (picture, report):
        assert client.get(asset.public_url(*asset.download_rendition)).status_code == 404
    release = make_release(poster=picture, attached=[str(report.pk)])
    for asset, mime in ((picture, "image/jpeg"), (report, "application/pdf")):
        redirect = client.get(asset.public_url(*asset.download_rendition))
        assert redirect.status_code == 302
        # The redirect is not cached: its target expires, and we check every request.
        assert redirect["Cache-Control"] == "private, no-store"
        download = fetch(redirect["Location"])
        assert download.status == 200
        assert download.content == content(asset.stored_name(*asset.download_rendition))
        assert download.headers["Content-Type"] == mime
        assert download.headers["Content-Disposition"].startswith("attachment; filename")
    workflow.hold(release, by=make_chief())
    for asset in (picture, report):
        assert client.get(asset.public_url(*asset.download_rendition)).status_code == 404


def test_the_zip_of_a_release_is_served_from_the_bucket(bucket, client):
    picture, report = make_picture(content=JPEG), make_document()
    release = make_release(poster=picture, attached=[str(report.pk)])
    answer = client.get(f"{release.get_absolute_url()}media.zip")
    archive = zipfile.ZipFile(io.BytesIO(answer.getvalue()))
    assert archive.testzip() is None
    assert len(archive.namelist()) == 4


def test_a_replaced_original_is_kept_in_the_bucket_and_can_be_restored(bucket, at_desk, author):
    picture = make_picture(content=JPEG)
    picture.original = ContentFile(picture_bytes((40, 60), "red"), name="other.jpg")
    picture.save()
    processing.process(picture)
    first = picture.history.order_by("history_id").first()
    at_desk(author).post(
        f"/admin/assets/mediaasset/{picture.pk}/bring-back/", {"version": first.history_id}
    )
    work_off(Lane.FILES)
    picture.refresh_from_db()
    assert (picture.width, picture.state) == (60, "made")
    assert content(str(picture.original.name)) == JPEG


def test_a_hidden_rendition_in_a_bucket_answers_like_one_that_never_existed(bucket, client):
    picture = make_picture(content=JPEG)
    for state in HIDDEN:
        release = make_release(state, poster=picture)
        hidden = client.get(picture.public_url("poster", "jpg"))
        never = client.get(f"/media/{uuid4()}/poster.jpg")
        assert hidden.status_code == never.status_code == 404, state
        assert hidden.content == never.content, state
        assert headers_of(hidden) == headers_of(never), state
        models.QuerySet(Release).filter(pk=release.pk).update(poster=None)  # each state by itself


def test_a_rendition_whose_file_is_missing_in_the_bucket_is_not_found(bucket, client):
    picture = make_picture(content=JPEG)
    make_release(poster=picture)
    default_storage.delete(picture.rendition_path("poster", "jpg"))
    assert client.get(picture.public_url("poster", "jpg")).status_code == 404


def test_the_reader_of_a_preview_sees_a_marked_picture_from_the_bucket(bucket, client):
    picture = make_picture(content=JPEG)
    path = make_link(make_release("scheduled", poster=picture))
    accept(client, path)
    answer = client.get(f"{path}{picture.pk}/poster.jpg")
    assert answer.status_code == 200
    with Image.open(io.BytesIO(answer.content)) as shown:
        assert shown.format == "JPEG"


# --- A bucket that is unavailable or denies access ---------------------------------------------


def elsewhere(settings, **changes):
    """Use another bucket, address or key from now on."""
    for name, value in changes.items():
        setattr(settings, name, value)
    settings.STORAGES = dict(settings.STORAGES)  # so that Django creates its storages again


AWAY = "does not answer (EndpointConnectionError). Check S3_ENDPOINT_URL"


def test_a_site_whose_bucket_is_unavailable_is_up_and_not_ready(bucket, client, settings, caplog):
    assert client.get("/readyz").status_code == 200
    elsewhere(settings, S3_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content.splitlines()[0]) == (503, b"not ready: storage")
    assert client.get("/healthz").status_code == 200
    assert AWAY in caplog.text
    assert s3_server.SECRET_KEY not in caplog.text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"S3_BUCKET": "nobody-made-this"}, "does not exist. Run manage.py checkstorage --prepare"),
        ({"S3_SECRET_ACCESS_KEY": "another"}, "denies access (403). Check S3_ACCESS_KEY_ID"),
        ({"S3_REGION": "mars-north-1"}, "Check S3_REGION"),
    ],
)
def test_a_site_with_wrong_settings_of_its_bucket_is_not_ready(
    bucket, client, settings, caplog, change, sentence
):
    elsewhere(settings, **change)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content.splitlines()[0]) == (503, b"not ready: storage")
    assert sentence in caplog.text


def test_a_health_check_sends_one_small_request_to_the_bucket(bucket, client):
    requests = []
    bucket.connection.meta.client.meta.events.register(
        "before-send.s3", lambda request, **_: requests.append((request.method, request.url))
    )
    assert client.get("/readyz").status_code == 200
    assert requests == [("HEAD", plain_address(bucket, "").rstrip("/"))]


def test_a_picture_in_an_unavailable_bucket_answers_503_and_is_logged(
    bucket, client, settings, new_log
):
    picture = make_picture(content=JPEG)
    make_release(poster=picture)
    elsewhere(settings, S3_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    client.raise_request_exception = False
    answer = client.get(picture.public_url("poster", "jpg"))
    assert answer.status_code == 503
    assert answer["Retry-After"] == "60"
    assert b"Our files are not available" in answer.content
    assert AWAY in new_log.text
    for secret in (s3_server.SECRET_KEY, "Signature="):
        assert secret not in new_log.text
        assert secret.encode() not in answer.content


@pytest.mark.parametrize("replaces", [False, True])
def test_the_form_of_a_picture_keeps_its_text_while_the_bucket_is_unavailable(
    bucket, at_desk, editor, settings, replaces
):
    path, read = "/admin/assets/mediaasset/add/", {}
    if replaces:
        picture = make_picture(content=JPEG)
        path = f"/admin/assets/mediaasset/{picture.pk}/change/"
        read = {"read_version": picture.version}
    stored = list(MediaAsset.objects.values())
    elsewhere(settings, S3_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    upload = SimpleUploadedFile("field.jpg", picture_bytes(colour="#123456"))
    answer = at_desk(editor).post(path, typed(caption="Words of an hour.", original=upload, **read))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "The file was not stored: our files can’t be reached at the moment." in page
    assert "Words of an hour.</textarea>" in page
    assert list(MediaAsset.objects.values()) == stored


class HalfAFile(StreamRequestHandler):
    """A storage that closes the connection in the middle of a file."""

    def handle(self):
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + JPEG[:500])


def test_a_reader_never_gets_half_a_picture(bucket, client, settings, caplog):
    picture = make_picture(content=JPEG)
    make_release(poster=picture)
    client.raise_request_exception = False
    with ThreadingTCPServer(("127.0.0.1", 0), HalfAFile) as server:
        Thread(target=server.serve_forever).start()
        elsewhere(settings, S3_ENDPOINT_URL=f"http://127.0.0.1:{server.server_address[1]}")
        answer = client.get(picture.public_url("poster", "jpg"))
        server.shutdown()
    assert answer.status_code == 503
    assert JPEG[:20] not in answer.content
    assert "does not answer" in caplog.text


def test_an_upload_that_the_bucket_cannot_store_changes_nothing(bucket, settings, caplog):
    elsewhere(settings, S3_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(StorageError, match="does not answer"), transaction.atomic():
        make_picture()
    assert not MediaAsset.objects.exists()


# --- checkstorage ------------------------------------------------------------------------------


def checkstorage(capsys, **options) -> tuple[dict[str, str], bool]:
    """Run the command; return the problem of each claim, "" without one, and whether all passed."""
    try:
        call_command("checkstorage", **options)
        passed = True
    except CommandError:
        passed = False
    results = {}
    for line in capsys.readouterr().out.splitlines()[1:]:
        found = re.fullmatch(r"(?:ok    |WRONG ) ([^.]+\.) ?(.*)", line)
        assert line.startswith("WRONG") == bool(found[2])
        results[found[1]] = found[2]
    return results, passed


def all_versions(bucket) -> dict[str, list]:
    found = bucket.call_client("list_object_versions")
    return {kind: found.get(kind, []) for kind in ("Versions", "DeleteMarkers")}


NOTHING = {"Versions": [], "DeleteMarkers": []}
CLOSED = "Nobody can read or list it without a signature."
KEPT = "The bucket keeps versions."
BACK = "Overwritten and deleted files can be restored."
LEFT = "This check leaves nothing behind."


def test_checkstorage_passes_a_good_bucket_and_does_not_change_it(bucket, capsys):
    make_picture(content=JPEG)
    before = all_versions(bucket)
    results, passed = checkstorage(capsys)
    assert passed
    assert {CLOSED, KEPT, BACK, LEFT} < set(results)
    assert set(results.values()) == {""}
    assert all_versions(bucket) == before


def test_checkstorage_creates_a_bucket_if_asked(bucket, settings, capsys):
    elsewhere(settings, S3_BUCKET=f"another-{uuid4()}")
    results, passed = checkstorage(capsys)
    assert not passed
    assert "does not exist. Run manage.py checkstorage --prepare" in results["The storage answers."]
    assert set(results) == {"The storage answers.", LEFT}
    assert checkstorage(capsys, prepare=True)[1]


def test_checkstorage_reports_a_bucket_without_versions(bucket, settings, capsys):
    elsewhere(settings, S3_BUCKET=f"another-{uuid4()}")
    storages["default"].call_client("create_bucket")
    results, passed = checkstorage(capsys)
    assert not passed
    assert {claim for claim in results if results[claim]} == {KEPT, BACK}
    assert results[KEPT] == "It keeps no versions. Run manage.py checkstorage --prepare"
    assert all_versions(storages["default"]) == NOTHING
    assert checkstorage(capsys, prepare=True)[1]


def test_checkstorage_reports_a_public_bucket(bucket, capsys):
    bucket.call_client("put_bucket_acl", ACL="public-read")
    results, passed = checkstorage(capsys)
    assert not passed
    assert {claim for claim in results if results[claim]} == {CLOSED}
    for top in ("originals", "renditions"):
        assert f"Anyone can read {plain_address(bucket, top)}/" in results[CLOSED]
        assert f"Anyone can list {top}/" in results[CLOSED]
    assert all_versions(bucket) == NOTHING


def test_checkstorage_reports_a_server_that_ignores_signatures(bucket, settings, capsys):
    elsewhere(settings, S3_BUCKET=f"careless-{uuid4()}")
    results, passed = checkstorage(capsys, prepare=True)
    assert not passed
    assert {claim for claim in results if results[claim]} == {
        "A forged signature is refused.",
        "A signed address is refused after it has expired.",
    }


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"S3_SECRET_ACCESS_KEY": "wrong"}, "denies access (SignatureDoesNotMatch)"),
        ({"S3_ACCESS_KEY_ID": "test:nobody"}, "denies access (SignatureDoesNotMatch)"),
        ({"S3_ENDPOINT_URL": "http://127.0.0.1:1"}, "does not answer"),
    ],
)
def test_checkstorage_shows_why_access_is_denied(bucket, settings, capsys, change, sentence):
    elsewhere(settings, **change)
    results, passed = checkstorage(capsys)
    assert not passed
    assert sentence in results["The storage answers."]
    assert "The other checks were skipped." in results["The storage answers."]
    assert set(results) == {"The storage answers.", LEFT}
    with pytest.raises(CommandError, match=r"denies access|does not answer"):
        call_command("checkstorage", prepare=True)


def test_checkstorage_passes_a_good_folder_and_leaves_nothing_behind(settings, capsys):
    results, passed = checkstorage(capsys)
    assert passed
    assert set(results.values()) == {""}
    assert files() == set()
    make_picture()
    before = files()
    assert checkstorage(capsys)[1]
    assert files() == before


def test_checkstorage_reports_a_missing_folder(settings, tmp_path, capsys):
    settings.MEDIA_ROOT = tmp_path / "unmounted"
    results, passed = checkstorage(capsys)
    assert not passed
    assert "Create or mount it." in results["The storage answers."]
    assert not settings.MEDIA_ROOT.exists()


def test_checkstorage_reports_a_folder_that_cannot_be_written(settings, tmp_path, capsys):
    (tmp_path / "originals").write_text("a file where a folder has to be")
    settings.MEDIA_ROOT = tmp_path
    results, passed = checkstorage(capsys)
    assert not passed
    assert "originals" in results["Written files are read back unchanged."]
    assert results[LEFT] == ""


def test_checkstorage_reports_a_folder_that_others_can_read(settings, capsys):
    make_picture()
    root = Path(settings.MEDIA_ROOT)
    for path in (root, root / "renditions"):
        path.chmod(0o755)
    results, passed = checkstorage(capsys)
    assert not passed
    claim = "Other users of this machine can’t read it."
    assert results[claim] == f"Other users can read it. Run: chmod -R go-rwx {root}"
    root.chmod(0o700)
    assert checkstorage(capsys)[1]


def test_checkstorage_reports_a_folder_among_the_static_files(settings, tmp_path, capsys):
    settings.STATIC_ROOT = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()
    results, passed = checkstorage(capsys)
    assert not passed
    assert "is public" in results["It is not inside the static files."]


@pytest.mark.parametrize(("secret", "status"), [(s3_server.SECRET_KEY, 0), ("wrong-one", 1)])
def test_checkstorage_has_an_exit_status_and_prints_no_key(bucket, secret, status):
    environment = environment_of(bucket) | {"S3_SECRET_ACCESS_KEY": secret}
    with start("checkstorage", **environment) as command:
        printed = "".join(command.communicate(timeout=60))
    assert command.returncode == status
    assert f"Files are kept in the bucket {bucket.bucket_name}" in printed
    assert secret not in printed
    assert "Traceback" not in printed


def test_checkstorage_cannot_prepare_a_folder():
    with pytest.raises(CommandError, match="S3_BUCKET is empty"):
        call_command("checkstorage", prepare=True)
