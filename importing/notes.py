"""Remarks of the importer, as codes with values. The desk turns them into sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias, Union

# A note contains other notes if its sentence states several facts.
Value: TypeAlias = Union[str, int, date, "Note", tuple[str, ...], tuple["Note", ...]]


@dataclass(frozen=True)
class Note:
    """One remark on an import, such as `Note("lists_found", {"count": 3})`."""

    code: str
    values: Mapping[str, Value] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.code, tuple(sorted(self.values.items()))))
