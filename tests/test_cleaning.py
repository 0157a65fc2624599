"""Documents are published as cleaned copies, or as they are for a recorded reason.

`pytest -s` prints the result for each file.
"""

import io
import os
import re
import subprocess
import time
import zipfile
from dataclasses import replace
from xml.sax.saxutils import quoteattr

import pikepdf
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from pikepdf import Dictionary
from PIL import Image

from assets import documents, processing
from assets.cleaning import pdf as pdf_cleaner
from assets.cleaning import word as cleaning_word
from assets.cleaning.start import clean
from assets.messages import BadFileError
from assets.models import MediaAsset
from assets.uploads import limits_of_renditions
from releases import workflow
from tests import documents as made
from tests.documents import OLD_WORD, paragraph, part, pdf, picture, relation, relations, run, word
from tests.make import (
    DATA,
    make_chief,
    make_document,
    make_release,
    make_user,
    pdf_bytes,
    work_off,
)

pytestmark = [pytest.mark.django_db, pytest.mark.once]

LIBRARY = "/admin/assets/mediaasset/"


def served(client, document) -> bytes:
    """Publish a release with a document; return the copy that the public gets."""
    make_release(attached=[str(document.pk)])
    answer = client.get(document.public_url("file", document.extension))
    assert answer.status_code == 200
    return answer.getvalue()


def everything_in(content: bytes) -> bytes:
    """Return all bytes of a file that a reader could see, packed and unpacked."""
    if content.startswith(b"PK"):
        parts = made.parts_of(content)
        return b"\n".join([
            content, *(name.encode() for name in parts), *parts.values()
        ])  # fmt: skip
    if content.startswith(b"%PDF"):
        found = [content]
        with pikepdf.open(io.BytesIO(content)) as document:
            for item in document.objects:
                found.append(repr(item).encode())
                if isinstance(item, pikepdf.Stream):
                    found.append(item.read_raw_bytes())
                    if str(item.get("/Filter")) not in ("/DCTDecode", "/JPXDecode"):
                        found.append(item.read_bytes())
        return b"\n".join(found)
    return content


def table(name: str, result: str, *texts: str) -> None:
    print(f"{name:32} {result:9} {'; '.join(texts)[:110]}")


# --- Word ---------------------------------------------------------------------------------------

CORE = b"""<cp:coreProperties xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:cp=
 "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
 ><dc:creator>Anna Verel</dc:creator><cp:lastModifiedBy>Bo Berg</cp:lastModifiedBy
 ></cp:coreProperties>"""
APP = b"""<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/
extended-properties"><Company>Ministry of Secrets</Company><Manager>Cleo Chief</Manager
></Properties>""".replace(b"\n", b"")
COMMENTS = part(
    "comments", '<w:comment w:id="1" w:author="Dan Doubt" w:initials="DD"><w:p><w:r><w:t>'
    "Is Emma safe?</w:t></w:r></w:p></w:comment>"
)  # fmt: skip
TRACKED = paragraph(
    run("We saw "),
    f'<w:del w:id="1" w:author="Fay Fixer" w:date="2026-01-01T00:00:00Z">'
    f"{run('Gina').replace('w:t', 'w:delText')}</w:del>",
    f'<w:ins w:id="2" w:author="Fay Fixer">{run("somebody")}</w:ins>',
    run(" there", '<w:rPrChange w:id="3" w:author="Fay Fixer"><w:rPr/></w:rPrChange><w:b/>'),
)
JOINED = (
    '<w:p><w:pPr><w:rPr><w:del w:id="9" w:author="Fay Fixer"/></w:rPr></w:pPr>'
    f"{run('First ')}</w:p>{paragraph(run('second'))}"
)
ROW = (
    "<w:tbl><w:tr><w:tc><w:p>" + run("stays") + "</w:p></w:tc></w:tr><w:tr><w:trPr>"
    '<w:del w:id="5" w:author="Fay Fixer"/></w:trPr><w:tc><w:p>' + run("Hugo")
    + "</w:p></w:tc></w:tr></w:tbl>"
)  # fmt: skip
NOTE = "<w:r><w:footnoteReference w:id='{}'/></w:r>"
STYLES = part(
    "styles",
    '<w:style w:type="character" w:styleId="Secret"><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Aside"><w:basedOn w:val="Secret"/></w:style>',
)
DOCX = relation(7, "styles", "styles.xml")
MEDIA = {"word__media__IMG_2034_dot_jpeg": made.GPS}
IMAGE = relation(5, "image", "media/IMG_2034.jpeg")

