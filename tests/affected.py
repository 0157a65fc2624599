"""Run the tests that matter for the changed files: `make check`, which takes less than two minutes.

Changed files differ from the main branch or, if none do, from the previous commit. A file uses
another file if it imports it or contains its name, as code contains the name of a template. Tests
that are the fewest steps away from a change run first, until the time is over.
"""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_SECONDS = 60  # for the tests; style and types take the rest
# These files use nearly everything, and nearly every test uses them, so we don't follow them.
HUBS = {"tests/conftest.py", "tests/make.py", "pressroom/urls.py", "pressroom/settings.py"}
ALWAYS = ["tests/test_architecture.py"]
NAMED = (".html", ".txt", ".xml", ".js", ".css")


def git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.splitlines()


def changed() -> set[str]:
    """Return the files that differ from the main branch, and the untracked ones."""
    new = git("ls-files", "--others", "--exclude-standard")
    bases = [git("merge-base", "HEAD", branch) for branch in ("origin/main", "main")]
    for base in (*bases[0], *bases[1], "HEAD~1"):
        if files := {*git("diff", "--name-only", base), *new}:
            return files
    return set()


def users() -> dict[str, set[str]]:
    """Return for each file the files that use it."""
    listed = git("ls-files", "--cached", "--others", "--exclude-standard")
    files = [file for file in listed if (ROOT / file).is_file() and "/migrations/" not in file]
    modules = {
        file.removesuffix(".py").removesuffix("/__init__").replace("/", "."): file
        for file in files if file.endswith(".py")
    }  # fmt: skip
    named = defaultdict(set)
    for file in files:
        if file.endswith(NAMED):
            named[re.sub(r"^.*?(templates|static)/", "", file)].add(file)
    found = defaultdict(set)
    for file in files:
        if file.endswith(".py"):
            used = set(_used_by_code((ROOT / file).read_text(), modules, named))
        elif file.endswith((".html", ".js")):
            words = re.findall(r"[\w./-]+", (ROOT / file).read_text())
            used = set().union(*(named.get(word, ()) for word in words))
        else:
            continue
        for each in used - {file}:
            found[each].add(file)
    return found


def _used_by_code(
    source: str, modules: dict[str, str], named: dict[str, set[str]]
) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            if not all(name in modules for name in names):
                names.append(node.module)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from named.get(node.value, ())
            names = [node.value, node.value.rpartition(".")[0]]  # a target of monkeypatch
        yield from (modules[name] for name in names if name in modules)


def tests_near(files: set[str]) -> dict[str, int]:
    """Return the test files that use a changed file, with the number of steps, nearest first."""
    using, last = users(), files
    reached = dict.fromkeys(files, 0)
    while last:
        steps = max(reached.values()) + 1
        last = {user for file in last - HUBS for user in using[file]} - reached.keys()
        reached |= dict.fromkeys(last, steps)
    tests = [file for file in reached if re.fullmatch(r"tests/test_\w+\.py", file)]
    tests = [file for file in tests if (ROOT / file).exists()]
    return {file: reached[file] for file in sorted(tests, key=lambda file: (reached[file], file))}


def main() -> int:
    files = changed()
    near = tests_near(files)
    chosen = [*ALWAYS, *(file for file in near if file not in ALWAYS)]
    print(f"{len(files)} changed files; {len(near)} test files use them, the nearest come first.")
    others = len(list((ROOT / "tests").glob("test_*.py"))) - len(chosen)
    print(f"Left to `make test`: {others} test files that use none of them, and what is skipped.")
    command = [sys.executable, "-m", "pytest", "-n", "auto", "-q", "-p", "no:cacheprovider"]
    command += ["--stop-after", str(MAX_SECONDS), *sys.argv[1:], *chosen]
    return subprocess.run(command, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
