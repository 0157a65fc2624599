"""A decoder that is taken over by a file can do nothing: the kernel refuses each attempt.

The tests start the real process from a copy of `assets/` in which one decoder is hostile. Without
confinement the same attempts succeed, which shows that the confinement stops them.
"""

import io
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.checks import run_checks

from assets import isolation, sandbox
from assets.confinement import Active
from assets.messages import BadFileError
from assets.pictures import Rights
from tests.deployment import ROOT, environment
from tests.make import make_user, picture_bytes

LIMITS = sandbox.Limits(megapixels=100, seconds=5, megabytes=300)
needs_all = pytest.mark.skipif(
    platform.machine() != "x86_64" or isolation.problems() != [],
    reason="the kernel offers less, or has other numbers for its calls",
)

# In place of inspecting a document: try everything, and report the results in the refusal.
HOSTILE = """
import ctypes as _c, json as _j, mmap as _m, os as _o, socket as _s

MUCH = 50_000_000  # bytes


def recognise(file):
    libc, put = _c.CDLL(None, use_errno=True), _j.loads(_PLACES)

    def call(*arguments):
        words = [_c.c_long(a) if isinstance(a, int) else a for a in arguments]
        answer = libc.syscall(*words)
        if answer < 0:
            raise OSError(_c.get_errno(), _o.strerror(_c.get_errno()))
        return answer

    def read(path):
        with open(path, "rb") as other:
            return other.read(100)

    def connect(family, kind, address):
        with _s.socket(family, kind) as client:
            client.connect(address)

    def write(path):
        with open(path, "ab") as other:
            other.write(b"")

    def fork():
        if not (child := _o.fork()):
            _o._exit(0)
        _o.waitpid(child, 0)

    def execute():
        # In a child, so that the others can still be tried.
        if not (child := _o.fork()):
            _o.execv("/bin/true", ["true"])
        if _o.waitpid(child, 0)[1]:
            raise OSError(1, "it ended with an error")

    def peek(parent):
        target = _c.create_string_buffer(8)
        local = (_c.c_size_t * 2)(_c.addressof(target), 8)
        remote = (_c.c_size_t * 2)(put["address"], 8)
        call(310, parent, local, 1, remote, 1, 0)

    def own_input():
        for number in range(3, 100):
            try:
                _o.write(number, b"")
                _o.ftruncate(number, 5)
                return
            except OSError:
                pass
        raise OSError(1, "nothing that is open can be written")

    def map_memory(length, protection, flags):
        libc.mmap.restype = _c.c_void_p
        place = libc.mmap(None, _c.c_size_t(length), protection, flags, -1, _c.c_long(0))
        if place == _c.c_size_t(-1).value:
            raise OSError(_c.get_errno(), _o.strerror(_c.get_errno()))
        return place

    def take_more():
        # The kernel counts as data only what can be written.
        for _ in range(20):
            place = map_memory(MUCH, 3, 0x22)
            libc.mprotect(_c.c_void_p(place), _c.c_size_t(MUCH), 1)

    parent = _o.getppid()
    tries = {
        "read the environment of the parent": lambda: read(f"/proc/{parent}/environ"),
        "read its own environment": lambda: read("/proc/self/environ"),
        "read the memory of the parent, by its file": lambda: read(f"/proc/{parent}/maps"),
        "read .env": lambda: read(put["env"]),
        "read /etc/passwd": lambda: read("/etc/passwd"),
        "read another upload": lambda: read(put["upload"]),
        "read the SQLite database": lambda: read(put["database"]),
        "list a folder": lambda: _o.listdir(put["folder"]),
        "write a file": lambda: write(put["folder"] + "/new"),
        "change another upload": lambda: write(put["upload"]),
        "cut another upload": lambda: _o.truncate(put["upload"], 3),
        "change its own input": own_input,
        "remove another upload": lambda: _o.unlink(put["folder"] + "/loose"),
        "open another upload to everybody": lambda: _o.chmod(put["upload"], 0o666),
        "connect by TCP": lambda: connect(_s.AF_INET, _s.SOCK_STREAM, tuple(put["tcp"])),
        "connect to the socket of a database": lambda: connect(
            _s.AF_UNIX, _s.SOCK_STREAM, put["unix"]
        ),
        "connect to an abstract socket": lambda: connect(
            _s.AF_UNIX, _s.SOCK_STREAM, chr(0) + put["abstract"]
        ),
        "send by UDP": lambda: connect(_s.AF_INET, _s.SOCK_DGRAM, ("127.0.0.1", 53)),
        "start a process": fork,
        "run a program": execute,
        "signal the parent": lambda: _o.kill(parent, 0),
        "change the limits of the parent": lambda: __import__("resource").prlimit(
            parent, __import__("resource").RLIMIT_CORE, (0, 0)
        ),
        "read the memory of the parent": lambda: peek(parent),
        "trace the parent": lambda: call(101, 0x4206, parent, 0, 0),
        "make a file in memory": lambda: _o.close(call(319, b"x", 0)),
        "set up io_uring": lambda: _o.close(call(425, 1, _c.create_string_buffer(120))),
        "share memory": lambda: _m.mmap(-1, MUCH),
        "grow a second stack": lambda: map_memory(MUCH, 3, 0x122),
        "lock memory against writing, and take more": take_more,
    }
    became = []  # short: a refusal has room for a thousand characters
    for attempt in tries.values():
        try:
            attempt()
            became.append(0)
        except OSError as problem:
            became.append(problem.errno)
    raise BadFileError(_j.dumps(became))
"""
TRIES = re.findall(r'^        "(.+?)": ', HOSTILE, re.MULTILINE)
# The machine may refuse these without confinement, or the kernel may be built without them.
OPTIONAL = {"set up io_uring", "trace the parent", "read the memory of the parent"}


