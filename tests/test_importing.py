"""What the importer finds in a file, guesses, and leaves to an editor."""

import contextlib
import re
import signal
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk.forms.imports import ConfirmImportForm
from desk.imports.messages import sentence
from desk.imports.storing import preview
from importing import MAX_BYTES, NotAReleaseError, PersonSuggestion, understand
from importing.designations import ENDS_LIST, NOT_AFTER, NOT_BEFORE, designations
from people.models import Case, Designation
from releases.document import Document, clean
from tests.make import DATA, REAL_RELEASE

SAMPLES = sorted(
    path
    for path in (DATA / "import").glob("*/*")
    if path.is_file() and not path.name.startswith("LICENSE")
)


@pytest.fixture(scope="module")
def real():
    return understand(REAL_RELEASE.read_bytes(), REAL_RELEASE.name)


def words_of(text: str) -> list[str]:
    return text.split()


# --- The real release --------------------------------------------------------------------------


def test_the_real_release_has_its_kind_title_and_pull_quote(real):
    assert (real.kind, real.kicker) == ("press_release", "Press releases")
    assert real.title == (
        "UK/China: ‘Red lines, not red carpet’ needed as Lammy hosts top China diplomat in London"
    )
    assert real.pull_quote.text == (
        "This is an opportunity to show that the UK will not allow China to buy its silence over "
        "human rights concerns"
    )
    assert real.pull_quote.speaker == "Felix Jakens"


def test_the_real_release_has_one_quotation_of_seven_paragraphs_as_they_were_typed(real):
    (quotation,) = Document(real.body_html).quotations
    assert quotation.name == "Felix Jakens"
    assert quotation.title == "Amnesty’s UK Head of Campaigns"
    lines = [line.strip() for line in REAL_RELEASE.read_text().split("\n")]
    first = lines.index(quotation.paragraphs[0])
    typed = [line for line in lines[first:] if line.startswith("“")]
    assert list(quotation.paragraphs) == typed
    assert len(typed) == 7
    assert "‘Wild West’-style" in quotation.text
    assert quotation.text.count("”") == 1
    assert quotation.text.endswith("human rights concerns.”")


def test_the_real_release_has_a_lead_a_heading_and_three_paragraphs_of_background(real):
    blocks = re.findall(r"<(p|h2|blockquote)[ >]", re.sub(r"<p>(?=“)", "<q>", real.body_html))
    assert blocks == ["p", "blockquote", "h2", "p", "p", "p"]
    assert "<h2>Long arm of Chinese state repression</h2>" in real.body_html
    assert Document(real.body_html).paragraphs[0].startswith("Ahead of the highly anticipated")


def test_every_word_of_the_real_release_is_accounted_for_and_none_is_doubled(real):
    assert real.accounting.left_out == ()
    assert real.accounting.total == len(words_of(REAL_RELEASE.read_text())) == 573
    counts = dict(real.accounting.parts)
    assert counts["quotations"] + counts["lead"] + counts["headings"] + counts["paragraphs"] == len(
        words_of(Document(real.body_html).text)
    )
    paragraphs = Document(real.body_html).paragraphs
    assert len(set(paragraphs)) == len(paragraphs)


def test_the_poster_of_the_real_release_is_named_once_and_reported_as_missing(real):
    (poster,) = real.posters
    assert poster.name == "Image for Lammy China visit AFP via Getty Images.jpg"
    assert poster.credit_guess == "AFP via Getty Images"
    assert poster.occurrences == 2
    assert [note.code for note in real.missing] == ["no_picture_file", "no_picture_alt_text"]


def test_the_date_of_the_real_release_is_a_guess_with_its_reasons(real):
    assert real.date_guess.date == date(2025, 2, 13)
    path, day = map(sentence, real.date_guess.reasons)
    assert "picture’s path “2025-02”" in path
    assert "“Thursday 13 February”" in day
    assert "was a Thursday" in day


