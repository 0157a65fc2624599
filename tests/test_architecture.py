"""The house stays as ARCHITECTURE.md draws it."""

import ast
import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from django.urls import Resolver404, resolve

ROOT = Path(settings.BASE_DIR)
ARROW = ["pressroom", "previews", "releases", "people", "assets", "accounts", "jobs", "storing"]
# Modules that work on words and bytes alone, so that they can be tried without a database.
WITHOUT_ROWS = ["assets/pictures.py", "assets/metadata.py", "assets/embedded.py", "assets/cards.py",
                "assets/typesetting.py", "assets/documents.py", "assets/sandbox.py",
                 "assets/cleaning", "assets/file_names.py",
                 "assets/search.py", "assets/archives.py", "assets/confinement.py",
                 "assets/texts.py", "storing/texts.py", "storing/links.py",
                "people/names/normalise.py", "people/names/forms.py",
                "people/names/index.py", "people/slugs.py",
                "previews/browsers.py", "previews/marks.py", "previews/recipients.py",
                "releases/document", "releases/pasting", "releases/importing"]  # fmt: skip


def modules(place: str) -> list[Path]:
    path = ROOT / place
    return [path] if path.suffix else sorted(p for p in path.rglob("*.py"))


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
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("app", ARROW)
def test_imports_point_down_only(app):
    above = set(ARROW[: ARROW.index(app)])
    for path in modules(app):
        found = {name.partition(".")[0] for name in imported(path)}
        assert not found & above, f"{path.relative_to(ROOT)} imports {found & above}"


@pytest.mark.parametrize("place", WITHOUT_ROWS)
def test_what_works_on_words_and_bytes_knows_no_database(place):
    for path in modules(place):
        for name in imported(path, at_run_time_only=True):
            assert "models" not in name.split("."), f"{path.relative_to(ROOT)} imports {name}"
            assert not name.startswith("django.db"), f"{path.relative_to(ROOT)} imports {name}"


def test_visibility_is_said_once():
    """Whether a release may be seen is asked of `public` and its kin, and decided nowhere else."""
    decides = re.compile(r"publish_at__(?:lte?|gte?)\b|publish_at\s*[<>]=?|Status\.APPROVED")
    keepers = {"releases/models.py", "releases/workflow.py"}
    found = {
        str(path.relative_to(ROOT))
        for app in ARROW
        for path in modules(app)
        if "migrations" not in path.parts and decides.search(path.read_text())
    }
    # The desk asks how long a release has been public, of those that are; leakcheck plants one.
    assert found - keepers == {"releases/desk.py", "pressroom/canary.py"}
    source = (ROOT / "releases/models.py").read_text()
    assert len(re.findall(r"status=Release\.Status\.APPROVED, publish_at__lte", source)) == 1


def test_what_the_public_gets_begins_with_what_is_public():
    front = ["views", "feeds", "archive", "page", "structured", "visibility", "exports"]
    for name in front:
        source = (ROOT / f"releases/{name}.py").read_text()
        begun = re.findall(r"Release\.objects\.?(\w*)", source)
        assert set(begun) <= {"public", "tombstones"}, name


def test_templates_ask_no_clock_and_no_status():
    for path in (ROOT / "templates").rglob("*.html"):
        if "admin" not in path.parts:
            assert not re.search(r"\.status|is_public|\bnow\b", path.read_text()), path


def test_every_address_of_the_contract_leads_somewhere():
    for path in ["/", "/releases/", "/releases/x/", "/releases/feed.atom", "/people/",
                 "/releases/x/release.txt", "/releases/x/release.json", "/preview/x/", "/people/x/",
                 "/prisoners/", "/sitemap.xml", "/robots.txt", "/healthz", "/readyz", "/admin/",
                 "/media/00000000-0000-0000-0000-000000000000/poster.jpg"]:  # fmt: skip
        try:
            resolve(path)
        except Resolver404:
            pytest.fail(f"{path} leads nowhere")


def test_every_command_of_the_contract_is_there():
    contract = {"importrelease", "demo", "leakcheck", "traceleak", "checkstorage"}
    contract |= {"adduser", "sendtestmail", "worker", "forget"}
    assert contract <= get_commands().keys()
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"setup", "demo", "test", "lint", "help", "bench", "soak"} <= set(targets)


def test_every_setting_is_in_the_example_and_no_other():
    source = (ROOT / "pressroom/settings.py").read_text()
    read = set(re.findall(r"\bvalues\.\w+\(\s*\"([A-Z0-9_]+)\"", source))
    assert not re.search(r"os\.environ[.\[](?!update)|getenv", source)
    # What Compose, gunicorn and make take from the environment themselves.
    compose = (ROOT / "docker-compose.yml").read_text()
    read |= set(re.findall(r"\$\{(\w+)", compose))
    read |= set(re.findall(r"settings\.([A-Z_]+)", (ROOT / "gunicorn.conf.py").read_text()))
    # PYTHON names the Python that makes .venv, before anything of Pressroom runs.
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
def test_the_locks_have_versions_and_hashes_and_name_no_host(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    packages = [block for block in re.split(r"\n(?=\S)", text) if block and block[0] != "#"]
    assert len(packages) > 10
    for package in packages:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z]+\])?==\S+", package), package[:60]
        assert "--hash=sha256:" in package, package[:60]


def test_the_locks_agree_and_each_holds_what_it_is_for():
    def locked(name):
        return set(
            re.findall(r"^[A-Za-z0-9._-]+(?:\[\w+\])?==\S+", (ROOT / name).read_text(), re.M)
        )

    plain, with_bucket, for_tests = map(locked, LOCKS)
    assert plain < with_bucket < for_tests
    assert {name.partition("==")[0] for name in with_bucket - plain} > {"django-storages", "boto3"}
    assert "swift" in {name.partition("==")[0] for name in for_tests - with_bucket}


def test_every_dependency_has_its_reason_beside_it():
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)
    extras = project["project"]["optional-dependencies"].values()
    groups = [project["project"]["dependencies"], *extras, project["dependency-groups"]["dev"]]
    for requirement in chain.from_iterable(groups):
        (line,) = [line for line in text.splitlines() if f'"{requirement}"' in line]
        assert re.search(r", # \w", line), f"{requirement} has no reason"


def test_every_link_in_the_documents_leads_to_a_file():
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "demo").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name}: {target}"
    decisions = {int(p.name[:4]) for p in (ROOT / "docs/decisions").glob("[0-9]*.md")}
    assert decisions == set(range(1, max(decisions) + 1))
