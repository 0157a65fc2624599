"""Measures the search for names: the written forms that it finds, false blocks, and time.

Recall and false blocks are measured on bench/data/names, whose author had not read the code of the
search: 300 invented names in 20 forms each, and 612,730 words of real text without any of them.
Recall counts the forms that block according to people.names.forms. Precision of the suggestions is
measured for full names only, on the annotated releases in tests/data/re3d (four texts).

Times are CPU times. Ratios compare them with a search by one regular expression per name, in the
same run. The requests are those of the editor's name search, with hints, in a separate database.

    python bench/names.py
"""

import json
import lzma
import os
import random
import re
import sys
import time
from collections import Counter
from pathlib import Path
from uuid import UUID, uuid4

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pressroom.settings")

import django  # noqa: E402

django.setup()

from django.db import models  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.runner import DiscoverRunner  # noqa: E402

from accounts.models import User  # noqa: E402
from people.models import Level, Person  # noqa: E402
from people.names import NameIndex, is_full_name  # noqa: E402
from people.names.shared import people_index  # noqa: E402
from releases import workflow  # noqa: E402
from releases.models import Release  # noqa: E402

CORPUS = ROOT / "bench" / "data" / "names"
# Forms that only warn (people.names.forms), by the codes of the corpus.
WARN = {
    "contradicting_initial", "middle_name_left_out", "second_surname_left_out",
    "surname_with_initials",
}  # fmt: skip
SAMPLE = ROOT / "tests" / "data" / "re3d"
ANNOTATED = ["Fuad Masum", "Haider al-Abadi", "Julie Bishop", "Ibrahim Al-Ja’afari"]
# The same people in other spellings: in the other order, without the hyphen, with another mark.
OTHERWISE = ["Masum Fuad", "Haider Al Abadi", "Bishop Julie", "Ibrahim al Ja'afari"]
KNOWN, WORDS, RUNS, SURNAMES = 10_000, 1_000, 20, 300
SYLLABLES = ["ba", "ke", "lo", "mi", "ra", "tu", "sen", "dor", "vik", "tal", "mor", "eli", "ana"]
COMMON = ["the", "court", "said", "on", "Monday", "The", "Government", "of"]


def invented(chance: random.Random) -> list[str]:
    """Return invented names that share surnames. A fifth have a hyphen, a tenth have “al-”."""

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
    """Return where the annotators marked a person with one of the full names above."""
    spans = set()
    for row in lines("entities.json"):
        for name in ANNOTATED:
            if row["type"] == "Person" and (at := row["value"].find(name)) >= 0:
                start = row["begin"] + at
                spans.add((row["documentId"], start, start + len(name), name))
    return {span for span in spans if texts[span[0]][span[1] : span[2]] == span[3]}


def measure(known: list[str], filler: list[str]) -> None:
    texts = {row["_id"]: row["text"] for row in lines("documents.json")}
    index, names = NameIndex(), {}
    for name, record in [*zip(ANNOTATED, known, strict=True), *((n, n) for n in filler)]:
        names[pk := uuid4()] = name
        index.add(pk, [record])
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


def recall() -> None:
    """Print how many written forms block, and what blocks or warns in texts without these names."""
    rows = [json.loads(line) for line in (CORPUS / "forms.jsonl").read_text().splitlines()]
    index, ids = NameIndex(), {name: uuid4() for name in dict.fromkeys(r["record"] for r in rows)}
    for name, pk in ids.items():
        index.add(pk, [name])
    searched, found, warned, missed = 0, 0, 0, Counter()
    not_full = {name for name in ids if not is_full_name(name)}
    for row in rows:
        if row["record"] in not_full:
            continue
        matches = [m for m in index.matches(row["text"]) if m.person == ids[row["record"]]]
        blocks = any(match.blocks for match in matches)
        if row["form"] in WARN:
            warned += bool(matches)
            continue
        searched += 1
        found += blocks
        if not blocks:
            missed[row["form"]] += 1
    with lzma.open(CORPUS / "negatives.txt.xz", "rt") as file:
        texts = file.read()
    false = list(index.matches(texts))
    blocked = sum(match.blocks for match in false)
    print(f"{len(ids)} names, {len(rows):,} written forms:")
    print(f"  of the {searched:,} that block, found {found:,}: recall {found / searched:.4f}")
    print(f"  missed, by form: {dict(missed.most_common())}")
    print(f"  of {sum(r['form'] in WARN for r in rows)} that only warn, {warned} warn")
    print(f"  {len(not_full)} recorded names are not full names, and are left out")
    words = len(re.findall(r"\w+", texts))
    print(f"  in {words:,} words without them: {blocked} blocked, {len(false) - blocked} warned")
    others = [json.loads(line) for line in (CORPUS / "namesakes.jsonl").read_text().splitlines()]
    blocked_namesakes = 0
    for row in others:
        alone = NameIndex()
        alone.add(UUID(int=1), [row["record"]])
        blocked_namesakes += any(match.blocks for match in alone.matches(row["text"]))
    print(
        f"  of {len(others)} other people who share a part of a name, {blocked_namesakes} blocked\n"
    )


