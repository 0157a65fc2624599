"""The search at the desk: the box at the top, its page of results, and the lists' own search."""

import json
import re
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import quote

import lxml.html
import pytest
from django.utils import timezone

from people.models import Level
from releases import workflow
from releases.models import Topic
from releases.search import finding
from tests.make import (
    DATA,
    STATES,
    make_chief,
    make_document,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    make_user,
    mark,
    quotation,
)

pytestmark = pytest.mark.django_db

SEARCH = "/admin/search/"
RELEASES, PEOPLE, CASES, FILES = LISTS = [
    f"/admin/{model}/"
    for model in ("releases/release", "people/person", "people/case", "assets/mediaasset")
]
STRINGS = json.loads((DATA / "strings" / "blns.json").read_text())


def asked(client, typed, **more):
    answer = client.get(SEARCH, {"q": typed, **more})
    assert answer.status_code == 200
    return lxml.html.fromstring(answer.text)


def sections(page) -> dict[str, list]:
    """Return the results by their kind, each as an element."""
    return {
        each.get("aria-labelledby").removeprefix("found-"): each.findall("ul/li")
        for each in page.iterfind(".//section")
        if each.get("class") == "search-results"
    }


def found(client, typed, **more) -> dict[str, list[str]]:
    """Return the titles of the results by their kind."""
    results = sections(asked(client, typed, **more))
    return {kind: [text_of(row.find("a")) for row in rows] for kind, rows in results.items()}


def text_of(element) -> str:
    return " ".join(element.text_content().split())


def sentences(page) -> str:
    return text_of(page.get_element_by_id("content"))


def listed(client, address, typed, **filters) -> set[str]:
    """Return the keys of the rows that a list shows."""
    answer = client.get(address, {"q": typed, **filters})
    assert answer.status_code == 200, answer.headers
    return set(re.findall(rf'href="{address}([^/"]+)/change/', answer.text))


def suggested(client, model, field, term) -> list[str]:
    app_label, model_name = model.split(".")
    relation = {"app_label": app_label, "model_name": model_name, "field_name": field}
    answer = client.get("/admin/autocomplete/", relation | {"term": term})
    return [row["id"] for row in answer.json()["results"]]


# --- Bad input -----------------------------------------------------------------------------------

BAD = [
    "a" * 10_000, "a " * 5_000, '"', '"red', 'red" harbour', "-", "-red", '-"red"', ") OR (",
    "* OR *", "title:red", "NEAR(a b)", "'red'", "\\", "%", "😀", "\ue000p1", "﷽" * 100,
    "\u200d\u2066", "a\u0301" * 300, "维" * 500, "; DROP TABLE x; --",
]  # fmt: skip


def test_bad_input_gets_a_page_with_a_sentence(at_desk, publisher):
    make_release("draft", title="A red harbour")
    client = at_desk(publisher)
    for typed in BAD:
        page = asked(client, typed)
        assert sections(page) or re.search("matches|word", sentences(page)), typed[:20]
        for address in LISTS:
            listed(client, address, typed)
        suggested(client, "releases.release", "translation_of", typed)
        suggested(client, "releases.quote", "speaker", typed)
        suggested(client, "releases.release", "poster", typed)


def test_a_null_character_exists_at_no_address(at_desk, publisher):
    """The whole site answers it with status 404."""
    client = at_desk(publisher)
    for address in (SEARCH, RELEASES):
        assert client.get(address, {"q": "red\x00harbour"}).status_code == 404


def test_no_string_is_an_error(at_desk, publisher):
    client = at_desk(publisher)
    for typed in STRINGS[::4]:
        asked(client, typed)
        listed(client, RELEASES, typed)


def test_no_address_is_an_error(at_desk, publisher):
    make_release("draft", title="A")
    client = at_desk(publisher)
    for query in ("q=%ED%A0%80", "q=%FF%FE", "q=a&page=x", "q=a&show=x&page=-1", "page=2", "q",
                  "q=a&show=releases&page=999999999999", "q=a&show=releases&page=%C2%B2",
                  "q=a&q=b"):  # fmt: skip
        assert client.get(f"{SEARCH}?{query}").status_code == 200, query


