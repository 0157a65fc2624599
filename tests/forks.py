"""Processes that start in a fraction of the time, because the libraries are imported already.

A process spends most of its start on the import of Django and other libraries. Here one process
imports them once and forks for each command. The fork gets only the folder and the environment of
the command, imports every module of the product itself, and ends like any Python process. Tests of
libraries, of signals or of the start itself use ordinary processes instead.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import pickle
import re
import runpy
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The environment of the fork that finds out what to import. Commands do not get it.
ANY = {"DJANGO_SETTINGS_MODULE": "pressroom.settings", "DEBUG": "on", "PATH": os.environ["PATH"]}
_server: subprocess.Popen | None = None


def run(*command, cwd=ROOT, env, typed="", timeout=120) -> subprocess.CompletedProcess:
    """Run `python COMMAND` like subprocess.run with text=True: a script, or -c with code."""
    command = [str(part) for part in command]
    with (
        tempfile.TemporaryFile("w+") as stdin,
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
    ):
        stdin.write(typed)
        stdin.seek(0)
        streams = [f"/proc/{os.getpid()}/fd/{file.fileno()}" for file in (stdin, out, err)]
        asked = {"command": command, "cwd": str(cwd), "env": env, "streams": streams}
        status = _answer(asked | {"timeout": timeout})
        if status is None:
            raise subprocess.TimeoutExpired(command, timeout)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(command, status, out.read(), err.read())


def _answer(asked) -> int | None:
    global _server
    if _server is None:
        _server = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={"PATH": os.environ["PATH"]}, cwd=ROOT,
        )  # fmt: skip
        atexit.register(_stop, _server)
    _server.stdin.write(json.dumps(asked) + "\n")
    _server.stdin.flush()
    return json.loads(_server.stdout.readline())


def _stop(server) -> None:
    server.communicate()  # closes its stdin, which ends it


# --- In the process that forks -----------------------------------------------------------------


def import_libraries() -> None:
    """Import the libraries that the product imports, except those that need settings.

    Compile its regular expressions too: they do not depend on settings, and compiling them takes a
    fifth of the time in which a command starts.
    """
    own = {path.stem for path in ROOT.iterdir()} | {"__main__"}
    re._MAXCACHE = 10_000  # the default is 512 expressions
    reading, writing = os.pipe()
    if not os.fork():
        os.environ.update(ANY)
        sys.path.insert(0, str(ROOT))
        import django
        from django.core.validators import validate_email

        django.setup()
        importlib.import_module("pressroom.urls")
        importlib.import_module("django.core.management.commands.check")
        importlib.import_module("django.core.mail.backends.smtp")
        importlib.import_module("django.db.backends.postgresql.base")
        validate_email("press@news.example.org")  # compiles its expressions when it first runs
        expressions = [key[1:] for key in re._cache if isinstance(key[1], str)]
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(([*sys.modules], expressions), pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        names, expressions = pickle.load(pipe)  # noqa: S301 – from our own child
    os.wait()
    for expression, flags in expressions:
        re.compile(expression, flags)
    for name in names:
        if name.partition(".")[0] not in own:
            with contextlib.suppress(Exception):  # models need settings
                importlib.import_module(name)


def fork_for_each_command() -> dict | None:
    """Return a command in the fork that runs it; in the parent, return None at the end of input."""
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if not child:
            return asked
        print(json.dumps(wait(child, asked["timeout"])), flush=True)
    return None


def wait(child: int, timeout: float) -> int | None:
    """Return the exit code of a child, or None if it was killed after the timeout in seconds."""
    import select
    import signal

    handle = os.pidfd_open(child)
    ended = select.select([handle], [], [], timeout)[0]
    os.close(handle)
    if not ended:
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status if ended else None


def become(asked) -> None:
    """Take the folder, the environment and the streams of a command."""
    for number, (name, flags) in enumerate(
        zip(asked["streams"], (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY), strict=True)
    ):
        opened = os.open(name, flags | (os.O_APPEND if number else 0))
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0)  # noqa: SIM115 – the old one has the next commands in its buffer
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in asked["env"]
    first, *arguments = asked["command"]
    beside = "" if first == "-c" else str(Path(first).parent.resolve())
    more = asked["env"].get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [beside, *filter(None, more), *sys.path[1:]]
    sys.argv = ["-c", *arguments[1:]] if first == "-c" else [first, *arguments]
    importlib.invalidate_caches()


def execute(command) -> int:
    """Run a command and return its exit code, as Python finds it."""
    try:
        if command[0] == "-c":
            exec(command[1], {"__name__": "__main__"})  # noqa: S102
        else:
            runpy.run_path(command[0], run_name="__main__")
    except SystemExit as asked:
        if asked.code is None or isinstance(asked.code, int):
            return asked.code or 0
        print(asked.code, file=sys.stderr)
        return 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def end(status: int) -> None:
    """End as Python does, but leave the memory to the kernel.

    Python would free each object of the libraries, and so copy all memory that the fork shares.
    """
    threading._shutdown()  # waits for the threads that are no daemons
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status & 0xFF)


if __name__ == "__main__":
    import_libraries()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)  # the default is 700 objects, and an import creates them
    if asked := fork_for_each_command():
        become(asked)
        end(execute(asked["command"]))
