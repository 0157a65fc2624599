"""Makes the fonts in this folder: subsets of those in the packages that the README lists.

    python assets/fonts/cut.py FOLDER

FOLDER contains the unpacked packages. The script needs fonttools and cffsubr. They are not among
Pressroom's packages, because nothing else needs them.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import cffsubr
from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).resolve().parent
# Characters that a title in another script takes from its own font, to match the letters.
COMMON = " \xa0!%./:«»‹›–—‘’“”…"
# Characters as wide as a Chinese one in that font. Letters and digits come from the serif.
WIDE = "·—―‘’“”…‥※℃№"
BLOCKS = [(0x3000, 0x303F), (0x3041, 0x30FF), (0x3105, 0x312F), (0xFF01, 0xFF5E), (0xFFE0, 0xFFE6)]


def cut(font: TTFont, name: str, unicodes: Iterable[int], features: list[str]) -> None:
    options = subset.Options(
        layout_features=features,
        hinting=False,
        glyph_names=False,
        name_IDs=[0, 1, 2, 5, 13, 14],
        drop_tables=["BASE", "DSIG", "VORG", "vhea", "vmtx", "gasp"],
        notdef_outline=True,
    )
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=unicodes)
    subsetter.subset(font)
    if "CFF " in font:
        cffsubr.subroutinize(font)
    font.save(HERE / name)


def in_blocks(*blocks: tuple[int, int]) -> set[int]:
    return {code for first, last in blocks for code in range(first, last + 1)}


def is_han(code: int) -> bool:
    return 0x3400 <= code <= 0x9FFF or 0x20000 <= code <= 0x3FFFF


def han(slices: Path) -> set[int]:
    """Return the characters of GB 2312, of Big5 level 1, and those in use on the web.

    The last are in the slices in which Noto Serif SC is served. They include names and Cantonese.
    """
    pairs = [bytes([first, second]) for first in range(0xA1, 0xFF) for second in range(0x40, 0xFF)]
    found = {ord(char) for pair in pairs for char in pair.decode("gb2312", "ignore")}
    level_1 = [pair for pair in pairs if pair[0] < 0xC9]
    found |= {ord(char) for pair in level_1 for char in pair.decode("big5", "ignore")}
    for ranges in json.loads(slices.read_text()).values():
        for first, last in re.findall(r"U\+([0-9a-f]+)(?:-([0-9a-f]+))?", ranges, re.IGNORECASE):
            found |= in_blocks((int(first, 16), int(last or first, 16)))
    return set(filter(is_han, found))


def only_marks_by_region(font: TTFont, marks: set[int]) -> None:
    """Keep regional forms only for punctuation: those of all characters would double the file."""
    kept = {font.getBestCmap()[code] for code in marks if code in font.getBestCmap()}
    table = font["GSUB"].table
    local = {
        index
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag == "locl"
        for index in record.Feature.LookupListIndex
    }
    for index in local:
        for part in table.LookupList.Lookup[index].SubTable:
            single = getattr(part, "ExtSubTable", part)
            single.mapping = {old: new for old, new in single.mapping.items() if old in kept}


def main(folder: Path) -> None:
    def npm(package: str, path: str) -> Path:
        return folder / package / "package" / path

    cut(
        TTFont(npm("noto-naskh-arabic", "600SemiBold/NotoNaskhArabic_600SemiBold.ttf")),
        "noto-naskh-arabic.ttf",
        {*map(ord, COMMON), *in_blocks((0x600, 0x6FF), (0x750, 0x77F), (0x8A0, 0x8FF)),
         *in_blocks((0x200C, 0x200F), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC))},
        ["ccmp", "fina", "init", "medi", "isol", "rlig", "liga", "calt", "locl", "mark", "mkmk",
         "kern"],
    )  # fmt: skip
    cut(
        TTFont(npm("noto-serif-hebrew", "600SemiBold/NotoSerifHebrew_600SemiBold.ttf")),
        "noto-serif-hebrew.ttf",
        {*map(ord, COMMON), *in_blocks((0x591, 0x5F4), (0xFB1D, 0xFB4F), (0x200C, 0x200F)), 0x20AA},
        ["ccmp", "calt", "locl", "mark", "mkmk", "kern"],
    )
    ttc = folder / "fonts-noto-cjk-extra/usr/share/fonts/opentype/noto/NotoSerifCJK-SemiBold.ttc"
    chinese = TTFont(ttc, fontNumber=2)  # the third face: simplified Chinese
    marks = {*map(ord, WIDE), *in_blocks(*BLOCKS)}
    only_marks_by_region(chinese, marks)
    slices = npm("noto-serif-sc", "unicode.json")
    cut(chinese, "noto-serif-cjk.otf", marks | han(slices), ["ccmp", "locl", "halt", "mark"])
    whole = {
        "source-serif-subhead.otf": npm("source-serif", "OTF/SourceSerif4Subhead-Semibold.otf"),
        "libre-franklin.ttf": npm("libre-franklin", "600SemiBold/LibreFranklin_600SemiBold.ttf"),
    }
    for name, source in whole.items():
        shutil.copyfile(source, HERE / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
