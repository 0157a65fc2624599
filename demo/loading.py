"""Loads the demo newsroom: one real release, the project's first, and an invented organisation.

Texts, people and pictures are in `demo/`, with their sources and licences. They are added as
editors add them: with the importer, the workflow and the library.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.core.files.images import ImageFile
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.models import User
from assets import processing
from assets.cards import title_card
from assets.models import MediaAsset
from desk.imports.storing import CREATE, import_draft
from importing import understand
from people.models import Case, Consent, Person, PersonName, Role
from releases import workflow
from releases.models import Contact, Release, Topic

DEMO = settings.BASE_DIR / "demo"
DEMO_MODELS = (User, Release, Person, MediaAsset, Topic, Contact)
SIGN_INS = {
    "author": "Author",
    "editor": "Editor",
    "publisher": "Publisher",
    "officer": "Case officer",
    "administrator": "Administrator",
}
NAMES = {
    "author": ("Alma", "Author"),
    "editor": ("Edwin", "Editor"),
    "publisher": ("Paz", "Publisher"),
    "officer": ("Odile", "Officer"),
    "administrator": ("Ada", "Administrator"),
}

CASE_PARTS = ("designations", "charges", "sentences", "events")
NON_TEXT_KEYS = ("file", "licence_ends", "focus")

Report = Callable[[str], object]


def is_empty() -> bool:
    """Return whether the newsroom has no data yet. The demo must not be mixed with real data."""
    return not any(model._default_manager.exists() for model in DEMO_MODELS)


def password_of(username: str) -> str:
    """Return a demo user's password. It is derived from SECRET_KEY, so it differs between sites."""
    return salted_hmac("pressroom.demo", username).hexdigest()[:12]


def sign_ins() -> Iterator[tuple[str, str, str]]:
    """Yield the username, password and group of each demo user whose password is unchanged."""
    for user in User.objects.filter(username__in=SIGN_INS).order_by("pk"):
        password = password_of(user.username)
        if user.check_password(password):
            yield user.username, password, SIGN_INS[user.username]


@transaction.atomic
def load(report: Report) -> None:
    """Fill an empty newsroom; call `report` with a message for each step."""
    users = _users()
    topics = {
        key: Topic.objects.create(**row) for key, row in _table("topics.toml", "topics").items()
    }
    contacts = {
        key: Contact.objects.create(**row)
        for key, row in _table("contacts.toml", "contacts").items()
    }
    report(_("Creating pictures in every size …"))
    pictures = {key: _picture(row) for key, row in _table("pictures.toml", "pictures").items()}
    report(_("Adding people …"))
    people = {key: _person(row, pictures) for key, row in _table("people.toml", "people").items()}
    report(_("Importing the real release …"))
    _real_release(users, topics)
    report(_("Adding the invented releases …"))
    releases: dict[str, Release] = {}
    for path in sorted((DEMO / "releases").glob("*.html")):
        _start, head, text = path.read_text().split("+++\n", 2)
        row = tomllib.loads(head)
        release = _invented_release(row, text, users, people, pictures, releases)
        release.topics.set(topics[key] for key in row.get("topics", []))
        release.contacts.set(contacts[key] for key in row.get("contacts", []))
        releases[row["key"]] = _carry_out(release, row, users)


def _users() -> dict[str, User]:
    users = {}
    for username, group in SIGN_INS.items():
        first, last = NAMES[username]
        user = User.objects.create_user(
            username,
            password=password_of(username),
            first_name=first,
            last_name=last,
            is_staff=True,
        )
        user.groups.add(Group.objects.get(name=group))
        users[username] = user
    return users


