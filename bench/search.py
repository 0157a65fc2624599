"""Measures the search: its time in the database, its pages, and what the index adds to a save.

The texts are 2 kB of real words each (bench/data/names), with a quotation. Up to DISTINCT they are
made and indexed by the application; above that, SQL copies them with other keys and days. Markers
are added: words in a known share of the texts. It uses an empty, separate database.

“statements”: the time of all statements of one search. “search”: the time of the whole search, with
the reading of the rows, which SQLite finds while they are read. Both are medians, and warm.
“processor”: the processor time of this process and, on PostgreSQL, of the server process for our
connection. “save”: what the index adds to the save of a draft, in turn with saves without it.

    DATABASE_URL=postgres://… python bench/search.py [RELEASES …]     default: 1000
    python bench/search.py 20000                                      on SQLite, in memory
"""

import lzma
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pressroom.settings")

import django  # noqa: E402

django.setup()

from django.db import connection, models, transaction  # noqa: E402
from django.test.runner import DiscoverRunner  # noqa: E402
from django.utils import timezone  # noqa: E402

from bench.pages import database_clock, milliseconds  # noqa: E402
from people.models import Level, Person  # noqa: E402
from releases import search  # noqa: E402
from releases.models import Mention, Quote, Release, SearchEntry, text_stored  # noqa: E402
from releases.search import index, storage  # noqa: E402
from releases.search.entries import MONTH, YEAR, reference  # noqa: E402

DISTINCT, WORDS, DRAFT_WORDS, PEOPLE = 20_000, 330, 640, 100
RUNS, SAVES = 9, 30
BATCH = 500
MINUTES = 45  # from one release to the next older one
# A marker is in every so many texts.
MARKERS = {"oneinathousand": 1_000, "oneinahundred": 100, "oneinten": 10, "oneintwo": 2, "inall": 1}
QUERIES = {
    "no text": "innotext",
    "1 in 1,000": "oneinathousand",
    "1 in 100": "oneinahundred",
    "1 in 10": "oneinten",
    "1 in 2": "oneintwo",
    "every text": "inall",
    "two frequent words": "oneinten the",
    "a phrase of frequent words": '"of the"',
    "a frequent word without another": "inall -oneintwo",
    "one wrong letter": "oneinathousamd",
    "a name that 100 people have": "brask",
}


# --- The texts -----------------------------------------------------------------------------------


def real_words() -> list[str]:
    with lzma.open(ROOT / "bench" / "data" / "names" / "negatives.txt.xz", "rt") as file:
        return [word for word in file.read().split() if word.isalpha()]


def text_of(number: int, words: list[str]) -> tuple[str, str]:
    """Return the paragraphs of a text, and what is said in its quotation."""
    start = number * 97 % (len(words) - WORDS)
    some = words[start : start + WORDS]
    markers = " ".join(word for word, every in MARKERS.items() if number % every == 0)
    paragraphs = "".join(
        f"<p>{' '.join(some[begin : begin + 60])}</p>" for begin in range(30, WORDS, 60)
    )
    return f"{paragraphs}<p>{markers}</p>", f"“{' '.join(some[:30])} {markers}”"


def add_people() -> list[Person]:
    people = models.QuerySet(Person).bulk_create(
        Person(
            pk=UUID(int=number + 1), display_name=f"Ana {chr(97 + number % 26) * 3}{number} Brask",
            sort_name=f"Brask {number}", slug=f"brask-{number}", level=Level.PUBLIC,
            level_basis="For the measurement.",
        )
        for number in range(PEOPLE)
    )  # fmt: skip
    index.index_rows(people)
    return people


