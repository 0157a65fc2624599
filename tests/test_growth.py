"""Limits for texts from outside: their length, their nesting, and the time to process them."""

import time
from base64 import b64encode
from uuid import UUID

import pytest
from django.db import models
from django.urls import reverse

from bench import growth
from desk.imports.messages import sentence
from desk.pasting import clean_pasted
from importing import NotAReleaseError, understand
from importing.notes import Note
from people.names import NameIndex
from releases import workflow
from releases.document import MAX_LEVELS, MAX_TEXT, UnreadableTextError, clean
from releases.models import Release
from tests.make import make_chief, make_release

pytestmark = pytest.mark.django_db

LONG = "<p>" + "Some words. " * (MAX_TEXT // 12 + 10) + "</p>"
# Each shape takes far less (bench/growth.py). Quadratic work would take far more.
SECONDS = 8
SIZE = 60_000
# One shape of each kind that took quadratic time, or would take it without its limit.
ONCE_QUADRATIC = {
    "paste: nested div", "paste: nested lists", "save: nested quotations",
    "save: nested bold, each of its own class", "save: nesting hidden by closing tags",
    "save: nesting hidden in comments", "save: nesting hidden in attributes",
    "save: bold that is reopened in each paragraph", "save: attributes of one tag",
    "save: spaces that do not break", "save: signs &", "paste: hidden text",
    "paste: list paragraphs of Word that go deeper",
    "import text: one paragraph of speakers", "import text: quotation marks",
    "import text: pictures that never close", "import text: capitalised names that differ",
    "import text: statements", "import markdown: backticks",
    "import markdown: pictures in one paragraph", "import html: scripts whose tag never closes",
    "names: exact names", "names: both forms of one name", "names: Chinese names apart",
}  # fmt: skip


def shape(name):
    return next(s for s in growth.SHAPES if f"{s.deed}: {s.name}" == name)


@pytest.mark.once
@pytest.mark.parametrize("name", sorted(ONCE_QUADRATIC))
def test_no_shape_takes_quadratic_time(name):
    took, _ = growth.timed(shape(name), SIZE)
    assert took < SECONDS


def test_the_benchmark_has_thirty_shapes_of_pastes_and_imports():
    deeds = [s.deed for s in growth.SHAPES if s.deed.startswith(("paste", "import"))]
    assert len(deeds) >= 30
    assert growth.exponent([1, 2, 4], [1, 4, 16]) == pytest.approx(2)


@pytest.mark.parametrize("tag", ["div", "blockquote", "ul><li", "table><tr><td"])
def test_deep_nesting_is_refused_quickly(tag):
    began = time.process_time()
    for read in (clean, clean_pasted):
        with pytest.raises(UnreadableTextError, match="nested too deeply"):
            read(f"<{tag}>" * 100_000)
    assert time.process_time() - began < SECONDS


def test_a_text_that_is_nested_less_deeply_keeps_all_its_words():
    assert clean("<div>" * (MAX_LEVELS - 1) + "Words" + "</div>" * (MAX_LEVELS - 1)) == (
        "<p>Words</p>"
    )
    # Each list is two levels.
    assert "Words" in clean("<ul><li>" * 40 + "Words")
    assert clean("<span><div></span></div>" * 500 + "Words") == "<p>Words</p>"


def test_unclosed_tags_are_not_repeated_without_limit():
    many = "<p>" + "".join(f"<b class={n}>" for n in range(80)) + "</p>" + "<p>x" * 5_000
    began = time.process_time()
    assert clean(many).count("x") == 5_000
    assert time.process_time() - began < SECONDS


# --- Texts that are too long ----------------------------------------------------------------------


def test_a_text_that_is_too_long_is_refused_and_stays_in_the_form(client):
    chief = make_chief()
    release = make_release(title="A title", body="<p>As it was.</p>")
    client.force_login(chief)
    address = reverse("admin:releases_release_change", args=[release.pk])
    data = {
        "kind": "press_release", "language": "en", "title": "A title", "body": LONG,
        "read_version": release.version, "rejected_names": "[]",
    }  # fmt: skip
    page = client.post(address, data)
    assert page.status_code == 200
    words = page.content.decode()
    assert f"at most {MAX_TEXT:,}. Shorten it" in words
    assert "Your text is still here but not saved." in words
    assert words.count("Some words. ") >= LONG.count("Some words. ")
    release.refresh_from_db()
    assert release.body == "<p>As it was.</p>"


@pytest.mark.parametrize("field", ["standfirst", "pull_quote", "notes_to_editors"])
def test_the_other_texts_of_a_release_have_a_limit_too(client, field):
    release = make_release(title="A title", body="<p>As it was.</p>")
    client.force_login(make_chief())
    address = reverse("admin:releases_release_change", args=[release.pk])
    data = {
        "kind": "press_release", "language": "en", "title": "A title", "body": release.body,
        "read_version": release.version, "rejected_names": "[]", field: "Some words. " * 6_000,
    }  # fmt: skip
    assert "The text is too long" in client.post(address, data).content.decode()
    release.refresh_from_db()
    assert getattr(release, field) == ""


def test_a_stored_text_that_is_too_long_can_be_shortened(client):
    release = make_release(title="A title")
    models.QuerySet(Release).filter(pk=release.pk).update(body=LONG)
    client.force_login(make_chief())
    address = reverse("admin:releases_release_change", args=[release.pk])
    shorter = LONG.replace("Some words. ", "", 2)
    data = {
        "kind": "press_release", "language": "en", "title": "A title", "body": shorter,
        "read_version": release.version, "rejected_names": "[]", "minor": "on",
    }  # fmt: skip
    answer = client.post(address, data)
    assert answer.status_code == 302, answer.content.decode()
    release.refresh_from_db()
    assert release.body == clean(shorter, len(shorter))
    workflow.hold(release, by=make_chief())
    release.refresh_from_db()
    assert release.is_on_hold()


def test_the_refusal_of_a_long_paste_says_what_to_do(client):
    client.force_login(make_chief())
    answer = client.post(reverse("admin:releases_release_paste"), LONG, content_type="text/html")
    assert answer.status_code == 413
    assert "too long" in answer.content.decode()
    assert "Shorten it" in answer.content.decode()


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
def test_an_import_that_is_too_long_is_refused_with_its_length(client, format):
    text = f"<p>{LONG}</p>" if format == "html" else "Some words. " * (MAX_TEXT // 12 + 10)
    with pytest.raises(NotAReleaseError) as refused:
        understand(text.encode(), "a", format)
    assert f"at most {MAX_TEXT:,}" in sentence(refused.value.note)


def test_two_megabytes_in_one_paragraph_are_refused_at_once(client):
    client.force_login(make_chief())
    text = "“…,” said Ana Brask. " * 70_000  # 2 MB in UTF-8
    began = time.process_time()
    page = client.post(reverse("admin:releases_release_import"), {"text": text})
    assert time.process_time() - began < SECONDS
    assert "is too long" in page.content.decode()
    assert text[:1000] in page.content.decode()
    packed = b64encode(text.encode()).decode()
    sent = {"source": packed, "filename": "a.txt"}
    assert client.post(reverse("admin:releases_release_import"), sent).status_code == 302
    assert not Release.objects.exists()


def test_an_import_offers_at_most_200_people():
    sentences = (f"The lawyer {a}a{b} Bra{c}k said so. "
              for a in "BDFGKLMNPR" for b in "lmnrst" for c in "lmnrst")  # fmt: skip
    understood = understand(("A title of it\n\n" + "".join(sentences)).encode(), "a.txt")
    assert len(understood.people) == 200
    assert Note("too_many_people", {"most": 200}) in understood.notes


def test_cached_matches_follow_every_change_of_the_index():
    index, text = NameIndex(), "It was Ana Brask."
    assert index.matches(text) == []
    index.add(UUID(int=1), ["Ana Brask"])
    assert [match.surface for match in index.matches(text)] == ["Ana Brask"]
    index.matches(text).clear()
    assert [match.surface for match in index.matches(text)] == ["Ana Brask"]
    index.remove(UUID(int=1))
    assert index.matches(text) == []
