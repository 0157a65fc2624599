"""The code keeps the structure that ARCHITECTURE.md describes."""

import ast
import re
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import get_commands
from django.urls import Resolver404, resolve

ROOT = Path(settings.BASE_DIR)
# A room may import only the rooms below it.
LAYERS = {
    "pressroom": "the project: it puts all rooms together",
    "leakcheck": "requests all pages as an outsider does, so it may import every room",
    "demo": "fills a newsroom through the same actions as its users",
    "desk": "the editors' front: it calls actions and shows their results",
    "previews": "shows the newsroom's release page to one reader before the embargo ends",
    "newsroom": "the public front: it prints what is public by the rules of the domain",
    "importing": "reads releases from files; it needs the document's limits but no database",
    "releases": "the domain: releases, and when they are visible",
    "people": "who speaks and who is imprisoned; releases name them",
    "assets": "pictures and documents; releases and people show them",
    "accounts": "users; every row that records an action refers to one",
    "jobs": "background jobs; each room declares its own",
    "storing": "the values that a column of any table may store",
}
ROOMS = [*LAYERS]
# The same rule applies inside the domain.
INSIDE_RELEASES = {
    "forgetting": "removes contacts from every release, and finds the texts that name somebody",
    "probes": "counts requests for hidden releases, which it queries",
    "topics_and_contacts": "rows that releases share: a change checks the approvals of all of them",
    "library": "pictures and documents in use: deleting one checks every release",
    "management": "the command that rebuilds the name index of the rows",
    "workflow": "the actions: each locks, checks the rules, changes and records",
    "approval": "what an approval covers, compared version by version",
    "versions": "what a release printed before",
    "search": "finds texts; asks the rules and the rows whether a hit is visible",
    "rules": "what is public, and which names may be printed",
    "models": "the rows; saving one cleans its document",
    "document": "one document: schema, cleaning, reading, printing",
    "moments": "times as people read them",
    "language_tags": "language tags that people type, with sentences for wrong ones",
    "languages": "any language, its name and its direction",
}
# The two fronts share the domain, not code: a change for journalists must not change the desk.
SEPARATE = [("desk", "newsroom"), ("newsroom", "desk")]
# Modules that work only on texts and bytes, so that they can be tested without a database.
WITHOUT_ROWS = [
    *("assets/archives.py", "assets/cards.py", "assets/cleaning", "assets/confinement.py"),
    *("assets/documents.py", "assets/embedded.py", "assets/file_names.py", "assets/messages.py"),
    *("assets/metadata.py", "assets/metadata_warnings.py", "assets/opening.py"),
    *("assets/pictures.py", "assets/sandbox.py", "assets/sandbox_process.py", "assets/search.py"),
    *("assets/texts.py", "assets/translation.py", "assets/typesetting.py", "assets/xmp.py"),
    *("storing/texts.py", "storing/links.py"),
    *("people/names/normalise.py", "people/names/forms.py", "people/names/entries.py"),
    *("people/names/finding.py", "people/names/neighbours.py", "people/names/searching.py"),
    "people/names/index.py",
    *("people/slugs.py", "releases/search/tokens.py"),
    *("accounts/browser_families.py", "previews/watermarks.py", "previews/recipients.py"),
    *("releases/document", "desk/pasting", "importing"),
]


# Modules that need no Django, so that other programs can use them too.
WITHOUT_DJANGO = [
    *("releases/languages.py", "storing/texts.py", "storing/links.py"),
    *(f"releases/document/{name}.py" for name in ("__init__", "schema", "parsing", "cleaning")),
    *(f"releases/document/{name}.py" for name in ("blocks", "inline", "tables", "reading")),
    "releases/document/plain_text.py",
]


def modules(place: str) -> list[Path]:
    path = ROOT / place
    found = [path] if path.suffix else sorted(path.rglob("*.py"))
    return [one for one in found if "migrations" not in one.parts]


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {dotted(path) for room in ROOMS for path in modules(room)}


def imported(path: Path, at_run_time_only: bool = False) -> set[str]:
    """Return the modules that a file imports, also inside functions."""
    tree, names = ast.parse(path.read_text()), set()
    hints = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.unparse(branch.test)
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if at_run_time_only and id(node) in hints:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{path}: imports name the whole module"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                names.add(full if full in NAMES else node.module)
    return names


def test_every_package_has_its_layer():
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == {*ROOMS}


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_down_only(room):
    above = {*ROOMS[: ROOMS.index(room)]} | {b for a, b in SEPARATE if a == room}
    for path in modules(room):
        found = {name.partition(".")[0] for name in imported(path)}
        assert not found & above, f"{path.relative_to(ROOT)} imports {found & above}"


def test_the_importer_imports_only_document_languages_and_storing():
    allowed = ("importing", "releases.document", "releases.languages", "storing")
    for path in modules("importing"):
        ours = {name for name in imported(path) if name.partition(".")[0] in ROOMS}
        found = {name for name in ours if not name.startswith(allowed)}
        assert not found, f"{path.relative_to(ROOT)} imports {found}"