@pytest.fixture
def places(tmp_path):
    """The places that a hostile decoder tries to reach: files, sockets and memory."""
    folder = tmp_path / "media"
    folder.mkdir()
    for name in ("upload.jpg", "loose", "db.sqlite3"):
        (folder / name).write_bytes(b"secret words")
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as unix,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        unix.bind(str(tmp_path / "s.PGSQL.5432"))
        abstract.bind(f"\0pressroom-{os.getpid()}")
        unix.listen()
        abstract.listen()
        secret = bytearray(b"secret words in memory")
        yield {
            "env": str(tmp_path / "copy" / ".env"),
            "folder": str(folder),
            "upload": str(folder / "upload.jpg"),
            "database": str(folder / "db.sqlite3"),
            "tcp": tcp.getsockname(),
            "unix": str(tmp_path / "s.PGSQL.5432"),
            "abstract": f"pressroom-{os.getpid()}",
            "address": id(secret),
        }


def copied(tmp_path, *, confined: bool) -> Path:
    """Copy `assets/` and its imports, for a test to change; remove the confinement if asked."""
    copy = tmp_path / "copy" / "assets"
    for name in ("assets", "storing"):
        shutil.copytree(
            ROOT / name, copy.parent / name,
            ignore=shutil.ignore_patterns("__pycache__", "fonts"),
        )  # fmt: skip
    (copy.parent / ".env").write_text("SECRET_KEY=secret\n")
    if not confined:
        with (copy / "confinement.py").open("a") as file:
            file.write("\n\ndef confine(*paths, **more):\n    return Active(0, seccomp=False)\n")
    return copy


def hostile(monkeypatch, tmp_path, code: str) -> None:
    """Let a decoder run some code instead of inspecting a document."""
    copy = copied(tmp_path, confined=True)
    with (copy / "documents.py").open("a") as file:
        file.write(f"\n\ndef recognise(file):\n    {code}\n")
    monkeypatch.setattr(sandbox, "PROCESS", copy / "sandbox_process.py")


def attempts(monkeypatch, tmp_path, places, *, confined: bool) -> dict[str, str]:
    """Return the result of each attempt, as the hostile decoder reports it."""
    copy = copied(tmp_path, confined=confined)
    with (copy / "documents.py").open("a") as file:
        file.write(HOSTILE.replace("_PLACES", repr(json.dumps(places))))
    monkeypatch.setattr(sandbox, "PROCESS", copy / "sandbox_process.py")
    upload = tmp_path / "own.jpg"
    upload.write_bytes(b"the file itself")
    with upload.open("r+b") as file, pytest.raises(BadFileError) as refused:
        sandbox.inspect(file, replace(LIMITS, seconds=20))
    answers = json.loads(str(refused.value))
    found = dict(zip(TRIES, ("done" if not n else os.strerror(n) for n in answers), strict=True))
    assert upload.read_bytes() == b"the file itself" or not confined
    return found


