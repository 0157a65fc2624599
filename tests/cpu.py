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


def own_seconds() -> float:
    """Return the processor time of this process and of its children that have ended."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def processor_seconds() -> float:
    """Return the processor time of this process and all processes below it, ended or not.

    It reads a file for each thread of each process: next to a browser, that takes 50 ms.
    """
    total = own_seconds()
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
        self.collected = 0.0
        self.last = 0.0  # own_seconds at the end of the last phase
        self.last_of_all = 0.0  # processor_seconds at the end of the last file
        self.phases = 0.0  # seconds of the phases since then
        self.is_end_of_file = False

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self):
        result = yield
        self.collected = self.last_of_all = processor_seconds()
        self.last = own_seconds()
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item, nextitem):
        self.is_end_of_file = nextitem is None or nextitem.path != item.path
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        now = own_seconds()
        report = yield
        report.processor = {report.when: now - self.last}
        self.phases += now - self.last
        if report.when == "teardown" and self.is_end_of_file:
            total = processor_seconds()
            # The total falls when a child ends whose processor time is not added to its parent's.
            since = max(0.0, total - self.last_of_all)
            # Less than 0 if a process of an earlier file has ended, and was counted again.
            report.processor["processes that still run"] = since - self.phases
            self.last_of_all, self.phases = total + own_seconds() - now, 0.0
        self.last = own_seconds()  # without the time of this measurement
        return report

    def pytest_runtest_logreport(self, report):
        phases = self.tests[report.nodeid]
        for phase, seconds in getattr(report, "processor", {}).items():
            phases[phase] = phases.get(phase, 0) + seconds

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
