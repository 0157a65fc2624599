"""A leaked file is not trusted: it is opened in another process within limits, or refused."""

import io
import os
import subprocess
import sys
import time
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from assets import sandbox
from previews import links, watermarks
from previews.models import PreviewLink
from tests.deployment import ROOT, environment
from tests.make import make_link, make_release

pytestmark = [pytest.mark.django_db, pytest.mark.once]
TRACE = "/admin/previews/previewlink/trace/"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000)


def zipped(entries, **more) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **more) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def locked_docx() -> bytes:
    """Return a Word file whose zip marks its entry as encrypted, in both headers."""
    content = bytearray(zipped({"word/document.xml": "words"}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def damaged_docx(position=60) -> bytes:
    """Return a Word file with a damaged part."""
    content = bytearray(zipped({"word/document.xml": os.urandom(400).hex()}))
    content[position : position + 30] = bytes(30)
    return bytes(content)


def docx_of_unknown_method() -> bytes:
    content = bytearray(zipped({"word/document.xml": "words"}))
    for place in (content.index(b"PK\x03\x04") + 8, content.index(b"PK\x01\x02") + 10):
        content[place] = 99
    return bytes(content)


BAD = {
    "damaged": (damaged_docx, "The file is damaged or incomplete and can’t be unpacked."),
    "cut off": (lambda: zipped({"a": "b" * 999})[:-3], ""),
    "locked": (locked_docx, "The archive has a password."),
    "compressed in an unknown way": (docx_of_unknown_method, "The file is damaged"),
    "old Word, or with a password": (lambda: OLE, "It is an old Office file, or one with a"),
    "a zip bomb": (lambda: zipped({str(n): bytes(9_000_000) for n in range(6)}), "more than 50 MB"),
    "a broken PDF": (lambda: b"%PDF-1.7 damaged", "The PDF is damaged or locked"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(kind, at_desk, editor, tmp_path):
    content, sentence = BAD[kind][0](), BAD[kind][1]
    upload = SimpleUploadedFile("leak.docx", content)
    answer = at_desk(editor).post(TRACE, {"file": upload})
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    path = tmp_path / "leak.docx"
    path.write_bytes(content)
    with pytest.raises((CommandError, SystemExit), match=sentence or None):
        call_command("traceleak", path)


def test_a_zip_bomb_of_sixty_times_49_megabytes_is_refused_at_low_cost(tmp_path):
    """Such a file of 5.7 MB once took 60 s and 1.15 GB. Another process measures it here."""
    piece = zipped({"0": bytes(49_000_000)})
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w") as archive:  # sixty entries, compressed once
        with zipfile.ZipFile(io.BytesIO(piece)) as one:
            info = one.infolist()[0]
        start = piece.index(b"\0", 30)  # the stated sizes matter, the content is not read
        assert info.file_size == 49_000_000
        for n in range(60):
            archive.writestr(str(n), piece[start : start + 100])
            archive.infolist()[-1].file_size = 49_000_000
    code = (
        "import django, io, resource, sys, time; django.setup()\n"
        "from previews import watermarks\n"
        "begun = time.monotonic()\n"
        "try:\n    watermarks.references_in(open(sys.argv[1], 'rb'))\n"
        "except watermarks.UnreadableFileError as problem:\n    print(problem)\n"
        "usage = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "status = open('/proc/self/status').read()\n"  # its own ru_maxrss begins with ours
        "own = int(status.split('VmHWM:')[1].split()[0])\n"
        "print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024, own // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, bomb], cwd=ROOT, capture_output=True, text=True, check=True,
        env=environment(DJANGO_SETTINGS_MODULE="pressroom.settings"),
    )  # fmt: skip
    sentence, figures = done.stdout.strip().splitlines()
    assert "unpacks to more than 50 MB" in sentence
    seconds, child, own = map(float, figures.split())
    assert seconds < 2
    assert max(child, own) < 200


def many_pieces(count: int, size: int) -> bytes:
    """Return an archive of many entries of one byte that state another size."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for n in range(count):
            archive.writestr(f"{n}.xml", b"x")
        for entry in archive.infolist():
            entry.file_size = size
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (lambda: many_pieces(1000, 50_000_000), "unpacks to more than 50 MB"),
        (lambda: many_pieces(20_000, 1), "contains 20000 files. The limit is 10000."),
        (lambda: many_pieces(250_000, 1), "Searching needs more than 200 MB of memory"),
        (
            lambda: zipped({"a": bytes(30_000_000)}),
            "unpacks to more than 20 MB, which",
        ),
    ],
    ids=["large in sum", "many files", "needs much memory", "compressed too well"],
)
def test_an_archive_that_would_take_long_is_refused_quickly(content, sentence):
    archive = content()
    begun = time.monotonic()
    with pytest.raises(watermarks.UnreadableFileError, match=sentence):
        watermarks.references_in(io.BytesIO(archive))
    assert time.monotonic() - begun < 5


def test_a_wrong_size_in_an_archive_is_not_trusted():
    """The stated size is small, the unpacked size large."""
    content = bytearray(zipped({"word/document.xml": bytes(60_000_000)}))
    real = (60_000_000).to_bytes(4, "little")
    while (place := content.find(real)) >= 0:
        content[place : place + 4] = (10).to_bytes(4, "little")
    with pytest.raises(watermarks.UnreadableFileError, match="damaged"):
        watermarks.references_in(io.BytesIO(bytes(content)))


def test_a_file_that_is_too_large_is_not_read(monkeypatch, at_desk, editor):
    monkeypatch.setattr(watermarks, "MAX_BYTES", 1_000_000)
    upload = SimpleUploadedFile("leak.txt", b"x" * 1_000_001)
    page = at_desk(editor).post(TRACE, {"file": upload}).content.decode()
    assert "The file is larger than 1 MB." in page


def endless_pdf() -> bytes:
    """Return a PDF page that draws ten forms, which draw ten more each, eight levels deep."""
    depth = 8
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R "
        b"/Resources << /XObject << /F 5 0 R >> >> >>",
        b"<< /Length 5 >> stream\n/F Do\nendstream",
    ]
    for level in range(depth):
        inner = b"/Resources << /XObject << /F %d 0 R >> >>" % (6 + level)
        drawn = b"/F Do " * 10 if level < depth - 1 else b"0 0 m"
        objects.append(
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] %s /Length %d >> stream\n%s\n"
            b"endstream" % (inner if level < depth - 1 else b"", len(drawn), drawn)
        )
    out = b"%PDF-1.4\n"
    for number, content in enumerate(objects, 1):
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    return out + b"trailer << /Root 1 0 R >>\n%%EOF\n"


def test_pdftotext_is_stopped_if_it_takes_too_long(monkeypatch):
    monkeypatch.setattr(
        watermarks, "LIMITS", sandbox.Limits(megapixels=0, seconds=1, megabytes=200)
    )
    begun = time.monotonic()
    with pytest.raises(watermarks.UnreadableFileError, match="takes more than 1 seconds"):
        watermarks.references_in(io.BytesIO(endless_pdf()))
    assert time.monotonic() - begun < 12
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    with pytest.raises(watermarks.UnreadableFileError, match="Install poppler-utils"):
        watermarks.references_in(io.BytesIO(b"%PDF-1.7"))


def test_a_search_that_takes_too_long_is_stopped_with_a_sentence(monkeypatch):
    monkeypatch.setattr(sandbox, "TIMEOUT_FACTOR", 0)
    with pytest.raises(watermarks.UnreadableFileError, match="Searching takes more than 5 seconds"):
        watermarks.references_in(io.BytesIO(b"words"))


@pytest.mark.parametrize("edge", [watermarks.MAX_BYTES, 1 << 20, (1 << 20) - 20, (1 << 20) + 3])
def test_a_watermark_across_the_edge_of_a_chunk_is_found(edge):
    reference = watermarks.new_reference()
    entities = "".join(f"&#{ord(char)};" for char in watermarks.invisible_code(reference))
    before = min(edge, 2_000_000)
    printed = f"{reference[:4]}-{reference[4:]}"
    for mark in (watermarks.invisible_code(reference), entities, printed):
        leak = f"{' ' * (before - len(mark) // 2)} {mark} {' ' * 100}"
        assert watermarks.references_in(io.BytesIO(leak.encode())) == {reference}


def test_the_name_of_a_file_in_an_archive_is_traced():
    make_link(make_release("scheduled"))
    link = PreviewLink.objects.get()
    name = f"EMBARGOED-{link.printed_reference}-press.jpg"
    assert links.trace(io.BytesIO(zipped({name: b"cropped and saved anew"}))) == [link]


def test_the_limits_of_a_trace_are_shown_before_links_are_issued_and_on_the_trace_page(
    at_desk, editor
):
    release = make_release("scheduled")
    client = at_desk(editor)
    for page in (TRACE, f"/admin/previews/previewlink/issue/{release.pk}/press/"):
        shown = client.get(page).content.decode()
        assert "What a trace can and can’t show" in shown
        assert "Retyped, translated or heavily shortened text has no watermark" in shown
        assert "Cropping removes the strip" in shown
        assert "A trace shows whose copy it is, not who shared it." in shown


def test_traceleak_reads_from_standard_input(monkeypatch, capsys):
    make_link(make_release("scheduled"), name="Rita Reader")
    link = PreviewLink.objects.get()
    text = io.TextIOWrapper(io.BytesIO(f"Ref {link.printed_reference}".encode()))
    monkeypatch.setattr(sys, "stdin", text)
    call_command("traceleak", "-")
    assert "Rita Reader" in capsys.readouterr().out
