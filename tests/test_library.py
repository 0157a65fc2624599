"""The picture library at the desk: upload, metadata, rights, focus, search, versions, deletion."""

import io
import re
from contextlib import closing
from datetime import timedelta
from html import unescape

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from assets import processing
from assets.models import MediaAsset
from jobs.models import Lane
from people.models import Level
from releases import workflow
from releases.models import Release
from tests.make import (
    DATA,
    as_shown,
    make_chief,
    make_document,
    make_person,
    make_picture,
    make_release,
    make_user,
    pdf_bytes,
    picture_bytes,
    verbs_of,
    work_off,
)

pytestmark = pytest.mark.django_db

LIBRARY = "/admin/assets/mediaasset/"
UPLOAD = f"{LIBRARY}upload/"


def form_of(asset) -> str:
    return f"{LIBRARY}{asset.pk}/change/"


def sent(name="field.jpg", content=None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture_bytes() if content is None else content)


def text(response) -> str:
    return unescape(response.content.decode())


def typed(**changes) -> dict:
    """Return the fields that the form of a picture sends, with some changes."""
    return {
        "original_name": "", "alt_text": "A field", "caption": "", "credit_line": "Somebody",
        "creator": "", "copyright_notice": "", "usage_terms": "", "licence_expires_0": "",
        "licence_expires_1": "", "date_created": "", "place": "", "focus_x": "0.5",
        "focus_y": "0.5", "depicts": [],
    } | changes  # fmt: skip


def read_in(response) -> str:
    """Return the versions of the selected pictures, from the form that changes many."""
    return unescape(re.search(r'name="read" value="([^"]*)"', response.content.decode())[1])


def listed(client, query="") -> set[str]:
    page = text(client.get(f"{LIBRARY}?{query}"))
    return set(re.findall(r"field-name[^>]*><a[^>]*>([^<]+)", page))


# --- Upload ------------------------------------------------------------------------------------


def test_many_files_are_uploaded_at_once_and_each_result_is_shown(at_desk, author):
    files = [sent("one.jpg"), sent("two.pdf", pdf_bytes()), sent("three.svg", b"<svg/>"),
             sent("four.png", b"")]  # fmt: skip
    page = text(at_desk(author).post(UPLOAD, {"file": files}))
    assert {asset.original_name for asset in MediaAsset.objects.all()} == {"one.jpg", "two.pdf"}
    assert "three.svg: SVG files can contain scripts" in page
    assert "four.png: The file is empty" in page
    assert {asset.uploaded_by for asset in MediaAsset.objects.all()} == {author}


def test_a_script_uploads_one_file_and_asks_for_its_state_until_it_is_ready(at_desk, author):
    client = at_desk(author)
    answer = client.post(f"{UPLOAD}?part=upload", {"file": sent()})
    asset = MediaAsset.objects.get()
    assert answer.status_code == 200
    assert f'data-id="{asset.pk}" data-state="waiting"' in text(answer)
    work_off(Lane.FILES)
    later = text(client.get(f"{UPLOAD}?part=upload&id={asset.pk}"))
    assert 'data-state="made"' in later
    assert "Missing: alternative text, credit line." in later
    bad = client.post(f"{UPLOAD}?part=upload", {"file": sent("bad.jpg", b"bad")})
    assert bad.status_code == 400
    assert "bad.jpg: This file can’t be read." in text(bad)


@pytest.mark.parametrize("query", ["part=upload", "part=attached", "part=upload&id=x"])
def test_an_upload_without_a_file_stores_nothing(at_desk, author, query):
    assert at_desk(author).post(f"{UPLOAD}?{query}", {}).status_code == 400
    assert not MediaAsset.objects.exists()