def test_the_people_of_the_real_release_are_found_and_no_place_counts_as_a_person(real):
    assert {person.name: set(person.also) for person in real.people} == {
        "Wang Yi": set(),
        "David Lammy": {"Lammy", "Mr Lammy"},
        "Felix Jakens": set(),
        "Jimmy Lai": set(),
        "Chow Hang-tung": set(),
        "Ding Jiaxi": set(),
        "Ilham Tohti": set(),
    }
    assert [person.name for person in real.people if person.speaker] == ["Felix Jakens"]


def test_phrases_that_depend_on_the_date_of_the_release_are_reported(real):
    assert "today (Thursday 13 February)" in real.relative_dates
    assert "this week" in real.relative_dates


def test_the_report_is_complete_and_in_plain_sentences(real):
    text = " ".join(preview(real).split())
    for words in [
        "Press release, from the kicker “Press releases”",
        "7 paragraphs by Felix Jakens, Amnesty’s UK Head of Campaigns",
        "credit “AFP via Getty Images”, guessed from its name",
        "13 February 2025, because",
        "People found (suggested, not created)",
        "David Lammy – British counterpart, also “Lammy”, “Mr Lammy” (4×)",
        "the alternative text of the picture",
        "573 in the file, all used or left out",
    ]:
        assert words in text
    assert max(len(line) for line in preview(real).split("\n")) <= 100


# --- Other releases ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_release_of_another_newsroom_is_imported(path):
    understood = understand(path.read_bytes(), path.name)
    assert clean(understood.body_html) == understood.body_html
    assert understood.date_guess is not None
    document = Document(understood.body_html)
    assert document.paragraphs
    long_paragraphs = [paragraph for paragraph in document.paragraphs if len(paragraph) > 60]
    assert len(set(long_paragraphs)) == len(long_paragraphs)
    assert preview(understood)


@pytest.mark.parametrize(
    ("name", "title", "day", "speakers", "people"),
    [
        (
            "us-senate-txt/12Feb2008Reid99.txt",
            "SEN. REID: REPUBLICANS SHOULD JOIN US TO ESTABLISH SINGLE INTERROGATION STANDARD",
            date(2008, 2, 12),
            ["Harry Reid"],
            {"Harry Reid", "Petraeus"},
        ),
        (
            "us-senate-txt/25Aug2006Brownback31.txt",
            "",
            date(2006, 8, 25),
            [],
            {"Sam Brownback", "Chen Guangcheng"},
        ),
        (
            "pclob-markdown/2019-01-13-board-statement-jugde-wald.md",
            "Board Releases Statement on the Passing of Former Board Member Patricia Wald",
            date(2019, 1, 13),
            [""],
            {"Adam Klein", "Edward Felten", "Jane Nitze", "Patricia Wald"},
        ),
        (
            "debian-wml/20170425.english.wml",
            "Shutting down public FTP services",
            date(2017, 4, 25),
            [],
            set(),
        ),
        ("debian-wml/20170425.chinese.wml", "关闭公共 FTP 服务", date(2017, 4, 25), [], set()),
    ],
)
def test_title_date_speakers_and_people_of_a_sample_are_found(name, title, day, speakers, people):
    path = DATA / "import" / name
    understood = understand(path.read_bytes(), path.name)
    assert understood.title == title
    assert understood.date_guess.date == day
    quotations = Document(understood.body_html).quotations
    assert [quotation.name for quotation in quotations] == speakers
    assert {person.name for person in understood.people} == people


# --- Titles and datelines ----------------------------------------------------------------------

DIED = "The ministry said on Monday that three men died in its prison in the north of the country."
WIDE = " " * 60


