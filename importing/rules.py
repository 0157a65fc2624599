"""Rules of the importer: a name, a test, and texts that it must and must not match.

`tests/test_import_rules.py` tries every rule of every table on its own examples.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it recognises, texts that it must match, and texts that it must not."""

    name: str
    matches: Callable[[str], object]
    yes: tuple[str, ...]
    no: tuple[str, ...]


def matching(rules: Iterable[Rule], text: str) -> str:
    """Return the name of the first rule that a text matches, or nothing."""
    return next((rule.name for rule in rules if rule.matches(text)), "")