def test_a_repeated_upload_links_to_the_existing_file(at_desk, author):
    existing = make_picture("first.jpg")
    client = at_desk(author)
    page = text(client.post(f"{UPLOAD}?part=upload", {"file": sent("again.jpg")}))
    assert MediaAsset.objects.count() == 1
    assert "You already have this file" in page
    assert f'href="{form_of(existing)}"' in page
    # The form for one file says the same and keeps the typed text.
    page = text(client.post(f"{LIBRARY}add/", typed(original=sent(), caption="Typed")))
    assert "You already have this file" in page
    assert f'href="{form_of(existing)}"' in page
    assert "Typed" in page
    other = make_picture(content=picture_bytes(colour="red"))
    page = text(client.post(form_of(other), typed(original=sent())))
    assert "You already have this file" in page
    # The same file can be uploaded to its own record again.
    assert client.post(form_of(existing), typed(original=sent())).status_code == 302


def test_a_poster_that_was_imported_by_name_gets_its_file_and_keeps_its_credit(at_desk, author):
    named = "Image for Lammy China visit AFP via Getty Images.jpg"
    record = MediaAsset.objects.create(original_name=named, credit_line="AFP via Getty Images")
    make_release("draft", poster=record)
    answer = at_desk(author).post(
        f"{UPLOAD}?part=upload", {"file": sent("download.jpg"), "into": str(record.pk)}
    )
    assert answer.status_code == 200
    asset = MediaAsset.objects.get()
    assert (asset.pk, asset.original_name, asset.credit_line) == (
        record.pk, named, "AFP via Getty Images",
    )  # fmt: skip
    assert asset.sha256


def test_no_upload_replaces_an_existing_file(at_desk, author):
    existing = make_picture()
    new = sent("new.jpg", picture_bytes(colour="red"))
    at_desk(author).post(f"{UPLOAD}?part=upload", {"file": new, "into": str(existing.pk)})
    before = existing.sha256
    existing.refresh_from_db()
    assert existing.sha256 == before
    assert MediaAsset.objects.count() == 2


def test_a_user_without_the_permission_to_add_cannot_upload(at_desk):
    client = at_desk(make_user())
    assert client.get(UPLOAD).status_code == 403
    assert client.post(UPLOAD, {"file": sent()}).status_code == 403
    assert not MediaAsset.objects.exists()


# --- Embedded metadata -------------------------------------------------------------------------


def press_picture(client) -> MediaAsset:
    content = (DATA / "images" / "iptc-staff-photographer-example.jpg").read_bytes()
    client.post(f"{UPLOAD}?part=upload", {"file": sent("iptc.jpg", content)})
    work_off(Lane.FILES)
    return MediaAsset.objects.get()


def test_embedded_metadata_is_offered_and_never_published_automatically(at_desk, author):
    client = at_desk(author)
    asset = press_picture(client)
    metadata = asset.embedded_metadata
    assert metadata["creator"]
    assert metadata["copyright_notice"]
    assert not any([asset.caption, asset.credit_line, asset.creator, asset.copyright_notice])
    page = text(client.get(form_of(asset)))
    assert metadata["creator"] in page
    release = make_release("published")
    models.QuerySet(Release).filter(pk=release.pk).update(poster=asset)
    for path in (release.get_absolute_url(), f"{release.get_absolute_url()}release.json"):
        assert metadata["creator"] not in text(client.get(path))
    with closing(asset.open_rendition("press", "jpg")) as file:
        assert metadata["creator"].encode() not in file.read()


def test_metadata_is_applied_to_blank_fields_only(at_desk, author):
    client = at_desk(author)
    asset = press_picture(client)
    asset.creator = "Typed by hand"
    asset.save()
    page = text(client.post(f"{LIBRARY}{asset.pk}/words/?part=upload"))
    assert "Missing:" in page
    metadata = asset.embedded_metadata
    asset.refresh_from_db()
    assert asset.creator == "Typed by hand"
    assert asset.copyright_notice == metadata["copyright_notice"]


def test_a_licence_that_ends_on_a_day_includes_the_whole_day(at_desk, author, settings):
    settings.TIME_ZONE = "Europe/London"
    picture = make_picture()
    models.QuerySet(MediaAsset).update(embedded_metadata={"licence_ends": "2031-06-30"})
    at_desk(author).post(f"{LIBRARY}{picture.pk}/words/")
    picture.refresh_from_db()
    assert picture.licence_expires.isoformat() == "2031-06-30T23:00:00+00:00"


