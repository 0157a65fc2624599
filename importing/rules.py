"""Rules of the importer: a name, a test, and texts that it must and must not match.

`tests/test_import_rules.py` tests every rule with its examples.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A named test, with texts that it must match and texts that it must not match."""

    name: str
    matches: Callable[[str], object]
    yes: tuple[str, ...]
    no: tuple[str, ...]


def matching(rules: Iterable[Rule], text: str) -> str:
    """Return the name of the first rule that matches a text, or ""."""
    return next((rule.name for rule in rules if rule.matches(text)), "")