def add_releases(size: int, words: list[str], people: list[Person]) -> None:
    now, chance = timezone.now(), random.Random(19)  # noqa: S311  # the same each time
    for start in range(0, size, BATCH):
        rows, quotes, mentions = [], [], []
        for number in range(start, min(start + BATCH, size)):
            speaker = people[number % PEOPLE]
            text, said = text_of(number, words)
            quoted = f'<blockquote data-speaker="{speaker.pk}"><p>{said}</p></blockquote>'
            row = Release(
                pk=UUID(int=chance.getrandbits(128)), slug=f"r{number}", status="approved",
                title=" ".join(words[number * 31 % 9_000 :][:9]), countries=["GB"],
                body=f"{text}{quoted}",
                publish_at=now - timedelta(minutes=MINUTES * number + 1),
            )  # fmt: skip
            quotes.append(
                Quote(
                    release=row, speaker=speaker, position=1, text=said,
                    attribution_name=speaker.display_name, attribution_title="Director",
                )
            )  # fmt: skip
            mentions.append(Mention(release=row, person=speaker, surface=speaker.display_name))
            rows.append(row)
        with transaction.atomic():
            models.QuerySet(Release).bulk_create(rows)
            Quote.objects.bulk_create(quotes)
            Mention.objects.bulk_create(mentions)
            index.index_rows(rows)


# --- Copies --------------------------------------------------------------------------------------


def copy_releases(distinct: int, size: int) -> None:
    """Copy the releases with SQL until there are `size`. Each copy is older than those before."""
    with connection.cursor() as cursor:
        for name in storage.GIN:  # they are built faster at the end
            cursor.execute(f"DROP INDEX IF EXISTS {name}")
        for copy in range(1, size // distinct):
            _copy(cursor, copy, timedelta(minutes=MINUTES * distinct * copy))


def _copy(cursor: object, copy: int, age: timedelta) -> None:
    new_key = f"md5(r.uuid::text || '-{copy}')::uuid"

    def insert(model: type[models.Model], rows: str, **changed: str) -> None:
        columns = [field.column for field in model._meta.concrete_fields if field.column != "id"]
        values = ", ".join(changed.get(column, f"t.{column}") for column in columns)
        cursor.execute(  # type: ignore[attr-defined]
            f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) "  # noqa: S608
            f"SELECT {values} FROM {rows} WHERE r.slug !~ '-'",
            {"age": age},
        )

    table = Release._meta.db_table
    older = "(r.publish_at - %(age)s)"
    insert(
        Release, f"{table} r JOIN {table} t USING (uuid)",
        uuid=new_key, slug=f"r.slug || '-{copy}'", publish_at=older,
    )  # fmt: skip
    for model in (Quote, Mention):
        insert(
            model, f"{model._meta.db_table} t JOIN {table} r ON r.uuid = t.release_id",
            release_id=new_key,
        )  # fmt: skip
    utc = "at time zone 'UTC'"
    dates = {MONTH: "YYYYMM", YEAR: "YYYY"}
    old = ", ".join(
        f"'{reference(kind, '')}' || to_char(r.publish_at {utc}, '{form}')"
        for kind, form in dates.items()
    )
    new = " || ".join(
        f"('''{reference(kind, '')}' || to_char({older} {utc}, '{form}') || ''':1')::tsvector"
        for kind, form in dates.items()
    )
    insert(
        SearchEntry,
        f"{SearchEntry._meta.db_table} t JOIN {table} r ON r.uuid = t.release_id",
        release_id=new_key,
        key=f"replace(({new_key})::text, '-', '') || "
        "coalesce(':' || t.position::text, '')",
        everything=f"ts_delete(t.everything, ARRAY[{old}]) || {new}",
    )  # fmt: skip


def build(size: int) -> None:
    """Make the texts and their index, and print how long that took."""
    distinct = min(size, DISTINCT)
    began = time.perf_counter()
    add_releases(distinct, real_words(), add_people())
    took = [f"{distinct:,} releases made and indexed in {time.perf_counter() - began:.0f} s"]
    if size > distinct:
        began = time.perf_counter()
        copy_releases(distinct, size)
        took.append(f"{size - distinct:,} copied in {time.perf_counter() - began:.0f} s")
        began = time.perf_counter()
        storage.install()
        took.append(f"full-text indexes in {time.perf_counter() - began:.0f} s")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    print(f"  {', '.join(took)}", flush=True)


# --- Measurements --------------------------------------------------------------------------------