# By name: the file, the bytes that must be removed, what the desk lists, the words that stay.
WORD = {
    "properties": (
        word(paragraph(run("Text")), root_rows=[
            relation(2, "metadata/core-properties", "docProps/core.xml"),
            relation(3, "extended-properties", "docProps/app.xml"),
            relation(4, "metadata/thumbnail", "docProps/thumbnail.jpeg"),
        ], docProps__core_dot_xml=CORE, docProps__app_dot_xml=APP,
            docProps__thumbnail_dot_jpeg=made.GPS),
        [b"Anna Verel", b"Bo Berg", b"Ministry of Secrets", b"Cleo Chief", b"NIKON"],
        ["author: Anna Verel", "last changed it: Bo Berg", "company: Ministry", "A small picture"],
        "Text",
    ),
    "comments": (
        word(paragraph('<w:commentRangeStart w:id="1"/>', run("Text"),
             '<w:commentRangeEnd w:id="1"/><w:r><w:commentReference w:id="1"/></w:r>'),
             [relation(5, "comments", "comments.xml")], word__comments_dot_xml=COMMENTS),
        [b"Dan Doubt", b"Emma", b"comment"],
        ["Comments: Dan Doubt"],
        "Text",
    ),
    "an empty list of comments": (
        word(paragraph(run("Text")), [relation(5, "comments", "comments.xml")],
             word__comments_dot_xml=part("comments", "")),
        [b"comments"],
        [],
        "Text",
    ),
    "tracked changes": (
        word(TRACKED), [b"Fay Fixer", b"Gina", b"2026-01-01"],
        ["deleted while changes were tracked: Fay Fixer", "Tracked changes"],
        "We saw somebody there",
    ),
    "a deleted end of a paragraph": (
        word(JOINED), [b"Fay Fixer"], ["deleted"], "First second"
    ),
    "a deleted row": (word(ROW), [b"Fay Fixer", b"Hugo"], ["deleted"], "stays"),
    "a deleted picture": (
        word(paragraph(run("Text"), f'<w:del w:author="Fay Fixer">{picture("rId5")}</w:del>'),
             [IMAGE], **MEDIA),
        [b"media/", b"\xff\xd8\xff", b"NIKON"], ["deleted"], "Text",
    ),
    "a deleted footnote": (
        word(
            paragraph(run("Text"), NOTE.format(3), f'<w:del>{NOTE.format(2)}</w:del>'),
            [relation(5, "footnotes", "footnotes.xml")],
            word__footnotes_dot_xml=part("footnotes", "".join(
                f'<w:footnote w:id="{id}"><w:p>{run(words)}</w:p></w:footnote>'
                for id, words in ((2, "Irma"), (3, "kept"))
            )),
        ),
        [b"Irma"], ["A footnote whose number was deleted"], "Text",
    ),
    "hidden text": (
        word(paragraph(run("Seen"), run("Jana", "<w:vanish/>"),
                       run("Karl", '<w:rStyle w:val="Secret"/>'),
                       run("too", '<w:vanish w:val="0"/>'))
             + '<w:p><w:pPr><w:pStyle w:val="Aside"/></w:pPr>' + run("Lena") + "</w:p>",
             [DOCX], word__styles_dot_xml=STYLES),
        [b"Jana", b"Karl", b"Lena"], ["Hidden text: ", "Karl"], "Seentoo",
    ),
    "settings": (
        word(paragraph(run("Text")), [relation(5, "settings", "settings.xml"),
                                      relation(6, "customXml", "../customXml/item1.xml"),
                                      relation(8, "printerSettings", "printer.bin"),
                                      relation(9, "glossaryDocument", "glossary/document.xml")],
             word__settings_dot_xml=part(
                 "settings", '<w:attachedTemplate r:id="rId1"/><w:rsids><w:rsid w:val="00AB12CD"/>'
                 '</w:rsids><w:docVars><w:docVar w:name="owner" w:val="Mona"/></w:docVars>'),
             word___rels__settings_dot_xml_dot_rels=relations(
                 relation(1, "attachedTemplate", "file:///C:/Users/Nils/x.dotm", external=True)),
             customXml__item1_dot_xml=b"<x>Olga</x>", word__printer_dot_bin=b"Paul",
             word__glossary__document_dot_xml=part("document", "Quinn")),
        [b"Mona", b"Nils", b"Olga", b"Paul", b"Quinn", b"00AB12CD"],
        ["Variables of the document: owner", "file:///C:/Users/Nils/x.dotm", "printer"],
        "Text",
    ),
    "a picture with a location": (
        word(paragraph(run("Text"), picture("rId5", descr="C:\\Users\\Rosa\\IMG_2034.jpg")),
             [IMAGE], **MEDIA),
        [b"Exif", b"NIKON", b"IMG_2034", b"Rosa"],
        ["place where a picture was taken: IMG_2034.jpeg", "file name of a picture"],
        "Text",
    ),
    "a hidden picture": (
        word(paragraph(run("Text"), picture("rId5").replace("<wp:docPr", '<wp:docPr hidden="1"')),
             [IMAGE], **MEDIA),
        [b"media/", b"NIKON"], ["Hidden text: IMG_2034.jpg"], "Text",
    ),
    "a linked picture": (
        word(paragraph(run("Text"), picture("rId5", "link", "Picture 1")),
             [relation(5, "image", "file:///C:/Users/Sara/x.png", external=True)]),
        [b"Sara"], ["outside the file: file:///C:/Users/Sara/x.png"], "Text",
    ),
    "links": (
        word(paragraph(f'<w:hyperlink r:id="rId5">{run("ours")}</w:hyperlink>',
                       f'<w:hyperlink r:id="rId6">{run(" local")}</w:hyperlink>'),
             [relation(5, "hyperlink", "https://ours.example/", external=True),
              relation(6, "hyperlink", "file:///C:/Users/Tom/x.docx", external=True)]),
        [b"Tom"], ["not on the web: file:///C:/Users/Tom"], "ours local",
    ),
    "fields": (
        word(paragraph(
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>INCLUDEPICTURE '
            '"C:\\Users\\Uta\\x.png"</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/>'
            f'</w:r>{run("shown")}<w:r><w:fldChar w:fldCharType="end"/></w:r>',
            f'<w:fldSimple w:instr="PAGE">{run(" 1")}</w:fldSimple>')),
        [b"Uta", b"INCLUDEPICTURE"], ["A field; its text stays: INCLUDEPICTURE"], "shown 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WORD)
def test_a_word_file_is_published_without_metadata_about_its_makers(client, what):
    content, gone, expected, words = WORD[what]
    before = everything_in(content)
    assert all(each in before for each in gone if each not in (b"\xff\xd8\xff",))
    document = make_document("r.docx", content)
    table(what, document.state, *document.removed_metadata, document.error)
    copy = served(client, document)
    made.assert_it_opens(copy)
    after = everything_in(copy)
    assert [each for each in gone if each in after] == []
    assert made.words_of(copy) == words
    for each in expected:
        assert any(each in line for line in document.removed_metadata), (
            each,
            document.removed_metadata,
        )
    assert bool(document.removed_metadata) == bool(expected)


def test_the_same_file_is_cleaned_to_the_same_bytes(client):
    content = WORD["properties"][0]
    first = make_document("r.docx", content)
    one = served(client, first)
    processing.repair(first)
    assert client.get(first.public_url("file", "docx")).getvalue() == one


@pytest.mark.parametrize("path", sorted((DATA / "docx").glob("*.docx")), ids=lambda path: path.name)
def test_the_samples_keep_their_words_and_open(client, path):
    document = make_document(path.name, path.read_bytes())
    table(path.name, document.state, *document.removed_metadata, document.error)
    copy = served(client, document)
    made.assert_it_opens(copy)
    assert made.words_of(copy) == made.words_of(path.read_bytes())
    assert b"Michael Williamson" not in everything_in(copy)
    assert b"eng-dept" not in everything_in(copy)


def test_a_picture_in_a_word_file_keeps_its_pixels(client):
    document = make_document("r.docx", WORD["a picture with a location"][0])
    copy = made.parts_of(served(client, document))
    (name,) = (name for name in copy if name.startswith("word/media/"))
    with Image.open(io.BytesIO(copy[name])) as after, Image.open(io.BytesIO(made.GPS)) as before:
        assert after.tobytes() == before.tobytes()


# --- PDF ----------------------------------------------------------------------------------------

PDF = {
    "the author of a PDF": (pdf(made.with_info), [b"Anna Verel", b"Room 9"], ["Anna Verel"]),
    "an author only in XMP": (pdf(made.with_xmp), [b"Berta Xmp"], ["author: Berta Xmp"]),
    "a picture in a PDF": (
        pdf(made.with_picture), [b"Exif", b"NIKON"], ["place where a picture was taken"]
    ),
    "an attachment": (
        pdf(made.with_attachment), [b"list-of-sources", b"Carla"], ["list-of-sources.txt"]
    ),
    "scripts": (pdf(made.with_script), [b"Dora", b"JavaScript"], ["A script"]),
    "comments and links": (
        pdf(made.with_comments), [b"Emil", b"Emma", b"Frida", b"Launch"], ["Comments: Emil Editor"]
    ),
    "traces of programs": (
        pdf(made.with_traces), [b"Gustav", b"Hanna", b"Ida", b"Jule", b"PieceInfo"],
        ["A small picture"],
    ),
    "names like keys": (pdf(made.with_names_like_keys), [b"xmpmeta", b"Ida"], []),
    "rare places": (
        pdf(made.with_notes_in_rare_places), [b"Wanda"],
        ["name or a password in a link", "attached file: wanda.txt", "Comments: Wanda"],
    ),
    "rare forms of pictures": (
        pdf(made.with_pictures_in_rare_forms), [b"Wanda", b"NIKON", b"Exif"],
        ["place where a picture was taken"],
    ),
    "an earlier version": (made.with_earlier_version(), [b"Jonas"], ["Earlier versions"]),
    "nothing": (pdf(), [], []),
}  # fmt: skip


def words_of_pdf(content: bytes) -> str:
    return subprocess.run(
        ["pdftotext", "-", "-"], input=content, capture_output=True, check=True
    ).stdout.decode().strip()  # fmt: skip


@pytest.mark.parametrize("what", PDF)
def test_a_pdf_is_published_without_metadata_about_its_makers(client, what):
    content, gone, expected = PDF[what]
    before = content + everything_in(content)
    assert [each for each in gone if each not in before] == []
    document = make_document("r.pdf", content)
    table(what, document.state, *document.removed_metadata, document.error)
    copy = served(client, document)
    after = everything_in(copy)
    assert [each for each in gone if each in after] == []
    assert words_of_pdf(copy) == words_of_pdf(content) != ""
    for each in expected:
        assert any(each in line for line in document.removed_metadata), (
            each,
            document.removed_metadata,
        )
    assert bool(document.removed_metadata) == bool(expected)
    assert b"https://ours.example/" in after or what != "comments and links"


# --- Recordings ---------------------------------------------------------------------------------

RECORDINGS = {
    "mp3": (made.mp3(), [b"Klara", b"Ludwig", b"ID3"], made.FRAME * 3, "Klara Singer"),
    "wav": (made.wav(), [b"Marta", b"LIST"], b"SOUNDING", "LIST"),
    "flac": (made.flac(), [b"Nina"], b"\xff\xf8SOUND", "tags"),
    "ogg": (made.ogg(), [b"Otto", b"2024"], b"SOUND" * 9, "Otto Pauker"),
    "mp4": (made.film_with_words(), [b"Paula", b"\xdd\xcc\xbb"], b"MOVING" * 9, "Paula Filmer"),
    "webm": (made.webm(), [b"Rosa", b"Simon"], b"MOVING", "Metadata of the recording"),
}


@pytest.mark.parametrize("extension", RECORDINGS)
def test_a_recording_is_published_without_its_tags(client, extension):
    content, gone, kept, expected = RECORDINGS[extension]
    assert all(each in content for each in gone)
    document = make_document(f"r.{extension}", content)
    table(extension, document.state, *document.removed_metadata, document.error)
    copy = served(client, document)
    assert document.extension == extension
    assert [each for each in gone if each in copy] == []
    assert kept in copy
    assert expected in " ".join(document.removed_metadata) or expected == "tags"
    assert document.removed_metadata
    if extension in ("mp4", "webm", "ogg"):
        assert len(copy) == len(content)  # the file contains offsets, which must stay right
    again = make_document(f"again.{extension}", copy)
    assert again.removed_metadata == []
    if extension == "ogg":
        numbers = re.findall(b"OggS.{18}(.{4})", copy, re.DOTALL)
        assert len(numbers) == 3


@pytest.mark.parametrize("name", made.PLACES)
def test_metadata_is_removed_from_every_place_in_a_recording(name):
    content = made.PLACES[name]
    assert b"Xenia" in content
    try:
        cleaned = clean(io.BytesIO(content))
    except BadFileError:
        table(name, "damaged")
        return
    table(name, "cannot" if cleaned.problems else "cleaned")
    pieces = [one if isinstance(one, bytes) else content[slice(*one)] for one in cleaned.pieces]
    assert b"Xenia" not in b"".join(pieces)
    assert cleaned.problems or cleaned.removed


# --- What cannot be cleaned ---------------------------------------------------------------------

OBJECT = '<w:r><w:object><o:OLEObject r:id="rId5" ProgID="Visio.Drawing"/></w:object></w:r>'
LOCKED = pikepdf.Encryption(owner="o", user="u")
CANNOT = {
    "an old Word file": ("r.doc", OLD_WORD, "Old Word files"),
    "an embedded drawing": (
        "r.docx",
        word(paragraph(run("Text"), OBJECT), [relation(5, "oleObject", "embeddings/x.bin")],
             word__embeddings__x_dot_bin=b"Visio"),
        "Paste it as a picture. (Visio.Drawing, x.bin)",
    ),
    "a part of another program": (
        "r.docx",
        word(paragraph(run("Text"), '<w:x r:id="rId5"/>'),
             [relation(5, "https://program.example/secrets", "x.bin")],
             word__x_dot_bin=b"?"),
        "a part of an unknown kind. (secrets)",
    ),
    "a signed Word file": (
        "r.docx",
        word(paragraph(run("Text")),
             root_rows=[relation(2, f"{made.PACKAGE}/relationships/digital-signature/origin",
                                 "_xmlsignatures/origin.sigs")]),
        "digital signature",
    ),
    "a damaged picture in Word": (
        "r.docx",
        word(paragraph(picture("rId5")), [IMAGE], word__media__IMG_2034_dot_jpeg=made.GPS[:5000]),
        "A picture in it is damaged",
    ),
    "an encrypted PDF": ("r.pdf", pdf(encryption=LOCKED), "It is encrypted"),
    "a PDF that may not be changed": (
        "r.pdf", pdf(encryption=pikepdf.Encryption(owner="o", user="")), "It is encrypted"
    ),
    "a signed PDF": ("r.pdf", pdf(made.with_signature), "digital signature"),
    "redactions not applied": ("r.pdf", pdf(made.with_redaction), "redactions that were not"),
    "a hidden layer": ("r.pdf", pdf(made.with_hidden_layer), "hidden layers"),
    "a layer for the printer": (
        "r.pdf",
        pdf(made.with_a_layer(Usage=Dictionary(View=Dictionary(ViewState=pikepdf.Name.OFF)))),
        "hidden layers",
    ),
    "a layer that is shown if another is off": (
        "r.pdf", pdf(made.with_a_layer()), "hidden layers"
    ),
    "a picture in the text of a page": (
        "r.pdf", pdf(made.with_a_picture_in_the_text), "A picture in it is damaged"
    ),
    "a file in place of the language": (
        "r.pdf", pdf(made.with_a_file_in_place_of_the_language), "Another file is embedded"
    ),
    "a track of positions": ("r.mp4", made.film(handler=b"meta"), "a data track beside"),
}  # fmt: skip


@pytest.mark.parametrize("what", CANNOT)
def test_a_document_that_cannot_be_cleaned_is_hidden_until_a_publisher_accepts_it(client, what):
    name, content, why = CANNOT[what]
    document = make_document(name, content)
    table(what, document.state, document.error)
    assert document.state == "failed"
    assert why in document.error
    assert not document.is_usable()
    assert not MediaAsset.objects.usable().exists()
    author, publisher = (make_user(group=group) for group in ("Author", "Publisher"))
    desk, address = f"{LIBRARY}{document.pk}/change/", f"{LIBRARY}{document.pk}/as-is/"
    client.force_login(author)
    assert why in client.get(desk).content.decode()
    refused = client.post(address, {"reason": "Why not."}, follow=True).content.decode()
    assert "You don’t have permission to accept it as it is. Ask a publisher." in refused
    document.refresh_from_db()
    assert not document.as_is_at
    client.force_login(publisher)
    assert "Accept as it is" in client.get(desk).content.decode()
    read = re.search(r'name="file" value="([0-9a-f]{64})"', client.get(desk).content.decode())[1]
    client.post(address, {"reason": " ", "file": read})
    document.refresh_from_db()
    assert not document.as_is_at
    for other in ("", "0" * 64):  # the file was replaced while the publisher read it
        answer = client.post(address, {"reason": "I read it.", "file": other}, follow=True)
        assert (
            "The file was replaced. Check the new file, then accept it." in answer.content.decode()
        )
    answer = client.post(address, {"reason": "The seal must stay.", "file": read}, follow=True)
    assert "the reason stays on record" in answer.content.decode()
    work_off()
    document.refresh_from_db()
    assert (document.state, document.as_is_by) == ("made", publisher)
    page = client.get(desk).content.decode()
    assert "The seal must stay." in page
    assert str(publisher) in page
    assert document.history.filter(as_is_reason="The seal must stay.").exists()
    client.logout()
    release = make_release(attached=[str(document.pk)])
    assert client.get(document.public_url("file", document.extension)).getvalue() == content
    assert any("The seal must stay." in str(one) for one in workflow.warnings(release))


def test_a_release_with_a_document_that_cannot_be_cleaned_is_not_approved():
    document = make_document("r.doc", OLD_WORD)
    release = make_release("in_review", attached=[str(document.pk)])
    assert any("Old Word files" in str(one) for one in workflow.blockers(release))


def test_a_replaced_file_is_no_longer_accepted_as_it_is(client):
    document = make_document("r.doc", OLD_WORD)
    document.accept_as_is(by=make_chief(), reason="It is the only copy.")
    document.original = ContentFile(OLD_WORD + b"another", name="b.doc")
    document.save()
    processing.process(document)
    assert (document.as_is_reason, document.as_is_by, document.state) == ("", None, "failed")


def test_a_document_that_can_be_cleaned_cannot_be_accepted_as_it_is(client):
    document = make_document("r.pdf", pdf(made.with_info))
    client.force_login(make_user(group="Publisher"))
    sent = {"reason": "I like it so.", "file": document.sha256}
    page = client.post(f"{LIBRARY}{document.pk}/as-is/", sent, follow=True).content.decode()
    assert "It can be cleaned, so the cleaned copy is published." in page
    document.refresh_from_db()
    assert document.as_is_at is None


# --- Damaged ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["docx", "pdf"])
def test_an_incomplete_document_is_not_published(kind):
    content = {"docx": WORD["comments"][0], "pdf": pdf(made.with_info)}[kind]
    results = []
    for tenth in range(10):
        cut = content[: len(content) * (2 * tenth + 1) // 20]
        try:
            document = make_document(f"r.{kind}", cut)
        except BadFileError:
            results.append("refused")
        else:
            results.append(document.state)
            assert not document.is_usable()
    table(f"cut at ten places, {kind}", " ".join(results))


@pytest.mark.parametrize("packed", [False, True])
def test_a_pdf_with_a_hole_is_not_published(packed):
    results = []
    for tenth in range(1, 10):
        try:
            cleaned = pdf_cleaner.clean(io.BytesIO(made.pages_with_a_hole(packed, tenth)))
        except BadFileError:
            results.append("damaged")
        else:
            results.append(", ".join(each.code for each in cleaned.problems) or "OUT")
    table(f"holes at nine places, {packed=}", " ".join(results))
    assert set(results) <= {"damaged", "repaired"}
    document = make_document("r.pdf", made.pages_with_a_hole(False, 5))
    assert (document.state, "parts of it may be missing" in document.error) == ("failed", True)


# --- Originals and cleaned copies ---------------------------------------------------------------


def test_the_public_gets_the_cleaned_copy_on_every_path(client):
    document = make_document("r.pdf", pdf(made.with_info), caption="The report")
    release = make_release(attached=[str(document.pk)])
    archive = b"".join(client.get(f"{release.get_absolute_url()}media.zip"))
    with zipfile.ZipFile(io.BytesIO(archive)) as unpacked:
        (name,) = (name for name in unpacked.namelist() if name.endswith(".pdf"))
        packed = unpacked.read(name)
    public = client.get(document.public_url("file", "pdf"))
    copy = public.getvalue()
    assert packed == copy
    assert b"Anna" not in everything_in(copy)
    assert int(public["Content-Length"]) == len(copy) == document.bytes_of("file", "pdf")
    with document.open_rendition("file", "pdf") as file:  # which namecheck reads
        assert file.read() == copy
    with default_storage.open(document.original.name) as original:
        assert b"Anna Verel" in everything_in(original.read())
    client.force_login(make_user(group="Editor"))
    version = document.history.latest().history_id
    kept = client.get(f"{LIBRARY}{document.pk}/original/{version}/")
    assert b"Anna Verel" in everything_in(kept.getvalue())


def test_nothing_is_shown_before_it_is_cleaned_and_the_desk_lists_what_was_removed(client):
    client.force_login(make_user(group="Author"))
    sent = ContentFile(pdf(made.with_info), name="r.pdf")
    page = client.post(f"{LIBRARY}upload/?part=upload", {"file": sent}).content.decode()
    assert "Waiting" in page
    document = MediaAsset.objects.get()
    assert not document.is_usable()
    assert "it is still being processed" in document.processing_blocker()
    assert not MediaAsset.objects.usable().exists()
    work_off()
    for address in (f"{LIBRARY}upload/?part=upload&id={document.pk}",
                    f"{LIBRARY}upload/?part=attached&id={document.pk}",
                    f"{LIBRARY}{document.pk}/change/"):  # fmt: skip
        page = client.get(address).content.decode()
        assert "Removed from the published copy" in page
        assert "The name of the author: Anna Verel" in page


def test_a_document_that_failed_is_tried_again_at_the_desk(client):
    document = make_document("r.pdf", pdf(made.with_info))
    MediaAsset.objects.update_derived(state="failed", error="It broke.", renditions={})
    client.force_login(make_user(group="Author"))
    assert "It broke." in client.get(f"{LIBRARY}{document.pk}/change/").content.decode()
    client.post(f"{LIBRARY}{document.pk}/again/")
    work_off()
    document.refresh_from_db()
    assert (document.state, document.error) == ("made", "")


def test_older_documents_are_cleaned_after_the_upgrade(client):
    document = make_document("r.pdf", pdf(made.with_info))
    release = make_release(attached=[str(document.pk)])
    QuerySet(MediaAsset).update(
        state="", renditions={}, file_warnings=["Everybody who opens it can read the name."]
    )
    address = document.public_url("file", "pdf")
    assert client.get(address).status_code == 404
    processing.enqueue_unprocessed()
    work_off()
    document.refresh_from_db()
    assert (document.state, document.file_warnings) == ("made", [])
    assert b"Anna" not in everything_in(client.get(address).getvalue())
    assert client.get(release.get_absolute_url()).status_code == 200


def test_a_document_that_needs_too_much_memory_is_refused_with_the_reason(monkeypatch):
    few = replace(limits_of_renditions(), megabytes=100)
    monkeypatch.setattr(processing, "limits_of_renditions", lambda: few)
    heavy = word(paragraph(run("Text"), picture("rId5")), [IMAGE],
                 word__media__IMG_2034_dot_jpeg=made.GPS + os.urandom(1_000_000) * 60)  # fmt: skip
    document = make_document("r.docx", heavy)
    assert document.state == "failed"
    assert "Cleaning it needs more than 100 MB of memory." in document.error


def test_a_pdf_of_any_size_loses_objects_that_nothing_refers_to(client):
    assert len(served(client, make_document(content=pdf_bytes(5000)))) < 2000


# --- Word files in which something is hidden in an unusual way ------------------------------------


def hidden_in(properties: str, words: str) -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{words}</w:t></w:r>"


def field(code: str, shown: str, *, simple: bool = False) -> str:
    if simple:
        return f"<w:fldSimple w:instr={quoteattr(code)}>{run(shown)}</w:fldSimple>"
    codes = "".join(
        f'<w:r><w:instrText xml:space="preserve">{each}</w:instrText></w:r>'
        for each in (code[:4], code[4:])
    )
    marks = [
        f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end")
    ]
    return f"{marks[0]}{codes}{marks[1]}{run(shown)}{marks[2]}"


M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
C = 'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
C15 = 'xmlns:c15="http://schemas.microsoft.com/office/drawing/2012/chart"'
WP14 = 'xmlns:wp14="http://schemas.microsoft.com/office/word/2010/wordprocessingDrawing"'
CHART = (
    f"<c:chartSpace {C}><c:plotArea><c:ser><c:f>'[C:\\Users\\Vera\\a.xlsx]S'!$A$1</c:f></c:ser>"
    f"<c:extLst><c:ext><c15:filteredBarSeries {C15}><c15:ser><c:v>Wanda</c:v></c15:ser>"
    "</c15:filteredBarSeries></c:ext></c:extLst></c:plotArea></c:chartSpace>"
).encode()
FIRST = (
    '<w:sectPr><w:headerReference w:type="first" r:id="rId5"/>'
    '<w:headerReference w:type="even" r:id="rId6"/>%s</w:sectPr>'
)
HEADERS = {
    "word__header1_dot_xml": part("hdr", paragraph(run("Xenia"))),
    "word__header2_dot_xml": part("hdr", paragraph(run("Yara"))),
    "word__settings_dot_xml": part("settings", "<w:evenAndOddHeaders/>"),
}
HEADER_ROWS = [relation(5, "header", "header1.xml"), relation(6, "header", "header2.xml")]
# By name: the text, the bytes that must be removed, what the desk lists, the words that stay.
HIDDEN = {
    "a hidden equation": (
        paragraph(run("Text"), f"<m:oMath {M}><m:r><w:rPr><w:vanish/></w:rPr><m:t>Zoe</m:t></m:r>"
                  "</m:oMath>"), [b"Zoe"], ["Hidden text: Zoe"], "Text"),
    "a deleted equation": (
        paragraph(run("Text"), f'<m:oMath {M}><m:r><w:del w:author="Fay"><w:rPr/></w:del>'
                  "<m:t>Zoe</m:t></m:r></m:oMath>"), [b"Zoe", b"Fay"], ["deleted"], "Text"),
    "a hidden row": (
        ROW.replace('<w:del w:id="5" w:author="Fay Fixer"/>', "<w:hidden/>"),
        [b"Hugo"], ["Hidden text: Hugo"], "stays"),
    "a hidden shape": (
        paragraph(run("Text"), '<w:r><w:pict><v:shape style="width:1pt;visibility: hidden">'
                  f"<v:textbox>{paragraph(run('Alma'))}</v:textbox></v:shape></w:pict></w:r>"),
        [b"Alma"], ["Hidden text: Alma"], "Text"),
    "a line for a signature": (
        paragraph(run("Text"), '<w:r><w:pict><v:shape><o:signatureline o:suggestedsigner="Bea" '
                  'o:suggestedsigneremail="bea@home.example"/></v:shape></w:pict></w:r>'),
        [b"Bea", b"bea@home"], ["Text in its properties: Bea, bea@home.example"], "Text"),
    "the name of a file as a title": (
        paragraph(run("Text"), '<w:r><w:pict><v:shape><v:imagedata o:title="passport of Cora"/>'
                  "</v:shape></w:pict></w:r>"), [b"Cora"], ["passport of Cora"], "Text"),
    "deleted words outside of a deletion": (
        paragraph(run("Text"), "<w:r><w:delText>Dina</w:delText></w:r>"),
        [b"Dina"], ["deleted"], "Text"),
    "entries of an index": (
        paragraph(run("Text"), field('XE "Edda"', "")), [b"Edda"], ['Hidden text: XE "Edda"'],
        "Text"),
    "the other choices of a list": (
        "<w:sdt><w:sdtPr><w:dropDownList><w:listItem w:displayText='Fee' w:value='1'/>"
        f"</w:dropDownList></w:sdtPr><w:sdtContent>{paragraph(run('Text'))}</w:sdtContent></w:sdt>",
        [b"Fee"], ["Hidden text: Fee"], "Text"),
    "the other choices of a form": (
        paragraph(run("Text"), '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:helpText '
                  'w:val="Gero"/><w:ddList><w:result w:val="1"/><w:listEntry w:val="Hans"/>'
                  '<w:listEntry w:val="Seen"/></w:ddList></w:ffData></w:fldChar></w:r><w:r>'
                  '<w:instrText>FORMDROPDOWN</w:instrText></w:r><w:r><w:fldChar '
                  'w:fldCharType="end"/></w:r>'),
        [b"Gero", b"Hans"], ["Hidden text: Hans"], "Text"),
    "data of another program in the text": (
        paragraph(run("Text"), '<x:keep xmlns:x="urn:x">Ines</x:keep>'),
        [b"Ines"], ["Data that a program keeps in the file: keep"], "Text"),
    "the editing session of a drawing": (
        paragraph(run("Text"), f'<w:r><w:drawing {WP14} wp14:editId="50D07946"/></w:r>'),
        [b"50D07946"], [], "Text"),
    "a link of a field to a file": (
        paragraph(field('HYPERLINK "Jutta/a.docx"', "Text")),
        [b"Jutta"], ["not on the web: Jutta/a.docx"], "Text"),
    "a link of a field to a program": (
        paragraph(field('HYPERLINK "javascript:Kira"', "Text", simple=True)),
        [b"Kira"], ["not on the web: javascript:Kira"], "Text"),
    "a link with a password": (
        paragraph(field('HYPERLINK "https://lotte:secret@ours.example/a"', "Text")),
        [b"lotte"], [], "Text"),
}  # fmt: skip


@pytest.mark.parametrize("what", HIDDEN)
def test_unusual_hidden_text_is_removed_too(what):
    body, gone, expected, words = HIDDEN[what]
    assert_cleaned(word(body), gone, expected, words)


def assert_cleaned(content: bytes, gone: list[bytes], expected: list[str], words: str) -> bytes:
    before = everything_in(content)
    assert all(each in before for each in gone)
    document, copy = cleaned_copy(content)
    made.assert_it_opens(copy)
    after = everything_in(copy)
    assert [each for each in gone if each in after] == []
    assert made.words_of(copy) == words
    for each in expected:
        assert any(each in line for line in document.removed_metadata), (
            each,
            document.removed_metadata,
        )
    assert bool(document.removed_metadata) == bool(expected)
    return after


def cleaned_copy(content: bytes):
    document = make_document("r.docx", content)
    assert document.state == MediaAsset.State.READY, document.error
    path = document.rendition_path("file", "docx")
    with default_storage.open(path) as file:
        return document, file.read()


@pytest.mark.parametrize("simple", [True, False])
@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ('HYPERLINK "https://ours.example/a?b=c"', 'HYPERLINK "https://ours.example/a?b=c"'),
        ('HYPERLINK https://ours.example/ \\o "C:\\\\Users\\\\Max" \\t "_blank"',
         'HYPERLINK "https://ours.example/"'),
        ('HYPERLINK "https://max:secret@ours.example/" \\l "part"',
         'HYPERLINK "https://ours.example/" \\l "part"'),
        ('HYPERLINK \\l "_Toc1"', 'HYPERLINK \\l "_Toc1"'),
        ("PAGEREF _Toc1 \\h", "PAGEREF _Toc1 \\h"),
    ],
)  # fmt: skip
def test_a_link_that_is_a_field_keeps_its_address(simple, code, kept):
    _, copy = cleaned_copy(word(paragraph(field(code, "Text", simple=simple))))
    text = made.parts_of(copy)["word/document.xml"].decode()
    codes = re.findall(r"instr=[\"']([^']*?)[\"']>", text) or re.findall(
        r"instrText[^>]*>([^<]*)", text
    )
    assert "".join(codes).replace("&quot;", '"').strip() == kept


def test_the_links_of_a_word_file_follow_the_rule_of_all_links():
    rows = [
        relation(5, "hyperlink", "https://max:secret@ours.example/?utm_source=Max", True),
        relation(6, "hyperlink", "ftp://max/", True),
        relation(7, "hyperlink", "Max/a.docx"),
    ]
    body = paragraph(
        *(f'<w:hyperlink r:id="rId{n}">{run(str(n))}</w:hyperlink>' for n in (5, 6, 7))
    )
    expected = ["not on the web: ftp://max/, Max/a.docx"]
    copy = assert_cleaned(word(body, rows), [b"max", b"secret", b"Max"], expected, "567")
    assert b'Target="https://ours.example/"' in copy


def test_headers_that_no_page_uses_are_removed():
    content = word(paragraph(run("Text")) + FIRST % "", HEADER_ROWS, **HEADERS)
    assert_cleaned(content, [b"Xenia", b"Yara"], ["Hidden text"], "Text")


def test_headers_that_a_page_uses_stay():
    rows = [*HEADER_ROWS, relation(7, "settings", "settings.xml")]
    body = paragraph(run("Text"), f"<w:pPr>{FIRST % ''}</w:pPr>")
    body += f"{paragraph(run('more'))}<w:sectPr><w:titlePg/></w:sectPr>"
    document, copy = cleaned_copy(word(body, rows, **HEADERS))
    assert b"Xenia" in everything_in(copy)
    assert b"Yara" in everything_in(copy)
    assert document.removed_metadata == []


def test_a_chart_is_published_without_its_hidden_series():
    drawing = f'<w:r><w:drawing><c:chart {C} r:id="rId5"/></w:drawing></w:r>'
    content = word(paragraph(run("Text"), drawing), [relation(5, "chart", "charts/chart1.xml")],
                   word__charts__chart1_dot_xml=CHART)  # fmt: skip
    expected = ["The table of a chart", "Hidden text: Wanda"]
    assert_cleaned(content, [b"Vera", b"Wanda"], expected, "Text")


@pytest.mark.parametrize(
    "styles",
    [
        "<w:docDefaults><w:rPrDefault><w:rPr><w:vanish/></w:rPr></w:rPrDefault></w:docDefaults>",
        '<w:style w:type="paragraph" w:default="1" w:styleId="Usual"><w:rPr><w:vanish/></w:rPr>'
        "</w:style>",
        '<w:style w:type="table" w:styleId="Grid"><w:rPr><w:vanish/></w:rPr></w:style>',
        '<w:style w:type="table" w:styleId="Grid"><w:trPr><w:hidden/></w:trPr></w:style>',
    ],
)
def test_a_style_that_hides_text_without_a_style_is_a_problem(styles):
    content = word(paragraph(run("Text")), [DOCX], word__styles_dot_xml=part("styles", styles))
    document = make_document("r.docx", content)
    assert document.state == MediaAsset.State.FAILED
    assert "A style in it hides text." in document.error


def test_a_deleted_fraction_is_a_problem():
    mark = '<m:f><m:fPr><m:ctrlPr><w:del w:author="Fay"/></m:ctrlPr></m:fPr></m:f>'
    document = make_document("r.docx", word(paragraph(f"<m:oMath {M}>{mark}</m:oMath>")))
    assert document.state == MediaAsset.State.FAILED


def test_a_long_text_without_ends_of_paragraphs_is_cleaned_in_linear_time():
    """In quadratic time it would take more than a minute."""
    one = f'<w:p><w:pPr><w:rPr><w:del w:author="Fay"/></w:rPr></w:pPr>{run("a")}</w:p>'
    begun = time.process_time()
    cleaned = cleaning_word.clean(io.BytesIO(word(one * 20_000 + paragraph(run("b")))))
    assert time.process_time() - begun < 8
    assert made.words_of(b"".join(cleaned.pieces)) == "a" * 20_000 + "b"


# --- Files that are refused, and one that is not --------------------------------------------------


def renamed_word() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in made.parts_of(word(paragraph(run("Text")))).items():
            archive.writestr(
                name.replace("document.xml", "document2.xml"),
                content.replace(b"word/document.xml", b"word/document2.xml"),
            )
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (renamed_word(), "Open it in Word, save a new copy"),
        (b"\r\n" + pdf(), "The PDF starts with empty lines"),
    ],
)
def test_a_file_that_other_programs_open_is_refused_with_what_to_do(content, sentence):
    with pytest.raises(BadFileError, match=sentence):
        documents.recognise(io.BytesIO(content))


@pytest.mark.parametrize("name", ["browser.mp4", "browser.webm"])
def test_a_recording_that_a_browser_made_is_cleaned(client, name):
    """Real programs write such boxes. A cleaner that is too strict would refuse them."""
    content = (DATA / "recordings" / name).read_bytes()
    document = make_document(name, content)
    assert (document.state, document.error) == ("made", "")
    copy = served(client, document)
    assert len(copy) == len(content)
    assert copy != content
