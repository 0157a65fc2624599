"""A public newsroom, and hidden things in it that each have a word of their own.

Each word is in no other text. So a search for it must be answered like a search for a word that is
in no text at all.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from rapidfuzz.distance import OSA

from people.models import Person, PersonName, Role
from releases import workflow
from releases.models import Correction, Release, Topic
from tests.make import (
    HIDDEN,
    make_chief,
    make_person,
    make_picture,
    make_release,
    mark,
    quotation,
    unguarded,
    whole_case,
)

CONSONANTS, VOWELS = "bdfgklmnprtvz", "aeiou"
SYLLABLES = 9  # letters of a word


def words(number: int) -> list[str]:
    """Return words that can be spoken, and of which none is similar to another."""
    chance, found = random.Random(19), []
    while len(found) < number:
        letters = [chance.choice(VOWELS if n % 2 else CONSONANTS) for n in range(SYLLABLES)]
        word = "".join(letters)
        if all(OSA.distance(word, other) > 3 for other in found):
            found.append(word)
    return found


# For each script: what is in no text. Words of one script have the same length in every encoding.
ABSENT = {"latin": words(1)[0], "hanzi": "鼇鼈鼉鼊鼋鼌鼍鼎鼏", "arabic": "ضغثشخذظصق"}
HANZI, ARABIC = "鼐鼑鼒鼓鼔鼕鼖鼗鼘", "زبطقلمنهو"


@dataclass(frozen=True)
class Secret:
    """Something hidden, its word, and the script of the word."""

    what: str
    word: str
    script: str = "latin"

    @property
    def absent(self) -> str:
        """A word of the same script and length that is in no text."""
        return ABSENT[self.script]


@dataclass(frozen=True)
class Newsroom:
    """The public rows that a search finds."""

    speaker: Person
    quoted: Release
    topic: Topic


def make_newsroom(at: datetime) -> Newsroom:
    """Make releases about a harbour, a person who speaks of it, and a topic."""
    speaker = make_person("Ansa Verel", title="Director", speaks=True)
    topic = Topic.objects.create(name="Open waters")
    quoted = make_release(
        title="The harbour is closed", topics=[topic], countries=["GB"],
        standfirst="A harbour.", body=f"<p>Of {mark(speaker)}.</p>"
        + quotation(speaker, "“The harbour must be opened.”"),
    )  # fmt: skip
    make_release(title="Courts", body="<p>Near the old harbours.</p>", kind="statement")
    for number in range(3):
        make_release(title=f"Something else {number}", topics=[topic])
    return Newsroom(speaker, quoted, topic)


def make_secrets(newsroom: Newsroom, at: datetime) -> list[Secret]:
    """Hide everything that a newsroom can hide, each with its word."""
    _absent, *free = words(1 + len(PLANTED))
    secrets = [Secret(what, word) for what, word in zip(PLANTED, free, strict=True)]
    for secret in secrets:
        PLANTED[secret.what](secret.word, newsroom, at)
    for script, word in (("hanzi", HANZI), ("arabic", ARABIC)):
        make_release("scheduled", at=at, title=word, body=f"<p>{word}</p>")
        secrets.append(Secret(f"a text in {script}", word, script))
    return secrets


def text_of(word: str) -> dict:
    """Return fields of a release with a word, also in two pieces, next to words that are public."""
    pieces = f"{word[:5]}-{word[5:]}"
    return {
        "title": f"The harbour {word}", "standfirst": f"{word} {pieces}",
        "notes_to_editors": f"<p>{word}</p>", "dateline_place": word,
    }  # fmt: skip


def hidden_release(state: str, **more) -> Callable[..., Release]:
    """Return a function that makes a release in a state, with a word in every text."""

    def make(word: str, newsroom: Newsroom, at: datetime) -> Release:
        said = quotation(newsroom.speaker, f"“The harbour {word}.”")
        body = f"<p>{word} of {mark(newsroom.speaker, word)}</p>{said}"
        return make_release(
            state, at=at, body=body, topics=[newsroom.topic], countries=["IS"],
            **text_of(word), **more
        )  # fmt: skip

    return make


def a_second_ahead(word: str, newsroom: Newsroom, at: datetime) -> None:
    hidden_release("scheduled", publish_at=at + timedelta(seconds=1))(word, newsroom, at)


def restricted(word: str, newsroom: Newsroom, at: datetime) -> None:
    release = hidden_release("draft")(word, newsroom, at)
    chief = make_chief()
    workflow.restrict(release, by=chief, people=[make_chief()])


def deleted(word: str, newsroom: Newsroom, at: datetime) -> None:
    workflow.discard(hidden_release("draft")(word, newsroom, at), by=make_chief())


def earlier_text(word: str, newsroom: Newsroom, at: datetime) -> None:
    body = f"<p>The harbour {word}</p>"
    release = make_release("draft", at=at, title="An earlier text", body=body)
    release.body = "<p>It is gone.</p>"
    release.save()
    chief, hour = make_chief(), timedelta(hours=1)
    release = workflow.submit(release, by=chief, at=at - 2 * hour)
    workflow.approve(release, by=chief, publish_at=at - hour, at=at - 2 * hour)


def correction_of_a_withdrawn_release(word: str, newsroom: Newsroom, at: datetime) -> None:
    release = make_release(title="Corrected")
    Correction.objects.create(release=release, text=f"The harbour {word}", by=make_chief())
    release = Release.objects.get(pk=release.pk)
    workflow.withdraw(release, by=make_chief(), reason="It was wrong.")


def translation(word: str, newsroom: Newsroom, at: datetime) -> None:
    hidden_release("scheduled", translation_of=newsroom.quoted, language="cy")(word, newsroom, at)


def topic_of_a_draft(word: str, newsroom: Newsroom, at: datetime) -> None:
    make_release("draft", topics=[Topic.objects.create(name=f"Harbour {word}")])


def picture_in_public(**fields) -> Callable[..., None]:
    """Return a function that prints a picture with a word, and then changes its fields."""

    def make(word: str, newsroom: Newsroom, at: datetime) -> None:
        about = dict.fromkeys(["caption", "alt_text", "credit_line"], f"A harbour {word}")
        picture = make_picture(**about)
        body = f'<p>x</p><figure data-asset="{picture.pk}"></figure>'
        make_release(title="Of pictures", body=body, poster=picture)
        for name, value in fields.items():
            setattr(picture, name, value(at))
        picture.save()

    return make


def picture_without_consent(word: str, newsroom: Newsroom, at: datetime) -> None:
    picture = make_picture(caption=f"A harbour {word}", alt_text=word)
    make_release(title="Of a person", poster=picture)
    make_person("Somebody Unseen", level=1).depicted_in.add(picture)


def picture_in_the_library(word: str, newsroom: Newsroom, at: datetime) -> None:
    make_picture(caption=f"A harbour {word}", alt_text=word)


def file_name_of_a_public_picture(word: str, newsroom: Newsroom, at: datetime) -> None:
    picture = make_picture(f"coast-{word}-camp.jpg", caption="A field")
    body = f'<p>x</p><figure data-asset="{picture.pk}"></figure>'
    make_release(title="Of a file", body=body, poster=picture)


def fact_of_a_public_case(*fields: str) -> Callable[..., None]:
    """Return a function that writes a word into internal texts of a public person's case."""

    def make(word: str, newsroom: Newsroom, at: datetime) -> None:
        person = make_person(f"Public Prisoner {len(fields)}")
        case = whole_case(person, "It was so.", **dict.fromkeys(fields, f"The harbour {word}"))
        for part in (case.charges, case.sentences, case.events, case.designations):
            unguarded(part).update(internal_note=word, source=f"{word} harbour")
        case.events.create(kind="other", date="2024", summary=word, source=word, public=False)

    return make


