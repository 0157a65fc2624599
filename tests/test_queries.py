"""A page needs the same number of queries for an archive of any size."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver, reverse

from newsroom.formats import RELEASE_FORMATS
from releases.models import Contact, Correction, Topic
from tests.make import (
    accept,
    make_chief,
    make_link,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    mark,
    quotation,
)  # fmt: skip

pytestmark = pytest.mark.django_db


class Newsroom:
    """A newsroom that grows. Each step adds rows of everything that a page can show."""

    def __init__(self) -> None:
        self.chief = make_chief()
        self.speaker = make_person("Ann Verel", title="Director", speaks=True)
        self.prisoner = make_prisoner("Teodor Brask", portrait=make_picture())
        self.release = make_release(by=self.chief)
        self.steps = 0

    def grow(self) -> None:
        self.steps += 1
        name, chief = f"Step {self.steps}", self.chief
        others = [
            make_person(f"{name} {n}", title="Deputy", speaks=True, portrait=make_picture())
            for n in range(2)
        ]
        prisoner = make_prisoner(f"{name} prisoner", portrait=make_picture())
        prisoner.names.create(text=f"{name} alias", printed=True)
        picture, topic = make_picture(), Topic.objects.create(name=name)
        body = "".join(
            f"<p>{mark(person)}</p>{quotation(person)}"
            for person in [self.speaker, self.prisoner, prisoner, *others]
        )
        body += f'<figure data-asset="{picture.pk}"></figure>'
        everything = {"poster": picture, "countries": ["GB", "IS"], "by": chief}
        for language in ("en", "cy", "ar"):
            make_release(
                title=f"{name} {language}", body=body, language=language, topics=[topic],
                translation_of=self.release if language != "en" else None, **everything,
            )  # fmt: skip
        for state in ("draft", "in_review", "scheduled", "withdrawn"):
            make_release(state, body=body, **everything)
        for topic in Topic.objects.all():
            self.release.topics.add(topic)
        self.release.contacts.add(Contact.objects.create(name=name))
        self.release.body += body
        self.release.save()
        Correction.objects.create(release=self.release, text=name, by=chief)

    def addresses(self) -> list[str]:
        arguments = {
            "release": [[self.release.slug]],
            **{each.name: [[self.release.slug]] for each in RELEASE_FORMATS},
            "person": [[self.speaker.slug], [self.prisoner.slug]],
            "rendition": [[self.prisoner.portrait_id, "portrait", "jpg"]],
        }
        found = []
        for pattern in get_resolver().url_patterns:
            if not isinstance(pattern, URLPattern) or "token" in pattern.pattern.converters:
                continue  # previews have their own test below
            for args in arguments[pattern.name] if pattern.pattern.converters else [[]]:
                found.append(reverse(pattern.name, args=args))
        filtered = ["kind=press_release&topic=step-1&country=GB", f"person={self.speaker.slug}"]
        searches = ["show=quotations", "show=people", "sort=day", "kind=press_release"]
        return [
            *found,
            *(f"/releases/?{query}" for query in filtered),
            *(f"/releases/?q=step&{query}" for query in searches),
            "/releases/suggest/?q=step",
            "/releases/feed.atom?year=x",
        ]


def cost(client, path) -> int:
    for _ in range(2):  # the first request fills the caches of the process
        with CaptureQueriesContext(connection) as queries:
            response = client.get(path)
            assert response.status_code == 200, path
            if response.streaming:
                b"".join(response)
    return len(queries)


def test_a_public_page_needs_the_same_queries_in_a_large_archive(client):
    newsroom = Newsroom()
    newsroom.grow()
    small = {path: cost(client, path) for path in newsroom.addresses()}
    for _ in range(3):
        newsroom.grow()
    assert {path: cost(client, path) for path in newsroom.addresses()} == small
    # A results page searches for three kinds of rows, and for the people and topics of the words.
    # On PostgreSQL, each search of releases also sets a parameter between SAVEPOINT and RELEASE,
    # and asks for an estimate.
    of_searches = 20 if connection.vendor == "sqlite" else 24
    searches = {path: count for path, count in small.items() if "?q=" in path}
    assert max(count for path, count in small.items() if path not in searches) <= 16, small
    assert max(searches.values()) <= of_searches, searches


def test_a_preview_needs_the_same_queries_in_a_large_archive(client):
    newsroom = Newsroom()
    newsroom.grow()
    hidden = make_release("scheduled", body=newsroom.release.body, by=newsroom.chief)
    opened, unopened = (make_link(hidden, name=name) for name in ("Opened", "Unopened"))
    accept(client, opened)
    small = {path: cost(client, path) for path in (opened, unopened)}
    for _ in range(3):
        newsroom.grow()
        make_link(hidden, name="Another")
    assert {path: cost(client, path) for path in (opened, unopened)} == small
    assert max(small.values()) <= 20, small


def test_the_desk_needs_the_same_queries_in_a_large_archive(at_desk, publisher):
    newsroom = Newsroom()
    newsroom.grow()
    client = at_desk(publisher)
    form = f"/admin/releases/release/{newsroom.release.pk}"
    lists = [
        f"/admin/{model}/" for model in ("releases/release", "people/person", "assets/mediaasset")
    ]
    forms = [
        "/admin/releases/release/add/",
        f"/admin/people/person/{newsroom.speaker.pk}/change/",
        f"/admin/assets/mediaasset/{newsroom.prisoner.portrait_id}/change/",
    ]
    paths = ["/admin/", *lists, *forms]
    paths += [f"{form}/preview/", f"{form}/history/", f"{form}/change/"]
    paths += ["/admin/search/?q=step", "/admin/search/?q=verel&show=quotations"]
    small = {path: cost(client, path) for path in paths}
    for _ in range(2):
        newsroom.grow()
    assert {path: cost(client, path) for path in paths} == small
