"""nginx with docs/nginx.conf, in front of the nodes of a test."""

import http.client
import os
import re
import shutil
import ssl
import subprocess
import time
from contextlib import closing
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.deployment import ROOT, free_port

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
needs_nginx = pytest.mark.skipif(
    not (NGINX and shutil.which("openssl")), reason="apt install nginx-light openssl"
)


class Front:
    """nginx as documented, on a port of this machine and with its own certificate.

    Nodes are ports. If `desk` or `files` is not given, the first node serves that pool too.
    """

    def __init__(
        self, folder: Path, *nodes: int, desk: int = 0, files: int = 0, keep_all: bool = False
    ) -> None:
        self.folder, self.port, self.certificate = folder, free_port(), folder / "certificate"
        make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                "-keyout", folder / "key", "-out", self.certificate]  # fmt: skip
        subprocess.run(make, check=True, capture_output=True)
        text = (ROOT / "docs/nginx.conf").read_text()
        hidden = "#" if len(nodes) == 1 else ""
        changes = {
            r"^ +listen \[::\].*\n": "",
            "127.0.0.1:8000": f"127.0.0.1:{nodes[0]}",
            "127.0.0.1:8001": f"127.0.0.1:{desk or nodes[0]}",
            "127.0.0.1:8002": f"127.0.0.1:{files or nodes[0]}",
            r"# server SECOND\.NODE:\d+": f"{hidden} server 127.0.0.1:{nodes[-1]}",
            "listen 80;": f"listen 127.0.0.1:{free_port()};",
            "listen 443": f"listen 127.0.0.1:{self.port}",
            "/etc/ssl/NEWS.EXAMPLE.ORG/fullchain.pem": str(self.certificate),
            "/etc/ssl/NEWS.EXAMPLE.ORG/privkey.pem": str(folder / "key"),
            "/var/(cache|log)/nginx/": f"{folder}/",
            "NEWS.EXAMPLE.ORG": "localhost",
        }
        for old, new in changes.items():
            assert re.search(old, text, re.MULTILINE), old
            text = re.sub(old, new, text, flags=re.MULTILINE)
        if keep_all:
            kept = next(line for line in text.splitlines() if "add_header X-Cache-Status" in line)
            text = text.replace("proxy_cache off;", f"proxy_cache pressroom;\n{kept}")
        (folder / "pressroom.conf").write_text(text)
        temporary = "".join(
            f"{name}_temp_path {folder}/{name};\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            # Started by root, its processes would run as a user who may not enter this folder.
            f"{'user root;' if os.geteuid() == 0 else ''}\n"
            f"daemon off; pid {folder}/pid; error_log {folder}/start.log;\n"
            "worker_processes 2; worker_rlimit_nofile 20000; events { worker_connections 8192; }\n"
            f"http {{\n{temporary}include {folder}/pressroom.conf;\n}}\n"
        )
        command = [NGINX, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "start.log"]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                self.ask("/healthz")
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        self.stop()
        pytest.fail(f"nginx did not start: {(folder / 'start.log').read_text()}")

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def connect(self) -> http.client.HTTPSConnection:
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        return http.client.HTTPSConnection("localhost", self.port, context=trusted, timeout=90)

    def ask(self, path, method="GET", body=None, **headers):
        connection = self.connect()
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, dict(response.headers), content

    def sign_in(self, name: str, password: str, origin: str = "", **headers):
        with closing(self.connect()) as connection:
            return sign_in(connection, origin or self.url, name, password, **headers)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


def sign_in(
    connection: http.client.HTTPConnection, origin: str, name: str, password: str, **headers
):
    """Sign in as a browser does; return the status, and the cookies by name."""
    connection.request("GET", "/admin/login/", headers=headers)
    response = connection.getresponse()
    page = response.read().decode()
    cookies = _cookies(response)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    form = {"csrfmiddlewaretoken": token[1] if token else "", "username": name,
            "password": password, "next": "/admin/"}  # fmt: skip
    sent = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "Origin": origin,
        "Referer": f"{origin}/admin/login/",
    }
    connection.request("POST", "/admin/login/", urlencode(form), sent | headers)
    response = connection.getresponse()
    response.read()
    return response.status, cookies | _cookies(response)


def _cookies(response: http.client.HTTPResponse) -> dict[str, str]:
    found = SimpleCookie()
    for header in response.headers.get_all("Set-Cookie", []):
        found.load(header)
    return {name: morsel.value for name, morsel in found.items()}
