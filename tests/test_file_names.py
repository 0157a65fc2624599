"""A file with an odd name is stored under a safe one, however it is uploaded."""

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT

from assets.file_names import MAX_CHARACTERS
from assets.models import MediaAsset
from tests.make import make_user, picture_bytes

pytestmark = [pytest.mark.django_db, pytest.mark.once]

LIBRARY = "/admin/assets/mediaasset/"
NAMES = {
    "/": "file", ".": "file", "..": "file", "\\": "file", "../..": "file", "..\\..": "file",
    "   ": "file", "...": "file", "\x01\x02": "file", "\u202e": "file",
    "a\x01b.jpg": "ab.jpg", "photo\u202egpj.exe": "photogpj.exe", "/etc/passwd": "passwd",
    "C:\\Users\\Ann\\x.jpg": "x.jpg", ".htaccess": "htaccess", "con.jpg": "_con.jpg",
    "a.jpg.": "a.jpg", "a  b.jpg": "a b.jpg", "照片.jpg": "照片.jpg",
    "x" * 300 + ".jpg": "x" * (MAX_CHARACTERS - 4) + ".jpg",
}  # fmt: skip


def body(name: str, field: str, content: bytes, **words: str) -> bytes:
    """Return a multipart body with one file. Django's test client would change the file name."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="'.encode()
        + name.replace("\\", "\\\\").encode()
        + b'"\r\nContent-Type: image/jpeg\r\n\r\n' + content + b"\r\n"
    ]  # fmt: skip
    parts += [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in words.items()
    ]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_the_library_stores_a_file_under_a_safe_name(client, name):
    client.force_login(make_user("author", group="Author"))
    sent = body(name, "file", picture_bytes())
    answer = client.generic("POST", f"{LIBRARY}upload/?part=upload", sent, MULTIPART_CONTENT)
    assert answer.status_code == 200
    assert MediaAsset.objects.get().original_name == NAMES[name]
    assert NAMES[name] in answer.content.decode()


@pytest.mark.parametrize("name", ["/", "..", "\\", "x" * 300 + ".jpg"])
def test_the_picture_form_stores_a_file_under_a_safe_name(client, name):
    client.force_login(make_user("author", group="Author"))
    words = {"original_name": "", "focus_x": "0.5", "focus_y": "0.5", "licence_expires_0": "",
             "licence_expires_1": ""}  # fmt: skip
    sent = body(name, "original", picture_bytes(), **words)
    answer = client.generic("POST", f"{LIBRARY}add/", sent, MULTIPART_CONTENT)
    assert answer.status_code == 302
    picture = MediaAsset.objects.get()
    assert picture.original
    assert picture.original_name == NAMES[name]


def test_an_upload_without_a_file_gets_an_error_message(client):
    client.force_login(make_user("author", group="Author"))
    answer = client.post(f"{LIBRARY}upload/?part=upload", {})
    assert answer.status_code == 400
    assert "Choose a file." in answer.content.decode()


@pytest.mark.parametrize(
    "path", ["/admin/releases/release/import/", "/admin/previews/previewlink/trace/"]
)
@pytest.mark.parametrize("name", ["..", "\\"])
def test_other_upload_forms_accept_the_file(client, path, name):
    client.force_login(make_user("publisher", group="Publisher"))
    sent = body(name, "file", b"Words of a release that nobody knows.\n" * 9)
    answer = client.generic("POST", path, sent, MULTIPART_CONTENT)
    assert answer.status_code in (200, 302)
    assert "This field is required" not in answer.content.decode()