def test_imports_inside_the_domain_point_down_only():
    layers = [*INSIDE_RELEASES]
    here = {path.stem for path in (ROOT / "releases").iterdir() if path.name[0] != "_"}
    assert here - {"apps", "migrations", "templatetags"} == {*layers}
    for layer in layers:
        above = {f"releases.{name}" for name in layers[: layers.index(layer)]}
        place = f"releases/{layer}"
        for path in modules(place if (ROOT / place).is_dir() else f"{place}.py"):
            found = {".".join(name.split(".")[:2]) for name in imported(path)}
            assert not found & above, f"{path.relative_to(ROOT)} imports {found & above}"


def test_there_are_no_circular_imports():
    """Imports inside functions and for type checking count too: they only hide a circle."""
    graph = {
        dotted(path): imported(path) & NAMES - {dotted(path)}
        for room in ROOMS
        for path in modules(room)
    }
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_the_fronts_have_no_models():
    for front in ("desk", "newsroom"):
        assert not [*apps.get_app_config(front).get_models()]


def test_a_long_module_explains_its_length_at_the_top():
    for path in (path for room in ROOMS for path in modules(room)):
        lines = path.read_text().splitlines()
        if len(lines) > 450:
            head = lines[:12]
            assert any(line.startswith("# Above 450 lines because ") for line in head), path


def test_no_room_is_larger_than_a_quarter_of_the_code():
    lines = {
        room: sum(len(path.read_text().splitlines()) for path in modules(room)) for room in ROOMS
    }
    largest = max(lines, key=lines.__getitem__)
    assert lines[largest] <= sum(lines.values()) / 4, f"{largest}: {lines[largest]} lines"


@pytest.mark.parametrize("place", WITHOUT_ROWS)
def test_modules_for_texts_and_bytes_use_no_database(place):
    for path in modules(place):
        for name in imported(path, at_run_time_only=True):
            assert "models" not in name.split("."), f"{path.relative_to(ROOT)} imports {name}"
            assert not name.startswith("django.db"), f"{path.relative_to(ROOT)} imports {name}"


def test_documents_are_read_and_cleaned_without_django():
    for place in WITHOUT_DJANGO:
        for name in imported(ROOT / place, at_run_time_only=True):
            assert not name.startswith("django"), f"{place} imports {name}"
    program = (
        "import sys; sys.modules['django'] = None; from releases.document import Document, clean;"
        "import releases.languages; print(Document(clean('<p>One <b>text</b></p>')).opening)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "One text\n", done.stderr


def test_neither_front_uses_the_templates_of_the_other():
    """What both use belongs to the domain, whose templates use neither front."""
    fronts = {"desk": "admin/", "newsroom": "newsroom/"}
    domain = ("accounts", "assets", "document", "people", "releases")
    places = {room: [room, f"templates/{room}"] for room in domain}
    places |= {front: [front, f"templates/{folder}"] for front, folder in fronts.items()}
    read = 0
    for room, folders in places.items():
        others = [folder for front, folder in fronts.items() if front != room]
        uses = re.compile(rf"""["'](?:{"|".join(others)})[\w/]+\.html""")
        for path in chain.from_iterable((ROOT / folder).rglob("*.*") for folder in folders):
            if path.suffix in {".html", ".py"}:
                read += 1
                source = path.read_text()
                if room == "accounts":  # its pages stand at the desk, so they have its frame
                    source = re.sub(r'{% extends "admin/(?:base_site|login)\.html" %}', "", source)
                assert not uses.search(source), path
    assert read > 200


def test_addresses_of_the_desk_are_built_in_one_place_below_it():
    below = ROOMS[ROOMS.index("newsroom") :]
    found = {
        str(path.relative_to(ROOT))
        for path in chain.from_iterable(map(modules, below))
        if re.search(r"reverse\(f?.admin:", path.read_text())
    }
    assert found == {"accounts/desk_addresses.py"}


def test_visibility_is_decided_in_one_place():
    """Only `Release.objects.public` and its methods for one row decide what is visible."""
    decides = re.compile(r"publish_at__(?:lte?|gte?)\b|publish_at\s*[<>]=?|Status\.APPROVED")
    keepers = ("releases/models", "releases/workflow/", "releases/rules/blockers.py")
    found = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in modules(room)
        if decides.search(path.read_text())
    }
    # The desk lists which public releases are recent; leakcheck sets the time of its canary.
    elsewhere = {path for path in found if not path.startswith(keepers)}
    assert elsewhere == {"desk/dashboard.py", "leakcheck/canary.py"}
    source = (ROOT / "releases/models/release.py").read_text()
    assert len(re.findall(r"status=Release\.Status\.APPROVED, publish_at__lte", source)) == 1


def test_public_pages_start_from_public_releases_and_tombstones():
    for path in [*modules("newsroom"), ROOT / "releases/rules/visibility.py"]:
        begun = re.findall(r"Release\.objects\.?(\w*)", path.read_text())
        assert set(begun) <= {"public", "tombstones"}, path


