"""The configuration of gunicorn, which reads it by default. The command line overrides it."""

import os
import runpy
import shutil
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from gunicorn import glogging

HERE = Path(__file__).parent


def load(name: str, room: str = "pressroom") -> dict[str, Any]:
    """Return the definitions of a module of Pressroom.

    The module is not imported, so that a reload (SIGHUP) reads it again.
    """
    return runpy.run_path(str(HERE / room / f"{name}.py"))


# The environment of the master has the keys. The workers inherit this protection.
load("confinement", "assets")["keep_memory_private"]()


def environment() -> dict[str, str]:
    """Return the environment as the settings read it, without changing that of this process.

    Otherwise a reload could not read changed values from .env.
    """
    return load("environment")["read"](HERE / ".env")


logs = load("logs")
connections = load("connections")
Worker: Any = connections["Worker"]


class Logger(glogging.Logger):
    """The log of gunicorn and the access log, in Pressroom's format and without secrets."""

    def setup(self, cfg: Any) -> None:
        """Set our format. Raises RuntimeError, which gunicorn prints, for a wrong LOG_FORMAT."""
        super().setup(cfg)
        variables = environment()  # read again after a reload
        name = variables.get("LOG_FORMAT") or "text"
        if wrong := logs["format_problem"](name):
            raise RuntimeError(wrong)
        redaction, flood = logs["RedactionFilter"](variables), logs["FloodFilter"]()
        for handler in [*self.error_log.handlers, *self.access_log.handlers]:
            handler.setFormatter(logs["formatter"](name))
            handler.addFilter(flood)
            handler.addFilter(redaction)
        logs["add_to_every_handler"](redaction)  # --log-config may add handlers

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """Log a traceback, or only a message if a wrong setting stops the start.

        Errors that Pressroom's middleware has logged with the request id are not logged again.
        """
        problem = sys.exc_info()[1]
        if getattr(problem, "is_logged", False):
            return
        if type(problem).__name__ == "ImproperlyConfigured":
            self.error("%s", problem)
        else:
            super().exception(msg, *args, **kwargs)

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        """Log an answer without its query, headers and complete network address.

        The query of a search may contain a protected name.
        """
        if not self.access_log_enabled:
            return
        seen = environ.get(logs["ACCESS"], {})
        # Decoded and encoded again, so that the redaction finds a percent-encoded token.
        path = unquote_to_bytes(environ.get("RAW_URI", "").partition("?")[0])
        fields = {
            "method": environ.get("REQUEST_METHOD"),
            "path": quote(path, safe="/~!$&'()*+,;=:@"),
            "status": int(str(resp.status).split(None, 1)[0]),
            "bytes": getattr(resp, "sent", None) or 0,
            "duration_ms": round(request_time / timedelta(milliseconds=1), 1),
            "client": seen.get("client", "unknown"),
            "user": seen.get("user"),
        }
        text = "{method} {path} {status} {bytes} bytes {duration_ms} ms from {client}"
        text += " user {user}" if fields["user"] else ""
        more = {"fields": fields, "request_id": seen.get("request_id", "")}
        self.access_log.info("%s", text.format(**fields), extra=more)


class DrainingWorker(Worker):
    """A worker that loses no connection when it stops.

    gunicorn's own worker stops accepting connections at once, but keeps its listening sockets open
    until its last answer is sent. Until then, the kernel still accepts connections. It resets them
    when the sockets close, and a proxy cannot repeat a POST that it has sent: the reader gets a
    502. This worker accepts all waiting connections and closes its sockets at once. Later
    connections are refused, and the proxy asks the next node.
    """

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if not (enabled or self.alive):
            for listener in self.sockets:
                self._accept_waiting(listener)
                listener.close()

    def _accept_waiting(self, listener: Any) -> None:
        while (before := self.nr_conns) < self.worker_connections:
            self.accept(listener)
            if self.nr_conns == before:
                return


METRICS_FOLDER = "pressroom-metrics-"


def on_starting(server: Any) -> None:
    """Give the workers one empty folder for their counters, if metrics are on."""
    if not environment().get("METRICS_TOKEN"):
        return
    for left_behind in Path(tempfile.gettempdir()).glob(f"{METRICS_FOLDER}*"):
        if not _is_running(left_behind.name.split("-")[2]):
            shutil.rmtree(left_behind, ignore_errors=True)
    if not _own_metrics_folder():
        folder = tempfile.mkdtemp(prefix=f"{METRICS_FOLDER}{os.getpid()}-")
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder


on_reload = on_starting


def on_exit(server: Any) -> None:
    """Remove the folder of the counters."""
    if folder := _own_metrics_folder():
        shutil.rmtree(folder, ignore_errors=True)


def _own_metrics_folder() -> str:
    """Return the folder that this master created, or "": SIGUSR2 passes the old one's to a new."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    return folder if f"{METRICS_FOLDER}{os.getpid()}-" in folder else ""


def _is_running(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        pass
    return True


# Read the settings in a separate process. Workers inherit the modules that are imported here, so
# after a SIGHUP they would use the old settings. Wrong settings stop the start with a message.
READ_SETTINGS = """
from django.core.exceptions import ImproperlyConfigured
try:
    from pressroom import settings
except ImproperlyConfigured as problem:
    raise SystemExit(str(problem))
print(settings.WEB_WORKERS, settings.WEB_THREADS)
"""
command = [sys.executable, "-c", READ_SETTINGS]
answer = subprocess.run(command, cwd=HERE, stdout=subprocess.PIPE, text=True)  # noqa: S603
if answer.returncode:
    sys.exit(answer.returncode)

# Only the proxy of this machine may connect: others could forge the headers that TRUST_PROXY
# accepts. In the image, the network of the container protects the port, and its command sets
# another address.
bind = "127.0.0.1:8000"
worker_class = DrainingWorker
workers, threads = map(int, answer.stdout.split())
worker_connections = connections["CONNECTIONS"]
# Longer than keepalive_timeout of the upstreams in docs/nginx.conf.
keepalive = 20
# Seconds for running requests when the server is stopped; stop_grace_period in docker-compose.yml
# is longer.
graceful_timeout = 30
control_socket_disable = True  # the home folder may be read-only
accesslog = "-"
logger_class = Logger


def post_worker_init(worker: Any) -> None:
    """Set the number of threads: the storage and password hashes may use half of them each."""
    from accounts import hash_slots
    from assets import storage_basics

    storage_basics.web_threads = hash_slots.web_threads = worker.cfg.threads
