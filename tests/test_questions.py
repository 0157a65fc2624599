"""60 questions of journalists: recall and precision of the public search.

`tests/data/questions/README.md` says how the answers were judged, and what is counted.
`pytest -rP tests/test_questions.py` prints the figures, and each difference from the judgements.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from html import escape
from typing import Any

import pytest
from django.db import transaction
from django.http import QueryDict
from django.test import Client, override_settings
from lxml import html

from desk.imports.storing import import_draft
from importing import understand
from people.models import Level, Person, PersonName
from releases import workflow
from releases.models import Release, Topic
from tests import gold
from tests.make import DATA, make_chief, make_person, make_release, mark, quotation

FOLDER = DATA / "questions"
KINDS = ("releases", "quotations", "people")

# As measured, rounded down.
RECALL = 0.82
PRECISION = 0.96
FIRST = 49  # questions whose first result is an answer

Row = tuple[str, str, str]  # the query, the kind of result, the key of the result


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


QUESTIONS = read("questions")["questions"]
INVENTED = read("invented-english") | read("invented-other")
SAMPLES = read("samples")
PEOPLE = read("people")["people"]


@dataclass(frozen=True)
class Answers:
    """What the newsroom answered to all questions, in the order of the page."""

    found: dict[str, dict[str, list[str]]]  # by query and kind

    def rows(self) -> Iterator[Row]:
        for typed, by_kind in self.found.items():
            yield from ((typed, kind, key) for kind, keys in by_kind.items() for key in keys)


def judged() -> Iterator[Row]:
    for one in QUESTIONS:
        for kind in KINDS:
            yield from ((one["typed"], kind, key) for key in one.get(kind, {}))


def asks_for(question: dict[str, Any], kind: str) -> bool:
    """Return whether the results of a kind are judged: releases always, others if asked for."""
    nothing_answers = not any(question.get(each) for each in KINDS)
    return kind == "releases" or kind in question or nothing_answers


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


class Corpus:
    """The newsroom of the questions, and the keys of its releases."""

    def __init__(self) -> None:
        self.chief = make_chief()
        self.topics: dict[str, Topic] = {}
        self.people: dict[str, Person] = {}  # by each of their names
        for one in PEOPLE:
            self.add_person(one)
        self.keys = {self.invented(**INVENTED[key]): key for key in INVENTED}
        marked = {one.name: one for one in gold.releases()}
        self.keys |= {self.sample(marked, **SAMPLES[key]): key for key in SAMPLES}

    def add_person(self, one: dict[str, Any]) -> None:
        speaks = one.get("speaks", False)
        person = make_person(one["name"], title=one["title"], speaks=speaks)
        names = [PersonName.objects.create(person=person, **name) for name in one.get("names", [])]
        self.people |= dict.fromkeys([one["name"], *(name.text for name in names)], person)

    def invented(self, title, text, day, topics=(), hidden=False, **fields) -> Any:
        paragraphs = (self.paragraph(words) for words in text.strip().split("\n\n"))
        body = "".join(paragraphs)
        if hidden:
            return make_release("scheduled", title=title, body=body, by=self.chief, **fields).pk
        draft = Release(title=title, body=body, **fields)
        draft = workflow.create(draft, by=self.chief, at=noon(day))
        draft.topics.set(self.topic(name) for name in topics)
        return workflow.publish(draft, by=self.chief, at=noon(day)).pk

    def paragraph(self, text: str) -> str:
        text = " ".join(text.split())
        if said := re.fullmatch("> ([^:]+): (.+)", text):
            return quotation(self.people[said[1]], escape(said[2], quote=False))

        def marked(name: re.Match[str]) -> str:
            words, _bar, person = name[1].partition("|")
            return mark(self.people[person or words], words)

        inner = re.sub(r"\[(.+?)\]", marked, escape(text, quote=False))
        return f"<p>{inner}</p>"

    def topic(self, name: str) -> Topic:
        return self.topics.setdefault(name, Topic.objects.get_or_create(name=name)[0])

    def sample(self, marked, *, gold, day, title="", speaker="") -> Any:
        """Import a real release, with a record for each speaker and for the people with a page."""
        file = marked[gold]
        understood = understand(file.data, file.filename)
        said = set(re.findall('data-name="([^"]+)"', understood.body_html))
        for one in understood.people:
            if one.name in said:
                self.speaker(one.name, one.title)
        known = {one.name for one in understood.people} & self.people.keys()
        people = {name: str(self.people[name].pk) for name in known}
        body = understood.body_html
        if speaker:
            named = self.speaker(speaker, "Chair").display_name
            body = body.replace("<blockquote>", f'<blockquote data-name="{named}">')
            people[named] = str(self.people[named].pk)
        # The file of the poster is not here.
        entered = replace(understood, title=title or understood.title, body_html=body, posters=())
        draft = import_draft(entered, by=self.chief, people=people, at=noon(day))
        return workflow.publish(draft, by=self.chief, at=noon(day)).pk

    def speaker(self, name: str, title: str) -> Person:
        if name not in self.people:
            self.people[name] = make_person(name, level=Level.NAMEABLE, title=title or "Speaker")
        return self.people[name]


class Journalist:
    """A reader who searches on the public page, and opens one kind of results after another."""

    def __init__(self, corpus: Corpus) -> None:
        self.client = Client()
        releases = Release.objects.in_bulk(corpus.keys)
        self.keys = {
            release.get_absolute_url(): corpus.keys[pk] for pk, release in releases.items()
        }
        self.names = {one.get_absolute_url(): one.display_name for one in corpus.people.values()}

    def ask(self, question: dict[str, Any]) -> dict[str, list[str]]:
        """Return what is found, by kind. If it is nothing, follow “Did you mean …?”."""
        query = {"q": question["typed"]}
        page = self.page(query)
        if corrected := page.xpath("//p[contains(., 'Did you mean')]/a/@href"):
            query = {"q": QueryDict(corrected[0].removeprefix("?"))["q"]}
            page = self.page(query)
        found = {"releases": self.releases(page)}
        for kind in KINDS[1:]:
            if asks_for(question, kind):
                found[kind] = getattr(self, kind)(self.page(query | {"show": kind}))
        return found

    def page(self, query: dict[str, str]) -> html.HtmlElement:
        response = self.client.get("/releases/", query)
        assert response.status_code == 200, query
        return html.fromstring(response.content)

    def releases(self, page: html.HtmlElement) -> list[str]:
        return [self.keys[url] for url in page.xpath("//ol[@class='releases']//h2/a/@href")]

    def quotations(self, page: html.HtmlElement) -> list[str]:
        return [
            f"{self.keys[url.partition('#')[0]]}: {one.xpath('string(.//b)')}"
            for one in page.xpath("//ol[@class='found text']//figcaption")
            for url in one.xpath(".//a[contains(@href, '#quote-')]/@href")
        ]

    def people(self, page: html.HtmlElement) -> list[str]:
        return [self.names[url] for url in page.xpath("//ul[@class='roll']//h2/a/@href")]


@pytest.fixture(scope="module")
def answers(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Answers]:
    media = tmp_path_factory.mktemp("media")
    with django_db_blocker.unblock(), transaction.atomic(), override_settings(MEDIA_ROOT=media):
        journalist = Journalist(Corpus())
        yield Answers({one["typed"]: journalist.ask(one) for one in QUESTIONS})
        transaction.set_rollback(True)


def differences(answers: Answers) -> dict[str, set[Row]]:
    expected, found = set(judged()), set(answers.rows())
    return {"missed": expected - found, "wrong": found - expected}


def known(name: str) -> set[Row]:
    """Return the known differences of a name: missed or wrong."""
    listed = read("known")[name]
    assert all(one["reason"] and isinstance(one["fault"], bool) for one in listed)
    return {
        (one["typed"], kind, key) for one in listed for kind in KINDS for key in one.get(kind, [])
    }


def test_the_questions_are_as_many_and_as_mixed_as_the_readme_says():
    languages = {one.get("language", "en") for one in INVENTED.values()}
    about_samples = [one for one in QUESTIONS if SAMPLES.keys() & one.get("releases", {}).keys()]

    assert len({one["typed"] for one in QUESTIONS}) == len(QUESTIONS) == 60
    assert len(about_samples) == 26
    assert (len(SAMPLES), len(INVENTED), len(languages)) == (29, 51, 18)
    for one in QUESTIONS:
        right, wrong = one.get("releases", {}), one.get("wrong", {})
        assert right | wrong, one["typed"]
        assert not right.keys() & wrong.keys(), one["typed"]
        assert right.keys() | wrong.keys() <= INVENTED.keys() | SAMPLES.keys(), one["typed"]
        for reasons in (one.get(kind, {}) for kind in (*KINDS, "wrong")):
            assert all(reasons.values()), one["typed"]


def test_recall_precision_and_the_first_result(answers):
    expected, found = set(judged()), set(answers.rows())
    for kind in KINDS:
        asked, got = ({row for row in rows if row[1] == kind} for rows in (expected, found))
        print(f"{kind}: {len(asked & got)} of {len(asked)} answers are found, ", end="")
        print(f"and {len(asked & got)} of {len(got)} results are answers")
    for name, rows in differences(answers).items():
        print(*(f"{name}: {' | '.join(row)}" for row in sorted(rows)), sep="\n")
    first = [
        one["typed"]
        for one in QUESTIONS
        if {*answers.found[one["typed"]]["releases"][:1]} & one.get("releases", {}).keys()
    ]

    assert len(expected & found) / len(expected) >= RECALL
    assert len(expected & found) / len(found) >= PRECISION
    assert len(first) >= FIRST


def test_each_difference_from_the_judgements_is_known(answers):
    for name, rows in differences(answers).items():
        assert rows == known(name), name


def test_what_is_not_public_is_not_found(answers):
    for typed in ("Reader of Orvane", "Glasswing"):
        assert not any(answers.found[typed].values()), typed