@pytest.mark.parametrize(
    ("text", "title", "title_from", "place", "day", "begins"),
    [
        (f"MINISTRY CONFIRMS DEATHS OF THREE PRISONERS, May 3, 2021 -- {DIED}",
         "MINISTRY CONFIRMS DEATHS OF THREE PRISONERS", "guessed", "", date(2021, 5, 3), "The min"),
        # The heads of releases of five senators, as they were scraped.
        (f"{WIDE}MCCAIN SUPPORTS REAUTHORIZATION OF BURMA SANCTIONS  July 26  2006 Washington  D C "
         "   Today  U S  Senator John McCain  R AZ  delivered the following remarks on the floor "
         f"of the Senate{WIDE}July 2006 Press Releases    Browse by{WIDE}Current record{WIDE}",
         "MCCAIN SUPPORTS REAUTHORIZATION OF BURMA SANCTIONS", "guessed", "Washington D C",
         date(2006, 7, 26), "Today U S Senator"),
        (f"{WIDE}SENATOR McCAIN INTRODUCES SAFFRON REVOLUTION SUPPORT ACT OF 2007 October 17  2007 "
         "Washington  D C   U S  Senator John McCain  R AZ  introduces the Saffron Revolution "
         "Support Act of 2007",
         "SENATOR McCAIN INTRODUCES SAFFRON REVOLUTION SUPPORT ACT OF 2007", "guessed",
         "Washington D C", date(2007, 10, 17), "U S Senator"),
        (f"{WIDE}LETTER TO PRESIDENT OF THE REPUBLIC OF BELARUS March 11  2005 Washington D C   "
         "Senator John McCain today released the following letter calling for the release of "
         "Ambassador Mikhail Marinich",
         "LETTER TO PRESIDENT OF THE REPUBLIC OF BELARUS", "guessed", "Washington D C",
         date(2005, 3, 11), "Senator John"),
        (f"{WIDE}Filter by{WIDE}MARTINEZ STATEMENT ON BOLTON RESIGNATION   December 4  2006   "
         "Washington  DC   U S  Senator Mel Martinez  R FL  today expressed disappointment that "
         f"the acting U S  ambassador has announced his resignation{WIDE}December 2006 News "
         f"Releases             Browse by{WIDE}Current record{WIDE}",
         "MARTINEZ STATEMENT ON BOLTON RESIGNATION", "guessed", "Washington DC",
         date(2006, 12, 4), "U S Senator"),
        ("Statement Of Senator Patrick Leahy On Habeas Legislation\n\n"
         "U S  SENATOR PATRICK LEAHY\n\nThursday        Oct  6     The Judiciary Committee on "
         "Thursday considered amendments to the Streamlined Procedures Act",
         "Statement Of Senator Patrick Leahy On Habeas Legislation", "guessed", "", None,
         "Thursday Oct 6"),
        ("Washington, D.C. â Today, U.S. Senator Barbara Boxer (D-CA) will personally deliver two "
         "letters to the Esperanza Incident Command Post in Beaumont, CA.\n\n" + DIED,
         "", "offered", "Washington, D.C.", None, "Today, U.S. Senator"),
        (f"03 16 2007 Statement of Senator Levin on the War in Iraq\n\n{DIED}",
         "Statement of Senator Levin on the War in Iraq", "guessed", "", date(2007, 3, 16), "The"),
        (f"FOR IMMEDIATE RELEASE WASHINGTON DC Today Senator Kennedy met workers\n\n{DIED}",
         "", "offered", "", None, "WASHINGTON DC Today"),
        (f"United States Senator Gordon Smith\n\nSMITH ANNOUNCES HELP FOR SALMON\n\n{DIED}",
         "SMITH ANNOUNCES HELP FOR SALMON", "guessed", "", None, "The ministry"),
        (f"<p>Home » Press » Tor starts a service</p><h1>Tor starts a service</h1><p>{DIED}</p>",
         "Tor starts a service", "stated", "", None, "The ministry"),
        (f"<title>Home » Press</title><p>{DIED}</p>", "", "offered", "", None, "The ministry"),
        (f"KAMPALA, 3 May 2021 – {DIED}", "", "offered", "KAMPALA", date(2021, 5, 3), "The min"),
    ],
    ids=lambda value: value.strip()[:24] if isinstance(value, str) else "",
)  # fmt: skip
def test_title_and_place_are_found_and_no_word_is_lost(text, title, title_from, place, day, begins):
    understood = understand(text.encode(), "a.html" if text.startswith("<") else "a.txt")
    assert (understood.title, understood.title_from) == (title, title_from)
    assert understood.dateline_place == place
    assert (understood.date_guess.date if understood.date_guess else None) == day
    assert Document(understood.body_html).text.startswith(begins)
    assert "all used or left out on purpose" in preview(understood)