def in_turn(texts: list[str], names: list[str]) -> None:
    """Search for each recorded name with its own regular expression, for comparison."""
    text = "\n".join(texts)
    for name in names:
        re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)


def seconds(action, runs: int = RUNS) -> float:
    """Return the shortest CPU time of several runs, in seconds."""
    best = float("inf")
    for _ in range(runs):
        start = time.process_time()
        action()
        best = min(best, time.process_time() - start)
    return best


def release(chance: random.Random, filler: list[str], names: int) -> list[str]:
    """Return paragraphs of a thousand words with full names, half of them slightly misspelt."""
    words = [chance.choice(COMMON) for _ in range(WORDS - 2 * names)]
    for number in range(names):
        name = chance.choice(filler)
        words.insert(chance.randrange(len(words)), name if number % 2 else f"{name}h")
    return [" ".join(words[at : at + 60]) for at in range(0, len(words), 60)]


def opened(filler: list[str]) -> dict[str, float]:
    """Return the seconds to open the form of a release with 0 and with 3,000 protected names."""
    user = User.objects.filter(username="bench").first()
    client = Client()
    client.force_login(user)
    release = Release(title="A title", body="<p>" + " ".join(COMMON * 100) + "</p>")
    workflow.create(release, by=user)
    address = f"/admin/releases/release/{release.pk}/change/"

    def open_it() -> None:
        assert client.get(address, secure=True).status_code == 200  # noqa: S101

    Person.objects.all().delete()
    took = {"form, no protected name": seconds(open_it)}
    models.QuerySet(Person).bulk_create(
        Person(display_name=name, sort_name=name, slug=uuid4().hex, level=Level.STAFF)
        for name in filler[:3_000]
    )
    took["form, 3,000 protected names"] = seconds(open_it)
    return took


def requests(chance: random.Random, filler: list[str]) -> dict[str, float]:
    """Return the seconds of a name search: the first, a later one, and one after a change."""
    runner = DiscoverRunner(verbosity=0, interactive=False)
    runner.setup_test_environment()
    made = runner.setup_databases()
    try:
        models.QuerySet(Person).bulk_create(
            Person(display_name=name, sort_name=name, slug=uuid4().hex) for name in filler
        )
        client = Client()
        client.force_login(User.objects.create_superuser("bench"))
        search = {"paragraphs": release(chance, filler, 40), "people": [], "rejected": []}

        def ask() -> None:
            address = "/admin/releases/release/names/"
            answer = client.post(
                address, json.dumps(search), content_type="application/json", secure=True
            )
            assert answer.status_code == 200, answer  # noqa: S101

        def ask_after_a_change() -> float:
            person = Person.objects.order_by("?").first()
            person.display_name = f"{person.display_name} Again"
            person.save()
            return seconds(ask, 1)

        first = seconds(lambda: people_index(), 1)
        return {
            "first of a process, index built": first,
            "searched": seconds(ask),
            "searched, one changed": min(ask_after_a_change() for _ in range(RUNS)),
            **opened(filler),
        }
    finally:
        runner.teardown_databases(made)


def main() -> None:
    recall()
    chance = random.Random(1)  # noqa: S311  # the same each time
    filler = invented(chance)
    print(f"Found among {KNOWN:,} others, full names only:")
    measure(ANNOTATED, filler)
    measure(OTHERWISE, filler)

    index, ids = NameIndex(), [uuid4() for _ in filler]

    def build() -> None:
        for pk, name in zip(ids, filler, strict=True):
            index.add(pk, [name])

    def find_after_a_change() -> None:
        index.add(UUID(int=1), [chance.choice(filler)])
        index.find(text)

    text = release(chance, filler, 40)
    built = seconds(build, 1)
    times = {
        "find": seconds(lambda: index.find(text)),
        "find, one changed": seconds(find_after_a_change),
        "matches": seconds(lambda: index._matches("\n\n".join(text))),
        "each in turn": seconds(lambda: in_turn(text, filler), 3),
        "build": built,
        **requests(chance, filler),
    }
    print(f"{WORDS:,} words, {KNOWN:,} known people, {len(index.find(text))} names in the text:")
    for name, took in times.items():
        print(f"  {name:32}{took * 1000:7.1f} ms  {took / times['each in turn']:5.2f}x")


if __name__ == "__main__":
    main()
