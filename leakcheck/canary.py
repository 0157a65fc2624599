# Above 450 lines because planting, removal and watchdog must agree on what belongs to a canary.
"""A canary: an approved test release that is removed before its embargo ends.

Every UUID of a canary ends in NODE and has a version that nothing else here uses. A row without a
UUID is recognised by its title. So everything that an interrupted run leaves can be removed: by the
run itself, by its watchdog if the run is killed, or by the next run after a power cut.
"""

import contextlib
import hashlib
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import IO, Any, cast
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, connections, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django_countries import countries

from assets import processing, storage
from assets.cards import title_card
from assets.models import MediaAsset
from demo.loading import DEMO_MODELS
from jobs.models import Email, Job
from leakcheck import schedule
from people.models import Case, Level, Person, PersonName, Role
from people.slugs import slug_for
from releases import languages
from releases.models import (
    Contact,
    FoldedText,
    FormerSlug,
    NameCheckFind,
    NameDisclosure,
    NameException,
    Release,
    SearchEntry,
    SearchWord,
    Topic,
)
from releases.search.index import words_only_in

NODE = "1eacc4ec0de5"
TITLE = "Leak check {} (removes itself)"
TITLES = r"^Leak check [a-z]{16} \(removes itself\)$"
SESSIONS = "leakcheckleakcheck"
LETTERS = "bcdfghjklmnpqrstvwxz"  # without vowels, so that no word of a text matches by chance

EMBARGO_LENGTH = timedelta(hours=1)
# The watchdog removes the canary before its embargo ends, even if the run is still alive.
WATCHDOG_TIMEOUT = timedelta(minutes=50)


@dataclass(frozen=True, slots=True)
class Names:
    """All names by which a stranger could request a canary, or a release that never existed."""

    word: str
    release: UUID
    person: UUID
    poster: UUID
    inside: UUID
    document: UUID
    originals: tuple[str, ...]
    embargo_ends: str
    title_slug: str

    @classmethod
    def new(cls) -> "Names":
        """Return new names that nothing else has. The words of all canaries are equally long."""
        return cls.of("".join(secrets.choice(LETTERS) for _ in range(16)))

    @classmethod
    def of(cls, word: str) -> "Names":
        """Return the names that are derived from a word, and random names for the files."""
        release, person, poster, inside, document = (
            _uuid(word, what) for what in ("release", "person", "poster", "inside", "document")
        )
        return cls(
            word, release, person, poster, inside, document,
            originals=tuple(
                f"originals/{pk}/{secrets.token_hex(16)}" for pk in (poster, inside, document)
            ),
            embargo_ends=timezone.localdate(timezone.now() + EMBARGO_LENGTH).isoformat(),
            title_slug=slug_for(TITLE.format(word), fallback=""),
        )  # fmt: skip

    @property
    def uuids(self) -> tuple[UUID, ...]:
        return (self.release, self.person, self.poster, self.inside, self.document)

    @property
    def title(self) -> str:
        return TITLE.format(self.word)

    @property
    def slug(self) -> str:
        return f"leak-check-{self.word}"

    @property
    def former_slug(self) -> str:
        return f"leak-check-{self.word}-as-it-was"

    @property
    def needles(self) -> list[str]:
        """Texts that show a leak wherever they occur, in lower case."""
        files = [path.rpartition("/")[2] for path in self.originals]
        return [self.word, *map(str, self.uuids), *(uuid.hex for uuid in self.uuids), *files]

    @property
    def beginning(self) -> str:
        """The first half of the word, as somebody types who expects the rest as a suggestion."""
        return self.word[:8]

    @property
    def misspelt(self) -> str:
        """The word with another letter in its first half, for which a search may correct it."""
        other = LETTERS[(LETTERS.index(self.word[4]) + 1) % len(LETTERS)]
        return self.word[:4] + other + self.word[5:]

    @property
    def replaceable(self) -> list[str]:
        """The needles, and other parts of requests, in the same order for all canaries."""
        short = [uuid.hex[:8] for uuid in (self.release, self.person)]
        return [*self.needles, self.misspelt, self.beginning, *short]