def test_a_guessed_title_is_marked_and_a_stated_one_is_not():
    guessed = understand(f"Three men died\n\n{DIED} {DIED}".encode(), "a.txt")
    stated = understand(f"# Three men died\n\n{DIED} {DIED}".encode(), "a.md")
    assert "Three men died (guessed)" in preview(guessed)
    assert "The title is a guess" in preview(guessed)
    assert "guess" not in preview(stated).split("Missing")[0].split("title")[1].split("\n")[0]
    assert "The title is a guess" not in preview(stated)


def test_the_first_sentence_is_offered_as_a_missing_title_and_stays_in_the_text():
    long = "Sen. Brask said on Monday that " + "many people were held in the north, " * 9
    understood = understand(f"{long}.\n\n{DIED}".encode(), "a.txt")
    assert understood.title == ""
    assert understood.offered_title.startswith("Sen. Brask said on Monday that many people")
    assert 130 < len(understood.offered_title) <= 151
    assert understood.offered_title.endswith("…")
    assert Document(understood.body_html).paragraphs[0].startswith(long.strip())
    assert understand(f"{DIED} More was said.\n\n{DIED}".encode(), "a.txt").offered_title == (
        DIED.rstrip(".")
    )


# --- The stored text ---------------------------------------------------------------------------

ALL_SAMPLES = SAMPLES + sorted(
    path
    for path in (DATA / "gold" / "samples").rglob("*.*")
    if path.suffix not in (".json", ".xml")
)


@pytest.mark.parametrize("path", ALL_SAMPLES, ids=lambda path: path.name)
def test_no_word_of_a_sample_is_lost_and_none_is_doubled(path):
    understood = understand(path.read_bytes(), path.name)
    assert "Words: " in preview(understood)
    assert "in the draft too often" not in preview(understood)
    assert "not in the draft" not in preview(understood)
    assert "another order" not in preview(understood)


TWO_PARAGRAPHS = f"WASHINGTON, DC – {DIED}\n\n“We will not be silent about it,” said Ana Brask."


@pytest.mark.parametrize(
    ("fault", "sentence", "quote"),
    [
        (lambda u: replace(u, dateline_place="DC"), "1 of them is not in the draft",
         "lost        “WASHINGTON”"),
        (lambda u: replace(u, body_html=u.body_html.replace("<p>“We", "<p>“")),
         "1 of them is not in the draft", "lost        “We”"),
        (lambda u: replace(u, body_html=u.body_html.partition("\n")[0]),
         "10 of them are not in the draft",
         "lost        “We will not be silent about it said Ana Brask”"),
        (lambda u: replace(u, body_html=f"{u.body_html}\n<p>Ana Brask said so.</p>"),
         "4 are in the draft too often", "too often   “Ana Brask said so”"),
        (lambda u: replace(u, standfirst="Three men"), "2 are in the draft too often",
         "too often   “Three men”"),
        (lambda u: replace(u, body_html="\n".join(u.body_html.split("\n")[::-1])),
         "some are in another order", ""),
    ],
)  # fmt: skip
def test_words_that_are_missing_or_repeated_in_the_draft_are_quoted(fault, sentence, quote):
    """Faults that the accounting cannot find, because a part claims more words than it keeps."""
    understood = understand(TWO_PARAGRAPHS.encode(), "a.txt")
    assert "all used or left out" in preview(understood)
    report = preview(fault(understood))
    assert "all used or left out" not in report
    assert sentence in report
    assert quote in report


