"""Measures the CPU time of pages with growing lists, with few and with many rows.

It compares 100 with 1,000 cases, 100 with 10,000 quotations of one person, and 1,000 with 20,000
releases. The time is that of this process and, on PostgreSQL, of the server process for our
connection. It uses an empty, separate database.

    python bench/pages.py
"""

import os
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pressroom.settings")

import django  # noqa: E402

django.setup()

from django.db import connection, models  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.runner import DiscoverRunner  # noqa: E402
from django.utils import timezone  # noqa: E402

from assets.models import MediaAsset  # noqa: E402
from people.models import Case, Designation, Level, Person, PersonName, Role  # noqa: E402
from releases.models import Illustration, Mention, Quote, Release, Topic  # noqa: E402

RUNS, CASES, QUOTATIONS, RELEASES = 8, (100, 1_000), (100, 10_000), (1_000, 20_000)
STATUSES = ["imprisoned", "pretrial", "detained", "released", "disappeared"]
COUNTRIES = ["GB", "IS", "CN", "FR", "DE", "US"]
WORDS = "The court must let her see a lawyer, and everybody who is held with her. "
CLEANED = {"styles": {"file": {"width": 0, "height": 0, "formats": {"pdf": 1}}}}
BATCH = 1_000


def add_people(number: int) -> list[Person]:
    return models.QuerySet(Person).bulk_create(
        Person(
            display_name=f"Ana Brask {n}", sort_name=f"Brask {n % 97} {n}", slug=uuid4().hex,
            level=Level.PUBLIC, level_basis="For the measurement.",
        )
        for n in range(number)
    )  # fmt: skip


def add_cases(number: int) -> None:
    held = add_people(number)
    models.QuerySet(PersonName).bulk_create(
        PersonName(person=person, text=f"Анна {n}", kind="native", printed=True)
        for n, person in enumerate(held)
    )
    cases = models.QuerySet(Case).bulk_create(
        Case(
            person=person, custody_status=STATUSES[n % 5], country=COUNTRIES[n % 6],
            as_of=date(2026, 1, 1) - timedelta(days=n % 300), call="Release her at once.",
            since=f"{2010 + n % 15}-{1 + n % 12:02}-{1 + n % 28:02}",
        )
        for n, person in enumerate(held)
    )  # fmt: skip
    models.QuerySet(Designation).bulk_create(
        Designation(case=case, by="The Board", since=f"20{10 + n % 10}", source="Minutes.")
        for n, case in enumerate(cases[::2])
    )


def add_releases(number: int, **values: object) -> list[Release]:
    now = timezone.now()
    return models.QuerySet(Release).bulk_create(
        (
            Release(
                title=f"A release {n}", body=f"<p>{WORDS * 3}</p>", slug=uuid4().hex,
                status="approved", publish_at=now - timedelta(minutes=n + 1), **values,
            )
            for n in range(number)
        ),
        BATCH,
    )  # fmt: skip


def add_quotations(number: int, speaker: Person) -> None:
    releases = add_releases(number)
    Quote.objects.bulk_create(
        (
            Quote(
                release=release, speaker=speaker, position=1, text=f"{WORDS * 3} No. {n}é",
                attribution_name="Ana Brask",
            )
            for n, release in enumerate(releases)
        ),
        BATCH,
    )  # fmt: skip
    Mention.objects.bulk_create(
        (Mention(release=release, person=speaker, surface="x") for release in releases), BATCH
    )


def add_illustrated(number: int, topics: list[Topic], asset: MediaAsset) -> None:
    """Add releases with topics, each with its own document. The last one also shows `asset`."""
    releases = add_releases(number)
    through = Release.topics.through
    through.objects.bulk_create(
        (
            through(release=release, topic=topics[n % len(topics)])
            for n, release in enumerate(releases)
        ),
        BATCH,
    )
    others = models.QuerySet(MediaAsset).bulk_create(
        (
            MediaAsset(kind="document", original=f"{n}.pdf", renditions=CLEANED)
            for n in range(number)
        ),
        BATCH,
    )
    Illustration.objects.bulk_create(
        (
            Illustration(release=release, asset=other, position=1, in_text=False)
            for release, other in zip(releases, others, strict=True)
        ),
        BATCH,
    )
    Illustration.objects.create(release=releases[-1], asset=asset, position=2, in_text=False)


def database_clock() -> Callable[[], float]:
    """Return a function that returns the CPU seconds of PostgreSQL's process for our connection."""
    if connection.vendor != "postgresql":
        return lambda: 0.0
    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")  # all work in one process
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    ticks = os.sysconf("SC_CLK_TCK")

    def seconds() -> float:
        if not stat.exists():  # on another machine
            return 0.0
        fields = stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / ticks

    return seconds


def milliseconds(path: str, status: int = 200) -> float:
    """Return the mean CPU time of several requests, in milliseconds."""
    client, database = Client(), database_clock()

    def ask() -> None:
        answer = client.get(path, secure=True)
        b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.status_code == status, (path, answer.status_code)  # noqa: S101

    ask()
    start = time.process_time() + database()
    for _ in range(RUNS):
        ask()
    return (time.process_time() + database() - start) / RUNS * 1000


def compare(rows: str, sizes: tuple[int, int], grow: Callable[[int], None], pages: list) -> None:
    """Print the CPU time of pages with few rows and with many."""
    took = []
    grown = 0
    for size in sizes:
        grow(size - grown)
        grown = size
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")  # as autovacuum does
        took.append([milliseconds(*page) for page in pages])
    print(f"{sizes[0]:,} against {sizes[1]:,} {rows}:")
    for (path, *_), few, many in zip(pages, *took, strict=True):
        print(f"  {path[:56]:58}{few:7.1f} ms {many:7.1f} ms  {many / few:5.1f}x")


def measure() -> None:
    compare(
        "cases", CASES, add_cases,
        [("/prisoners/",), ("/prisoners/?page=5",), ("/prisoners/?country=GB&sort=-since",),
         ("/prisoners/?designation=prisoner-of-conscience",), ("/prisoners/prisoners.csv",)],
    )  # fmt: skip
    (speaker,) = add_people(1)
    Role.objects.create(person=speaker, title="Director", speaks_for_us=True)
    address = speaker.get_absolute_url()
    compare(
        "quotations of one person", QUOTATIONS, lambda n: add_quotations(n, speaker),
        [(address,), (f"{address}?page=5",), (f"{address}?q=LAWYER",), (f"{address}?q=no-99e",),
         (f"{address}?q=nowhere",), ("/people/",)],
    )  # fmt: skip
    Release.objects.all().delete()
    topics = [Topic.objects.create(name=f"Topic {n}") for n in range(10)]
    shown, hidden = (
        MediaAsset.objects.create(kind="document", original="shown.pdf", renditions=CLEANED)
        for _ in range(2)
    )
    compare(
        "releases", RELEASES, lambda n: add_illustrated(n, topics, shown),
        [(f"/media/{hidden.pk}/file.pdf", 404), ("/",), ("/sitemap.xml",),
         ("/sitemap-releases.xml",),
         ],
    )  # fmt: skip


def main() -> None:
    runner = DiscoverRunner(verbosity=0, interactive=False)
    runner.setup_test_environment()
    made = runner.setup_databases()
    try:
        measure()
    finally:
        runner.teardown_databases(made)


if __name__ == "__main__":
    main()