@dataclass(frozen=True, slots=True)
class Canary:
    """A planted canary, and the values of its public fields."""

    names: Names
    kind: str
    language: str
    country: str
    numbers: tuple[int, ...]
    embargo_ends_at: datetime | None = None


def _uuid(word: str, what: str) -> UUID:
    digits = hashlib.sha256(f"{word} {what}".encode()).hexdigest()
    return UUID(f"{digits[:8]}-{digits[8:12]}-8{digits[12:15]}-8{digits[15:18]}-{NODE}")


def is_canary_uuid(value: Any) -> bool:
    """Return whether a value is the UUID of a canary: version 8 (RFC 9562), ending in NODE."""
    try:
        uuid = UUID(str(value))
    except ValueError:
        return False
    return uuid.version == 8 and uuid.hex.endswith(NODE)


def choose() -> Canary:
    """Return a canary to plant, in a language and a country that no public release has."""
    public = Release.objects.public()
    used_languages = set(public.values_list("language", flat=True))
    listed = public.values_list("countries", flat=True)
    used_countries = {code for codes in listed for code in str(codes).split(",")}
    free_languages = [tag for tag in languages.COMMON if tag not in used_languages]
    free_countries = [code for code, _name in countries if code not in used_countries]
    return Canary(
        Names.new(),
        kind=Release.Kind.COMMENT,
        language=free_languages[-1] if free_languages else "en",
        country=free_countries[-1] if free_countries else "GB",
        numbers=(),
    )


def plant(canary: Canary) -> Canary:
    """Store a canary: approved, with an embargo of an hour, and with its word in every field.

    It is linked to public rows if there are any: it is the translation of a release, has its
    topics, and names a person who has a page. No function of `releases.workflow` is called, so no
    event is recorded and nobody is notified.
    """
    names = canary.names
    word, title = names.word, names.title
    embargo_ends = timezone.now() + EMBARGO_LENGTH
    about = dict.fromkeys(
        ["alt_text", "caption", "credit_line", "creator", "copyright_notice", "usage_terms"],
        f"{title}: {word}",
    )
    poster, inside = (
        MediaAsset.objects.create(
            uuid=uuid,
            original=ContentFile(title_card(title, word), name=f"{word}.png"),
            **about,
        )
        for uuid in (names.poster, names.inside)
    )
    for picture in (poster, inside):
        _process(picture)
    pdf = _pdf(f"% {title}: {word}")
    document = MediaAsset.objects.create(
        uuid=names.document, original=ContentFile(pdf, name=f"{word}.pdf"), **about
    )
    _process(document)
    with transaction.atomic():
        topic = Topic.objects.create(name=title)
        contact = Contact.objects.create(
            name=title, email=f"{word}@leakcheck.invalid", phone=word, hours=word
        )
        speaker = Person.objects.create(
            uuid=names.person,
            display_name=title,
            level=Level.NAMEABLE,
            level_basis="Not a real person: the leak check created this, and removes it.",
            portrait=poster,
        )
        _without_a_job(
            schedule.check_names_since.name,
            lambda: PersonName.objects.create(person=speaker, text=word, printed=True),
        )
        Role.objects.create(person=speaker, title=word, unit=word, speaks_for_us=True)
        Case.objects.create(
            person=speaker, country=canary.country, as_of=timezone.localdate(),
            call=word, summary=word, source=word,
        )  # fmt: skip
        beside = Release.objects.public().first()
        named = Person.objects.with_page().first()
        mark = f'<p><span data-person="{named.pk}">{named}</span></p>' if named else ""
        release = Release.objects.create(
            uuid=names.release,
            status=Release.Status.APPROVED,
            publish_at=embargo_ends,
            kind=canary.kind,
            language=canary.language,
            countries=canary.country,
            translation_of=beside,
            title=title,
            slug=names.slug,
            standfirst=f"{word} standfirst",
            dateline_place=word,
            pull_quote=f"{word} said so",
            body=f"<p>{word}</p>{mark}"
            f'<blockquote data-speaker="{speaker.pk}"><p>“{word} said so.”</p></blockquote>'
            f'<h2>{word}</h2><figure data-asset="{inside.pk}"></figure><p>{word}</p>',
            notes_to_editors=f"<p>{word}</p>",
            poster=poster,
            attached=[str(document.pk)],
        )
        release.topics.set([topic, *(beside.topics.all() if beside else [])])
        release.contacts.set([contact])
        FormerSlug.objects.create(slug=names.former_slug, release=release)
    originals = tuple(str(file.original.name) for file in (poster, inside, document))
    return replace(
        canary,
        names=replace(names, originals=originals),
        numbers=(topic.pk, contact.pk),
        embargo_ends_at=embargo_ends,
    )


