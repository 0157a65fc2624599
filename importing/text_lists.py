"""Lists in plain text: lines that begin with a bullet, a dash or a number."""

import re
from collections import Counter
from dataclasses import replace

from importing.blocks import Block, Source
from importing.notes import Note

BULLET = re.compile(r"(?:([*•●▪‣·◦○])|([–—-])|(\d{1,2})[.)])[ \t\xa0]+(?=\S)")
_MAX_DEPTH = 5  # of nested lists


def find_items(source: Source) -> None:
    """Turn lines with bullets into list items. A single dash or number is not a list."""
    blocks = source.blocks
    # A line of symbols only, such as “* * *”, is a separator and not an item.
    bullets = [
        BULLET.match(block.raw)
        if block.kind == "paragraph" and any(map(str.isalnum, block.raw))
        else None
        for block in blocks
    ]
    groups = place = 0
    while place < len(blocks):
        last = place
        while last < len(blocks) and bullets[last]:
            last += 1
        found = [bullet for bullet in bullets[place:last] if bullet]
        signs = Counter(_sign(bullet) for bullet in found)
        levels = _OpenLists(groups)
        for number, bullet in enumerate(found, start=place):
            sign = _sign(bullet)
            if sign != "*" and signs[sign] < 2:
                levels = _OpenLists(levels.groups)
                continue
            block = blocks[number]
            start = block.runs[0].start
            indent = start - source.text.rfind("\n", 0, start) - 1
            source.markup += block.part(0, bullet.end()).spans
            blocks[number] = levels.item(
                block.part(bullet.end()), sign, indent, int(bullet[3] or 1)
            )
        groups = levels.groups
        place = max(last, place + 1)
    if groups:
        source.notes.append(Note("lists_found", {"count": groups}))


def _sign(bullet: re.Match[str]) -> str:
    return "*" if bullet[1] else "-" if bullet[2] else "1"


class _OpenLists:
    """The open lists of plain text. Indents define how they are nested."""

    def __init__(self, groups: int) -> None:
        self.groups = groups
        self.open: list[list[int | str]] = []  # indent, sign, first number and next number of each

    def item(self, block: Block, sign: str, indent: int, number: int) -> Block:
        while self.open and indent < int(self.open[-1][0]) - 1:
            self.open.pop()
        if not self.open or (indent > int(self.open[-1][0]) + 1 and len(self.open) <= _MAX_DEPTH):
            self.open.append([indent, sign, number, number])
            self.groups += len(self.open) == 1
        elif self.open[-1][1] != sign or (
            # “1. 1. 1.” also counts as one list.
            sign == "1" and number not in (self.open[-1][3], int(self.open[-1][3]) - 1)
        ):
            self.open[-1] = [indent, sign, number, number]
            self.groups += len(self.open) == 1
        own = self.open[-1]
        own[3] = number + 1
        return replace(
            block,
            kind="item",
            group=self.groups,
            numbered=sign == "1",
            depth=len(self.open) - 1,
            start=int(own[2]) if sign == "1" else 1,
        )