SENTENCES = [
    ("", "Type names, words or a “phrase”"), ("  ", "Type names, words or a “phrase”"),
    ("?!", "There is no word in this query."), ("😀", "There is no word in this query."),
    ("-red", "This query only excludes words."), ("zebra", "Nothing matches “zebra”."),
    ("red " * 200, "The query is too long."), ("b" * 10_000, "The query is too long."),
]  # fmt: skip


def test_a_query_that_finds_nothing_gets_a_clear_sentence(at_desk, publisher):
    make_release("draft", title="A red harbour")
    client = at_desk(publisher)
    for typed, sentence in SENTENCES:
        assert sentence in sentences(asked(client, typed)), typed[:20]


def test_texts_and_queries_are_escaped(at_desk, publisher):
    title = '<script>alert("harbour")</script> & <b>harbour</b>'
    make_release("draft", title=title, standfirst="<i>harbour</i>")
    client = at_desk(publisher)
    assert found(client, "harbour")["releases"] == [title]
    answer = client.get(SEARCH, {"q": '"><script>alert(1)</script> harbour'})
    assert "<script>alert" not in answer.text
    assert "<b><mark>" not in answer.text


# --- What is found -------------------------------------------------------------------------------

STATUS = {
    "draft": "Draft", "in_review": "In review", "scheduled": "Scheduled for ",
    "published": "Published ", "withdrawn": "Withdrawn", "withdrawn_unseen": "Withdrawn",
    "held": "On hold", "held_unseen": "On hold", "waiting": "Blocked by a name",
}  # fmt: skip


@pytest.mark.parametrize("state", STATES)
def test_a_release_is_found_in_each_state_with_its_status(at_desk, author, state):
    release = make_release(
        state, title="Zebrafish", body="<p>They <strong>swam</strong> to the <em>harbour</em>.</p>"
    )
    client = at_desk(author)
    (row,) = sections(asked(client, "swam harbour"))["releases"]
    link = row.find("a")
    assert (text_of(link), link.get("href")) == ("Zebrafish", f"{RELEASES}{release.pk}/change/")
    assert client.get(link.get("href")).status_code == 200
    assert [text_of(each) for each in row.iterfind(".//mark")] == ["swam", "harbour"]
    assert text_of(row.findall("p")[0]).startswith("They swam to the harbour.")
    status = text_of(row.find(".//span"))
    assert status.startswith(STATUS[state])
    if STATUS[state].endswith(" "):
        assert str(timezone.localtime(release.publish_at).year) in status


def test_each_kind_is_found_where_only_the_desk_may_read(at_desk, publisher):
    person = make_prisoner("Teodor Brask", level=Level.STAFF)
    person.names.create(text="Quentin Zirkel")
    case = person.cases.get()
    case.internal_note, case.source = "A neighbour saw the lighthouse", "Vuvuzela Monitor"
    case.save()
    picture = make_picture(caption="Jodhpurs at dusk")
    speaker = make_person("Ana Brask", title="Director")
    release = make_release("draft", title="Talks", body=quotation(speaker, "“Yttrium is free.”"))
    client = at_desk(publisher)
    assert found(client, "zirkel")["people"] == ["Teodor Brask"]
    assert found(client, "lighthouse") == {"cases": ["Teodor Brask"]}
    assert found(client, "vuvuzela") == {"cases": ["Teodor Brask"]}
    assert found(client, "jodhpurs") == {"files": ["Jodhpurs at dusk"]}
    results = sections(asked(client, "yttrium"))
    assert results.keys() == {"releases", "quotations"}
    (quoted,) = results["quotations"]
    assert text_of(quoted.find("a")) == "“Yttrium is free.”"
    assert "Ana Brask, Director" in text_of(quoted)
    assert "Talks" in text_of(quoted)
    links = {
        kind: [row.find("a").get("href") for row in rows]
        for typed in ("zirkel", "lighthouse", "jodhpurs", "yttrium")
        for kind, rows in sections(asked(client, typed)).items()
    }
    assert links == {
        "people": [f"{PEOPLE}{person.pk}/change/"], "cases": [f"{CASES}{case.pk}/change/"],
        "files": [f"{FILES}{picture.pk}/change/"],
        "releases": [f"{RELEASES}{release.pk}/change/"],
        "quotations": [f"{RELEASES}{release.pk}/change/"],
    }  # fmt: skip
    assert {client.get(link).status_code for some in links.values() for link in some} == {200}