def _without_a_job(name: str, act: Callable[[], object]) -> None:
    """Call a function and delete the job that it adds. Jobs that were already waiting stay."""
    waiting = set(Job.objects.filter(name=name).values_list("pk", flat=True))
    act()
    Job.objects.filter(name=name).exclude(pk__in=waiting).delete()


def _pdf(text: str) -> bytes:
    """Return a PDF of one page with a text in its drawing code, which cleaning keeps."""
    page = f"{text}\n".encode()
    return (
        b"%%PDF-1.7\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n"
        b"2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj\n"
        b"3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R >> endobj\n"
        b"4 0 obj << /Length %d >> stream\n%sendstream endobj\n"
        b"trailer << /Root 1 0 R >>\n%%%%EOF\n"
    ) % (len(page), page)


def _process(picture: MediaAsset) -> None:
    """Process a file, or wait for the worker that is processing it."""
    for _attempt in range(60):
        processing.process(picture)
        if picture.state not in (MediaAsset.State.WAITING, MediaAsset.State.PROCESSING):
            return
        time.sleep(0.5)


def is_in_place(canary: Canary) -> bool:
    """Return whether a canary is still there, approved and scheduled."""
    return Release.objects.scheduled().filter(pk=canary.names.release).exists()


@contextlib.contextmanager
def known_session(names: Names) -> Iterator[str]:
    """Store a session without a user; yield its key."""
    session = Session.objects.create(
        session_key=SESSIONS + names.word,
        session_data=SessionStore().encode({"leakcheck": "belongs to nobody"}),
        expire_date=timezone.now() + timedelta(minutes=10),
    )
    try:
        yield session.session_key
    finally:
        session.delete()


# --- Removal -----------------------------------------------------------------------------------


def sweep(names: Names | None = None) -> int:
    """Remove one canary, or all, with their rows and files.

    Returns the number of removed rows and files. Rows that editors created and linked to a canary
    stay, without the link.
    """
    with transaction.atomic():
        # Lock the release: the site records probes in the background, and must add none now.
        list(_rows(Release).select_for_update().filter(pk__endswith=NODE).values_list("pk"))
        to_delete, linked = _rows_of_canaries(names)
        for model, name, keys in linked:
            _rows(model).filter(pk__in=keys).update(**{name: None})
        for model in BY_TABLE_AND_ROW:
            to_delete[model] = _about(model, to_delete) | to_delete.get(model, set())
        to_delete[SearchWord] |= words_only_in(to_delete.get(SearchEntry, set()))
        # _raw_delete skips cascades, guards and signals, which would store another version of each
        # row. Foreign keys are checked at the commit, so the order does not matter.
        removed = sum(
            _rows(model).filter(pk__in=keys)._raw_delete(connection.alias)
            for model, keys in to_delete.items()
            if keys
        )
    return removed + _sweep_files(names)


Rows = dict[type[models.Model], set[Any]]
# Models that refer to rows of other tables without a foreign key.
BY_TABLE_AND_ROW = (FoldedText, NameCheckFind, NameException, NameDisclosure)


def _rows(model: type[models.Model]) -> models.QuerySet[Any]:
    return models.QuerySet(model)  # without the guards of a custom queryset


