"""The data for measuring the name check is complete: counts, sentences, codes, sources."""

import json
import lzma
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

NAMES = Path(__file__).parent.parent / "bench" / "data" / "names"


def rows(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (NAMES / name).read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def forms() -> list[dict[str, str]]:
    return rows("forms.jsonl")


@pytest.fixture(scope="module")
def negatives() -> str:
    return lzma.decompress((NAMES / "negatives.txt.xz").read_bytes()).decode()


def test_the_data_has_300_people_in_20_forms_each(forms):
    codes = defaultdict(set)
    surfaces = defaultdict(set)
    for row in forms:
        codes[row["record"]].add(row["form"])
        surfaces[row["record"]].add((row["surface"], row["text"]))

    assert len(forms) == 6000
    assert len(codes) == 300
    assert {len(found) for found in codes.values()} == {20}
    assert {len(found) for found in surfaces.values()} == {20}


def test_every_form_is_part_of_a_longer_text(forms):
    for row in forms:
        assert set(row) == {"record", "form", "text", "surface"}
        assert row["surface"] in row["text"]
        assert len(row["text"]) > len(row["surface"]), row
        assert "{" not in row["text"], row


def test_only_the_exact_form_has_the_spelling_of_the_record(forms):
    same_spelling = {"run_in_han_text"}  # only the text around the name differs
    for row in forms:
        if row["form"] == "exact":
            assert row["surface"] == row["record"]
        elif row["form"] not in same_spelling:
            assert row["surface"] != row["record"], row


def test_the_readme_explains_every_code_and_no_other(forms):
    readme = (NAMES / "README.md").read_text("utf-8")
    table = readme.partition("| code |")[2].partition("## namesakes")[0]
    documented = Counter(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))

    assert set(documented) == {row["form"] for row in forms}
    assert set(documented.values()) == {1}


def test_the_script_writes_the_committed_file(tmp_path):
    for name in ("make.py", "people.txt", "sentences.txt"):
        (tmp_path / name).write_bytes((NAMES / name).read_bytes())

    subprocess.run([sys.executable, tmp_path / "make.py"], check=True)

    assert (tmp_path / "forms.jsonl").read_bytes() == (NAMES / "forms.jsonl").read_bytes()


def test_the_negatives_are_long_and_name_none_of_the_people(forms, negatives):
    assert len(re.findall(r"\w+", negatives)) >= 300_000

    text = " ".join(negatives.lower().split())
    assert [name for name in {row["record"] for row in forms} if name.lower() in text] == []


def test_namesakes_share_a_part_with_a_record_and_are_not_it(forms):
    records = {row["record"] for row in forms}
    namesakes = rows("namesakes.jsonl")

    assert len(namesakes) == 50
    for row in namesakes:
        assert row["record"] in records
        assert row["expect"] == "no_block"
        assert row["record"].lower() not in row["text"].lower()
        parts = [part for part in re.split(r"[\s'’-]", row["record"]) if len(part) > 2]
        # Names without spaces share their first or last two characters, or a Chinese family name.
        parts += [row["record"][:2], row["record"][-2:]] if " " not in row["record"] else []
        parts += [row["record"][0]] if "\u4e00" <= row["record"][0] <= "\u9fff" else []
        assert any(part in row["text"] for part in parts), row