def test_a_person_is_shown_with_the_name_that_matched(at_desk, author):
    person = make_person("Ilham Tohti")
    for text in ("إلهام توختي", "伊力哈木·土赫提", "Ilham Toxti"):
        person.names.create(text=text)
    client = at_desk(author)
    for typed in ("توختي", "土赫提", "toxti"):
        (row,) = sections(asked(client, typed))["people"]
        assert text_of(row.find("a")) == "Ilham Tohti"
        assert len(row.findall(".//mark")) == 1, typed
    (row,) = sections(asked(client, "tohti"))["people"]
    assert [text_of(each) for each in row.iterfind("a/mark")] == ["Tohti"]


def test_the_last_word_may_go_on_and_words_can_be_excluded(at_desk, author):
    make_release("draft", title="The old harbour")
    make_release("draft", title="The new harbour")
    client = at_desk(author)
    assert len(found(client, "harb")["releases"]) == 2
    assert found(client, "harbour -old")["releases"] == ["The new harbour"]
    assert found(client, '"old harbour"')["releases"] == ["The old harbour"]


def test_the_first_results_of_each_kind_are_shown_and_then_pages(at_desk, author):
    at = timezone.now()
    for number in range(30):
        make_release(title=f"Harbour {number}", publish_at=at - timedelta(days=number + 1))
    make_person("Hannah Harbour")
    client = at_desk(author)
    page = asked(client, "harbour")
    assert text_of(page.get_element_by_id("found-releases")) == "Releases 30"
    assert text_of(page.get_element_by_id("found-people")) == "People 1"
    first = found(client, "harbour")
    assert first["releases"] == [f"Harbour {number}" for number in range(10)]
    more = [(text_of(link), link.get("href")) for link in page.iterfind(".//section/p/a")]
    assert more == [("Show all releases", "?q=harbour&show=releases")]
    one = asked(client, "harbour", show="releases")
    assert list(sections(one)) == ["releases"]
    assert len(sections(one)["releases"]) == 25
    assert "Page 1 of 2" in sentences(one)
    (following,) = [link for link in one.iterfind(".//a") if link.get("rel") == "next"]
    rest = lxml.html.fromstring(client.get(SEARCH + following.get("href")).text)
    assert [text_of(row.find("a")) for row in sections(rest)["releases"]] == [
        f"Harbour {number}" for number in range(25, 30)
    ]


def test_a_count_has_a_limit_but_a_list_has_none(at_desk, author, monkeypatch):
    for number in range(5):
        make_release("draft", title=f"Harbour {number}")
    client = at_desk(author)
    monkeypatch.setattr(finding, "MAX_HITS", 3)
    page = asked(client, "harbour")
    assert text_of(page.get_element_by_id("found-releases")) == "Releases 3+"
    assert "results are shown. Add a word to find others." in sentences(page)
    assert len(listed(client, RELEASES, "harbour")) == 5


def test_the_box_at_the_top_keeps_the_query_and_is_on_each_page(at_desk, publisher):
    release = make_release("draft", title="Harbour")
    client = at_desk(publisher)
    pages = ["/admin/", *LISTS, f"{RELEASES}{release.pk}/change/", "/admin/account/", SEARCH]
    for address in pages:
        page = lxml.html.fromstring(client.get(address).text)
        form = page.get_element_by_id("desk-search")
        assert (form.get("action"), form.get("method", "get")) == (SEARCH, "get"), address
        (label,) = page.xpath("//label[@for='desk-search-box']")
        assert text_of(label) == "Search the desk"
    typed = 'old "harbour" <b>'
    assert asked(client, typed).get_element_by_id("desk-search-box").get("value") == typed