def test_public_templates_use_neither_the_time_nor_the_status():
    for path in (ROOT / "templates").rglob("*.html"):
        if "admin" not in path.parts:
            assert not re.search(r"\.status|is_public|\bnow\b", path.read_text()), path


def test_every_address_of_the_contract_resolves():
    for path in ["/", "/releases/", "/releases/x/", "/releases/feed.atom", "/people/",
                 "/releases/x/release.txt", "/releases/x/release.json", "/preview/x/", "/people/x/",
                 "/prisoners/", "/sitemap.xml", "/robots.txt", "/healthz", "/readyz", "/admin/",
                 "/media/00000000-0000-0000-0000-000000000000/poster.jpg"]:  # fmt: skip
        try:
            resolve(path)
        except Resolver404:
            pytest.fail(f"{path} does not resolve")


def test_every_command_of_the_contract_is_there():
    contract = {"importrelease", "demo", "leakcheck", "traceleak", "checkstorage"}
    contract |= {"adduser", "sendtestmail", "worker", "forget"}
    assert contract <= get_commands().keys()
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"setup", "demo", "test", "lint", "help", "bench", "soak"} <= set(targets)


def test_the_example_lists_every_setting_and_no_other():
    source = (ROOT / "pressroom/settings.py").read_text()
    read = set(re.findall(r"\bvalues\.\w+\(\s*\"([A-Z0-9_]+)\"", source))
    assert not re.search(r"os\.environ[.\[](?!update)|getenv", source)
    # Compose, gunicorn and make read these variables themselves.
    compose = (ROOT / "docker-compose.yml").read_text()
    read |= set(re.findall(r"\$\{(\w+)", compose))
    read |= set(re.findall(r"settings\.([A-Z_]+)", (ROOT / "gunicorn.conf.py").read_text()))
    # PYTHON is the Python that creates .venv. Pressroom does not read it.
    read |= set(re.findall(r"\b([A-Z_]+) \?=", (ROOT / "Makefile").read_text())) - {"PYTHON"}
    assert {"POSTGRES_PASSWORD", "PORT", "WEB_WORKERS", "WEB_THREADS"} <= read
    text = (ROOT / ".env.example").read_text()
    example = set(re.findall(r"^#?([A-Z0-9_]+)=", text, re.MULTILINE))
    assert read == example
    contract = "DATABASE_URL SECRET_KEY DEBUG ALLOWED_HOSTS CSRF_TRUSTED_ORIGINS TIME_ZONE"
    contract += " MEDIA_ROOT S3_BUCKET S3_ENDPOINT_URL CACHE_URL EMAIL_URL NEWSROOM_NAME"
    assert set(contract.split()) <= read


LOCKS = ["requirements.txt", "requirements-s3.txt", "requirements-dev.txt"]


@pytest.mark.parametrize("name", LOCKS)
def test_lock_files_have_versions_and_hashes_and_name_no_host(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    packages = [block for block in re.split(r"\n(?=\S)", text) if block and block[0] != "#"]
    assert len(packages) > 10
    for package in packages:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z]+\])?==\S+", package), package[:60]
        assert "--hash=sha256:" in package, package[:60]


def test_lock_files_agree_and_contain_their_own_packages():
    def locked(name):
        return set(
            re.findall(r"^[A-Za-z0-9._-]+(?:\[\w+\])?==\S+", (ROOT / name).read_text(), re.M)
        )

    plain, with_bucket, for_tests = map(locked, LOCKS)
    assert plain < with_bucket < for_tests
    assert {name.partition("==")[0] for name in with_bucket - plain} > {"django-storages", "boto3"}
    assert "swift" in {name.partition("==")[0] for name in for_tests - with_bucket}


def test_every_dependency_has_a_comment_with_its_reason():
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)
    extras = project["project"]["optional-dependencies"].values()
    groups = [project["project"]["dependencies"], *extras, project["dependency-groups"]["dev"]]
    for requirement in chain.from_iterable(groups):
        (line,) = [line for line in text.splitlines() if f'"{requirement}"' in line]
        assert re.search(r", # \w", line), f"{requirement} has no reason"


def test_the_table_of_what_to_change_where_names_existing_files_and_code():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    table = text[text.index("| To change |") :].split("\n\n")[0]
    rows = table.splitlines()[2:]
    assert len(rows) == 14
    for row in rows:
        _, question, answer, _ = row.split("|")
        source = ""
        for named in re.findall(r"`([^`]+)`", answer):
            if (re.search(r"[/.]\w*$", named) and "/" in named) or named == ".env.example":
                assert (ROOT / named).exists(), f"{question.strip()}: {named}"
                source = (ROOT / named).read_text() if (ROOT / named).is_file() else source
            else:
                for name in named.split("."):
                    defined = rf'(?:def|class) {name}\b|^ *{name}\b.*=|"{name}"'
                    assert re.search(defined, source, re.MULTILINE), f"{question.strip()}: {named}"


def test_every_link_in_the_documents_leads_to_a_file():
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "demo").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name}: {target}"
    decisions = {int(p.name[:4]) for p in (ROOT / "docs/decisions").glob("[0-9]*.md")}
    assert decisions == set(range(1, max(decisions) + 1))