@contextmanager
def statements() -> Iterator[list[float]]:
    """Collect the time of each statement, in milliseconds."""
    times: list[float] = []

    def timed(execute: Callable, *arguments: object) -> object:
        began = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            times.append((time.perf_counter() - began) * 1000)

    with connection.execute_wrapper(timed):
        yield times


def ask(kind: str, typed: str) -> tuple[int, int, float, float]:
    """Return the hits and the statements of a search, and the time of these and of the search.

    The times are medians, in milliseconds.
    """
    find = {"releases": search.releases, "quotations": search.quotations}[kind]
    sums, wholes, number, hits = [], [], 0, 0
    for run in range(RUNS + 2):
        with statements() as times:
            began = time.perf_counter()
            hits = find(search.parse(typed), timezone.now()).total
            took = (time.perf_counter() - began) * 1000
        if run >= 2:  # warm
            sums.append(sum(times))
            wholes.append(took)
            number = len(times)
    return hits, number, statistics.median(sums), statistics.median(wholes)


def measure_queries() -> None:
    print(f"  {'one search':45}{'hits':>7}{'statements':>20}{'search':>13}")
    for kind in ("releases", "quotations"):
        for name, typed in QUERIES.items():
            hits, number, database, whole = ask(kind, typed)
            shown = f"{search.MAX_HITS:,}+" if hits > search.MAX_HITS else f"{hits:,}"
            took = f"{number:>6}: {database:8.1f} ms {whole:9.1f} ms"
            print(f"  {f'{kind}: {name}':45}{shown:>7}{took}", flush=True)


def measure_pages() -> None:
    print(f"  {'page':46}{'processor':>13}")
    for path in ("/releases/", *(f"/releases/?q={QUERIES[name]}" for name in QUERIES)):
        path = path.replace(" ", "+").replace('"', "%22")
        took = statistics.median(milliseconds(path) for _ in range(3))
        print(f"  {path:46}{took:>10.1f} ms", flush=True)


def measure_saves() -> None:
    words, clock = real_words(), database_clock()
    chance = random.Random(7)  # noqa: S311

    def text(number: int) -> str:
        start = number * 211
        return f"<p>{' '.join(words[start : start + DRAFT_WORDS])}</p>"

    def new(number: int) -> str:
        letters = "abcdefghijklmnopqrstuvwxyz"
        made = ["".join(chance.choices(letters, k=9)) for _ in range(DRAFT_WORDS // 2)]
        return f"<p>{' '.join(made * 2)}</p>"

    kinds: dict[str, Callable[[int], str]] = {
        "a changed text of 640 words": text,
        "the same text again": lambda number: text(1),
        "a text with 320 new words": new,
    }
    for name, body in kinds.items():
        draft = Release.objects.create(title="A draft", body=body(0))
        took: dict[bool, float] = {True: 0.0, False: 0.0}
        for number in range(2 * SAVES):
            is_indexed = number % 2 == 0
            draft.body = body(number + 1)
            receiver = (index._release_stored, Release)
            if not is_indexed:
                text_stored.disconnect(*receiver, dispatch_uid="search.release")
            began = time.process_time() + clock()
            draft.save()
            took[is_indexed] += time.process_time() + clock() - began
            text_stored.connect(*receiver, dispatch_uid="search.release")
        with_it, without = (took[each] / SAVES * 1000 for each in (True, False))
        print(
            f"  save, {name + ':':30}{with_it:6.1f} ms, without the index {without:.1f} ms: "
            f"{with_it - without:+.1f} ms"
        )
        draft.delete()


def main() -> None:
    sizes = [int(each.replace(",", "")) for each in sys.argv[1:]] or [1_000]
    runner = DiscoverRunner(verbosity=0, interactive=False)
    runner.setup_test_environment()
    for size in sizes:
        made = runner.setup_databases()
        try:
            print(f"{size:,} releases on {connection.display_name}:")
            build(size)
            measure_queries()
            measure_pages()
            measure_saves()
        finally:
            runner.teardown_databases(made)


if __name__ == "__main__":
    main()
