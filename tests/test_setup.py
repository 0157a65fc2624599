"""Installation: make, the container image, and the server in it."""

import ast
import json
import os
import re
import runpy
import shutil
import socket
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest
from django.conf import settings

from tests import databases
from tests.image import Image, compose, folder, free_port, instructions, needs_root, postgres

pytestmark = pytest.mark.once
ROOT = Path(settings.BASE_DIR)
# Compiled modules are copied: no process has to compile the product, which takes half a second.
NOT_COPIED = shutil.ignore_patterns(".*_cache", ".venv", ".git", ".env", "var", "tests")
# Targets that make must treat as built: the packages are those of this suite.
DONE = ["-o", ".venv/runtime", "-o", ".venv/dev", "-o", "var/.static-built", f"PY={sys.executable}"]


@pytest.fixture
def checkout(tmp_path):
    """A copy of the repository like a fresh clone, in a folder with a blank in its name."""
    return Path(shutil.copytree(ROOT, tmp_path / "our newsroom", ignore=NOT_COPIED))


@pytest.fixture
def migrated(django_db_setup):
    """A migrated database of SQLite, for tests of something else than the migrations.

    `migrate` runs on its copies too, but has nothing to do.
    """
    return databases.FOLDER / f"{databases.digest()}.sqlite3"


def run(checkout, *command, **environment):
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"} | environment
    return subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=120
    )


# --- make --------------------------------------------------------------------------------------


def test_make_without_a_target_lists_the_targets(checkout):
    for command in (["make"], ["make", "help"]):
        shown = run(checkout, *command).stdout
        for target in ("setup", "demo", "test", "lint", "bench"):
            assert re.search(rf"^  make {target} +\w", shown, re.MULTILINE)


def test_make_without_a_python_names_the_version_to_install(checkout):
    done = run(checkout, "make", "demo", "PYTHON=")
    assert done.returncode != 0
    assert "Pressroom needs Python 3.11 or newer" in done.stderr
    assert not (checkout / ".venv").exists()


def test_an_unavailable_port_is_reported_before_anything_is_installed(checkout):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        for port, sentence in [
            (taken, f"Port {taken} is taken by another program. Choose another: PORT="),
            ("http", "PORT=http is no port: choose a number from 1 to 65535."),
            (70000, "PORT=70000 is no port"),
        ]:
            done = run(checkout, "make", "demo", f"PORT={port}")
            assert done.returncode != 0
            assert sentence in done.stderr
    assert not (checkout / ".venv").exists()
    assert not (checkout / ".env").exists()


def test_the_demo_is_served_on_the_chosen_port_of_this_machine_only(checkout):
    port = free_port()
    steps = run(checkout, "make", "-n", "demo", f"PORT={port}").stdout
    assert re.search(rf"runserver .*\b127\.0\.0\.1:{port}$", steps, re.MULTILINE)
    assert re.search(rf"^printf .*http://localhost:.* {port}\b", steps, re.MULTILINE)
    # Every package is checked against the hash in the lock.
    assert len(re.findall(r"pip install", steps)) == len(re.findall(r"--require-hashes", steps))


def test_an_old_python_can_parse_the_module_that_refuses_it():
    tree = ast.parse((ROOT / "pressroom/preflight.py").read_text(), feature_version=(3, 4))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Match)
    assert not [node for node in ast.walk(tree) if isinstance(node, newer)]


def test_make_writes_a_valid_key_and_does_not_replace_it(checkout):
    assert run(checkout, "make", *DONE, ".env").returncode == 0
    written = (checkout / ".env").read_text()
    assert (checkout / ".env").stat().st_mode & 0o077 == 0
    assert run(checkout, sys.executable, "manage.py", "check").returncode == 0
    assert run(checkout, "make", *DONE, ".env").returncode == 0
    assert (checkout / ".env").read_text() == written


def test_make_test_fails_if_a_test_fails_and_lists_skipped_tests(checkout, migrated):
    (checkout / "tests").mkdir()
    (checkout / "var").mkdir()
    shutil.copy(migrated, checkout / "var/pressroom.sqlite3")
    (checkout / "tests/test_it.py").write_text(
        "import pytest\n\ndef test_a():\n    pass\n\ndef test_b():\n    assert False\n\n"
        "def test_c():\n    pytest.skip('apt install chromium')\n"
    )
    done = run(checkout, "make", *DONE, "test", "ARGS=-n 0")
    assert "1 failed, 1 passed, 1 skipped" in done.stdout, done.stdout + done.stderr
    assert re.search(r"SKIPPED \[1\] .*: apt install chromium", done.stdout)
    assert done.returncode != 0


