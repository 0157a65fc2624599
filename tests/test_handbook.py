"""The handbooks match the screens: labels, pictures, links, commands, settings, permissions.

In a handbook, **bold** is a label or a message exactly as it is on the screen, with “…” for what
differs from case to case.
"""

import ast
import html
import importlib.util
import re
from functools import cache
from pathlib import Path

import django_prose_editor
import pytest
from django import forms
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.management import get_commands
from django.utils.text import capfirst
from PIL import Image

from accounts.roles import ROLES

ROOT = Path(settings.BASE_DIR)
BOOKS = [path for path in (ROOT / "docs/editing.md", ROOT / "docs/operating.md") if path.exists()]
PICTURES = ROOT / "docs/images/editing"
MAX_TOTAL_BYTES = 900_000
OUR_APPS = (
    *("accounts", "assets", "demo", "desk", "jobs", "leakcheck", "newsroom", "people", "previews"),
    *("releases", "pressroom"),
)
MIN_LETTERS = 5  # apart from its variables; a shorter text would match every label


def each_book(test):
    return pytest.mark.parametrize("book", BOOKS, ids=lambda path: path.stem)(test)


# --- The texts of the screens -------------------------------------------------------------------


def in_python(path: Path) -> set[str]:
    """Return the texts of a module, with “…” for what is filled in."""
    texts = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            parts = [
                str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values
            ]
            texts.add("".join(parts))
        elif isinstance(node, ast.keyword) and node.arg == "description":
            texts |= {
                capfirst(str(part.value))
                for part in ast.walk(node.value)
                if isinstance(part, ast.Constant)
            }
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.add(re.sub(r"%\(\w+\)s|\{\w*\}|%s", "…", node.value))
    return texts


def in_template(path: Path) -> set[str]:
    """Return the texts between the tags of a template, and those of its buttons."""
    source = re.sub(r"\{#.*?#\}", "", path.read_text())
    texts = set(re.findall(r"""\{% (?:translate|include).*?["'](.+?)["']""", source))
    texts |= set(re.findall(r'_\("([^"]+)"\)', source))
    texts |= set(re.findall(r'=\s?"([^"]+)"', source))
    source = re.sub(r"\{\{.*?\}\}", "…", source)
    source = re.sub(r"</?(?:b|bdi|em|span|time)\b[^>]*>", "", source)
    return texts | set(re.split(r"<[^>]*>|\{%.*?%\}", source))


def in_script(path: Path) -> set[str]:
    """Return the texts of a script, with “…” for what is filled in."""
    source = path.read_text()
    # In a minified script, the code between two strings is included too.
    texts = set(re.findall(r'(?="((?:[^"\\\n]|\\.){1,300})")', source))
    texts |= {re.sub(r"\$\{.*?\}", "…", each) for each in re.findall(r"`([^`\n]*)`", source)}
    return {re.sub(r"%\(\w+\)s", "…", each) for each in texts}


def plain(text: str) -> str:
    """Return a text for comparison, without the colon that a form puts after a label."""
    return " ".join(html.unescape(text).split()).removesuffix(":")


@cache
def on_screen() -> set[str]:
    """Return all texts of our screens, of Django's admin and of the text editor."""
    contrib = Path(admin.__file__).parent
    editor = Path(django_prose_editor.__file__).parent
    ours = [path for app in OUR_APPS for path in (ROOT / app).rglob("*.py")]
    texts = set()
    for path in [*ours, *contrib.glob("*.py"), Path(forms.__file__).parent / "fields.py"]:
        if "migrations" not in path.parts:
            texts |= in_python(path)
    for path in [*ROOT.glob("templates/**/*.html"), *contrib.glob("templates/**/*.html")]:
        texts |= in_template(path)
    for path in [*ROOT.glob("static/js/*.js"), editor / "static/django_prose_editor/editor.js"]:
        texts |= in_script(path)
    for model in apps.get_models():
        named = [
            field.verbose_name
            for field in model._meta.get_fields()
            if not field.is_relation or field.concrete
        ]
        texts |= {capfirst(str(name)) for name in named}
        name = str(model._meta.verbose_name)
        texts |= {capfirst(str(model._meta.verbose_name_plural)), f"Add {name}"}
    return set(map(plain, texts))


def is_like(text: str, pattern: str) -> bool:
    """Return whether a text matches a pattern, in which “…” stands for anything."""
    if "…" not in pattern or letters(pattern) < MIN_LETTERS:
        return False
    # After a letter, “…” stands for an ending, such as that of a plural.
    filled = re.sub(r"(?<=[^\W\d_])…", r"\\w*", re.escape(pattern)).replace("…", ".*")
    return re.fullmatch(filled, text, re.DOTALL) is not None


def letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def unknown_labels(labels: set[str]) -> list[str]:
    """Return the labels that are on no screen."""
    texts = on_screen()
    patterns = [text for text in texts if "…" in text]
    return sorted(
        label
        for label in map(plain, labels)
        if label not in texts
        and not any(
            is_like(label, pattern) and letters(pattern) * 2 > letters(label)
            for pattern in patterns
        )
        and not any(is_like(text, label) for text in texts)
    )


@each_book
def test_every_label_is_on_a_screen(book):
    labels = set(re.findall(r"\*\*(.+?)\*\*", book.read_text(), re.DOTALL))
    assert labels
    assert unknown_labels(labels) == []