def _table(file: str, name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads((DEMO / file).read_text())[name]


def _picture(row: dict[str, Any]) -> MediaAsset:
    texts = {key: value for key, value in row.items() if key not in NON_TEXT_KEYS}
    path = DEMO / row["file"]
    if "licence_ends" in row:
        texts["licence_expires"] = _moment(row["licence_ends"])
    texts["focus_x"], texts["focus_y"] = row.get("focus", (0.5, 0.5))
    with path.open("rb") as file:
        picture = MediaAsset.objects.create(original=ImageFile(file, name=path.name), **texts)
    processing.process(picture)
    return picture


def _person(row: dict[str, Any], pictures: dict[str, MediaAsset]) -> Person:
    row = dict(row)
    names, roles, cases, consents = (
        row.pop(key, []) for key in ("names", "roles", "cases", "consents")
    )
    portrait = pictures[row.pop("portrait")] if "portrait" in row else None
    person = Person.objects.create(portrait=portrait, **row)
    for name in names:
        PersonName.objects.create(person=person, **name)
    for role in roles:
        Role.objects.create(person=person, **role)
    for consent in consents:
        Consent.objects.create(person=person, **_dated(consent))
    for case in cases:
        _case(person, case)
    return person


def _case(person: Person, row: dict[str, Any]) -> None:
    """Add a case with its designations, charges, sentences and events.

    The fields in `earlier` are saved first, so that the case also has an older status.
    """
    parts = {name: row.get(name, []) for name in CASE_PARTS}
    earlier = _dated(row.get("earlier", {}))
    row = _dated({name: row[name] for name in row.keys() - {*CASE_PARTS, "earlier"}})
    case = Case(person=person, **row)
    if earlier:
        now = {name: getattr(case, name) for name in earlier}
        for name, value in earlier.items():
            setattr(case, name, value)
        case.save()
        for name, value in now.items():
            setattr(case, name, value)
    case.save()
    for name, rows in parts.items():
        for part in rows:
            getattr(case, name).create(**_dated(part))


def _real_release(users: dict[str, User], topics: dict[str, Topic]) -> Release:
    """Import the real release as an editor would, and add what the importer leaves to editors."""
    facts = tomllib.loads((DEMO / "uk-china-red-lines.toml").read_text())
    path = DEMO / facts["file"]
    understood = understand(path.read_bytes(), path.name)
    release = import_draft(
        understood,
        by=users["author"],
        people={suggestion.name: CREATE for suggestion in understood.people},
    )
    people_with_cases = []
    for name, row in facts["people"].items():
        person = Person.objects.get(display_name=name)
        roles, cases = row.pop("roles", []), row.pop("cases", [])
        people_with_cases.append((person, cases))
        for key, value in row.items():
            setattr(person, key, value)
        person.save()
        if roles:
            person.roles.all().delete()
        for role in roles:
            Role.objects.create(person=person, **role)
    # Save the levels of all people before the cases: one case may name the other people.
    for person, cases in people_with_cases:
        for case in cases:
            _case(person, case)
    card = title_card(release.title, facts["stand_in"]["footer"])
    release.poster = MediaAsset.objects.create(
        original=ContentFile(card, name="title-card.png"),
        alt_text=facts["stand_in"]["alt_text"],
        caption=facts["stand_in"]["caption"],
        credit_line=facts["stand_in"]["credit_line"],
    )
    processing.process(release.poster)
    text, heading, background = release.body.rpartition("<h2>")
    release.body = f'{text}<section data-kind="background">{heading}{background}</section>'
    release.notes_to_editors = facts["notes_to_editors"]
    release.countries = facts["countries"]
    release.save()
    release.topics.set(topics[key] for key in facts["topics"])
    day = timezone.make_aware(datetime.combine(facts["date"], time()))
    release = workflow.submit(release, by=users["author"])
    return workflow.approve(release, by=users["publisher"], publish_at=day, backdated=True)


def _invented_release(
    row: dict[str, Any],
    text: str,
    users: dict[str, User],
    people: dict[str, Person],
    pictures: dict[str, MediaAsset],
    releases: dict[str, Release],
) -> Release:
    def to_id(match: re.Match[str]) -> str:
        rows: dict[str, Any] = pictures if match[1] == "asset" else people
        return f'data-{match[1]}="{rows[match[2]].pk}"'

    text = re.sub(r'data-(speaker|person|asset)="([^"]+)"', to_id, text)
    if "correction" in row:
        published, corrected = row["correction"]["replace"]
        text = text.replace(corrected, published)
    release = Release(
        kind=row["kind"],
        language=row["language"],
        title=row["title"],
        standfirst=row["standfirst"],
        pull_quote=row.get("pull_quote", ""),
        dateline_place=row.get("dateline_place", ""),
        body=text,
        notes_to_editors=row.get("notes_to_editors", ""),
        countries=row.get("countries", []),
        poster=pictures.get(row.get("poster", "")),
        attached=[str(pictures[key].pk) for key in row.get("attached", [])],
        translation_of=releases.get(row.get("translation_of", "")),
    )
    return workflow.create(
        release, by=users[row.get("author", "author")], at=_approved_at(row) - timedelta(days=2)
    )


def _carry_out(release: Release, row: dict[str, Any], users: dict[str, User]) -> Release:
    """Take a release through the workflow to the state in its row."""
    state = row["state"]
    if state == "draft":
        return release
    publish_at, done_at = _publish_at(row), _approved_at(row)
    writer = users[row.get("author", "author")]
    release = workflow.submit(release, by=writer, at=done_at - timedelta(hours=3))
    if state == "in_review":
        return release
    release = workflow.approve(release, by=users["publisher"], publish_at=publish_at, at=done_at)
    if state == "corrected":
        correction = row["correction"]
        published, corrected = correction["replace"]
        release.body = release.body.replace(published, corrected)
        workflow.correct(
            release,
            by=users["publisher"],
            text=correction["words"],
            at=_moment(correction["offset"]),
        )
    if state == "withdrawn":
        withdrawal = row["withdrawal"]
        workflow.withdraw(
            release,
            by=users["publisher"],
            reason=withdrawal["reason"],
            at=_moment(withdrawal["offset"]),
        )
    return release


def _publish_at(row: dict[str, Any]) -> datetime:
    return _moment(row["offset"]) if "offset" in row else timezone.now()


def _approved_at(row: dict[str, Any]) -> datetime:
    return min(_publish_at(row) - timedelta(hours=16), timezone.now())


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its offsets from today as dates: EDTF strings, or `date` in some columns.

    "-290d" is that day, "-290d XX" an unknown day of its month, "-290d ~" about that month.
    """
    dated = dict(row)
    for name, value in row.items():
        if found := re.fullmatch(r"(-?\d+d)( XX| ~)?", str(value)):
            day = _moment(found[1]).date()
            ends = {" XX": f"{day:%Y-%m}-XX", " ~": f"{day:%Y-%m}~"}
            dated[name] = ends.get(found[2], day.isoformat())
            if name in ("as_of", "review_due", "given"):
                dated[name] = day
    return dated


def _moment(offset: str) -> datetime:
    """Return the time for an offset in days from today, such as "-12d 09:30".

    The clock time is in the newsroom's time zone.
    """
    days, _, clock = offset.partition("d")
    day = timezone.localdate() + timedelta(days=int(days.replace("−", "-")))
    return timezone.make_aware(datetime.combine(day, time.fromisoformat(clock.strip() or "00:00")))