# --- The image ---------------------------------------------------------------------------------


def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text().replace("\\\n", " ")


def test_the_image_contains_no_secrets_and_no_history():
    left_out = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".env", ".venv", "var"} <= set(left_out)
    assert "USER pressroom" in dockerfile()
    assert "--require-hashes" in dockerfile()


def test_containers_are_reachable_only_from_this_machine():
    compose = (ROOT / "docker-compose.yml").read_text()
    opened = re.findall(r"ports:\n((?:\s+- .*\n)+)", compose)
    assert opened
    for ports in opened:
        for port in re.findall(r"- (.*)", ports):
            assert port.startswith('"127.0.0.1:')
    # A missing password stops the start.
    assert "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?" in compose


class NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


def ask(port, path, data=None, **headers):
    request = Request(f"http://127.0.0.1:{port}{path}", data=data, headers=headers)
    try:
        response = build_opener(NoRedirect).open(request, timeout=10)
    except HTTPError as refused:
        response = refused
    with response:
        return response.status, response.headers, response.read()


PRODUCTION = {
    "SECRET_KEY": "iJ4vYtqR0nC8sWz3hXeL6bGmPfU1oKdA9yTjQrE5wVxNc7ZkSu2H",
    "ALLOWED_HOSTS": "news.example.org",
    "TRUST_PROXY": "on",
    "NEWSROOM_NAME": "Our Newsroom",
    "REQUIRE_SECOND_FACTOR": "nobody",
}
PROXIED = {"Host": "news.example.org", "X-Forwarded-Proto": "https"}


@pytest.fixture(scope="module")
def built():
    """The image, read-only as docker-compose.yml mounts it."""
    with folder() as root:
        image = Image(root, ROOT)
        image.make_read_only()
        yield image


@contextmanager
def serving(image, environment):
    """Run the command of the image; yield the port once the health check of the image passes."""
    port = free_port()
    written = image.root / "log"
    written.unlink(missing_ok=True)
    with written.open("a") as log:
        server = image.start(
            [part.replace(f"0.0.0.0:{image.port}", f"127.0.0.1:{port}") for part in image.command],
            environment=environment, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            health = [part.replace(f":{image.port}/", f":{port}/") for part in image.health]
            for _ in range(100):
                if server.poll() is not None or image.run(health).returncode == 0:
                    break
                time.sleep(0.1)
            assert server.poll() is None, written.read_text()
            yield port
        finally:
            server.terminate()
            server.wait(timeout=30)


@pytest.fixture
def served(built):
    """The port of a running server of the image, with a fresh database."""
    with folder() as place:
        os.chown(place, built.user, built.user)
        environment = PRODUCTION | {"DATABASE_URL": f"sqlite:///{place}/newsroom.sqlite3"}
        done = built.run(["python", "manage.py", "migrate", "-v0"], **environment)
        assert done.returncode == 0, done.stderr
        with serving(built, environment) as port:
            yield port


@needs_root
def test_the_server_of_the_image_serves_the_newsroom_behind_a_proxy(served):
    for probe in ("/healthz", "/readyz"):
        assert ask(served, probe)[0] == 200
    status, headers, page = ask(served, "/", **PROXIED)
    assert status == 200
    assert b"<title>Our Newsroom</title>" in page
    assert "max-age=31536000" in headers["Strict-Transport-Security"]
    assert b'href="https://news.example.org/"' in page
    status, headers, _ = ask(served, "/", Host="news.example.org")
    assert (status, headers["Location"]) == (301, "https://news.example.org/")
    assert ask(served, "/", **PROXIED | {"Host": "evil.example.org"})[0] == 400
    assert b"Page not found" in ask(served, "/releases/none/", **PROXIED)[2]
    assert b'name="username"' in ask(served, "/admin/login/", **PROXIED)[2]
    files = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.decode()))
    assert len(files) >= 4
    for file in files:
        assert re.search(r"\.[0-9a-f]{12}\.\w+$", file), file
        for coding in ("identity", "gzip", "br"):
            status, headers, _ = ask(served, file, **PROXIED, **{"Accept-Encoding": coding})
            assert status == 200, (file, coding)
            assert "immutable" in headers["Cache-Control"]
            if file.endswith((".css", ".js")):
                assert headers.get("Content-Encoding", "identity") == coding


