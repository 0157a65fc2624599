"""A mail server for tests, made with the standard library. It can fail as real servers do."""

import base64
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

USER, PASSWORD = "press", "letter-box"


@dataclass
class MailServer:
    """How the server behaves, and what it received."""

    starttls: ssl.SSLContext | None = None
    tls: ssl.SSLContext | None = None  # from the first byte
    wants_password: bool = False
    silent_from: str = ""  # the command that is never answered; "connect": without a greeting
    slow: float = 0  # seconds before each letter is accepted
    # The command whose answer never ends, or one of "connect", "handshake", "letter".
    endless: str = ""
    drips: bytes = b"250-X\r\n"  # sent ten times a second in an endless answer
    sips: bool = False  # read each letter in small pieces, ten times a second
    # Command or recipient → answer. For "letter" it may be a function of the letter.
    refuses: dict[str, Any] = field(default_factory=dict)
    letters_a_connection: int = 0  # the server closes the connection after these; 0: never
    letters: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0


class _Handler(socketserver.StreamRequestHandler):
    server: "_Server"

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def drip(self, drop: bytes, begins: bytes = b"") -> None:
        """Send an answer that does not end until the client or the test ends."""
        self.wfile.write(begins)
        while not self.server.over.wait(0.1):
            self.wfile.write(drop)

    def wrap(self, context: ssl.SSLContext) -> None:
        if self.mail.endless == "handshake":  # a TLS record that arrives byte by byte
            self.drip(b"x", b"\x16\x03\x03\x3f\xff")
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.setup_files()

    def setup_files(self) -> None:
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)

    def handle(self) -> None:
        self.mail = self.server.mail
        self.mail.connections += 1
        try:
            self.serve()
        except (OSError, ValueError):
            return  # the client has closed the connection
        finally:
            self.connection.close()

    def serve(self) -> None:
        mail = self.mail
        if mail.silent_from == "connect":
            self.server.over.wait(60)
            return
        if mail.tls:
            self.wrap(mail.tls)
        if mail.endless == "connect":
            self.drip(b"x", b"220-")
        self.say(mail.refuses.get("connect", "220 mail.test"))
        taken, secured = 0, bool(mail.tls)
        while line := self.rfile.readline().decode().strip():
            command, _, rest = line.partition(" ")
            command = command.upper()
            if command == mail.silent_from:
                self.server.over.wait(60)
                return
            if command == mail.endless:
                self.drip(mail.drips)
            if command in mail.refuses:
                self.say(mail.refuses[command])
            elif command == "EHLO":
                offers = ["mail.test"]
                offers += ["STARTTLS"] * bool(mail.starttls and not secured)
                offers += ["AUTH PLAIN"] * bool(
                    mail.wants_password and (secured or not mail.starttls)
                )
                for number, offer in enumerate(offers, 1):
                    self.say(f"250{' ' if number == len(offers) else '-'}{offer}")
            elif command == "STARTTLS" and mail.starttls:
                self.say("220 go on")
                self.wrap(mail.starttls)
                secured = True
            elif command == "AUTH":
                given = base64.b64decode(rest.split()[-1]).decode().split("\0")[1:]
                right = given == [USER, PASSWORD]
                self.say("235 welcome" if right else "535 5.7.8 authentication failed")
            elif command == "RCPT":
                address = rest.split("<")[1].split(">")[0]
                self.say(mail.refuses.get(address, "250 ok"))
                if address not in mail.refuses:
                    mail.recipients.append(address)
            elif command == "DATA":
                self.say("354 go on")
                while mail.sips and not self.server.over.wait(0.1):
                    self.connection.recv(1000)
                letter = b""
                while not letter.endswith(b"\r\n.\r\n"):
                    letter += self.rfile.readline()
                time.sleep(mail.slow)
                if mail.endless == "letter":
                    self.drip(mail.drips)
                if answer := mail.refuses.get("letter"):
                    self.say(answer(letter.decode()) if callable(answer) else answer)
                    continue
                mail.letters.append(letter.decode())
                taken += 1
                self.say("250 queued")
                if taken == mail.letters_a_connection:
                    return
            elif command == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    mail: MailServer
    over: threading.Event

    def server_bind(self) -> None:
        # A small buffer, so that the sender of a letter that is not read has to wait.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        super().server_bind()

    def handle_error(self, request, client_address) -> None:
        pass  # in these tests some clients close the connection during the handshake


@contextmanager
def running(**behaviour):
    """Run a mail server with the fields of MailServer as options; yield its MailServer."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.mail, server.over = MailServer(**behaviour), threading.Event()
        server.mail.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
        thread.start()
        try:
            yield server.mail
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


def certificate(place: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """Make a self-signed certificate for a name; return a server's TLS context and the file."""
    key, made = place / f"{name}.key", place / f"{name}.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key,
         "-out", made, "-subj", f"/CN={name}", "-addext", f"subjectAltName={_alternative(name)}"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return context, made


def _alternative(name: str) -> str:
    return f"IP:{name}" if name.replace(".", "").isdigit() else f"DNS:{name}"
