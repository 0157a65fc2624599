"""What an operator relies on before there is a page: make, the image, the server in it."""

import ast
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
KEPT_HERE = shutil.ignore_patterns(
    ".*_cache", "__pycache__", ".venv", ".git", ".env", "var", "tests"
)
# What make would install or build is taken as done: the packages are those of this suite.
DONE = ["-o", ".venv/runtime", "-o", ".venv/dev", "-o", "var/.static-built", f"PY={sys.executable}"]


@pytest.fixture
def checkout(tmp_path):
    """The repository as it is cloned, in a folder with a blank in its name."""
    return Path(shutil.copytree(ROOT, tmp_path / "our newsroom", ignore=KEPT_HERE))


def run(checkout, *command, **environment):
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"} | environment
    return subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=120
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- make --------------------------------------------------------------------------------------


def test_make_alone_says_what_it_can_do(checkout):
    for command in (["make"], ["make", "help"]):
        told = run(checkout, *command).stdout
        for target in ("setup", "demo", "test", "lint", "bench"):
            assert re.search(rf"^  make {target} +\w", told, re.MULTILINE)


def test_make_without_a_python_says_which_to_install(checkout):
    done = run(checkout, "make", "demo", "PYTHON=")
    assert done.returncode != 0
    assert "Pressroom needs Python 3.11 or newer" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_port_that_cannot_be_had_is_named_before_anything_is_installed(checkout):
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


def test_the_demo_is_served_on_the_port_that_was_asked_for_and_to_this_machine_only(checkout):
    port = free_port()
    steps = run(checkout, "make", "-n", "demo", f"PORT={port}").stdout
    assert re.search(rf"runserver .*\b127\.0\.0\.1:{port}$", steps, re.MULTILINE)
    assert re.search(rf"^printf .*http://127\.0\.0\.1:.* {port}\b", steps, re.MULTILINE)
    # Every package is checked against the hash in the lock.
    assert len(re.findall(r"pip install", steps)) == len(re.findall(r"--require-hashes", steps))


def test_an_old_python_can_read_the_sentence_that_refuses_it():
    tree = ast.parse((ROOT / "pressroom/preflight.py").read_text(), feature_version=(3, 4))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Match)
    assert not [node for node in ast.walk(tree) if isinstance(node, newer)]


def test_make_writes_a_key_that_production_takes_and_keeps_it(checkout):
    assert run(checkout, "make", *DONE, ".env").returncode == 0
    written = (checkout / ".env").read_text()
    assert (checkout / ".env").stat().st_mode & 0o077 == 0
    assert run(checkout, sys.executable, "manage.py", "check").returncode == 0
    assert run(checkout, "make", *DONE, ".env").returncode == 0
    assert (checkout / ".env").read_text() == written


def test_make_test_fails_with_the_suite_and_says_what_it_skipped(checkout):
    (checkout / "tests").mkdir()
    (checkout / "tests/test_it.py").write_text(
        "import pytest\n\ndef test_a():\n    pass\n\ndef test_b():\n    assert False\n\n"
        "def test_c():\n    pytest.skip('apt install chromium')\n"
    )
    done = run(checkout, "make", *DONE, "test")
    assert "1 failed, 1 passed, 1 skipped" in done.stdout, done.stdout + done.stderr
    assert re.search(r"SKIPPED \[1\] .*: apt install chromium", done.stdout)
    assert done.returncode != 0


# --- The image ---------------------------------------------------------------------------------


def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text().replace("\\\n", " ")


def test_the_image_leaves_secrets_and_history_outside():
    left_out = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".env", ".venv", "var"} <= set(left_out)
    assert "USER pressroom" in dockerfile()
    assert "--require-hashes" in dockerfile()


def test_no_container_is_reachable_but_through_this_machine():
    compose = (ROOT / "docker-compose.yml").read_text()
    opened = re.findall(r"ports:\n((?:\s+- .*\n)+)", compose)
    assert opened
    for ports in opened:
        for port in re.findall(r"- (.*)", ports):
            assert port.startswith('"127.0.0.1:')
    # A password that nobody set stops the start instead of being empty.
    assert "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?" in compose


class NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


def ask(port, path, **headers):
    request = Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        response = build_opener(NoRedirect).open(request, timeout=10)
    except HTTPError as refused:
        response = refused
    with response:
        return response.status, response.headers, response.read()


@pytest.fixture
def served(checkout):
    """The server of the image, started as the image starts it, on a fresh database."""
    key, collect = re.search(r"RUN SECRET_KEY=(\S+)\s+python (.+)", dockerfile()).groups()
    done = run(checkout, sys.executable, *collect.split(), SECRET_KEY=key)
    assert done.returncode == 0, done.stderr
    environment = {
        "SECRET_KEY": "iJ4vYtqR0nC8sWz3hXeL6bGmPfU1oKdA9yTjQrE5wVxNc7ZkSu2H",
        "ALLOWED_HOSTS": "news.example.org",
        "TRUST_PROXY": "on",
        "NEWSROOM_NAME": "Our Newsroom",
    }
    (checkout / "var/media").mkdir()
    done = run(checkout, sys.executable, "manage.py", "migrate", "-v0", **environment)
    assert done.returncode == 0, done.stderr
    command = json.loads(re.search(r"^CMD (\[.*\])", dockerfile(), re.MULTILINE)[1])
    port = free_port()
    command += ["--bind", f"127.0.0.1:{port}"]
    command[0] = str(Path(sys.executable).with_name(command[0]))
    environment |= {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    with (checkout / "var/log").open("w") as log:
        server = subprocess.Popen(command, cwd=checkout, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(100):
            try:
                ask(port, "/healthz")
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=30)


def test_the_server_of_the_image_serves_the_newsroom_behind_a_proxy(served):
    for probe in ("/healthz", "/readyz"):
        assert ask(served, probe)[0] == 200
    proxied = {"Host": "news.example.org", "X-Forwarded-Proto": "https"}
    status, headers, page = ask(served, "/", **proxied)
    assert status == 200
    assert b"<title>Our Newsroom</title>" in page
    assert "max-age=31536000" in headers["Strict-Transport-Security"]
    assert b'href="https://news.example.org/"' in page
    status, headers, _ = ask(served, "/", Host="news.example.org")
    assert (status, headers["Location"]) == (301, "https://news.example.org/")
    assert ask(served, "/", **proxied | {"Host": "evil.example.org"})[0] == 400
    assert b"There is nothing here" in ask(served, "/releases/none/", **proxied)[2]
    assert b'name="username"' in ask(served, "/admin/login/", **proxied)[2]
    files = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.decode()))
    assert len(files) >= 4
    for file in files:
        assert re.search(r"\.[0-9a-f]{12}\.\w+$", file), file
        status, headers, _ = ask(served, file, **proxied)
        assert status == 200
        assert "immutable" in headers["Cache-Control"]