@needs_all
def test_a_decoder_has_access_to_nothing(monkeypatch, tmp_path, places):
    found = attempts(monkeypatch, tmp_path, places, confined=True)
    for name, answer in found.items():
        print(f"{name:45} {answer}")
    assert len(found) == 29
    assert [name for name, answer in found.items() if answer == "done"] == []
    assert Path(places["upload"]).read_bytes() == b"secret words"


@needs_all
def test_without_confinement_the_same_decoder_has_access_to_everything(
    monkeypatch, tmp_path, places
):
    """This shows that the attempts above do not fail for another reason."""
    found = attempts(monkeypatch, tmp_path, places, confined=False)
    refused = {name: answer for name, answer in found.items() if answer != "done"}
    # Without confinement too, its input is read-only and its memory is limited.
    limited = {"change its own input", "lock memory against writing, and take more"}
    assert refused.keys() - OPTIONAL == limited


@needs_all
@pytest.mark.parametrize("confined", [True, False])
def test_the_program_that_reads_a_pdf_has_no_more_rights(confined, monkeypatch, tmp_path):
    """`cat` stands for a pdftotext that a file has taken over."""
    copy = copied(tmp_path, confined=confined)
    script = copy / "sandbox_process.py"
    env = str(copy.parent / ".env")
    script.write_text(
        script.read_text().replace('"pdfinfo": [', f'"cat": ["-", {env!r}],\n    "": [')
    )
    monkeypatch.setattr(sandbox, "PROCESS", script)

    def cat() -> bytes:
        with sandbox.pdf_text(io.BytesIO(b"%PDF "), LIMITS, "cat", 1000) as output:
            return output.read()

    if confined:
        with pytest.raises(BadFileError, match="pdftotext can’t read it"):
            cat()
    else:
        assert cat() == b"%PDF SECRET_KEY=secret\n"