def test_the_photographers_contact_is_internal_only(at_desk, author, client):
    asset = press_picture(at_desk(author))
    asset.embedded_metadata["contact"] = ["photographer@agency.example", "+44 20 7946 0000"]
    asset.alt_text, asset.credit_line = "A field", "Somebody"
    asset.save()
    work_off(Lane.FILES)
    asset.refresh_from_db()
    assert "photographer@agency.example" in text(client.get(form_of(asset)))
    release = make_release(poster=asset)
    client.logout()
    page = release.get_absolute_url()
    for path in (page, f"{page}release.txt", f"{page}release.json", "/releases/feed.atom"):
        assert "agency.example" not in text(client.get(path))
    assert b"agency.example" not in client.get(f"{page}media.zip").getvalue()


def test_a_warning_about_a_file_is_shown_to_the_approver(at_desk, publisher):
    picture = make_picture(file_warnings=["It says: Newsmagazines Out."])
    models.QuerySet(MediaAsset).update(file_warnings=["It says: Newsmagazines Out."])
    release = make_release("in_review", poster=picture)
    page = text(at_desk(publisher).get(f"/admin/releases/release/{release.pk}/change/"))
    assert "Newsmagazines Out" in page


# --- The focal point ---------------------------------------------------------------------------


def test_the_focal_point_decides_which_part_every_crop_keeps(at_desk, author):
    wide = picture_bytes((1200, 300), "white")
    image = Image.open(io.BytesIO(wide)).convert("RGB")
    image.paste("red", (0, 0, 200, 300))
    out = io.BytesIO()
    image.save(out, "PNG")
    asset = make_picture(content=out.getvalue())

    def colour() -> tuple[int, int, int]:
        with closing(asset.open_rendition("portrait", "jpg")) as file:
            return Image.open(file).convert("RGB").getpixel((20, 150))

    assert colour()[1] > 200
    answer = at_desk(author).post(form_of(asset), typed(focus_x="0.05", focus_y="0.5"))
    assert answer.status_code == 302
    work_off(Lane.FILES)
    asset.refresh_from_db()
    assert colour()[0] > 200
    assert colour()[1] < 60


@pytest.mark.parametrize("value", ["1.01", "-0.1", "x", "nan"])
def test_a_focal_point_outside_the_picture_is_refused(at_desk, author, value):
    asset = make_picture()
    page = at_desk(author).post(form_of(asset), typed(focus_x=value, caption="Typed"))
    assert page.status_code == 200
    assert "Typed" in text(page)
    asset.refresh_from_db()
    assert asset.focus == (0.5, 0.5)


# --- Search and filters ------------------------------------------------------------------------


def test_pictures_are_found_by_caption_credit_person_and_release(at_desk, author):
    person = make_person("Rabab Nawrasi")
    person.names.create(text="رباب النورسي")
    shown = make_picture(content=picture_bytes(colour="red"), caption="At the gate",
                         credit_line="AFP via Getty Images")  # fmt: skip
    person.depicted_in.add(shown)
    portrait = make_picture(content=picture_bytes(colour="blue"), caption="Portrait")
    make_person("Josephat Wendle", portrait=portrait)
    inside = make_picture(content=picture_bytes(colour="green"), caption="Inside")
    attached = make_document(caption="A report")
    make_release(
        "draft", title="Tamsin Islands: Market fines",
        body=f'<p>x</p><figure data-asset="{inside.pk}"></figure>', attached=[str(attached.pk)],
    )  # fmt: skip
    client = at_desk(author)
    for words, found in {
        "gate": {"At the gate"}, "getty": {"At the gate"}, "nawrasi": {"At the gate"},
        "رباب": {"At the gate"}, "wendle": {"Portrait"}, "market fines": {"Inside", "A report"},
        "nothing like it": set(),
    }.items():  # fmt: skip
        assert listed(client, f"q={words}") == found, words


def test_no_user_finds_a_picture_by_a_hidden_name(at_desk, author):
    hidden = make_person("Zaunkönigin", level=Level.CASE_OFFICERS)
    hidden.depicted_in.add(make_picture(caption="A street"))
    assert listed(at_desk(author), "q=Zaunkönigin") == set()
    hidden.case_officers.add(author)
    assert listed(at_desk(author), "q=Zaunkönigin") == {"A street"}