def test_words_of_captions_and_footnotes_are_compared_too():
    text = (
        f"<h1>Three men died</h1><p>{DIED}<sup><a href='#f1'>1</a></sup></p><table><caption>Dead "
        f"in prisons</caption><tr><th>Year</th><td>2020</td></tr></table><ol><li id='f1'>A note"
        f"</li></ol><p>{DIED}</p>"
    )
    understood = understand(text.encode(), "a.html")
    assert "all used or left out on purpose" in preview(understood)
    for words in ("Dead in prisons", "A note"):
        assert words in understood.body_html
        without = replace(understood, body_html=understood.body_html.replace(words, "x"))
        assert f"“{words}”" in preview(without)


def test_text_that_is_left_out_on_purpose_is_quoted():
    text = (
        "Filter by\n\nPress release\n\nFOR IMMEDIATE RELEASE\n\nThree men died\n\n"
        "Three men died\n\n"
        f"KAMPALA, 3 May 2021 – {DIED}\n\n{DIED}\n\nENDS"
    )
    report = preview(understand(text.encode(), "a.txt"))
    left_out = " ".join(report[report.index("Left out of the draft on purpose") :].split())
    for piece in (
        "menus, headers and footers of the page: “Filter by”", "kicker: “Press release”",
        "release line: “FOR IMMEDIATE RELEASE”", "repeated title: “Three men died”",
        "date: “, 3 May 2021”", "end mark: “ENDS”",
    ):  # fmt: skip
        assert piece in left_out


def test_the_report_on_a_file_with_very_many_invisible_pieces_is_short():
    page = f"<p>{DIED}</p>" + "<!-- a b -->\n<s>x</s>\n" * 2_000
    report = preview(understand(page.encode(), "a.html"))
    assert len(report.splitlines()) < 1_000
    assert report.count("and 1,800 more pieces") == 2


def test_a_pull_quote_that_the_text_does_not_repeat_stays_in_it_with_its_speaker():
    pull_quote = "“Nobody may be silent now” – Ana Brask, lawyer"
    text = f"Three men died\n\n{pull_quote}\n\n{DIED}\n\n{DIED}"
    understood = understand(text.encode(), "a.txt")
    (quotation,) = Document(understood.body_html).quotations
    assert (quotation.name, quotation.title) == ("Ana Brask", "lawyer")
    assert understood.pull_quote is None
    assert "all used or left out on purpose" in preview(understood)


# --- Refused files -----------------------------------------------------------------------------

LONG = "The minister said that nobody had been told of it. " * 4


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "a.txt", "is empty"),
        (b" \n\t \n", "a.txt", "is empty"),
        (b"Too short.", "a.txt", "almost no text"),
        (b"12 34 56 78 90 11 22 33 44 55 66\n\n1 2 3 4 5 6 7 8 9", "a.txt", "numbers and signs"),
        (b"PK\x03\x04" + b"word/document.xml" + bytes(99), "a.docx", "Word"),
        (b"%PDF-1.7\n" + bytes(99), "a.pdf", "PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "a.txt", "picture"),
        (bytes(range(256)) * 40, "a.txt", "not a text"),
        (b'{"headline": "A", "body": "b"}', "a.json", "is JSON"),
        (b'<?xml version="1.0"?><newsItem/>', "a.xml", "is NewsML"),
        (
            b'<?xml version="1.0"?><rss xmlns:wp="http://wordpress.org/export/1.2/"></rss>',
            "a.xml",
            "an export of WordPress",
        ),
        (
            b"<head><title>Object Moved</title></head><body><h1>Object Moved</h1>This document may "
            b'be found <a href="https://example.org/">here</a> now and from today on.</body>',
            "a.html",
            "a message of a server, not a page: “Object Moved”",
        ),
        (b"x" * (MAX_BYTES + 1), "a.txt", "larger than 2 MB"),
        (b"a\n\n" * 400_000, "a.txt", "far more lines"),
        ("\ufffd" * 500 + LONG, "a.txt", "too damaged"),
    ],
)
def test_a_file_without_a_release_gets_a_sentence_that_names_it(data, name, words):
    data = data.encode() if isinstance(data, str) else data
    with pytest.raises(NotAReleaseError) as refused:
        understand(data, name)
    assert words in sentence(refused.value.note)
    assert name in sentence(refused.value.note)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("cp1252", "Windows-1252"), ("utf-16", "UTF-16"), ("utf-8-sig", "UTF-8")],
)
def test_the_encoding_of_a_file_that_is_not_utf8_is_guessed_and_reported(encoding, name):
    words = f"Café owner freed\n\nThe owner’s lawyer spoke of “a good day”. {LONG}"
    understood = understand(words.encode(encoding), "a.txt")
    assert understood.title == "Café owner freed"
    assert "owner’s lawyer spoke of “a good day”" in understood.body_html
    assert name in understood.encoding
    sentences = " ".join(map(sentence, understood.notes))
    assert (name in sentences) == (encoding == "cp1252")


