"""Documents and recordings: recognised by content, published as cleaned copies, never run."""

import io
import re
import zipfile

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from assets import processing
from assets.models import MediaAsset
from tests import documents
from tests.make import DATA, make_chief, make_document, make_release, pdf_bytes

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def box(name: bytes, content: bytes) -> bytes:
    """Return a box of ISO 14496-12: its length, its name and its content."""
    return (8 + len(content)).to_bytes(4, "big") + name + content


def film(brand=b"isom", inside=b"") -> bytes:
    made = documents.film(inside, brand=brand)
    return made.replace(b"\xdd\xcc\xbb\xaa", bytes(4))  # without the time when it was made


def packed(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def word(name="simple-list.docx") -> bytes:
    return (DATA / "docx" / name).read_bytes()


def word_with(**parts: bytes) -> bytes:
    return packed(**{"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"} | parts)


FRAME = b"\xff\xfb\x90\x00" + b"\0" * 413
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
WAVE = (
    b"RIFF" + (40).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little") + b"\0" * 16
    + b"data" + (4).to_bytes(4, "little") + b"\0" * 4
)  # fmt: skip
FLAC = b"fLaC\x80\0\0\x22" + b"\0" * 34 + b"\xff\xf8" + b"\0" * 30

ACCEPTED = {
    "pdf": ("document", pdf_bytes(), "application/pdf"),
    "docx": ("document", word(), "application/vnd.openxmlformats"),
    "doc": ("document", OLD_OFFICE + "WordDocument".encode("utf-16-le"), "application/msword"),
    "mp3": ("audio", FRAME * 3, "audio/mpeg"),
    "m4a": ("audio", film(b"M4A "), "audio/mp4"),
    "wav": ("audio", WAVE, "audio/wav"),
    "flac": ("audio", FLAC, "audio/flac"),
    "ogg": ("audio", documents.ogg(), "audio/ogg"),
    "mp4": ("video", film(), "video/mp4"),
    "mov": ("video", film(b"qt  "), "video/quicktime"),
    "webm": ("video", b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm" + b"\0" * 60, "video/webm"),
}


@pytest.mark.parametrize("extension", ACCEPTED)
def test_a_document_is_recognised_by_its_content_and_published_as_a_copy(client, extension):
    kind, content, mime = ACCEPTED[extension]
    document = make_document("picture.jpg", content)
    if extension == "doc":
        document.accept_as_is(by=make_chief(), reason="It is the only copy.")
        processing.process(document)
    assert (document.kind, document.extension, document.state) == (kind, extension, "made")
    address = document.public_url("file", extension)
    assert client.get(address).status_code == 404
    make_release(attached=[str(document.pk)])
    answer = client.get(address)
    copy = answer.getvalue()
    # The other samples contain nothing to remove.
    assert (copy == content) == (extension not in ("pdf", "docx", "ogg"))
    assert copy[:4] == content[:4]
    assert answer["Content-Type"].startswith(mime)
    # No browser opens the file as a page of ours, whatever it contains.
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer["Content-Security-Policy"]


REFUSED = {
    "a PDF cut short": (pdf_bytes()[:40], "incomplete"),
    "an archive": (
        packed(notes=b"x"),
        r"Packed files are not accepted, except Word files \(.docx\)",
    ),
    "a spreadsheet": (packed(**{"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "except W"),
    "half an archive": (word()[:3000], "incomplete"),
    "Word with macros": (word_with(**{"word/vbaProject.bin": b"x"}), "macros"),
    "a zip bomb in Word": (word_with(**{"word/media/x": b"\0" * 210_000_000}), "suspicious"),
    "an old spreadsheet": (OLD_OFFICE + "Workbook".encode("utf-16-le"), "except W"),
    "old Word with macros": (
        OLD_OFFICE + "WordDocument".encode("utf-16-le") + "_VBA_PROJECT".encode("utf-16-le"),
        "macros",
    ),
    "Matroska": (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska" + b"\0" * 60, "except WebM"),
    "a film cut short": (film()[:-10], "incomplete"),
    "a film without its index": (box(b"ftyp", b"isom") + box(b"mdat", b"x"), "incomplete"),
    "a wave cut short": (WAVE[:30], "incomplete"),
    "a tag without a sound": (b"ID3\x04\0\0\0\0\0\x0a" + b"\0" * 99, "incomplete"),
    "a program": (b"\x7fELF" + b"\0" * 99, "can’t be used"),
    "a page": (b"<!doctype html><script>alert(1)</script>", "can’t be used"),
    "a location of QuickTime": (film(b"qt  ", b"\xa9xyz+35.1-106.6/"), "contains its location"),
    "a location of a phone": (
        film(b"mp42", b"com.apple.quicktime.location.ISO6709"),
        "contains its location",
    ),
    "a location of 3GPP": (film(b"mp42", box(b"loci", b"\0" * 20)), "contains its location"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_that_cannot_be_published_is_refused_with_the_reason(what):
    content, why = REFUSED[what]
    document = MediaAsset(original=ContentFile(content, name="report.pdf"))
    with pytest.raises(ValidationError) as refused:
        document.full_clean()
    (message,) = refused.value.message_dict["original"]
    assert message.startswith("report.pdf: ")
    assert re.search(why, message)
    assert default_storage.listdir("") == ([], [])


def test_an_editor_sees_what_was_removed_from_a_word_file():
    removed = make_document("comments.docx", word("comments.docx")).removed_metadata
    assert "Comments: Michael Williamson" in removed
    assert "The name of the author: Michael Williamson" in removed
    removed = make_document(content=word("track_changes_insertion.docx")).removed_metadata
    assert "Tracked changes: eng-dept" in removed
    named = pdf_bytes().replace(b"trailer <<", b"trailer << /Info << /Author (Somebody) >>", 1)
    assert "The name of the author: Somebody" in make_document(content=named).removed_metadata


def test_a_word_file_cannot_include_other_files():
    core = b"""<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>
      <cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
      xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>&x;</dc:creator></cp:coreProperties>"""
    document = make_document(content=word_with(**{"docProps/core.xml": core}))
    assert "root" not in " ".join([*document.file_warning_texts, *document.removed_metadata])


def test_a_document_needs_a_title_and_a_credit_and_no_alternative_text():
    document = make_document(caption="", credit_line="")
    assert document.missing_fields() == ["caption", "credit line"]


def test_a_document_that_is_too_heavy_is_refused_with_the_limit(settings):
    settings.MAX_DOCUMENT_MEGABYTES = 1
    heavy = MediaAsset(original=ContentFile(pdf_bytes(2_000_000), name="heavy.pdf"))
    with pytest.raises(ValidationError, match="The limit is 1 MB"):
        heavy.full_clean()