def test_pictures_are_filtered_by_what_needs_attention(at_desk, author):
    now = timezone.now()

    def add(caption, colour, **fields):
        return make_picture(content=picture_bytes(colour=colour), caption=caption, **fields)

    add("No words", "#100000", alt_text="")
    add("No credit", "#200000", credit_line="")
    add("Ends soon", "#300000", licence_expires=now + timedelta(days=3))
    add("Ended", "#400000", licence_expires=now - timedelta(days=3))
    add("Invented", "#500000", ai_made=True)
    public = add("Public", "#600000")
    make_release(poster=public)
    draft = add("In a draft", "#700000")
    make_release("draft", poster=draft)
    models.QuerySet(MediaAsset).filter(pk=add("Failed", "#800000").pk).update(state="failed")
    MediaAsset.objects.create(caption="No file", alt_text="x", credit_line="x")
    make_document(caption="A report")
    client = at_desk(author)
    for query, found in {
        "lacks=alt_text": {"No words"}, "lacks=credit_line": {"No credit"},
        "lacks=original": {"No file"}, "licence=soon": {"Ends soon"}, "licence=ended": {"Ended"},
        "ai_made__exact=1": {"Invented"}, "used=yes": {"Public", "In a draft"},
        "used=public": {"Public"}, "state=failed": {"Failed"}, "kind__exact=document": {"A report"},
    }.items():  # fmt: skip
        assert listed(client, query) == found, query
    assert "Public" not in listed(client, "used=no")
    assert len(listed(client, "used=no")) == 8


def test_a_field_for_a_picture_offers_only_pictures(at_desk, author):
    make_picture("a field.jpg")
    make_document("a field.pdf")
    query = {"app_label": "releases", "model_name": "release", "field_name": "poster"}
    found = at_desk(author).get("/admin/autocomplete/", query | {"term": "field"}).json()
    assert [one["text"] for one in found["results"]] == ["a field.jpg"]


# --- Changing many -----------------------------------------------------------------------------


def test_credit_and_terms_are_set_on_many_at_once(at_desk, author):
    chosen = [make_picture(content=picture_bytes(colour=c), usage_terms="Old", caption=c)
              for c in ("red", "blue")]  # fmt: skip
    other = make_picture(content=picture_bytes(colour="green"))
    client = at_desk(author)
    picked = {"action": "edit_many", "_selected_action": [str(one.pk) for one in chosen]}
    asked = client.post(LIBRARY, picked)
    assert "Changes 2 items." in text(asked)
    picked |= {"apply": "yes", "read": read_in(asked)}
    nothing = text(client.post(LIBRARY, picked))
    assert "Fill in at least one field." in nothing
    client.post(LIBRARY, picked | {"credit_line": "Reuters"})
    work_off(Lane.FILES)
    for one in chosen:
        one.refresh_from_db()
        assert (one.credit_line, one.usage_terms) == ("Reuters", "Old")
        assert one.history.first().history_user == author
        with closing(one.open_rendition("press", "jpg")) as file:
            assert b"Reuters" in file.read()
    other.refresh_from_db()
    assert other.credit_line == "Nobody in particular"


# --- Uses, versions, deletion ------------------------------------------------------------------


def test_the_form_of_a_picture_lists_its_uses(at_desk, author):
    picture = make_picture()
    release = make_release("draft", title="Where it stands", poster=picture)
    person = make_person("Josephat Wendle", portrait=picture)
    make_person("Zaunkönigin", level=Level.CASE_OFFICERS, portrait=picture)
    page = text(at_desk(author).get(form_of(picture)))
    assert f"/admin/releases/release/{release.pk}/change/" in page
    assert f"/admin/people/person/{person.pk}/change/" in page
    assert "Zaunkönigin" not in page
    assert "a person whose record you can’t see" in page