# --- Only what this person may see ---------------------------------------------------------------


@pytest.fixture
def newsroom():
    """A row of each kind with the same word."""
    person = make_prisoner("Harbour Brask")
    case = person.cases.get()
    case.summary = "A harbour"
    case.save()
    picture = make_picture(caption="The harbour")
    body = quotation(make_person("Ana Verel"), "“The harbour.”")
    release = make_release("draft", title="Harbour", body=body)
    return SimpleNamespace(person=person, case=case, picture=picture, release=release)


KINDS = {
    "Author": {"releases", "quotations", "people", "cases", "files"},
    "Editor": {"releases", "quotations", "people", "cases", "files"},
    "Publisher": {"releases", "quotations", "people", "cases", "files"},
    "Case officer": {"people", "cases"},
}


@pytest.mark.parametrize("role", KINDS)
def test_a_role_searches_only_the_kinds_that_it_may_view(at_desk, newsroom, role):
    client = at_desk(make_user("user", role))
    page = asked(client, "harbour")
    assert sections(page).keys() == KINDS[role]
    if role == "Case officer":
        for word in ("Releases", "Quotations", "Pictures", "The harbour"):
            assert word not in sentences(page)
        assert sections(asked(client, "harbour", show="releases")).keys() == KINDS[role]


@pytest.mark.parametrize("role", ["Administrator", None])
def test_without_a_kind_to_search_there_is_neither_box_nor_page(at_desk, newsroom, role):
    client = at_desk(make_user("user", role))
    assert client.get(SEARCH, {"q": "harbour"}).status_code == 403
    assert 'id="desk-search"' not in client.get("/admin/").text


def test_the_public_has_no_search_at_the_desk(client, newsroom):
    answer = client.get(SEARCH, {"q": "harbour"})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/admin/login/")


OUTSIDE = ["Author", "Editor", "Publisher", "Case officer", "superuser"]


def outsider(role):
    return make_chief() if role == "superuser" else make_user("outside", role)


def without(typed, answer) -> str:
    """Return a page without its query and its tokens."""
    text = re.sub(r'value="[\w-]{64}"|nonce="[^"]*"', "", answer.text)
    return text.replace(quote(typed), "").replace(typed, "")


def assert_like_no_word(client, typed):
    """Assert that a query is answered as one for a word that is in no text, everywhere."""
    nothing = "q" * len(typed)
    for address in [SEARCH, *LISTS]:
        answers = [client.get(address, {"q": word}) for word in (typed, nothing)]
        statuses = {answer.status_code for answer in answers}
        assert len(statuses) == 1, (address, typed)
        if statuses == {200}:
            pages = [
                without(word, answer)
                for word, answer in zip((typed, nothing), answers, strict=True)
            ]
            assert pages[0] == pages[1], (address, typed)


@pytest.mark.parametrize("role", OUTSIDE)
def test_a_person_at_level_0_is_found_by_its_case_officer_only(at_desk, role):
    officer = make_user("officer", "Publisher", "Case officer")
    person = make_prisoner("Quentin Zirkel", level=Level.CASE_OFFICERS, title="Xylophonist")
    person.case_officers.add(officer)
    person.names.create(text="Yttria Zymur")
    case = person.cases.get()
    case.internal_note = "Vuvuzela"
    case.save()
    portrait = make_picture(caption="Jodhpurs")
    person.portrait = portrait
    person.save()
    said = quotation(person, "“We ask for it.”")
    make_release("draft", title="Talks", body=f"<p>It was {mark(person, 'the woman')}.</p>{said}")
    words = ["zirkel", "zirk", "zymur", "yttria", "vuvuzela", "jodhpurs", "xylophonist"]
    client = at_desk(outsider(role))
    for word in words:
        assert_like_no_word(client, word)
    if role != "Case officer":
        (quoted,) = sections(asked(client, '"we ask for it"'))["quotations"]
        assert "Zirkel" not in text_of(quoted)
        assert "Xylophonist" not in text_of(quoted)
    client = at_desk(officer)
    for word in words:
        assert sections(asked(client, word)), word
    (quoted,) = sections(asked(client, '"we ask for it"'))["quotations"]
    assert "Quentin Zirkel, Xylophonist" in text_of(quoted)


