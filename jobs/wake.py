"""How the threads of a worker learn that there is work, and that they must stop."""

import threading

stopping = threading.Event()
_threads: set[threading.Event] = set()


def up() -> None:
    """Let the worker's threads of this process look now. Without any, this does nothing."""
    for event in list(_threads):
        event.set()


def register(event: threading.Event) -> None:
    """Let a thread be woken by `up` from now on."""
    _threads.add(event)


def stop() -> None:
    """Let every thread end after what it is doing."""
    stopping.set()
    up()