def test_a_first_paragraph_that_is_too_long_is_not_the_title():
    understood = understand(f"{'Word ' * 200}\n\n{LONG}".encode(), "a.txt")
    assert len(understood.title) <= 300
    assert understood.accounting.total == 200 + len(words_of(LONG))


@pytest.mark.parametrize(
    "hostile",
    [
        "<p>" * 50_000 + LONG,
        "“" * 100_000 + LONG,
        "A. " * 100_000 + LONG,
        "[" * 100_000 + LONG,
        "* " * 100_000 + LONG,
        f"{LONG}\n\n" * 2000,
        "Mr Ab Cd " * 50_000,
        "Embargo 00:01 " * 30_000,
        "-" * 500_000 + LONG,
        " " * 900_000 + LONG,
        "> " * 50_000 + LONG,
        "<!--" * 50_000 + LONG,
    ],
    ids=lambda text: text[:12].strip(),
)
@pytest.mark.parametrize("format", ["text", "markdown", "html"])
def test_a_hostile_file_does_not_hang_the_importer(hostile, format):
    # Not a benchmark: quadratic time would take minutes.
    signal.alarm(60)
    with contextlib.suppress(NotAReleaseError):
        understand(hostile.encode(), "a.txt", format)
    signal.alarm(0)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(max_size=2000), st.text(max_size=2000).map(str.encode)))
def test_any_bytes_are_understood_completely_or_refused(data):
    try:
        understood = understand(data, "a.txt")
    except NotAReleaseError:
        return
    assert clean(understood.body_html) == understood.body_html


PIECES = st.sampled_from(
    ["Title of it", "# Heading", "<p>", "</p>", "“Quoted words", "said Ann Example.", "\n\n",
     "<blockquote>", "</ul>", "&amp;", "> quoted", "Notes to editors", "ENDS", "---", "* item",
     "1 May 2024", "**bold**", "[link](https://example.org)", "<a href='javascript:x'>y</a>",
     "  ", "”", "‘"]
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=40), st.sampled_from(["text", "markdown", "html"]))
def test_every_word_of_any_mixture_of_parts_is_accounted_for(pieces, format):
    text = "\n".join(pieces) + "\n\n" + LONG
    try:
        understood = understand(text.encode(), "a.txt", format)
    except NotAReleaseError:
        return
    placed = sum(words for _, words in understood.accounting.parts)
    left_out = sum(len(words_of(quote)) for quote in understood.accounting.left_out)
    assert placed + left_out == understood.accounting.total == len(words_of(text))
    assert clean(understood.body_html) == understood.body_html
    assert 'href="javascript:' not in understood.body_html


# --- Designations ------------------------------------------------------------------------------


def offered(text, *names):
    people = [PersonSuggestion(name, (), 1, False, "", "", "") for name in names]
    return [one.name for one in designations([text], people)]