@pytest.mark.parametrize("role", OUTSIDE)
def test_a_restricted_release_is_found_by_the_people_named_only(at_desk, publisher, role):
    colleague = make_user("colleague", "Publisher")
    speaker = make_person("Ana Verel")
    picture = make_picture("jodhpurs.jpg", caption="Jodhpurs")
    release = make_release(
        "draft", title="Zebrafish", standfirst="Yttrium", poster=picture, by=publisher,
        body=quotation(speaker, "“Vuvuzela.”"),
    )  # fmt: skip
    workflow.restrict(release, by=publisher, people=[colleague])
    words = ["zebrafish", "zebraf", "yttrium", "vuvuzela", "jodhpurs"]
    client = at_desk(outsider(role))
    for word in words:
        assert_like_no_word(client, word)
        if role != "Case officer":
            assert suggested(client, "releases.release", "translation_of", word) == []
    for user in (publisher, colleague):
        client = at_desk(user)
        for word in words:
            assert sections(asked(client, word)), word
        (row,) = sections(asked(client, "zebrafish"))["releases"]
        assert "Restricted" in text_of(row)
        assert listed(client, RELEASES, "zebraf") == {str(release.pk)}
        assert listed(client, FILES, "jodhpurs") == {str(picture.pk)}


# --- The lists' own search -----------------------------------------------------------------------


def test_a_list_searches_texts_and_never_markup(at_desk, publisher):
    speaker = make_person("Ana Verel")
    picture = make_picture(caption="At dusk")
    body = (
        f'<p>A <strong>plain</strong> <a href="https://example.org/">link</a> and {mark(speaker)}'
        f'</p>{quotation(speaker)}<figure data-asset="{picture.pk}"></figure>'
    )
    release = make_release("draft", title="Talks", body=body, notes_to_editors="<ul><li>One")
    client = at_desk(publisher)
    for word in ("strong", "href", "data-asset", "figure", "blockquote", "data-speaker", "span",
                 "<p>", "</strong>", "section", "ul", str(speaker.pk),
                 str(picture.pk)):  # fmt: skip
        assert listed(client, RELEASES, word) == set(), word
        assert "releases" not in found(client, word), word
    for word in ("plain link", "verel", "at dusk", "one", "“we ask", "tal"):
        assert listed(client, RELEASES, word) == {str(release.pk)}, word
    strong = make_release("draft", title="A strong figure")
    assert listed(client, RELEASES, "strong") == {str(strong.pk)}


def test_a_list_still_finds_addresses_keys_and_file_names(at_desk, publisher):
    release = make_release(title="Talks", slug="red-lines-2026")
    picture, document = make_picture("IMG_4711.jpg"), make_document("minutes.pdf", caption="")
    person = make_person("Ana Verel", sort_name="Zzverel, Ana")
    client = at_desk(publisher)
    for typed in ("red-lines-2026", "red-lines", "RED-LINES-2026", str(release.pk)):
        assert listed(client, RELEASES, typed) == {str(release.pk)}, typed
    for typed in ("IMG_4711.jpg", "img_47", "4711", str(picture.pk)):
        assert listed(client, FILES, typed) == {str(picture.pk)}, typed
    assert listed(client, FILES, "minutes.pdf") == {str(document.pk)}
    for typed in ("zzverel", str(person.pk)):
        assert listed(client, PEOPLE, typed) == {str(person.pk)}, typed


