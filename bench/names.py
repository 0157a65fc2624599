"""Names in text: how many are found, how many of those are right, and how long it takes.

Precision and recall are of full names alone, on the annotated releases in tests/data/re3d (four
texts). Known are the people annotated there, as a record would hold them, and ten thousand
invented ones. An annotation counts where it holds a full name: “Iraqi President Fuad Masum” does,
“President Fuad” and “a new Prime Minister-designate” do not. Times are ratios to looking for every
spelling in turn (people.matching.names_in), in the same run.

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

from people.finding import Index  # noqa: E402
from people.matching import names_in, spelled  # noqa: E402

SAMPLE = ROOT / "tests" / "data" / "re3d"
ANNOTATED = ["Fuad Masum", "Haider al-Abadi", "Julie Bishop", "Ibrahim Al-Ja’afari"]
# The same people as other newsrooms spell them: the other way round, without hyphen or mark.
OTHERWISE = ["Masum Fuad", "Haider Al Abadi", "Bishop Julie", "Ibrahim al Ja'afari"]
KNOWN, WORDS, RUNS = 10_000, 1_000, 20
SYLLABLES = ["ba", "ke", "lo", "mi", "ra", "tu", "sen", "dor", "vik", "tal", "mor", "eli", "ana"]


def invented(chance: random.Random) -> str:
    def word() -> str:
        return "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, 3))).capitalize()

    last = f"{word()}-{word().lower()}" if chance.random() < 0.2 else word()
    return f"{word()} {last}"


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


def main() -> None:
    chance = random.Random(1)  # noqa: S311  # the same each time
    filler = [invented(chance) for _ in range(KNOWN)]
    print(f"Found among {KNOWN:,} others, full names alone:")
    measure(ANNOTATED, filler)
    measure(OTHERWISE, filler)

    index, ids = Index(), [uuid4() for _ in filler]

    def build() -> None:
        for pk, name in zip(ids, filler, strict=True):
            index.put(pk, [name])

    def find_after_a_change() -> None:
        index.put(UUID(int=1), [invented(chance)])
        index.find([text])

    common = ["the", "court", "said", "on", "Monday", "The", "Government", "of"]
    words: list[str] = []
    while len(words) < WORDS:
        words += [chance.choice(common) if chance.random() < 0.9 else chance.choice(filler)]
    text = " ".join(words)
    spelled.cache_clear()
    first = seconds(build, 1)
    find = seconds(lambda: index.find([text]))
    after = seconds(find_after_a_change)
    turn = seconds(lambda: names_in(text, filler), 3)
    print(f"{WORDS:,} words, {KNOWN:,} known people, {len(index.find([text]))} names in the text:")
    print(f"  find              {find * 1000:7.1f} ms  {find / turn:5.2f}x")
    print(f"  one changed, find {after * 1000:7.1f} ms  {after / turn:5.2f}x")
    print(f"  each in turn      {turn * 1000:7.1f} ms   1.00x")
    print(f"  first of a process, all read in: {first * 1000:.0f} ms")


if __name__ == "__main__":
    main()