def test_the_real_release_calls_four_people_prisoners_of_conscience(real):
    assert [one.name for one in real.designations] == [
        "Jimmy Lai", "Chow Hang-tung", "Ding Jiaxi", "Ilham Tohti",
    ]  # fmt: skip
    for one in real.designations:
        assert one.sentence.startswith("“Mr Lammy must also demand the immediate release of")
        assert one.sentence.endswith("long-held Uighur economist Ilham Tohti.")
        assert one.sentence in " ".join(preview(real).split())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Free the prisoner of conscience Ana Brask.", ["Ana Brask"]),
        ("Free prisoners of conscience such as Ana Brask and Bo Corvin.",
         ["Ana Brask", "Bo Corvin"]),
        ("A prisoner of conscience, Ana Brask, and her son Bo Corvin.", ["Ana Brask"]),
        ("Prisoners of conscience: Ana Brask; Bo Corvin.", ["Ana Brask", "Bo Corvin"]),
        ("Ana Brask met prisoners of conscience.", []),
        ("There are many prisoners of conscience. Ana Brask is free.", []),
    ],
)  # fmt: skip
def test_people_named_after_the_phrase_are_offered(text, names):
    assert offered(text, "Ana Brask", "Bo Corvin") == names


@pytest.mark.parametrize("rule", [*NOT_BEFORE, *ENDS_LIST, *NOT_AFTER], ids=lambda r: r.yes[0])
def test_each_rule_excludes_the_name_in_its_example(rule):
    assert offered(rule.yes[0], "Ana Brask") == []


@pytest.mark.django_db
class TestRecordingDesignations:
    address = "/admin/releases/release/import/"

    def send(self, client, real, **chosen):
        shown = client.post(self.address, {"text": REAL_RELEASE.read_text()})
        source = ConfirmImportForm.pack(REAL_RELEASE.read_bytes())
        form = {"source": source, "filename": REAL_RELEASE.name}
        for number, person in enumerate(real.people):
            form[f"person_{number}"] = "create" if person.name == "Jimmy Lai" else ""
        return shown.content.decode(), client.post(self.address, form | chosen)

    def test_nothing_is_recorded_without_a_tick(self, at_desk, editor, real):
        page, answer = self.send(at_desk(editor), real, designated_by="We")
        assert "Jimmy Lai is designated a prisoner of conscience" in page
        assert "long-held Uighur economist Ilham Tohti" in page
        assert answer.status_code == 302
        assert not Case.objects.exists()
        assert not Designation.objects.exists()

    def test_a_tick_records_the_designation_and_nothing_else(self, at_desk, editor, real):
        ticked = {"designated_0": "on", "designated_by": "Amnesty International UK",
                  "designated_on": "2025-02-13"}  # fmt: skip
        _, answer = self.send(at_desk(editor), real, **ticked)
        assert answer.status_code == 302
        row = Designation.objects.get()
        assert (row.case.person.display_name, row.since) == ("Jimmy Lai", "2025-02-13")
        assert row.sentence() == (
            "named in a release of 13 February 2025 by Amnesty International UK"
        )
        assert "release of 13 February 2025" in row.source
        case = row.case
        assert (case.custody_status, case.legal_status, case.summary, case.call) == (
            "unknown", "", "", "",
        )  # fmt: skip
        assert (row.source_public, case.source_public) == (False, False)

    def test_a_tick_needs_a_person_a_day_and_an_organisation(self, at_desk, editor, real):
        _, answer = self.send(at_desk(editor), real, designated_1="on", designated_by="")
        page = answer.content.decode()
        assert "Choose the person above, then tick again." in page
        assert page.count("This is required for a designation.") == 2
        assert not Designation.objects.exists()

    def test_an_author_sees_designations_but_cannot_record_them(self, at_desk, author, real):
        ticked = {"designated_0": "on", "designated_by": "We", "designated_on": "2025-02-13"}
        page, answer = self.send(at_desk(author), real, **ticked)
        assert "is designated" not in page
        assert "An editor can record it." in page
        assert answer.status_code == 302
        assert not Designation.objects.exists()