@pytest.mark.parametrize("use", ["poster", "text", "attached", "portrait"])
def test_a_used_picture_is_not_deleted_and_its_uses_are_listed(at_desk, editor, use):
    picture = make_picture()
    if use == "portrait":
        make_person("Josephat Wendle", portrait=picture)
    else:
        shown = {
            "poster": {"poster": picture},
            "text": {"body": f'<p>x</p><figure data-asset="{picture.pk}"></figure>'},
            "attached": {"attached": [str(picture.pk)]},
        }
        make_release("draft", title="Where it stands", **shown[use])
    client = at_desk(editor)
    for method in (client.get, client.post):
        page = text(method(f"{LIBRARY}{picture.pk}/delete/", {"post": "yes"}, follow=True))
        assert "and was not deleted. Remove it there first." in page
        assert ("Josephat Wendle" if use == "portrait" else "Where it stands") in page
    assert MediaAsset.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_unused_picture_is_deleted_with_all_its_files(at_desk, editor):
    picture = make_picture()
    picture.original = sent("other.jpg", picture_bytes(colour="red"))
    picture.save()
    processing.process(picture)
    at_desk(editor).post(f"{LIBRARY}{picture.pk}/delete/", {"post": "yes"})
    assert not MediaAsset.objects.exists()
    for top in ("originals", "renditions"):
        assert default_storage.listdir(top) == ([], [])


def test_every_replaced_original_is_kept_and_can_be_restored(at_desk, author):
    first, second = picture_bytes((900, 600), "red"), picture_bytes((400, 500), "blue")
    picture = make_picture("first.jpg", content=first)
    client = at_desk(author)
    client.post(form_of(picture), typed(original=sent("second.jpg", second)))
    work_off(Lane.FILES)
    page = text(client.get(form_of(picture)))
    versions = re.findall(rf"{LIBRARY}{picture.pk}/original/(\d+)/", page)
    assert len(versions) == 2
    kept = [
        client.get(f"{LIBRARY}{picture.pk}/original/{number}/").getvalue() for number in versions
    ]
    assert kept == [second, first]
    client.post(f"{LIBRARY}{picture.pk}/bring-back/", {"version": versions[1]})
    # The renditions are removed at once, and the earlier file is processed again.
    picture.refresh_from_db()
    assert (picture.width, picture.state, picture.renditions) == (900, "waiting", {})
    work_off(Lane.FILES)
    picture.refresh_from_db()
    assert picture.size("press") == (900, 600)
    assert len(re.findall(r"Restore this file", text(client.get(form_of(picture))))) == 1


@pytest.mark.parametrize("version", ["", "x", "999999"])
def test_a_version_that_does_not_exist_is_not_restored(at_desk, author, version):
    picture = make_picture()
    answer = at_desk(author).post(
        f"{LIBRARY}{picture.pk}/bring-back/", {"version": version}, follow=True
    )
    assert "This file has no such version." in text(answer)


def test_an_original_is_only_for_users_who_can_change_it(at_desk, client, author):
    picture = make_picture()
    path = f"{LIBRARY}{picture.pk}/original/{picture.history.first().history_id}/"
    assert client.get(path)["Location"].startswith("/admin/login/")
    assert at_desk(make_user()).get(path).status_code == 403
    answer = at_desk(author).get(path)
    assert answer.getvalue()
    assert answer["Cache-Control"] == "private, no-store"


def test_setting_the_people_shown_keeps_hidden_people(at_desk, author):
    shown, hidden = make_person("Ansa Verel"), make_person("Hidden", level=Level.CASE_OFFICERS)
    picture = make_picture()
    picture.depicts.add(hidden)
    client = at_desk(author)
    assert "Hidden" not in text(client.get(form_of(picture)))
    client.post(form_of(picture), typed(depicts=[str(shown.pk)]))
    assert set(picture.depicts.all()) == {shown, hidden}
    page = client.post(form_of(picture), typed(depicts=[str(hidden.pk)]))
    assert page.status_code == 200
    assert set(picture.depicts.all()) == {shown, hidden}


# --- On the form of a release ------------------------------------------------------------------


def form_data(**changes) -> dict:
    return {
        "read_version": "1", "kind": "press_release", "language": "en", "title": "A title",
        "standfirst": "", "dateline_place": "", "poster": "", "body": "<p>Text.</p>",
        "pull_quote": "", "notes_to_editors": "", "countries": [], "translation_of": "",
        "slug": "",
    } | changes  # fmt: skip


