"""Prints one sentence if `make` cannot run on this machine. Runs before the installation.

It uses only the standard library, and syntax that old versions of Python can run.
"""

import argparse
import os
import socket
import sys
import tempfile


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", help="also check whether this port is free")
    port = parser.parse_args().port
    here = os.getcwd()
    try:
        tempfile.TemporaryFile(dir=here).close()
    except OSError as problem:
        sys.exit(
            "Pressroom can’t write into %s (%s). Copy it to a folder of yours and run make there."
            % (here, (problem.strerror or "unknown reason").lower())
        )
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        sys.exit(
            "This Python has no venv module. Install it (on Debian: apt install python3-venv), "
            "then run make again."
        )
    if port is not None:
        check_port(port)


def check_port(text):
    if not text.isdigit() or not 0 < int(text) < 65536:
        sys.exit("PORT=%s is no port: choose a number from 1 to 65535." % text)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except PermissionError:
            sys.exit("Port %s is reserved. Choose another: PORT=8001 make demo" % text)
        except OSError:
            sys.exit(
                "Port %s is taken by another program. Choose another: PORT=%d make demo"
                % (text, int(text) + 1 if int(text) < 65535 else 8000)
            )


if __name__ == "__main__":
    main()