@needs_root
def test_the_image_runs_as_an_ordinary_user_who_can_write_to_its_volume(built):
    assert built.user == 10001
    done = built.run(["python", "manage.py", "check"], **PRODUCTION)
    assert done.returncode == 0, done.stderr
    contents = {
        path.relative_to(built.root / "app").parts[0] for path in (built.root / "app").iterdir()
    }
    assert not contents & {".git", ".env", ".venv", ".ci", "tests", "docs"}
    assert {"manage.py", ".env.example", "templates", "var"} <= contents
    assert [*(built.root / "app/pressroom/__pycache__").glob("settings.*.pyc")]
    maps = {path.suffix for path in (built.root / "app/var/static").rglob("*.map*")}
    assert maps == {".map"}  # no compressed copy
    (media,) = built.volumes
    assert built.run(["touch", str(media / "upload")]).returncode == 0


# A password with characters that are special in a URL, a shell, Compose and django-environ.
NASTY = """$HOME @/#?%41"' \\ $$é:&=+"""


def in_env_file(value: str) -> str:
    """Quote a value as .env.example explains."""
    return "'" + value.replace("'", "\\'") + "'"


@needs_root
def test_compose_starts_the_newsroom_with_any_password_and_the_first_administrator_signs_in(built):
    with folder() as place:
        (place / ".env").write_text(
            "".join(f"{name}={in_env_file(value)}\n" for name, value in PRODUCTION.items())
            + f"POSTGRES_PASSWORD={in_env_file(NASTY)}\nWEB_WORKERS=3\nWEB_THREADS=2\n"
        )
        services = compose(place)["services"]
        here = services["migrate"], services["web"]
        with postgres(services["db"]["environment"]) as port:
            for service in here:
                assert service["environment"].pop("POSTGRES_HOST") in services
                service["environment"] |= {"POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": str(port)}
            migrate, web = (service["environment"] for service in here)
            assert web["POSTGRES_PASSWORD"] == NASTY
            done = built.run(services["migrate"]["command"], **migrate)
            assert done.returncode == 0, done.stderr
            add = ["python", "manage.py", "adduser", "chief", "--email", "chief@newsroom.example"]
            done = built.run(
                [*add, "--role", "administrator", "--password-stdin"], "harbour-lantern-9", **web
            )
            assert done.returncode == 0, done.stderr
            assert "chief can sign in as administrator at /admin/ of your site" in done.stdout
            with serving(built, web) as served:
                assert ask(served, "/readyz")[0] == 200
                assert ask(served, "/", **PROXIED)[0] == 200
                assert b"Users" in signed_in(served, "chief", "harbour-lantern-9")
                log = (built.root / "log").read_text()
                assert len(re.findall("Booting worker", log)) == 3


def signed_in(port, name, password) -> bytes:
    """Sign in over HTTP; return the desk."""
    _, headers, page = ask(port, "/admin/login/", **PROXIED)
    token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page)[1].decode()
    cookies = headers["Set-Cookie"].split(";")[0]
    values = {"csrfmiddlewaretoken": token, "username": name, "password": password}
    sent = PROXIED | {"Cookie": cookies, "Referer": "https://news.example.org/admin/login/"}
    status, headers, page = ask(
        port, "/admin/login/", data=urlencode(values | {"next": "/admin/"}).encode(), **sent
    )
    assert status == 302, page
    session = next(
        value.split(";")[0] for value in headers.get_all("Set-Cookie") if "sessionid" in value
    )
    return ask(port, "/admin/", **PROXIED, Cookie=session)[2]


def test_compose_waits_for_requests_limits_logs_and_makes_containers_read_only(tmp_path):
    (tmp_path / ".env").write_text("POSTGRES_PASSWORD=secret\n")
    found = compose(tmp_path)
    services = found["services"]
    served = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    assert seconds(services["web"]["stop_grace_period"]) >= served["graceful_timeout"] + 5
    for name in ("migrate", "web"):
        service = services[name]
        assert service["read_only"]
        assert service["init"]
        assert re.search(r":size=\d+[mg]$", service["tmpfs"][0])
        assert "media" in str(service["volumes"])
    for service in services.values():
        assert {"max-size", "max-file"} <= service["logging"]["options"].keys()
    # migrate runs once before all web services, which wait for it, and once after them, to convert
    # rows that old code still wrote.
    migrates, again = [
        name for name, one in services.items() if "migrate" in str(one.get("command"))
    ]
    assert "web" in services[again]["depends_on"]
    for name, service in services.items():
        if name not in ("db", migrates, again):
            waits = service["depends_on"][migrates]["condition"]
            assert waits == "service_completed_successfully"
    assert "restart" not in services[migrates]


