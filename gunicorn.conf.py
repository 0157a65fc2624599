"""How gunicorn serves Pressroom; it reads this by itself, and the command line goes over it."""

import re
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


bind = "0.0.0.0:8000"
worker_class = "gthread"
workers = 2
threads = 4
control_socket_disable = True  # the home folder may be read-only
accesslog = "-"
logger_class = WithoutTokens