def test_pictures_and_documents_are_attached_in_order_and_removed(at_desk, author):
    one, two = make_picture(), make_document()
    release = make_release("draft", by=author)
    client, form = at_desk(author), f"/admin/releases/release/{release.pk}/change/"
    client.post(form, form_data(attached=[str(two.pk), str(one.pk), str(two.pk)]))
    release.refresh_from_db()
    assert release.attached == [str(two.pk), str(one.pk)]
    page = text(client.get(form))
    assert re.findall(r'name="attached" value="([^"]+)"', page) == [str(two.pk), str(one.pk)]
    client.post(form, form_data(read_version="2"))
    release.refresh_from_db()
    assert release.attached == []
    # Each order is a version, and an earlier one can be restored.
    history = text(client.get(f"/admin/releases/release/{release.pk}/history/?from=2&to=3"))
    assert "Other pictures and documents" in history
    chosen = re.findall(r'name="restore" value="(\d+)"', history)[0]
    client.post(f"/admin/releases/release/{release.pk}/history/", {"restore": chosen})
    release.refresh_from_db()
    assert release.attached == [str(two.pk), str(one.pk)]


def test_a_deleted_file_cannot_be_attached(at_desk, author):
    release = make_release("draft", by=author)
    form = f"/admin/releases/release/{release.pk}/change/"
    gone = "00000000-0000-4000-8000-000000000000"
    page = text(at_desk(author).post(form, form_data(title="Typed", attached=[gone])))
    assert "is no longer in the library" in page
    assert "Typed" in page


def test_a_file_dropped_on_a_release_is_attached_and_a_duplicate_is_found(at_desk, author):
    existing = make_picture("first.jpg")
    client = at_desk(author)
    new = text(client.post(f"{UPLOAD}?part=attached", {"file": sent("new.pdf", pdf_bytes())}))
    assert f'name="attached" value="{MediaAsset.objects.get(kind="document").pk}"' in new
    duplicate = text(client.post(f"{UPLOAD}?part=attached", {"file": sent()}))
    assert f'name="attached" value="{existing.pk}"' in duplicate
    assert "You already have this file" in duplicate


def test_attaching_to_a_public_release_needs_a_correction(at_desk, publisher):
    release = make_release(by=make_chief())
    picture = make_picture()
    form = f"/admin/releases/release/{release.pk}/change/"
    release.refresh_from_db()
    same = form_data(
        read_version=str(release.version), title=release.title, body=release.body,
        slug=release.slug, attached=[str(picture.pk)],
    )  # fmt: skip
    client = at_desk(publisher)
    assert "Enter a correction notice" in text(client.post(form, same))
    assert client.post(form, same | {"correction": "A picture was added."}).status_code == 302
    release.refresh_from_db()
    assert release.attached == [str(picture.pk)]


def test_a_protected_name_in_the_text_of_an_attachment_blocks_approval():
    make_person("Zaunkönigin", level=Level.STAFF, name_match_exactly=True)
    report = make_document(caption="What Zaunkönigin said")
    release = make_release("draft", attached=[str(report.pk)])
    assert any("Zaunkönigin" in reason for reason in as_shown(workflow.blockers(release)))


def test_a_picture_of_a_protected_person_blocks_approval_without_the_name():
    picture = make_picture("gate.jpg")
    make_person("Zaunkönigin", level=Level.STAFF).depicted_in.add(picture)
    (reason,) = as_shown(workflow.blockers(make_release("draft", poster=picture)))
    assert "gate.jpg" in reason
    assert "shows a person who may not be shown" in reason
    assert "Zaunkönigin" not in reason


def test_the_scripts_use_the_address_of_the_upload_page():
    assert reverse("admin:assets_mediaasset_upload") == UPLOAD