def test_a_list_keeps_its_filters(at_desk, publisher):
    topic = Topic.objects.create(name="Law")
    draft = make_release("draft", title="Harbour", kind="comment")
    make_release("draft", title="No port")
    public = make_release(title="Harbour", topics=[topic])
    client = at_desk(publisher)
    assert listed(client, RELEASES, "harbour") == {str(draft.pk), str(public.pk)}
    assert listed(client, RELEASES, "harbour", state="draft") == {str(draft.pk)}
    assert listed(client, RELEASES, "harbour", state="published") == {str(public.pk)}
    assert listed(client, RELEASES, "harbour", topics__id__exact=topic.pk) == {str(public.pk)}
    assert listed(client, RELEASES, "law", kind__exact="comment") == set()
    assert listed(client, RELEASES, "law") == {str(public.pk)}


def test_a_list_excludes_words(at_desk, publisher):
    old = make_release("draft", title="Harbour old", slug="harbour-old")
    new = make_release("draft", title="Harbour new")
    first, second = make_prisoner("Hang-tung Chow"), make_prisoner("Hang Seng")
    client = at_desk(publisher)
    assert listed(client, RELEASES, "harbour -old") == {str(new.pk)}
    assert listed(client, RELEASES, "harbour") == {str(old.pk), str(new.pk)}
    assert listed(client, PEOPLE, "hang -tung") == {str(second.pk)}
    assert listed(client, PEOPLE, "hang") == {str(first.pk), str(second.pk)}
    assert listed(client, RELEASES, "-old") == set()


def test_the_list_of_cases_searches_every_text_of_a_case(at_desk, publisher):
    case = make_prisoner("Teodor Brask").cases.get()
    case.place, case.internal_note = "Cell Zebra", "Yttrium"
    case.save()
    case.charges.create(text="Vuvuzela", source="Jodhpurs Monitor")
    client = at_desk(publisher)
    for typed in ("zebra", "yttrium", "vuvuzela", "jodhpurs", "brask", "rask"):
        assert listed(client, CASES, typed) == {str(case.pk)}, typed


def test_the_library_finds_pictures_of_people_and_of_releases(at_desk, publisher):
    def picture(colour):
        return make_picture(f"{colour}.jpg", caption="", alt_text="", credit_line="")

    poster, inside, portrait, other = map(picture, ("one", "two", "three", "four"))
    person = make_person("Ana Verel", portrait=portrait)
    person.names.create(text="Quentina")
    person.depicted_in.add(other)
    body = f'<p>About a lighthouse.</p><figure data-asset="{inside.pk}"></figure>'
    make_release("draft", title="The harbour", body=body, poster=poster)
    client = at_desk(publisher)
    assert listed(client, FILES, "harbour") == {str(poster.pk), str(inside.pk)}
    assert listed(client, FILES, "lighthouse") == set()  # only the title counts
    assert listed(client, FILES, "quentina") == {str(portrait.pk), str(other.pk)}
    assert listed(client, FILES, "harb") == {str(poster.pk), str(inside.pk)}


def test_a_field_finds_its_rows_by_the_beginning_of_a_word(at_desk, publisher):
    release = make_release(title="The old harbour")
    person = make_person("Ana Verel")
    person.names.create(text="Quentina")
    picture, document = make_picture(caption="A lighthouse"), make_document(caption="A lighthouse")
    client = at_desk(publisher)
    for term in ("harb", "old harbo", "the-old"):
        assert suggested(client, "releases.release", "translation_of", term) == [str(release.pk)]
    for term in ("ver", "ana v", "quent", "erel"):
        assert suggested(client, "releases.quote", "speaker", term) == [str(person.pk)]
    assert suggested(client, "releases.release", "poster", "lighth") == [str(picture.pk)]
    assert listed(client, FILES, "lighth") == {str(picture.pk), str(document.pk)}
    assert suggested(client, "releases.release", "translation_of", "strong") == []
