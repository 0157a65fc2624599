"""Functions that make what a test needs, through the same actions and models as the newsroom."""

import io
import itertools
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from PIL import Image

from accounts.models import User
from assets import processing
from assets.models import MediaAsset
from jobs import outbox, queue
from jobs.models import Lane
from people.models import Case, Level, Person, Role
from previews import links
from previews.models import PreviewLink
from previews.recipients import Recipient
from releases import probes, workflow
from releases.models import Event, Release
from releases.rules import protected_names
from releases.rules.name_finds import sentences

DATA = Path(__file__).parent / "data"
REAL_RELEASE = Path(__file__).parent.parent / "demo" / "uk-china-red-lines.txt"

PASSWORD = "a long enough password"

_count = itertools.count(1)

STATES = [
    "draft", "in_review", "scheduled", "published", "withdrawn", "withdrawn_unseen", "held",
    "held_unseen", "waiting",
]  # fmt: skip
HIDDEN = [state for state in STATES if state != "published"]


def headers_of(response) -> list[tuple[str, str]]:
    """Return the headers of a response without its random request ID, sorted."""
    headers = dict(response.headers)
    assert re.fullmatch("[0-9a-f]{32}", headers.pop("X-Request-ID"))
    return sorted(headers.items())


def unguarded(rows) -> models.QuerySet:
    """Return the rows as a plain queryset, which allows bulk changes that the product forbids."""
    rows = rows.all()
    return models.QuerySet(rows.model, query=rows.query)


def historical_apps():
    """Return the models as a migration gets them: without the methods of our classes."""
    return MigrationLoader(connection).project_state().apps


def make_user(name="user", group=None, *others, **fields) -> User:
    user = User.objects.create_user(f"{name}-{next(_count)}", is_staff=True, **fields)
    for role in filter(None, (group, *others)):
        user.groups.add(Group.objects.get(name=role))
    return user


def as_shown(reasons, user=None) -> list[str]:
    """Return reasons as the desk shows them to a user, by default to a new publisher."""
    return sentences(reasons, user or make_user("publisher", group="Publisher"))


def make_chief() -> User:
    """Return a user who may do everything, for the steps that a test is not about."""
    return make_user("chief", is_superuser=True)


def make_person(name="Ansa Verel", level=Level.PUBLIC, title="", speaks=False, **fields) -> Person:
    basis = "" if level < Level.NAMEABLE else "Recorded for the test."
    person = Person.objects.create(
        display_name=name, level=level, **{"level_basis": basis} | fields
    )
    if title or speaks:
        Role.objects.create(person=person, title=title or "Director", speaks_for_us=speaks)
    return person


def make_prisoner(name="Teodor Brask", **fields) -> Person:
    person = make_person(name, **fields)
    Case.objects.create(
        person=person,
        custody_status=Case.Custody.IMPRISONED,
        as_of=timezone.localdate(),
        call="Release him now.",
    )
    return person


def whole_case(person, words="It was so.", own="إهانة", language="ar", **fields) -> Case:
    """Return a case with everything that a page may print of one, and with internal texts."""
    case = person.cases.first() or Case(person=person, as_of=timezone.localdate())
    texts = {
        "since": "2024-05-06", "legal_status": "convicted", "confidence": "confirmed",
        "summary": words, "call": words, "call_types": ["medical_care"], "source": words,
        "source_url": "https://source.example/", "what_to_do": words, "health": words,
        "what_to_do_url": "https://action.example/", "country": "CN",
    }  # fmt: skip
    for name, value in (texts | fields).items():
        setattr(case, name, value)
    case.save()
    models.QuerySet(Case).filter(pk=case.pk).update(custody_status=Case.Custody.PRETRIAL)
    case.refresh_from_db()
    case.custody_status = Case.Custody.IMPRISONED
    case.save()
    case.designations.create(by=words, since="2024-06", source=words)
    case.charges.create(
        text=words, original_text=own, original_language=language, law=words, date="2024~",
        result="convicted", source=words,
    )  # fmt: skip
    case.sentences.create(kind="prison", text=words, court=words, date="2025?", duration="P5Y")
    for kind, date in (("arrest", "2024-05-06"), ("trial", "2024-XX-XX"), ("sentence", "2025?")):
        case.events.create(kind=kind, date=date, summary=words, source=words)
    person.consents.create(
        basis="subject",
        covers_name=True,
        covers_photo=True,
        covers_health=True,
        given=timezone.localdate(),
    )
    return case


def save_case(client, path, form):
    """Save a case at the desk, and confirm a new status if the desk asks; return the response."""
    answer = client.post(path, form)
    shown = re.findall(r'name="confirmed" value="([^"]+)"', answer.content.decode())
    return client.post(path, form | {"confirmed": shown}) if shown else answer