def test_two_editors_of_one_picture_lose_nothing(at_desk, author, editor):
    picture = make_picture(caption="As it was")
    opened = re.search(
        r'name="read_version" value="(\d+)"', text(at_desk(author).get(form_of(picture)))
    )[1]
    at_desk(editor).post(form_of(picture), typed(caption="By the editor", read_version=opened))
    mine = typed(caption="By the author", read_version=opened)
    page = text(at_desk(author).post(form_of(picture), mine))
    assert f"{editor} saved this on" in page
    assert "By the author" in page
    picture.refresh_from_db()
    assert picture.caption == "By the editor"
    again = re.search(r'name="read_version" value="(\d+)"', page)[1]
    at_desk(author).post(form_of(picture), mine | {"read_version": again})
    picture.refresh_from_db()
    assert picture.caption == "By the author"
    assert "By the editor" in picture.history.values_list("caption", flat=True)


# --- After approval ----------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["scheduled", "waiting", "held_unseen"])
def test_a_picture_of_an_approved_unpublished_release_cannot_be_changed(at_desk, publisher, state):
    picture = make_picture("approved.jpg")
    release = make_release(state, poster=picture)
    before = picture.sha256
    page = text(at_desk(publisher).get(form_of(picture)))
    assert "It is used in the approved release" in page
    assert str(release) in page
    assert 'name="caption"' not in page
    first = picture.history.order_by("history_id").first()
    other = sent("other.jpg", picture_bytes(colour="red"))
    answer = at_desk(publisher).post(form_of(picture), typed(original=other, caption="Typed"))
    blocked = text(answer)
    assert "Your text is still here but not saved." in blocked
    assert "Typed" in blocked
    for path, values in (
        ("bring-back", {"version": first.history_id}),
        ("words", {}),
    ):
        at_desk(publisher).post(f"{LIBRARY}{picture.pk}/{path}/", values)
    picture.refresh_from_db()
    assert (picture.caption, picture.sha256) == ("", before)
    assert picture.history.count() == 1


@pytest.mark.parametrize("state", ["published", "held"])
def test_a_picture_on_a_public_page_is_corrected_by_a_publisher(
    at_desk, author, editor, publisher, state
):
    picture = make_picture("approved.jpg")
    release = make_release(state, poster=picture)
    other = sent("other.jpg", picture_bytes(colour="red"))
    before = picture.sha256

    def change(user, **changes):
        answer = at_desk(user).post(form_of(picture), typed(**changes))
        picture.refresh_from_db()
        return answer

    for user in (author, editor):
        blocked = text(change(user, caption="Typed", minor="on"))
        assert "It is on a public page. A publisher can correct it." in blocked
        assert "Typed" in blocked
    assert (picture.caption, picture.sha256) == ("", before)
    unexplained = text(change(publisher, caption="Typed"))
    assert "Enter a correction notice or tick “Minor edit”." in unexplained
    assert change(publisher, caption="A gate", minor="on").status_code == 302
    assert change(publisher, caption="A door", correction="A door, no gate.").status_code == 302
    other.seek(0)
    assert change(publisher, caption="A door", original=other, minor="on").status_code == 302
    assert picture.sha256 != before
    assert [c.text for c in release.corrections.all()] == ["A door, no gate."]
    verbs = [verb for verb in verbs_of(release) if verb in ("amended", "corrected")]
    assert verbs == ["amended", "corrected", "amended"]
    first = picture.history.order_by("history_id").first()
    path = f"{LIBRARY}{picture.pk}/bring-back/"
    at_desk(editor).post(path, {"version": first.history_id})
    picture.refresh_from_db()
    assert picture.sha256 != before
    assert "Restore this file" in text(at_desk(publisher).get(form_of(picture)))
    at_desk(publisher).post(path, {"version": first.history_id})
    picture.refresh_from_db()
    assert picture.sha256 == before
    assert verbs_of(release)[-1] == "amended"


def test_an_author_can_read_an_approved_picture_without_hidden_names(at_desk, author):
    picture = make_picture(caption="At the gate")
    make_release(poster=picture)
    make_person("Zaunkönigin", level=Level.CASE_OFFICERS).depicted_in.add(picture)
    page = text(at_desk(author).get(form_of(picture)))
    assert "At the gate" in page
    assert "Zaunkönigin" not in page
    assert 'name="caption"' not in page
    # Actions that would be blocked are not offered.
    assert "A publisher can correct it." in page
    assert "Process again" not in page
    assert "Click the part that every crop must keep" not in page
    assert f"{form_of(picture)[: -len('change/')]}original/" not in page
    assert 'form="withdraw"' not in page


