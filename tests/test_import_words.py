"""The importer notes codes. Each code has a sentence, and each sentence gets all its values."""

import ast
import re
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings

from desk.imports.messages import SENTENCES, sentence
from importing import understand
from importing.notes import Note
from tests import gold
from tests.make import DATA

PACKAGE = Path(settings.BASE_DIR) / "importing"
MODULES = sorted(PACKAGE.rglob("*.py"))
# Tables of words. Their strings may look like sentences.
TABLES = {"vocabulary.py"}
SAMPLES = sorted(
    path
    for path in (DATA / "import").glob("*/*")
    if path.is_file() and not path.name.startswith("LICENSE")
)


def notes_in(path: Path) -> list[tuple[str, set[str] | None]]:
    """Return the code and the value names of every `Note(…)` and `self._note(…)` in a module.

    The names are None if the call does not list them.
    """
    found: list[tuple[str, set[str] | None]] = []
    for call in ast.walk(ast.parse(path.read_text())):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        called = ast.unparse(call.func)
        code = call.args[0].value if isinstance(call.args[0], ast.Constant) else None
        if called not in ("Note", "self._note") or not isinstance(code, str):
            continue
        names: set[str] | None = {keyword.arg for keyword in call.keywords if keyword.arg}
        if len(call.args) > 1:
            values = call.args[1]
            keys = values.keys if isinstance(values, ast.Dict) else []
            names = {str(key.value) for key in keys if isinstance(key, ast.Constant)}
            names = names if keys and len(names) == len(keys) else None
        found.append((code, names))
    return found


NOTES = [
    pytest.param(code, names, id=f"{path.name}: {code}")
    for path in MODULES
    for code, names in notes_in(path)
]


def placeholders(code: str) -> set[str]:
    """Return the placeholders of a sentence, in singular and plural."""
    needed: set[str] = set()

    class Recorder(dict):
        def __missing__(self, name):
            needed.add(name)
            return 2

    for count in (1, 2):
        str(SENTENCES[code] % Recorder(count=count))
    return needed | ({"count"} if "%(count)s" in str(SENTENCES[code] % Counting()) else set())


class Counting(dict):
    """Values that are their own placeholders, apart from the count, which must be a number."""

    def __missing__(self, name):
        return 2 if name == "count" else f"%({name})s"


@pytest.mark.parametrize(("code", "names"), NOTES)
def test_each_code_has_a_sentence_with_a_value_for_each_placeholder(code, names):
    assert code in SENTENCES
    if names is not None:
        days = {f"{name}_weekday" for name in names}
        # An error gets the name of the file later.
        assert placeholders(code) <= names | days | {"file"}


def test_every_sentence_is_used():
    packages = (PACKAGE, PACKAGE.parent / "desk")
    modules = [path for package in packages for path in package.rglob("*.py")]
    sentences = PACKAGE.parent / "desk/imports/messages.py"
    source = "".join(path.read_text() for path in modules if path != sentences)
    # Parts that are left out of a page are noted by their name, such as “page furniture”.
    written = {code: re.escape(code).replace("_", "[ _-]") for code in SENTENCES}
    assert [code for code in SENTENCES if not re.search(f'"{written[code]}"', source)] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_the_importer_has_no_sentences_and_no_translations(path):
    source = path.read_text()
    assert "gettext" not in source
    if path.name in TABLES:
        return
    tree = ast.parse(source)
    data: set[int] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            data |= {id(part) for part in ast.walk(body[0])}
        is_rule = isinstance(node, ast.Call) and ast.unparse(node.func).lower().endswith("rule")
        if is_rule or (isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile"):
            data |= {id(part) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in data:
            words = re.findall(r"(?<!\S)[A-Za-z’']{2,}[.,:;]?(?!\S)", node.value)
            is_like_a_sentence = re.match(r"\s*[A-Z]", node.value) or re.search(
                r"\w[.,:;]", node.value
            )
            assert len(words) < 4 or not is_like_a_sentence, f"line {node.lineno}: {node.value!r}"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_note_of_a_sample_has_a_sentence(path):
    understood = understand(path.read_bytes(), path.name)
    reasons = understood.date_guess.reasons if understood.date_guess else ()
    for note in (*understood.notes, *understood.missing, *reasons):
        assert isinstance(note, Note)
        assert "%(" not in sentence(note)


@pytest.mark.parametrize("marked", gold.releases(), ids=lambda marked: marked.name)
def test_every_note_of_a_marked_release_has_a_sentence(marked):
    understood = understand(marked.data, marked.filename)
    for note in (*understood.notes, *understood.missing):
        assert "%(" not in sentence(note)


def test_a_note_can_contain_notes_and_days_have_their_weekday():
    day = date(2025, 2, 13)
    reason = Note("text_says_weekday", {"words": "Thursday 13 February", "day": day})
    because = Note("date_because", {"day": day, "reasons": (reason,)})
    assert sentence(because) == (
        "13 February 2025, because the text says “Thursday 13 February”, and 13 February 2025 was "
        "a Thursday"
    )
    assert sentence(Note("too_long", {"file": "a", "characters": 1234567, "most": 10})).startswith(
        "“a” is too long: it has 1,234,567 characters"
    )
    note = Note("unreadable_characters", {"count": 1})
    assert sentence(note).startswith("In one place a character")