def hidden_person(level: int) -> Callable[..., None]:
    """Return a function that makes a person with a word in every name and text."""

    def make(word: str, newsroom: Newsroom, at: datetime) -> None:
        person = make_person(
            f"{word} Tollen", level=level, level_basis="x", title=word, speaks=True
        )
        PersonName.objects.create(person=person, text=f"{word} too", printed=True)
        whole_case(person, f"The harbour {word}", own=word, place=word, internal_note=word)

    return make


def roles_that_no_page_prints(word: str, newsroom: Newsroom, at: datetime) -> None:
    person = make_person("Future Director", title="Sailor", speaks=True)
    today = timezone.localdate(at)
    Role.objects.create(person=person, title=f"Harbour {word}", start=today + timedelta(days=1))
    Role.objects.create(person=person, title="Sailor", unit=f"Harbour {word}", end=today)
    make_release(title="Of a sailor", body=f"<p>{mark(person)}</p>{quotation(person)}")


def without_consent(word: str, newsroom: Newsroom, at: datetime) -> None:
    person = make_person(f"{word} Tollen", level_basis="x", title=word, speaks=True)
    whole_case(person, f"The harbour {word}")
    yesterday = timezone.localdate(at) - timedelta(days=1)
    for consent in person.consents.all():
        consent.given = consent.ends = yesterday
        consent.save()


def alias_that_is_not_printed(word: str, newsroom: Newsroom, at: datetime) -> None:
    person = make_person("Teodor Brask", title="Sailor", speaks=True)
    PersonName.objects.create(person=person, text=f"{word} Tollen", printed=False)
    make_release(title="Of Brask", body=f"<p>{mark(person)}</p>{quotation(person)}")


def spelling_in_a_draft(word: str, newsroom: Newsroom, at: datetime) -> None:
    make_release("draft", body=f"<p>Of {mark(newsroom.speaker, word)}</p>")


PLANTED: dict[str, Callable[..., object]] = {
    **{state: hidden_release(state) for state in HIDDEN},
    "a second ahead": a_second_ahead,
    "restricted": restricted,
    "deleted": deleted,
    "an earlier text of a public release": earlier_text,
    "the correction of a withdrawn release": correction_of_a_withdrawn_release,
    "a hidden translation of a public release": translation,
    "a topic of a draft": topic_of_a_draft,
    "a picture without a licence": picture_in_public(
        licence_expires=lambda at: at - timedelta(seconds=1)
    ),
    "a withdrawn picture": picture_in_public(withdrawn_at=lambda at: at - timedelta(seconds=1)),
    "a picture without consent": picture_without_consent,
    "a picture in the library": picture_in_the_library,
    "the file name of a public picture": file_name_of_a_public_picture,
    "an internal note": fact_of_a_public_case("internal_note"),
    "a source and a place": fact_of_a_public_case("source", "place"),
    "a person at level 0": hidden_person(0),
    "a person at level 1": hidden_person(1),
    "a person at level 2": hidden_person(2),
    "roles that no page prints": roles_that_no_page_prints,
    "a person whose consent has ended": without_consent,
    "an alias that is not printed": alias_that_is_not_printed,
    "a spelling that is only in a draft": spelling_in_a_draft,
}
