"""`pytest --cpu` prints the processor time that the tests took, by file and for the slowest tests.

It counts the user and system time of each worker and of every process that it started. So two
commits can be compared on a busy machine too. A database server is not counted. To measure a
commit without this option, copy this file to a folder and add `-p cpu`, with PYTHONPATH=FOLDER.
"""

import os
import resource
from collections import defaultdict
from pathlib import Path

import pytest

TICK = os.sysconf("SC_CLK_TCK")
SLOWEST = 60  # number of tests that are listed


def processor_seconds() -> float:
    """Return the processor time of this process and its descendants, running or ended."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime
    waiting = _children(os.getpid())
    while waiting:
        pid = waiting.pop()
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        total += sum(int(ticks) for ticks in fields[11:15]) / TICK
        waiting += _children(pid)
    return total


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (thread / "children").read_text().split()]
    except OSError:
        pass
    return found


def pytest_addoption(parser):
    parser.addoption("--cpu", action="store_true", help="print the processor time of the tests")


def pytest_configure(config):
    if config.getoption("--cpu"):
        config.pluginmanager.register(Processor(config))


class Processor:
    """A plugin that measures in each worker and adds up in the main process, which prints."""

    def __init__(self, config):
        self.config = config
        self.tests: dict[str, dict[str, float]] = defaultdict(dict)
        self.starts: list[float] = []  # seconds until each worker had collected the tests
        self.collected = self.last = 0.0

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self):
        result = yield
        self.collected = self.last = processor_seconds()
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        now = processor_seconds()
        before, self.last = self.last, now
        report = yield
        # The total falls when a child ends whose processor time is not added to its parent's.
        report.processor = max(0.0, now - before)
        return report

    def pytest_runtest_logreport(self, report):
        phases = self.tests[report.nodeid]
        phases[report.when] = phases.get(report.when, 0) + getattr(report, "processor", 0)

    def pytest_sessionfinish(self, session):
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["start"] = self.collected

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node):
        self.starts.append(getattr(node, "workeroutput", {}).get("start", 0.0))

    def pytest_terminal_summary(self, terminalreporter):
        write = terminalreporter.write_line
        terminalreporter.section("processor time")
        files: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for test, phases in self.tests.items():
            for phase, seconds in phases.items():
                files[test.partition("::")[0]][phase] += seconds
        for file, phases in sorted(files.items(), key=lambda one: -sum(one[1].values())):
            parts = ", ".join(f"{phase} {seconds:.1f}" for phase, seconds in phases.items())
            write(f"{sum(phases.values()):9.1f} s  {file}  ({parts})")
        slowest = sorted(self.tests.items(), key=lambda one: -sum(one[1].values()))
        for test, phases in slowest[:SLOWEST]:
            parts = ", ".join(f"{phase} {seconds:.1f}" for phase, seconds in phases.items())
            write(f"{sum(phases.values()):9.1f} s  {test}  ({parts})")
        tests = sum(sum(phases.values()) for phases in self.tests.values())
        workers = sum(self.starts) or self.collected
        own = sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) if self.starts else 0.0
        write(f"{tests:9.1f} s  in tests, {workers:.1f} s to start workers and collect tests")
        write(f"{tests + workers + own:9.1f} s  in all")
