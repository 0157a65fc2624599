"""The sandbox process as a fork of a process that has imported its modules already.

Imports take nine tenths of the sandbox's processor time. A fork is restricted and confined by the
product's own code, reads its order and answers like the real process. Tests of the process itself
(its start, limits and confinement) use the real one: see conftest.
"""

import atexit
import gc
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_MESSAGE = 1000  # bytes

if __name__ == "__main__":  # started with -I, like the real process
    sys.path.insert(0, str(ROOT))

from assets import sandbox, sandbox_process  # noqa: E402  # needs the path above

_starting = threading.Lock()
_control: socket.socket | None = None


class Fork(sandbox.Process):
    """A fork in place of `subprocess.Popen`, with the part of its behaviour that we use."""

    _child_created = False  # the fork is no child, so Popen must not wait for it

    def __init__(self, command, *, pass_fds, **pipes) -> None:
        self.args, self.returncode, self.stderr = command, None, None
        orders, stdin = os.pipe()
        stdout, answers = os.pipe()
        self._news, theirs = socket.socketpair()
        with _starting:
            handles = [orders, answers, theirs.fileno(), *pass_fds]
            socket.send_fds(_server(), [json.dumps(pass_fds).encode()], handles)
        for handle in (orders, answers):
            os.close(handle)
        theirs.close()
        self.stdin, self.stdout = open(stdin, "wb"), open(stdout, "rb")  # noqa: SIM115  # Popen's
        self.pid = int(self._news.recv(MAX_MESSAGE))

    def poll(self) -> int | None:
        if self.returncode is None:
            self._news.setblocking(False)
            try:
                self._hear()
            except BlockingIOError:
                pass
            finally:
                if self.returncode is None:
                    self._news.setblocking(True)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._hear()
        return self.returncode

    def _hear(self) -> None:
        self.returncode = int(self._news.recv(MAX_MESSAGE))
        self._news.close()


def _server() -> socket.socket:
    global _control
    if _control is None:
        _control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        handle = theirs.fileno()
        server = subprocess.Popen([sys.executable, "-I", __file__, str(handle)], pass_fds=[handle])
        theirs.close()
        atexit.register(server.wait)
        atexit.register(_control.close)
    return _control


def serve(control: socket.socket) -> None:
    """Fork twice for each order: the first fork waits for the second and sends its exit code."""
    while True:
        message, handles, _, _ = socket.recv_fds(control, MAX_MESSAGE, 16)
        if not message:
            return
        if not os.fork():
            control.close()
            _keep(json.loads(message), *handles)
        for handle in handles:
            os.close(handle)
        while True:
            try:
                if not os.waitpid(-1, os.WNOHANG)[0]:
                    break
            except ChildProcessError:
                break


def _keep(numbers: list[int], orders: int, answers: int, news: int, *files: int) -> None:
    child = os.fork()
    if child:
        for handle in (orders, answers, *files):
            os.close(handle)
        os.write(news, str(child).encode())
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.write(news, str(status).encode())
        os._exit(0)
    os.close(news)
    (number,), (file,) = numbers, files
    moved = os.dup(file) if file != number else file
    os.dup2(orders, 0)
    os.dup2(answers, 1)
    if moved != number:
        os.dup2(moved, number)
    os.closerange(3, number)
    os.closerange(number + 1, 256)
    sys.stdin, sys.stdout = open(0), open(1, "w")  # noqa: SIM115  # to the end of the process
    os.environ.clear()
    status = 1
    try:
        sandbox_process.main()
        sys.stdout.flush()
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    import pi_heif  # noqa: F401

    from assets.cleaning import start  # noqa: F401

    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