def test_changing_many_leaves_approved_pictures_unchanged(at_desk, author):
    free, shown = make_picture(), make_picture(content=picture_bytes(colour="red"))
    make_release(poster=shown)
    picked = {"action": "edit_many", "_selected_action": [str(free.pk), str(shown.pk)]}
    client = at_desk(author)
    read = read_in(client.post(LIBRARY, picked))
    picked |= {"apply": "yes", "credit_line": "Reuters", "minor": "on", "read": read}
    page = text(client.post(LIBRARY, picked, follow=True))
    assert "1 item changed." in page
    assert f"“{shown}” was not changed. It is on a public page." in page
    shown.refresh_from_db()
    assert shown.credit_line == "Nobody in particular"


def test_changing_many_on_public_pages_needs_a_correction(at_desk, publisher):
    chosen = [make_picture(content=picture_bytes(colour=c)) for c in ("red", "blue")]
    releases = [make_release(poster=one) for one in chosen]
    picked = {"action": "edit_many", "_selected_action": [str(one.pk) for one in chosen]}
    client = at_desk(publisher)
    picked |= {
        "apply": "yes",
        "credit_line": "AP",
        "read": read_in(client.post(LIBRARY, picked)),
    }
    assert "Enter a correction notice" in text(client.post(LIBRARY, picked))
    client.post(LIBRARY, picked | {"correction": "The credit was wrong."})
    for one, release in zip(chosen, releases, strict=True):
        one.refresh_from_db()
        assert one.credit_line == "AP"
        assert release.corrections.get().text == "The credit was wrong."


def test_changing_many_does_not_overwrite_newer_text(at_desk, author):
    chosen = [make_picture(content=picture_bytes(colour=c), caption=c) for c in ("red", "blue")]
    client = at_desk(author)
    picked = {"action": "edit_many", "_selected_action": [str(one.pk) for one in chosen]}
    picked |= {"apply": "yes", "read": read_in(client.post(LIBRARY, picked))}
    newer = MediaAsset.objects.get(pk=chosen[0].pk)
    newer.credit_line, newer.alt_text = "Somebody else", "Typed meanwhile"
    newer.save()
    page = text(client.post(LIBRARY, picked | {"credit_line": "Reuters"}, follow=True))
    assert "1 item changed." in page
    assert f"“{newer}” was not changed. Someone changed it after you selected it." in page
    assert {one.alt_text: one.credit_line for one in MediaAsset.objects.all()} == {
        "Typed meanwhile": "Somebody else", chosen[1].alt_text: "Reuters",
    }  # fmt: skip


def test_changing_many_changes_all_or_nothing(at_desk, publisher):
    chosen = [make_picture(content=picture_bytes(colour=c)) for c in ("red", "blue")]
    make_person("Iven Sorrel", level=Level.STAFF)
    make_release(poster=chosen[1])
    client = at_desk(publisher)
    picked = {"action": "edit_many", "_selected_action": [str(one.pk) for one in chosen]}
    picked |= {"apply": "yes", "minor": "on", "read": read_in(client.post(LIBRARY, picked))}
    page = text(client.post(LIBRARY, picked | {"usage_terms": "Ask Iven Sorrel"}))
    assert "is a protected name" in page
    assert set(MediaAsset.objects.values_list("usage_terms", flat=True)) == {""}


@pytest.mark.django_db
def test_typed_coordinates_show_a_warning_and_block_nothing(at_desk, editor):
    picture = make_picture(caption="A hut at longitude: 79.444542 latitude: 29.39805", place="Hut")
    path = f"/admin/assets/mediaasset/{picture.pk}/change/"
    page = at_desk(editor).get(path).content.decode()
    assert "There are coordinates in: caption." in page
    models.QuerySet(MediaAsset).update(caption="A hut")
    assert "There are coordinates" not in at_desk(editor).get(path).content.decode()