def test_compose_does_not_start_without_a_password(tmp_path):
    (tmp_path / ".env").write_text("SECRET_KEY=x\n")
    with pytest.raises(ValueError, match=r"Set POSTGRES_PASSWORD in \.env"):
        compose(tmp_path)


def seconds(text: str) -> int:
    return int(re.fullmatch(r"(\d+)s", text)[1])


# --- Without Docker ----------------------------------------------------------------------------


def test_gunicorn_listens_on_localhost_without_docker_and_everywhere_in_the_image(checkout):
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    for command, place in [
        (["gunicorn", "pressroom.wsgi"], "127.0.0.1:8000"),
        (json.loads(dict(instructions())["CMD"]), "0.0.0.0:8000"),
    ]:
        assert command[0] == "gunicorn"
        shown = run(checkout, gunicorn, "--print-config", *command[1:], **PRODUCTION).stdout
        assert re.search(rf"^bind += \['{re.escape(place)}'\]$", shown, re.MULTILINE)
    assert dict(instructions())["EXPOSE"] == "8000"


def test_collected_static_files_can_be_read_by_other_users_with_any_umask(checkout):
    # A folder as an older version created it.
    (checkout / "var/static/css").mkdir(mode=0o700, parents=True)
    (checkout / "var/static").chmod(0o700)
    # Our own files are enough. Compressing those of libraries takes half a minute.
    (checkout / "few_files.py").write_text(
        "from pressroom.settings import *\n"
        "STATICFILES_FINDERS = ['django.contrib.staticfiles.finders.FileSystemFinder']\n"
    )
    made = ["-o", ".venv/runtime", "-o", ".env", f"PY={sys.executable}", "var/.static-built"]
    environment = PRODUCTION | {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        ["make", *made], env=environment | {"DJANGO_SETTINGS_MODULE": "few_files"},
        cwd=checkout, umask=0o077, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = [checkout / "var/static", *(checkout / "var/static").rglob("*")]
    assert {path.suffix for path in found} >= {".gz", ".br", ".json", ".css", ".woff2"}
    for path in found:
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o644), path


@needs_root
def test_an_env_file_that_the_server_cannot_read_is_reported(built):
    file = built.root / "app/.env"
    file.write_text(f"SECRET_KEY={PRODUCTION['SECRET_KEY']}\n")
    try:
        file.chmod(0o600)
        done = built.run(["python", "manage.py", "check"])
        assert done.returncode != 0
        assert "can’t read it" in done.stderr
        # The file need not be readable if the environment has all settings.
        assert built.run(["python", "manage.py", "check"], **PRODUCTION).returncode == 0
        file.chmod(0o640)
        os.chown(file, 0, built.user)
        assert built.run(["python", "manage.py", "check"]).returncode == 0
    finally:
        file.unlink()


@pytest.mark.parametrize(("name", "value"), [("WEB_WORKERS", "many"), ("WEB_THREADS", "65")])
def test_an_invalid_number_of_workers_stops_the_start_with_one_sentence(checkout, name, value):
    """test_settings tries more values, in processes that start faster."""
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    done = run(checkout, gunicorn, "pressroom.wsgi", **PRODUCTION, **{name: value})
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"{name} is {value}: set the number of ")
    assert "a whole number from 1 to 64" in done.stderr


@pytest.mark.parametrize("where", ["environment", "file", "neither"])
def test_the_number_of_workers_is_read_from_the_environment_or_the_file(checkout, where):
    values = {"WEB_WORKERS": "5", "WEB_THREADS": "7"}
    if where == "file":
        (checkout / ".env").write_text("".join(f"{name}={n}\n" for name, n in values.items()))
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    environment = PRODUCTION | (values if where == "environment" else {})
    shown = run(checkout, gunicorn, "--print-config", "pressroom.wsgi", **environment).stdout
    workers, threads = (2, 4) if where == "neither" else (5, 7)
    assert re.search(rf"^workers += {workers}$", shown, re.MULTILINE)
    assert re.search(rf"^threads += {threads}$", shown, re.MULTILINE)