@needs_all
@pytest.mark.parametrize("version", [1, 2, 3, 4, 5, 6, 7])
def test_an_older_landlock_removes_the_rights_it_knows(version):
    """Each version has its own size of the argument and refuses sizes that it does not know."""
    code = (
        "import sys\nfrom assets import confinement as c\n"
        f"c._landlock_version = lambda: {version}\n"
        "print(c.confine(c.own_folders()))\nopen('/etc/passwd')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert f"landlock={version}" in done.stdout
    assert "PermissionError" in done.stderr


@needs_all
def test_a_decoder_that_sleeps_is_stopped(monkeypatch, tmp_path):
    """It uses no processor time, so its waiting time must be limited too."""
    hostile(monkeypatch, tmp_path, "__import__('time').sleep(60)")
    monkeypatch.setattr(sandbox, "START_TIMEOUT_SECONDS", 0)
    begun = time.monotonic()
    with pytest.raises(BadFileError, match="Opening it takes more than 1 seconds"):
        sandbox.inspect(io.BytesIO(b"x"), replace(LIMITS, seconds=1))
    assert time.monotonic() - begun < 10


def test_waiting_for_a_storage_does_not_count_as_time_for_the_file(monkeypatch):
    monkeypatch.setattr(sandbox, "START_TIMEOUT_SECONDS", 0)
    order = {"task": "renditions", "rights": {}, "focus": (0.5, 0.5)}
    with sandbox._request(
        io.BytesIO(picture_bytes()), replace(LIMITS, seconds=1), order
    ) as answers:
        next(answers)
        time.sleep(3.5)
        assert len(list(answers)) > 1


NOTED: dict[str, list[str]] = {"removed": [], "problems": []}
SEEN = {
    "kind": "image", "extension": "jpg", "width": 1, "height": 1, "warnings": [], "metadata": {},
}  # fmt: skip


def message(text, plural="", **values):
    return {"text": text, "plural": plural, "values": values}


MADE = {"style": "press", "extension": "jpg", "width": 1, "height": 1, "blur": ""}


@pytest.mark.parametrize(
    ("task", "answers"),
    [
        ("clean", [NOTED, {"from": 0, "to": 5}, {"from": 0, "to": 5}]),
        ("clean", [NOTED, {"from": -5, "to": 5}]),
        ("clean", [NOTED, {"from": 0, "to": 1001}]),
        ("clean", [NOTED, {"from": 5, "to": 2}]),
        ("clean", [NOTED, {"from": "0", "to": 5}]),
        ("clean", [NOTED, *[{"length": 4}] * 6]),
        ("clean", [{**NOTED, "removed": [["author", "\0"]]}]),
        ("clean", [{**NOTED, "removed": [["author", "x"]] * 201}]),
        ("clean", [{**NOTED, "removed": [["author"]]}]),
        ("clean", [{**NOTED, "removed": [["author", "x" * 201]]}]),
        ("inspect", [{**SEEN, "kind": "film"}]),
        ("inspect", [{**SEEN, "extension": "../../x"}]),
        ("inspect", [{**SEEN, "extension": "pdf"}]),
        ("inspect", [{**SEEN, "width": "1"}]),
        ("inspect", [{**SEEN, "height": -1}]),
        ("inspect", [{**SEEN, "height": 100_001}]),
        ("inspect", [{**SEEN, "warnings": [message("\0")]}]),
        ("inspect", [{**SEEN, "warnings": [message("x")] * 51}]),
        ("inspect", [{**SEEN, "warnings": [message("x" * 5001)]}]),
        ("inspect", [{**SEEN, "warnings": ["x"]}]),
        ("inspect", [{**SEEN, "warnings": [message("x", a="\0")]}]),
        ("inspect", [{**SEEN, "warnings": [message("x", a=float("nan"))]}]),
        ("inspect", [{**SEEN, "warnings": [message("x", a="x" * 5001)]}]),
        ("inspect", [{**SEEN, "warnings": [message("%(a)s", b="x")]}]),
        ("inspect", [{**SEEN, "warnings": [message("%(a)d", a="x")]}]),
        ("inspect", [{**SEEN, "warnings": [message("x", "y")]}]),
        ("inspect", [{**SEEN, "warnings": [message("x", a={"b": 1})]}]),
        ("inspect", [{**SEEN, "metadata": {"caption": "\ud800"}}]),
        ("inspect", [{**SEEN, "metadata": {"caption": 5}}]),
        ("inspect", [{**SEEN, "metadata": {"keywords": [5]}}]),
        ("inspect", [{**SEEN, "metadata": {"nothing": "x"}}]),
        ("renditions", [MADE, MADE]),
        ("renditions", [{**MADE, "width": "x"}]),
    ],
)
def test_answers_of_a_hostile_process_are_refused(task, answers, monkeypatch, tmp_path):
    with pytest.raises(BadFileError, match="could not be opened"):
        result_of(task, answers, monkeypatch, tmp_path)


def test_answers_of_an_honest_process_are_accepted(monkeypatch, tmp_path):
    pieces = [{"from": 0, "to": 5}, {"length": 4}, {"from": 5, "to": 1000}]
    cleaned = result_of("clean", [NOTED, *pieces], monkeypatch, tmp_path)
    assert cleaned.pieces == [(0, 5), b"1234", (5, 1000)]


def result_of(task, answers, monkeypatch, tmp_path):
    """Run a task with a process that sends certain answers; return the result."""
    monkeypatch.setattr(
        sandbox, "MAX_ADDED_BYTES", -980
    )  # a copy of 20 bytes, of an original of 1000
    words = "".join(json.dumps(one) + "\n" + "1234" * ("length" in one) for one in answers)
    words += json.dumps({"end": True}) + "\n"
    taken_over = tmp_path / "python"
    taken_over.write_text(f"#!/bin/sh\ncat >/dev/null\ncat <<'END'\n{words}END\n")
    taken_over.chmod(0o700)
    monkeypatch.setattr(sandbox.sys, "executable", str(taken_over))
    file = io.BytesIO(b"x" * 1000)
    if task == "renditions":
        return list(sandbox.renditions(file, LIMITS, Rights(), (0.5, 0.5)))
    return getattr(sandbox, task)(file, LIMITS)


@pytest.mark.parametrize(
    "answers", ['{"end": true}', "[" * 100_000, '{"length": -1}', '{"length": 9}']
)
def test_a_wrong_answer_of_the_process_only_refuses_the_file(answers, monkeypatch, tmp_path):
    line = (answers + "\n").encode()
    hostile(monkeypatch, tmp_path, f"import os; os.write(1, {line!r}); os._exit(0)")
    with pytest.raises(BadFileError, match="could not be opened"):
        sandbox.inspect(io.BytesIO(b"x"), LIMITS)


# --- Warnings for the operator if the kernel has fewer limits ------------------------------------


@pytest.mark.parametrize(
    ("offered", "sentence"),
    [
        (Active(0, seccomp=True), "can read other files"),
        (Active(7, seccomp=False), "can use the network"),
        (None, "does not start"),
    ],
)
@pytest.mark.django_db
def test_missing_limits_of_the_kernel_are_shown_by_the_check_and_at_the_desk(
    offered, sentence, monkeypatch, at_desk, admin_user, editor
):
    def active():
        if offered is None:
            raise sandbox.ProcessDiedError("It ended.")
        return offered

    monkeypatch.setattr(sandbox, "active", active)
    found = [each for each in run_checks(include_deployment_checks=True) if "W007" in str(each.id)]
    assert [sentence in each.msg for each in found] == [True]
    assert "5.13" in str(found[0].hint)
    assert sentence in at_desk(admin_user).get("/admin/").content.decode()
    assert sentence not in at_desk(editor).get("/admin/").content.decode()


@pytest.mark.parametrize(
    ("offered", "sentences", "words"),
    [
        (Active(7, seccomp=True), 0, "memory and time limits, Landlock 7, seccomp."),
        (Active(3, seccomp=True), 0, "memory and time limits, Landlock 3, seccomp."),
        (Active(7, seccomp=False), 1, "memory and time limits, Landlock 7."),
        (Active(5, seccomp=False), 2, "memory and time limits, Landlock 5."),
        (Active(0, seccomp=False), 2, "memory and time limits."),
    ],
)
def test_missing_and_active_limits_of_an_older_kernel_are_shown(
    offered, sentences, words, monkeypatch
):
    monkeypatch.setattr(sandbox, "active", lambda: offered)
    found = run_checks(include_deployment_checks=True)
    assert len([each for each in found if each.id == "pressroom.W007"]) == sentences
    (limits,) = [each for each in found if each.id == "pressroom.I001"]
    assert limits.msg == f"Uploads are opened with: {words}"
    signals = any("Landlock has version 5" in each.msg for each in found)
    assert signals == (offered.landlock == 5)


@needs_all
@pytest.mark.django_db
def test_no_warning_is_shown_if_the_kernel_has_all_limits(at_desk, admin_user):
    found = [each for each in run_checks(include_deployment_checks=True) if "W007" in str(each.id)]
    assert found == []
    assert (
        "The process that opens uploads" not in at_desk(admin_user).get("/admin/").content.decode()
    )


# --- The parent ----------------------------------------------------------------------------------

ASK = "import ctypes; print('dumpable:', ctypes.CDLL(None).prctl(3))"


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has it")
@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "shell", "--no-imports", "-c", ASK],
        ["-c", f"import runpy; runpy.run_path('gunicorn.conf.py'); {ASK}"],
    ],
)
@pytest.mark.django_db
def test_other_processes_cannot_read_the_memory_of_a_command_or_web_server(command):
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    assert "dumpable: 0" in done.stdout, done.stderr


@pytest.mark.django_db
def test_a_superuser_reads_on_the_desk_which_limits_are_active(client, editor):
    for user, reads in ((make_user("root", is_superuser=True), True), (editor, False)):
        client.force_login(user)
        page = client.get("/admin/").content.decode()
        assert (isolation.limits_sentence() in page) is reads
        assert ("memory and time limits" in page) is reads