def _rows_of_canaries(
    names: Names | None,
) -> tuple[Rows, list[tuple[type[models.Model], str, set[Any]]]]:
    """Return the rows to delete, and the rows that stay, with the field that links to a canary."""
    to_delete = _marked(names)
    linked = []
    todo = list(to_delete)
    while todo:
        model = todo.pop()
        for relation in model._meta.get_fields(include_hidden=True):
            if not (relation.auto_created and (relation.one_to_many or relation.one_to_one)):
                continue
            referring: type[models.Model] = relation.related_model  # type: ignore[assignment]
            name = relation.field.name  # type: ignore[union-attr]
            found = set(
                _rows(referring)
                .filter(**{f"{name}__in": to_delete[model]})
                .values_list("pk", flat=True)
            ) - to_delete.get(referring, set())
            if found and _is_editors_own(referring):
                linked.append((referring, name, found))
            elif found:
                to_delete.setdefault(referring, set()).update(found)
                todo.append(referring)
    return to_delete, linked


def _about(model: type[models.Model], to_delete: Rows) -> set[Any]:
    """Return the rows of a model that refer by table and key, as text, to the rows to delete."""
    found: set[Any] = set()
    for other, keys in to_delete.items():
        rows = _rows(model).filter(table=other._meta.label_lower, row__in=list(map(str, keys)))
        found |= set(rows.values_list("pk", flat=True))
    return found


def _marked(names: Names | None) -> Rows:
    """Return the rows of all tables that contain a canary's UUID, or its title as a name."""
    columns = [
        (model, field)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.UUIDField)
    ]
    uuids = (
        set(names.uuids)
        if names
        else {
            uuid
            for model, field in columns
            for uuid in _rows(model)
            .filter(**{f"{field.name}__endswith": NODE})
            .values_list(field.name, flat=True)
            if is_canary_uuid(uuid)
        }
    )
    to_delete: Rows = {}
    for model, field in columns:
        keys = (
            uuids  # also of deleted rows, to which stored versions still refer
            if field.primary_key
            else set(
                _rows(model).filter(**{f"{field.name}__in": uuids}).values_list("pk", flat=True)
            )
        )
        to_delete.setdefault(model, set()).update(keys)
    titles = {"name": names.title} if names else {"name__regex": TITLES}
    for named in (Topic, Contact, Topic.history.model, Contact.history.model):
        to_delete[named] = set(_rows(named).filter(**titles).values_list("pk", flat=True))
    ends = [str(uuid) for uuid in names.uuids] if names else [NODE]
    for model, column in ((Job, "key"), (Email, "about")):
        about = reduce(or_, (Q(**{f"{column}__endswith": end}) for end in ends))
        to_delete[model] = set(_rows(model).filter(about).values_list("pk", flat=True))
    its_word = {"word__contains": names.word} if names else {"word__regex": f"^[{LETTERS}]{{16}}$"}
    to_delete[SearchWord] = set(_rows(SearchWord).filter(**its_word).values_list("pk", flat=True))
    begins = SESSIONS + (names.word if names else "")
    to_delete[Session] = set(
        _rows(Session).filter(pk__startswith=begins).values_list("pk", flat=True)
    )
    return to_delete


def _is_editors_own(model: type[models.Model]) -> bool:
    return getattr(model, "instance_type", model) in DEMO_MODELS


def _sweep_files(names: Names | None) -> int:
    tops, _files = default_storage.listdir("")
    return sum(
        storage.remove_folder(f"{top}/{name}")
        for top in tops
        for name in default_storage.listdir(top)[0]
        if is_canary_uuid(name) and (names is None or UUID(name) in names.uuids)
    )


# --- Watchdog ----------------------------------------------------------------------------------


class WatchdogError(Exception):
    """The process that removes a canary after a run was killed could not be started."""


class CanaryNotRemovedError(Exception):
    """A canary could not be removed."""


class RunInterrupted(BaseException):
    """A signal that asks the run to end; no handler of Exception may catch it."""


TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def removed_at_the_end(names: Names) -> Iterator[Callable[[], None]]:
    """Remove a canary when the block ends, even if it ends by a signal or a kill.

    Yields a function that waits until the watchdog process is ready; call it before planting. The
    watchdog reads from a pipe of this process. The kernel closes the pipe if this process dies. If
    the pipe closes without a message, the watchdog removes the canary. Raises
    CanaryNotRemovedError if the removal fails; then the watchdog keeps trying.
    """
    with _signals(_interrupt), _watchdog(names) as (pipe, wait_for_watchdog):
        try:
            yield wait_for_watchdog
        finally:
            with _signals(signal.SIG_IGN):
                _sweep_or_raise(names)
                with contextlib.suppress(BrokenPipeError):  # the watchdog has already removed it
                    os.write(pipe, b"all removed")


def _sweep_or_raise(names: Names) -> None:
    for wait in (1, 3, 0):
        try:
            sweep(names)
            return
        except Exception as error:
            problem = error
            connections.close_all()
            time.sleep(wait)
    message = _(
        "THE CANARY COULD NOT BE REMOVED: %(reason)s\n"
        "A watchdog process tries again. Until it succeeds, a release, a topic, a press "
        "contact, a person and two pictures named “Leak check … (removes itself)” are left, and "
        "the release will be published within the hour. When the database and the storage answer "
        "again, run:\n    python manage.py leakcheck --sweep"
    )
    raise CanaryNotRemovedError(message % {"reason": problem})


@contextlib.contextmanager
def _watchdog(names: Names) -> Iterator[tuple[int, Callable[[], None]]]:
    """Start a watchdog; yield our end of its pipe, and a function that waits until it is ready."""
    command = [
        sys.executable,
        str(settings.BASE_DIR / "manage.py"),
        "leakcheck",
        "--guard",
        names.word,
    ]
    # In its own session, it gets no signal on Ctrl-C or when the terminal closes.
    watchdog = subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    its_input, its_output = cast(IO[bytes], watchdog.stdin), cast(IO[bytes], watchdog.stdout)

    def wait_for_watchdog() -> None:
        if its_output.readline() != b"on guard\n":
            raise WatchdogError(
                _(
                    "The watchdog process, which removes the canary if this one is killed, did not "
                    "start; see its output above. Nothing was added."
                )
            )

    try:
        yield its_input.fileno(), wait_for_watchdog
        watchdog.wait(timeout=60)
    finally:
        # After a failure no message was sent, so the watchdog removes the canary.
        its_input.close()
        its_output.close()


def watch(word: str, report: Callable[[str], object]) -> None:
    """Wait for the process at the other end of standard input; remove the canary if it dies."""
    for number in TO_END:
        signal.signal(number, signal.SIG_IGN)
    connections.close_all()
    with contextlib.suppress(BrokenPipeError):  # the run ended before it needed a watchdog
        os.write(1, b"on guard\n")
    until = time.time() + WATCHDOG_TIMEOUT.total_seconds()
    while time.time() < until:  # this clock includes the time in which the machine sleeps
        if select.select([0], [], [], 5)[0]:
            if os.read(0, 64):
                return
            break
    sweep_patiently(Names.of(word), report)


def sweep_patiently(names: Names, report: Callable[[str], object]) -> None:
    """Sweep until two sweeps in a row succeed, for about an hour at most.

    The first may miss rows of the dead process, if the database is still ending its transaction.
    """
    good = 0
    for _attempt in range(720):
        try:
            removed = sweep(names)
        except Exception as problem:
            good = 0
            connections.close_all()
            with contextlib.suppress(OSError):
                text = _("The canary of the leak check is not removed yet: %(reason)s")
                report(text % {"reason": problem})
            time.sleep(5)
            continue
        if removed:
            with contextlib.suppress(OSError):  # the terminal may be gone
                report(_("The leak check was interrupted; its watchdog removed the canary."))
        good += 1
        if good == 2:
            return
        time.sleep(1)


def _interrupt(number: int, frame: object) -> None:
    raise RunInterrupted(signal.Signals(number).name)


@contextlib.contextmanager
def _signals(handler: Any) -> Iterator[None]:
    """Handle the signals in TO_END, except those that are ignored already, as under nohup."""
    before = {number: signal.getsignal(number) for number in TO_END}
    for number, old in before.items():
        if old != signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
