"""Processes that start in a fraction of the time, because the libraries are imported already.

Most of a start is the import of Django and the other libraries, the same each time. One process
does it once, and forks for each command that is asked of it: the fork gets the folder and the
environment of the command and nothing else, imports every module of the product itself, and ends
as a process of Python does. What a test has to say of the libraries, of signals or of the start
itself, it says of a process that it starts in the ordinary way.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What a fork that asks for everything finds in the environment; no command ever sees it.
ANY = {"DJANGO_SETTINGS_MODULE": "pressroom.settings", "DEBUG": "on", "PATH": os.environ["PATH"]}
_server: subprocess.Popen | None = None


def run(*command, cwd=ROOT, env, typed="", timeout=120) -> subprocess.CompletedProcess:
    """Run `python COMMAND`, a script or -c with a text, as subprocess.run does with text=True."""
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
    server.communicate()  # it ends with its input


# --- In the process that forks -----------------------------------------------------------------


def import_libraries() -> None:
    """Import what the product imports, as far as that works without a setting."""
    own = {path.stem for path in ROOT.iterdir()} | {"__main__"}
    reading, writing = os.pipe()
    if not os.fork():
        os.environ.update(ANY)
        sys.path.insert(0, str(ROOT))
        import django

        django.setup()
        importlib.import_module("pressroom.urls")
        importlib.import_module("django.core.management.commands.check")
        os.write(writing, " ".join(sys.modules).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        names = pipe.read().split()
    os.wait()
    for name in names:
        if name.partition(".")[0] not in own:
            with contextlib.suppress(Exception):  # models, which wait for the settings
                importlib.import_module(name)


def fork_for_each_command() -> dict | None:
    """Return a command in a fork, for it to run; None in the first process, at its end."""
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if not child:
            return asked
        print(json.dumps(wait(child, asked["timeout"])), flush=True)
    return None


def wait(child: int, timeout: float) -> int | None:
    """Return how a child ended, None where it had to be killed."""
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
    sys.stdin = open(0)  # noqa: SIM115 – what was read of the old one is the next commands'
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


if __name__ == "__main__":
    import_libraries()
    gc.freeze()
    if asked := fork_for_each_command():
        become(asked)
        if asked["command"][0] == "-c":
            exec(asked["command"][1], {"__name__": "__main__"})  # noqa: S102
        else:
            runpy.run_path(asked["command"][0], run_name="__main__")
