"""Wakes the threads of a worker when there is work, and stops them."""

import threading

stopping = threading.Event()
_threads: set[threading.Event] = set()


def wake() -> None:
    """Wake the worker's threads of this process, if it has any."""
    for event in list(_threads):
        event.set()


def register(event: threading.Event) -> None:
    """Register the event that wakes a thread."""
    _threads.add(event)


def stop() -> None:
    """Stop every thread after its current job."""
    stopping.set()
    wake()
