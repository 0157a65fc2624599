"""Names in text: how many are found, how many of those are right, and how long it takes.

Precision and recall are of full names alone, on the annotated releases in tests/data/re3d (four
texts). Known are the people annotated there, as a record would hold them, and ten thousand
invented ones, of whom many share a surname. An annotation counts where it holds a full name, two
words or more without title and nationality: “Iraqi President Fuad Masum” does, “President Fuad”
and “a new Prime Minister-designate” do not. Times are ratios to looking for every spelling in turn
(people.matching.names_in), in the same run; those of a request are of the editor's own question,
with hints and database, in an empty database of its own.

    python bench/names.py
"""

import json
import os
import random
import sys
import time
from pathlib import Path
from uuid import UUID, uuid4

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pressroom.settings")

import django  # noqa: E402

django.setup()

from django.test import Client  # noqa: E402
from django.test.runner import DiscoverRunner  # noqa: E402

from accounts.models import User  # noqa: E402
from people.finding import Index, everybody  # noqa: E402
from people.matching import names_in, spelled  # noqa: E402
from people.models import Person  # noqa: E402

SAMPLE = ROOT / "tests" / "data" / "re3d"
ANNOTATED = ["Fuad Masum", "Haider al-Abadi", "Julie Bishop", "Ibrahim Al-Ja’afari"]
# The same people as other newsrooms spell them: the other way round, without hyphen or mark.
OTHERWISE = ["Masum Fuad", "Haider Al Abadi", "Bishop Julie", "Ibrahim al Ja'afari"]
KNOWN, WORDS, RUNS, SURNAMES = 10_000, 1_000, 20, 300
SYLLABLES = ["ba", "ke", "lo", "mi", "ra", "tu", "sen", "dor", "vik", "tal", "mor", "eli", "ana"]
COMMON = ["the", "court", "said", "on", "Monday", "The", "Government", "of"]


def invented(chance: random.Random) -> list[str]:
    """Names that share surnames as names do; a fifth with a hyphen, a tenth with a particle."""

    def word() -> str:
        return "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, 3))).capitalize()

    surnames = [word() for _ in range(SURNAMES)]
    names = []
    for _ in range(KNOWN):
        last, shape = chance.choice(surnames), chance.random()
        last = f"{last}-{word().lower()}" if shape < 0.2 else f"al-{last}" if shape < 0.3 else last
        names.append(f"{word()} {last}")
    return names


def lines(name: str) -> list[dict]:
    return [json.loads(line) for line in (SAMPLE / name).read_text().splitlines() if line]


def expected(texts: dict[str, str]) -> set[tuple[str, int, int, str]]:
    """Where the annotators saw a person, and a full name of the people above stands in it."""
    spans = set()
    for row in lines("entities.json"):
        for name in ANNOTATED:
            if row["type"] == "Person" and (at := row["value"].find(name)) >= 0:
                start = row["begin"] + at
                spans.add((row["documentId"], start, start + len(name), name))
    return {span for span in spans if texts[span[0]][span[1] : span[2]] == span[3]}


def measure(known: list[str], filler: list[str]) -> None:
    texts = {row["_id"]: row["text"] for row in lines("documents.json")}
    index, names = Index(), {}
    for name, record in [*zip(ANNOTATED, known, strict=True), *((n, n) for n in filler)]:
        names[pk := uuid4()] = name
        index.put(pk, [record])
    found = {
        (document, name.start, name.end, names[pk])
        for document, text in texts.items()
        for name in index.find([text])
        for pk in name.people
        if name.whole
    }
    right = found & expected(texts)
    print(
        f"  known as {', '.join(known)}:\n    precision {len(right)}/{len(found)}, "
        f"recall {len(right)}/{len(expected(texts))}"
    )


def seconds(deed, runs: int = RUNS) -> float:
    """The best of several runs."""
    best = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        deed()
        best = min(best, time.perf_counter() - start)
    return best


def release(chance: random.Random, filler: list[str], names: int) -> list[str]:
    """Paragraphs of a thousand words, with so many full names, half of them slightly misspelt."""
    words = [chance.choice(COMMON) for _ in range(WORDS - 2 * names)]
    for number in range(names):
        name = chance.choice(filler)
        words.insert(chance.randrange(len(words)), name if number % 2 else f"{name}h")
    return [" ".join(words[at : at + 60]) for at in range(0, len(words), 60)]


def requests(chance: random.Random, filler: list[str]) -> dict[str, float]:
    """Return the seconds of the editor's question: first of a process, again, after a change."""
    runner = DiscoverRunner(verbosity=0, interactive=False)
    runner.setup_test_environment()
    made = runner.setup_databases()
    try:
        Person.objects.bulk_create(
            Person(display_name=name, sort_name=name, slug=uuid4().hex) for name in filler
        )
        client = Client()
        client.force_login(User.objects.create_superuser("bench"))
        told = {"paragraphs": release(chance, filler, 40), "people": [], "rejected": []}

        def ask() -> None:
            address = "/admin/releases/release/names/"
            answer = client.post(
                address, json.dumps(told), content_type="application/json", secure=True
            )
            assert answer.status_code == 200, answer  # noqa: S101

        def ask_after_a_change() -> float:
            person = Person.objects.order_by("?").first()
            person.display_name = f"{person.display_name} Again"
            person.save()
            return seconds(ask, 1)

        first = seconds(lambda: everybody(), 1)
        return {
            "all read in, first of a process": first,
            "asked": seconds(ask),
            "asked, one changed": min(ask_after_a_change() for _ in range(RUNS)),
        }
    finally:
        runner.teardown_databases(made)


def main() -> None:
    chance = random.Random(1)  # noqa: S311  # the same each time
    filler = invented(chance)
    print(f"Found among {KNOWN:,} others, full names alone:")
    measure(ANNOTATED, filler)
    measure(OTHERWISE, filler)

    index, ids = Index(), [uuid4() for _ in filler]

    def build() -> None:
        for pk, name in zip(ids, filler, strict=True):
            index.put(pk, [name])

    def find_after_a_change() -> None:
        index.put(UUID(int=1), [chance.choice(filler)])
        index.find(text)

    text = release(chance, filler, 40)
    spelled.cache_clear()
    built = seconds(build, 1)
    times = {
        "find": seconds(lambda: index.find(text)),
        "find, one changed": seconds(find_after_a_change),
        "each in turn": seconds(lambda: names_in("\n".join(text), filler), 3),
        "build": built,
        **requests(chance, filler),
    }
    print(f"{WORDS:,} words, {KNOWN:,} known people, {len(index.find(text))} names in the text:")
    for name, took in times.items():
        print(f"  {name:32}{took * 1000:7.1f} ms  {took / times['each in turn']:5.2f}x")


if __name__ == "__main__":
    main()
