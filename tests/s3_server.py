"""A real S3 server for the tests: OpenStack Swift with its S3 API, in a separate process.

It keeps objects in memory and its indexes in a folder, takes free ports and ends with the process
that started it. Tests call `running` or `started`; the rest runs in that process.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY

import pytest

ACCESS_KEY, SECRET_KEY, REGION = "test:press", "a-secret-that-no-log-may-show", "us-east-1"
BACK = ("account", "container", "object")
FILTERS = ["catch_errors", "gatekeeper", "listing_formats", "s3api", "tempauth", "bulk", "slo",
           "dlo", "versioned_writes", "symlink"]  # fmt: skip
# The object server in memory needs no disk. The other one needs extended attributes.
EGGS = {"object": "mem_object", "proxy-server": "proxy"}
OPTIONS = {
    "proxy-server": "account_autocreate = true",
    "tempauth": f"user_{ACCESS_KEY.replace(':', '_')} = {SECRET_KEY} .admin",
    "versioned_writes": "allow_object_versioning = true",
    "s3api": f"location = {REGION}",
}


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run the server with its indexes in a folder; yield its address."""
    with started(folder) as (address, _):
        yield address


@contextmanager
def started(folder: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    """Run the server for a test that stops its process; yield its address and the process."""
    if not find_spec("swift"):
        pytest.skip("no Swift, which needs Linux: pip install -r requirements-dev.txt")
    _read_models_once()
    command = [sys.executable, __file__, folder]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as server,
    ):
        port = server.stdout.readline().strip()
        if not port:
            pytest.fail(f"Swift did not start:\n{(folder / 'log').read_text()}")
        try:
            yield f"http://127.0.0.1:{port}", server
        finally:
            server.stdin.close()


def _read_models_once() -> None:
    """Let all sessions of boto in this process use one loader.

    Each test has its own connection. Nine tenths of its time is to read Amazon's description of S3.
    """
    import botocore.session

    if not hasattr(botocore.session.create_loader, "cache_info"):
        botocore.session.create_loader = cache(botocore.session.create_loader)


def serve(folder: Path) -> None:
    """Print the port and serve until stdin is closed."""
    import eventlet.wsgi
    from eventlet.hubs import trampoline
    from swift.common import storage_policy, utils
    from swift.common.http_protocol import SwiftHttpProtocol
    from swift.common.ring import RingBuilder
    from swift.common.wsgi import loadapp

    utils.monkey_patch()
    utils.disable_fallocate()
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_suffix = tests\n"
        "[storage-policy:0]\nname = memory\ndefault = yes\n"
    )
    utils.set_swift_dir(str(folder))
    storage_policy.reload_storage_policies()

    (folder / "disk").mkdir()
    sockets = {name: eventlet.listen(("127.0.0.1", 0)) for name in (*BACK, "proxy-server")}
    for socket in sockets.values():
        socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)  # else each file takes 40 ms longer
    ports = {name: socket.getsockname()[1] for name, socket in sockets.items()}
    for name in BACK:
        ring = RingBuilder(part_power=1, replicas=1, min_part_hours=0)
        ring.add_dev({"region": 1, "zone": 1, "weight": 1, "device": "disk",
                      "ip": "127.0.0.1", "port": ports[name]})  # fmt: skip
        ring.rebalance()
        ring.get_ring().save(str(folder / f"{name}.ring.gz"))

    for name, socket in sockets.items():
        filters = [] if name in BACK else FILTERS
        lines = [
            f"[DEFAULT]\nswift_dir = {folder}\ndevices = {folder}\nmount_check = false",
            f"log_level = CRITICAL\n[pipeline:main]\npipeline = {' '.join([*filters, name])}",
            f"[app:{name}]\nuse = egg:swift#{EGGS.get(name, name)}\n{OPTIONS.get(name, '')}",
        ]
        for part in filters:
            lines.append(f"[filter:{part}]\nuse = egg:swift#{part}\n{OPTIONS.get(part, '')}")
        (folder / f"{name}.conf").write_text("\n".join(lines))
        app = loadapp(str(folder / f"{name}.conf"))
        eventlet.spawn(
            eventlet.wsgi.server, socket, app if name in BACK else _with_plain_addresses(app),
            protocol=SwiftHttpProtocol, log_output=False,
        )  # fmt: skip
    print(ports["proxy-server"], flush=True)
    trampoline(sys.stdin.fileno(), read=True)


def _with_plain_addresses(app):
    """Pass unsigned requests to Swift's own API, where the access list of the bucket decides.

    Other servers look up the access list for an unsigned request. Swift's S3 API refuses every one.
    A bucket whose name begins with careless- accepts any signature, as some servers do that
    implement only a part of S3.
    """

    def answer(environ, start_response):
        query = environ.get("QUERY_STRING", "")
        signed = "HTTP_AUTHORIZATION" in environ or "X-Amz-" in query
        careless = environ["PATH_INFO"].startswith("/careless-") and "X-Amz-Signature=" in query
        if careless or not signed:
            account = ACCESS_KEY.partition(":")[0]
            environ["PATH_INFO"] = f"/v1/AUTH_{account}{environ['PATH_INFO']}"
        if careless:
            environ |= {"QUERY_STRING": "", "swift.authorize_override": True}
        return app(environ, start_response)

    return answer


if __name__ == "__main__":
    serve(Path(sys.argv[1]).resolve())