def test_every_label_of_the_glossary_is_on_a_screen():
    labels = set()
    for line in (ROOT / "docs/glossary.md").read_text().splitlines()[6:]:
        cell = line.strip("| ").rpartition(" | ")[2]
        labels |= {label for label in re.split("[;,] ", cell) if re.match("[A-Z“]", label)}
    assert len(labels) > 100
    unknown = {re.sub(r" \(.*?\)$", "", label) for label in unknown_labels(labels)}
    assert unknown_labels(unknown) == []


def test_labels_that_are_on_no_screen_are_reported():
    wrong = {
        "Take offlin now",
        "Sumbit for approval",
        "Approve it",
        "Put back online",
        "Xyzzy …",
    }
    assert unknown_labels(wrong) == sorted(wrong)
    right = {
        "Submit for approval",
        "Choose a speaker for the quotation “…”.",
        "Title:",
    }
    assert unknown_labels(right) == []


# --- Pictures ----------------------------------------------------------------------------------


def test_every_picture_exists_is_described_is_small_and_is_used():
    script_path = PICTURES / "make.py"
    spec = importlib.util.spec_from_file_location("pictures", script_path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    shown = [
        (alt, book.parent / name)
        for book in BOOKS
        for alt, name in re.findall(r"!\[(.*?)\]\((.+?)\)", book.read_text())
    ]
    assert len(shown) >= 12
    for alt, path in shown:
        assert len(alt) > 20, path
        assert path.stat().st_size <= script.MAX_BYTES, path
        with Image.open(path) as image:
            image.load()
    kept = set(PICTURES.glob("*.webp"))
    assert kept == {path for _, path in shown if path.parent == PICTURES}
    assert sum(path.stat().st_size for path in kept) <= MAX_TOTAL_BYTES
    made = re.findall(r'keep\(\s*[^"]*?"([\w-]+)"', script_path.read_text())
    assert {path.stem for path in kept} == set(made)


# --- Links, commands, settings -----------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    """Return the addresses of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_book
def test_every_link_inside_the_project_has_a_target(book):
    for address in re.findall(r"(?<!!)\[[^\]]+\]\((?!https?:|mailto:)(.+?)\)", book.read_text()):
        path, _, anchor = address.partition("#")
        target = (book.parent / path) if path else book
        assert target.exists(), address
        assert not anchor or anchor in anchors(target), address


@each_book
def test_every_named_command_setting_and_file_exists(book):
    text = book.read_text()
    for command in re.findall(r"manage\.py ([a-z]\w+)", text):
        assert command in get_commands(), command
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"`make ([a-z]+)", text):
        assert target in targets, target
    known = re.findall(r"^#? ?(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    for setting in re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z]+(?==))", text):
        assert setting in known, setting
    for file in re.findall(r"`((?:demo|docs)/[\w./-]+)`", text):
        assert (ROOT / file).exists(), file


# --- Permissions -------------------------------------------------------------------------------

PERMISSIONS = {
    "Read all releases": "releases.view_release",
    "Write and import": "releases.add_release",
    "Submit their own": "releases.submit_release",
    "Upload pictures": "assets.add_mediaasset",
    "Change and submit drafts of others": "releases.edit_any_release",
    "Send a release in review back": "releases.return_release",
    "Restrict their own": "releases.add_release",
    "Restrict releases of others": "releases.approve_release",
    "Delete a draft": "releases.delete_release",
    "Take a release offline now": "releases.hold_release",
    "Add topics and contacts": "releases.change_contact",
    "Withdraw a picture": "releases.hold_release",
    "Add and change people": "people.change_consent",
    "Lower a level": "people.change_person",
    "Issue and revoke preview links": "previews.issue_previewlink",
    "Delete pictures": "assets.delete_mediaasset",
    "Approve, schedule": "releases.approve_release",
    "Send an approved release back": "releases.approve_release",
    "Correct what is public": "releases.correct_release",
    "Withdraw": "releases.withdraw_release",
    "Approve a higher level": "people.set_level",
    "Approve that a person under eighteen": "people.name_minor",
    "Be named on a record at level 0": "people.be_case_officer",
    "Name another user on records": "accounts.manage_team",
    "Publish a document": "assets.accept_as_is",
    "Invite people": "accounts.manage_team",
    "Read and export the record": "accounts.export_accessevent",
}


def test_the_table_of_permissions_matches_the_groups():
    text = (ROOT / "docs/editing.md").read_text()
    head, _, *rows = text[text.index("| Task |") :].split("\n\n")[0].splitlines()
    groups = [cell.strip() for cell in head.strip("| ").split("|")][1:]
    assert groups == list(ROLES)
    assert len(rows) == len(PERMISSIONS)
    for row, (start, permission) in zip(rows, PERMISSIONS.items(), strict=True):
        task, *cells = (cell.strip() for cell in row.strip("| ").split("|"))
        assert task.startswith(start)
        app, codename = permission.split(".")
        rights = dict(zip(groups, cells, strict=True))
        for name, tables in ROLES.items():
            is_allowed = any(codename in table.get(app, []) for table in tables)
            assert rights[name] == ("yes" if is_allowed else "–"), f"{task}: {name}"