def picture_bytes(size=(360, 240), colour="#4a5a68", format="JPEG", **save) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, format, **save)
    return out.getvalue()


def make_picture(name="picture.jpg", content=None, **fields) -> MediaAsset:
    words = {"alt_text": "A grey field", "credit_line": "Nobody in particular"} | fields
    picture = MediaAsset.objects.create(
        original=ContentFile(content or picture_bytes(), name=name), **words
    )
    processing.process(picture)
    return picture


def work_off(*lanes: Lane) -> int:
    """Do the background jobs that are due, as a worker does; return how many were started.

    Without lanes, do the jobs of all lanes and send the e-mails.
    """
    processing.enqueue_unprocessed()
    if not lanes:
        outbox.send_due()
    return sum(queue.work(lane) for lane in lanes or Lane)


def count_probes() -> None:
    """Store the probes so far, as a server and its worker do."""
    probes.waiting.flush()
    queue.work(Lane.QUICK)


def pdf_bytes(weight=100) -> bytes:
    """Return a PDF of one empty page, with `weight` unused bytes."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
    ]
    out, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj %s endobj\n" % (number, content)
    out += b"%" * weight + b"\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    ends = b"trailer << /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + b"xref\n0 4\n0000000000 65535 f \n" + table + ends


def make_document(name="report.pdf", content=None, **fields) -> MediaAsset:
    words = {"caption": "A report", "credit_line": "The Newsroom"} | fields
    content = content or pdf_bytes(next(_count))
    document = MediaAsset.objects.create(original=ContentFile(content, name=name), **words)
    processing.process(document)
    return document


def quotation(person, *paragraphs) -> str:
    inner = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs or ["“We ask for it.”"])
    return f'<blockquote data-speaker="{person.pk}">{inner}</blockquote>'


def mark(person, surface=None) -> str:
    return f'<span data-person="{person.pk}">{surface or person.display_name}</span>'


def make_release(state="published", at=None, by=None, publish_at=None, **fields) -> Release:
    """Make a release and take it through the workflow to a state.

    published: an hour ago; scheduled: in an hour; withdrawn: was public and has a tombstone;
    withdrawn_unseen: was never public; held and held_unseen likewise. waiting: should have been
    published an hour ago, but it is blocked by a name.
    """
    now = at or timezone.now()
    by = by or make_chief()
    number = next(_count)
    title = fields.pop("title", f"Release number {number}")
    body = fields.pop("body", f"<p>The text of number {number}.</p>")
    if state == "waiting":
        named = make_person(f"Waiting Person-{number}", level=Level.NAMEABLE)
        body += f"<p>{named}</p>"
    topics = fields.pop("topics", [])
    release = workflow.create(
        Release(title=title, body=body, **fields), by=by, at=now - timedelta(hours=3)
    )
    release.topics.set(topics)
    if state == "draft":
        return release
    hour = timedelta(hours=1)
    release = workflow.submit(release, by=by, at=now - 2 * hour)
    if state == "in_review":
        return release
    ahead = state in ("scheduled", "withdrawn_unseen", "held_unseen")
    publish_at = publish_at or (now + hour if ahead else now - hour)
    approved_at = min(now, publish_at) - hour
    release = workflow.approve(release, by=by, publish_at=publish_at, at=approved_at)
    if state == "waiting":
        models.QuerySet(Person).filter(pk=named.pk).update(level=Level.STAFF)
        protected_names.update_names_allowed_until(
            Release.objects.filter(pk=release.pk), at=approved_at
        )
        release.refresh_from_db()
    if state.startswith("withdrawn"):
        release = workflow.withdraw(release, by=by, reason="A source asked us to.", at=now)
    if state.startswith("held"):
        release = workflow.hold(release, by=by, at=now)
    return release


def action(name: str) -> Callable[..., Any]:
    """Return the function of an action; `name` is the name in its URL."""
    return workflow.ACTIONS[name].function


def verbs_of(release) -> list[str]:
    return list(Event.objects.filter(release_uuid=release.pk).values_list("verb", flat=True))


def make_link(release, by=None, kind="press", name="Rita Reader", outlet="", email="", **terms):
    """Issue a preview link and return its path."""
    issued = links.issue(
        release,
        by=by or make_chief(),
        recipients=[Recipient(name, outlet, email)],
        kind=PreviewLink.Kind(kind),
        batch=uuid4(),
        **terms,
    )
    return f"/preview/{issued[0].token}/"


def accept(client, path):
    """Open a preview link as its reader does: accept the terms if the page asks for that."""
    page = client.get(path)
    terms = re.search(r'name="embargo_ends" value="([^"]*)"', page.content.decode())
    return client.post(path, {"embargo_ends": unescape(terms[1])}, follow=True) if terms else page
