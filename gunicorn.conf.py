"""How gunicorn serves Pressroom; it reads this by itself, and the command line goes over it."""

import re
import subprocess
import sys
from typing import Any

from gunicorn.glogging import Logger


class WithoutTokens(Logger):
    """An access log in which nobody finds the address of a preview."""

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: Any) -> None:
        hidden = {
            name: re.sub(r"(?<=/preview/)[^/?]+", "…", environ.get(name, ""))
            for name in ("RAW_URI", "PATH_INFO")
        }
        super().access(resp, req, {**environ, **hidden}, request_time)


# Asked of a process of its own: workers that a SIGHUP makes anew must read the settings afresh,
# and would inherit what is imported here. Settings that stop the start do so here, in a sentence.
ASK = """
from django.core.exceptions import ImproperlyConfigured
try:
    from pressroom import settings
except ImproperlyConfigured as problem:
    raise SystemExit(str(problem))
print(settings.WEB_WORKERS, settings.WEB_THREADS)
"""
command = [sys.executable, "-c", ASK]
answer = subprocess.run(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
if answer.returncode:
    sys.exit(answer.returncode)

bind = "0.0.0.0:8000"
worker_class = "gthread"
workers, threads = map(int, answer.stdout.split())
# A request that runs when the server is stopped has this long, in seconds; stop_grace_period in
# docker-compose.yml is longer.
graceful_timeout = 30
control_socket_disable = True  # the home folder may be read-only
accesslog = "-"
logger_class = WithoutTokens
