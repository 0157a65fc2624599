"""Import of a file into a draft, with `manage.py importrelease` and at the desk."""

import io
import re
import tracemalloc
from dataclasses import replace
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.utils.translation.trans_real import translation

from assets.models import MediaAsset
from desk.imports.storing import CREATE, import_draft
from importing import PersonSuggestion, Poster, understand
from people.models import Level, Person
from releases import workflow
from releases.document import Document
from releases.models import Event, Quote, Release
from tests.make import DATA, REAL_RELEASE, make_chief, make_person, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("template_contexts")]

IMPORT = "/admin/releases/release/import/"
SENATE = DATA / "import" / "us-senate-txt"


def run(*args) -> tuple[str, str]:
    """Run the command; return its output and its errors."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("importrelease", *map(str, args), stdout=out, stderr=err)
    except CommandError as problem:
        return out.getvalue(), f"{err.getvalue()}{problem}"
    return out.getvalue(), err.getvalue()


def everything_stored() -> dict:
    models = (Release, Person, MediaAsset, Event, Quote)
    return {model.__name__: model.objects.count() for model in models}


# --- The command -------------------------------------------------------------------------------


def test_the_real_release_becomes_one_draft():
    out, err = run(REAL_RELEASE)
    release = Release.objects.get()
    assert err == ""
    assert "Created the draft “UK/China" in out
    assert (release.status, release.kind, release.publish_at) == ("draft", "press_release", None)
    assert release.pull_quote.startswith("This is an opportunity")
    assert release.poster.original_name == "Image for Lammy China visit AFP via Getty Images.jpg"
    assert release.poster.credit_line == "AFP via Getty Images"
    assert release.poster.missing_fields() == ["file", "alternative text"]
    (quotation,) = release.document.quotations
    assert len(quotation.paragraphs) == 7
    assert not Person.objects.exists()


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path):
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(100_000_000)
    tracemalloc.start()
    try:
        assert "is larger than 2 MB" in run(large)[1]
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_dry_run_prints_the_same_and_changes_nothing():
    dry, _ = run("--dry-run", REAL_RELEASE)
    assert everything_stored() == dict.fromkeys(everything_stored(), 0)
    real, _ = run(REAL_RELEASE)
    assert dry.replace("This was a dry run: nothing was changed.\n", "") == real.replace(
        f"Created the draft “{Release.objects.get()}”.\n", ""
    )


def test_a_repeated_import_is_reported_and_adds_nothing(tmp_path):
    run(REAL_RELEASE)
    before = everything_stored()
    other_name = tmp_path / "copy.txt"
    other_name.write_bytes(REAL_RELEASE.read_bytes().replace(b"\n", b"\r\n"))
    for path in (REAL_RELEASE, other_name):
        out, err = run(path)
        assert "This was already imported as “UK/China" in out
        assert err == ""
    assert everything_stored() == before


def test_importing_again_on_purpose_makes_a_new_draft_each_time():
    run(REAL_RELEASE)
    for number in (2, 3):
        out, err = run("--again", REAL_RELEASE)
        assert "Created the draft “UK/China" in out
        assert err == ""
        assert Release.objects.count() == number
    out, _ = run(REAL_RELEASE)
    assert "This was already imported" in out
    assert Release.objects.count() == 3
    out, _ = run("--again", "--dry-run", REAL_RELEASE)
    assert "This was a dry run" in out
    assert Release.objects.count() == 3


def test_a_copy_stays_a_duplicate_when_the_first_import_is_deleted():
    run(REAL_RELEASE)
    run("--again", REAL_RELEASE)
    workflow.discard(Release.objects.order_by("created_at").first(), by=make_chief())
    out, _ = run(REAL_RELEASE)
    assert "This was already imported" in out
    run("--again", REAL_RELEASE)
    assert Release.objects.count() == 2


def test_a_release_without_title_gets_its_first_sentence_and_the_history_says_so():
    out, _ = run(SENATE / "25Aug2006Brownback31.txt")
    release = Release.objects.get()
    assert release.title.startswith("U.S. Senator Sam Brownback today condemned the Chinese")
    assert release.body.startswith("<p>U.S. Senator Sam Brownback today condemned the Chinese")
    assert "none found; the first sentence is suggested" in " ".join(out.split())
    detail = release.events.get().detail
    assert detail["title_from"] == "offered"
    assert "The first sentence is suggested as the title" in detail["report"]


def test_the_stored_words_are_compared_with_the_file():
    run(*sorted(SENATE.iterdir()), REAL_RELEASE)
    for release in Release.objects.all():
        report = release.events.get().detail["report"]
        assert "in the file, all used or left out on purpose" in report


def test_the_draft_contains_every_word_of_the_file():
    run(REAL_RELEASE)
    release = Release.objects.get()
    kept = " ".join(
        [release.title, release.pull_quote, Document(release.body).text, "Press releases"]
    )
    letters = re.compile(r"\w+")
    source = REAL_RELEASE.read_text()
    pictures = re.sub(r"^/files/.*$|^!\[.*$", "", source, flags=re.MULTILINE)
    assert set(letters.findall(pictures)) <= set(letters.findall(kept))


def test_many_files_are_read_in_order_and_unreadable_ones_are_named(tmp_path):
    empty, binary = tmp_path / "empty.txt", tmp_path / "picture.txt"
    empty.write_bytes(b"")
    binary.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    good = sorted(SENATE.iterdir())
    out, err = run(*good, empty, binary, tmp_path / "missing.txt", tmp_path)
    assert Release.objects.count() == len(good)
    assert f"[1/{len(good) + 4}]" in out
    assert "“empty.txt” is empty." in err
    assert "“picture.txt” is a picture" in err
    assert "missing.txt can’t be read: no such file or directory." in err
    assert f"{tmp_path} can’t be read: is a directory." in err
    assert f"4 of {len(good) + 4} files could not be read as a release." in err


def test_a_file_in_an_old_encoding_is_read_and_the_guess_is_printed(tmp_path):
    text = "Café owner freed\n\nThe owner’s lawyer spoke of “a good day” in the café. " * 3
    path = tmp_path / "old.txt"
    path.write_bytes(text.encode("cp1252"))
    out, _ = run(path)
    assert "Windows-1252" in out
    assert Release.objects.get().title == "Café owner freed"


def test_the_named_user_becomes_the_author_of_the_draft():
    author = make_chief()
    run("--by", author.username, REAL_RELEASE)
    assert Release.objects.get().created_by == author
    _, err = run("--by", "nobody", SENATE / "12Feb2008Reid99.txt")
    assert "There is no user called nobody." in err


def test_the_history_keeps_the_report_and_the_guess():
    run(REAL_RELEASE)
    event = Event.objects.get()
    assert event.verb == "imported"
    assert event.detail["date_guess"] == "2025-02-13"
    assert len(event.detail["reasons"]) == 2
    assert "573 in the file, all used or left out" in event.detail["report"]


def test_a_deleted_release_can_be_imported_again():
    run(REAL_RELEASE)
    workflow.discard(Release.objects.get(), by=make_chief())
    out, _ = run(REAL_RELEASE)
    assert "Created the draft" in out


# --- At the desk -------------------------------------------------------------------------------


def read(client, source):
    """Send a source, and return the page with the report and the form to confirm it."""
    if isinstance(source, str):
        return client.post(IMPORT, {"text": source})
    return client.post(IMPORT, {"file": SimpleUploadedFile(source.name, source.read_bytes())})


def confirm(client, page, **decisions):
    form = page.context["confirm"]
    fields = {f"person_{n}": "" for n in range(len(form.suggestions))}
    for n, suggestion in enumerate(form.suggestions):
        if suggestion.name in decisions.get("people", {}):
            fields[f"person_{n}"] = decisions["people"][suggestion.name]
    if "language" in decisions:
        fields["language"] = decisions["language"]
    return client.post(IMPORT, form.initial | fields, follow=True)


def test_an_editor_checks_what_was_recognised_before_anything_is_saved(at_desk, author):
    page = read(at_desk(author), REAL_RELEASE)
    text = page.content.decode()
    assert "Nothing has been saved yet." in text
    assert "7 paragraphs by Felix Jakens" in text
    assert everything_stored() == dict.fromkeys(everything_stored(), 0)


def test_an_editor_confirms_and_decides_about_each_person(at_desk, author):
    known = make_person("Felix Jakens", title="Head of Campaigns")
    client = at_desk(author)
    page = read(client, REAL_RELEASE)
    decisions = {"Felix Jakens": str(known.pk), "Jimmy Lai": "create"}
    answer = confirm(client, page, people=decisions)
    release = Release.objects.get()
    assert answer.redirect_chain[-1][0].endswith(f"/{release.pk}/change/")
    assert release.created_by == author
    assert release.quotes.get().speaker == known
    new = Person.objects.exclude(pk=known.pk).get()
    assert (new.display_name, new.level) == ("Jimmy Lai", Level.STAFF)
    assert {mention.person for mention in release.mentions.all()} == {known, new}
    assert "Suggested by the import (not set): 13 February 2025." in answer.content.decode()


def test_pasted_text_is_read_like_a_file(at_desk, author):
    client = at_desk(author)
    confirm(client, read(client, REAL_RELEASE.read_text()))
    assert Release.objects.get().title.startswith("UK/China")


SENTENCES = "A sentence is here. Another sentence is here too."
LONGER = "\u0958"  # two characters in NFC
LONG_TITLE = ("Ministry says that many people were held in the north " * 7).strip()


@pytest.mark.parametrize(
    "text",
    [
        f"<h1>{LONG_TITLE}</h1><p>{SENTENCES}</p>",
        f"# {LONG_TITLE}\n\n{SENTENCES}\n",
        f"---\ntitle: {LONG_TITLE}\n---\n\n{SENTENCES}\n",
    ],
)
def test_a_title_that_is_too_long_is_cut_at_a_word_and_is_whole_in_the_text(at_desk, author, text):
    client = at_desk(author)
    answer = confirm(client, read(client, text))
    assert answer.status_code == 200
    release = Release.objects.get()
    assert 280 < len(release.title) <= 300
    assert LONG_TITLE.startswith(f"{release.title} ")
    assert release.body.startswith(f"<p>{LONG_TITLE}</p>")
    report = " ".join(release.events.get().detail["report"].split())
    assert "Title was cut to 300 characters. The text begins with the whole title." in report


def test_a_title_that_grows_too_long_when_stored_is_cut_between_letters(at_desk, author):
    client = at_desk(author)
    text = f"<h1>{LONGER * 290}</h1><p>{SENTENCES}</p>"
    assert confirm(client, read(client, text), language="hi").status_code == 200
    release = Release.objects.get()
    assert release.title == "\u0915\u093c" * 150
    assert "\u0915\u093c" * 290 in release.body


def test_values_that_are_too_long_are_cut_to_their_column_and_reported():
    """The columns limit each value, whatever the importer reads."""
    poster = Poster(LONGER * 300, LONGER * 255, "x.jpg", 1)
    person = PersonSuggestion("N" * 250, (), 1, True, "R" * 250, "", "")
    understood = replace(
        understand(REAL_RELEASE.read_bytes(), REAL_RELEASE.name),
        dateline_place=LONGER * 100, posters=(poster,), people=(person,),
    )  # fmt: skip
    release = import_draft(understood, by=make_chief(), people={person.name: CREATE})
    release.refresh_from_db()
    new = Person.objects.get()
    assert len(release.dateline_place) == 120
    assert (len(release.poster.original_name), len(release.poster.credit_line)) == (254, 254)
    assert (len(new.display_name), len(new.roles.get().title)) == (200, 200)
    report = " ".join(release.events.get().detail["report"].split())
    for what in ("Place was cut to 120", "Name was cut to 200", "Title was cut to 200",
                 "Credit line was cut to 255"):  # fmt: skip
        assert f"{what} characters. The file has: “" in report


def test_a_duplicate_is_reported_before_confirmation_and_adds_nothing(at_desk, author):
    client = at_desk(author)
    confirm(client, read(client, REAL_RELEASE))
    before = everything_stored()
    page = read(client, REAL_RELEASE)
    assert "This was already imported" in page.content.decode()
    answer = confirm(client, page)
    assert "Nothing was added." in answer.content.decode()
    assert everything_stored() == before


def test_a_duplicate_of_a_restricted_release_is_imported_like_a_new_file(at_desk, author):
    client = at_desk(author)
    confirm(client, read(client, REAL_RELEASE))
    publisher, editor = make_user("p", "Publisher"), make_user("e", "Editor")
    workflow.restrict(Release.objects.get(), by=publisher, people=[editor])
    page = read(client, REAL_RELEASE)
    assert "already imported" not in page.content.decode()
    assert "Draft created." in confirm(client, page).content.decode()
    assert Release.objects.count() == 2


def test_a_duplicate_is_imported_once_if_the_form_is_sent_twice(at_desk, author):
    client = at_desk(author)
    confirm(client, read(client, REAL_RELEASE))
    page = read(client, REAL_RELEASE)
    assert "Import again as a new draft" in page.content.decode()
    form = page.context["confirm"].initial | {"again": page.context["copies"].next}
    answers = [client.post(IMPORT, form, follow=True).content.decode() for _ in range(2)]
    assert "Draft created." in answers[0]
    assert "Nothing was added." in answers[1]
    assert Release.objects.count() == 2


@pytest.mark.parametrize("again", ["1", "0", "-1", "x", "99999999999999999999", "²", ""])
def test_a_copy_number_that_was_tampered_with_adds_nothing(at_desk, author, again):
    client = at_desk(author)
    confirm(client, read(client, REAL_RELEASE))
    page = read(client, REAL_RELEASE)
    client.post(IMPORT, page.context["confirm"].initial | {"again": again})
    assert Release.objects.count() == 1


def test_the_box_for_a_copy_stays_ticked_after_an_error_in_the_form(at_desk, author):
    client = at_desk(author)
    confirm(client, read(client, REAL_RELEASE))
    page = read(client, REAL_RELEASE)
    form = page.context["confirm"].initial | {"again": page.context["copies"].next}
    answer = client.post(IMPORT, form | {"language": "not a language"}).content.decode()
    assert re.search(r'name="again"[^>]* value="2" checked', answer)
    assert not re.search(r'name="again"[^>]* checked', page.content.decode())


def test_desk_and_command_say_that_the_limit_of_copies_is_reached(at_desk, author, monkeypatch):
    monkeypatch.setattr("desk.imports.storing.MAX_COPIES", 1)
    run(REAL_RELEASE)
    page = unescape(read(at_desk(author), REAL_RELEASE).content.decode())
    assert "It has reached the limit of copies." in page
    assert 'name="again"' not in page
    out, problem = run("--again", REAL_RELEASE, SENATE / "25Aug2006Brownback31.txt")
    assert "Nothing was added." in out
    assert not problem
    assert Release.objects.count() == 2


def test_an_empty_file_gets_one_sentence(at_desk, author):
    page = at_desk(author).post(IMPORT, {"file": SimpleUploadedFile("empty.txt", b"")})
    assert "The submitted file is empty." in page.content.decode()
    assert "Choose a file or paste the text" not in page.content.decode()


def test_the_import_form_is_in_the_language_of_the_desk(at_desk, author, monkeypatch):
    # The desk has no other language yet, so this translation puts each text in brackets.
    catalogue = translation("en")
    monkeypatch.setattr(type(catalogue), "gettext", lambda self, text: f"[{text}]")
    client = at_desk(author)
    page = unescape(client.get(IMPORT).content.decode())
    for label in ("File", "Or paste the text"):
        assert f"[{label}]" in page
    assert "[Text, Markdown, HTML or an e-mail (.eml), up to 2 MB.]" in page
    page = unescape(client.post(IMPORT, {}).content.decode())
    assert "[Choose a file or paste the text.]" in page


def test_an_offered_title_is_marked_before_and_after_the_import(at_desk, author):
    client = at_desk(author)
    page = read(client, SENATE / "25Aug2006Brownback31.txt")
    assert "none found; the first sentence is suggested" in " ".join(page.content.decode().split())
    answer = confirm(client, page).content.decode()
    assert "The first sentence is suggested as the title" in answer
    assert "Untitled" not in answer


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "Choose a file or paste the text."),
        ({"text": "   "}, "Choose a file or paste the text."),
        (
            {"text": "Twice.", "file": SimpleUploadedFile("a.txt", b"Twice.")},
            "Choose a file or paste the text, not both.",
        ),
        ({"text": "Too short."}, "almost no text"),
        ({"file": SimpleUploadedFile("a.docx", b"PK\x03\x04word/document.xml")}, "Word"),
        ({"file": SimpleUploadedFile("empty.txt", b"")}, "empty"),
    ],
)
def test_an_unreadable_source_gets_a_sentence_and_keeps_the_pasted_text(
    at_desk, author, sent, sentence
):
    page = at_desk(author).post(IMPORT, sent)
    assert page.status_code == 200
    assert sentence in page.content.decode()
    assert str(sent.get("text", "")).strip() in page.content.decode()
    assert not Release.objects.exists()


@pytest.mark.parametrize("source", ["%%%", "", "bm90aGluZw=="])
def test_a_confirmation_that_was_tampered_with_stores_nothing(at_desk, author, source):
    answer = at_desk(author).post(IMPORT, {"source": source, "filename": "x"}, follow=True)
    assert "Import it again." in answer.content.decode()
    assert not Release.objects.exists()


def test_people_whose_record_the_editor_may_not_see_cannot_be_chosen(at_desk, author):
    hidden = make_person("Jimmy Lai", level=Level.CASE_OFFICERS)
    client = at_desk(author)
    page = read(client, REAL_RELEASE)
    assert str(hidden.pk) not in page.content.decode()
    answer = confirm(client, page, people={"Jimmy Lai": str(hidden.pk)})
    assert "Select a valid choice" in answer.content.decode()
    assert not Release.objects.exists()
