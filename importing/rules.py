"""What a rule of the importer is: a name, a test, and texts that it must and must not match.

`tests/test_import_rules.py` tries every rule of every table on its own examples.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it recognises, with texts that it must match and texts that it must not."""

    name: str
    matches: Callable[[str], object]
    yes: tuple[str, ...]
    no: tuple[str, ...]
