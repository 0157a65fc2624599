"""Pictures set from words, where a release has none: type on paper, never a made-up photograph."""

import io
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONTS = Path(__file__).resolve().parent.parent / "static" / "fonts"
SUBSETS = ("basic", "latin", "extended")
PAPER, INK, SOFT, SIGNAL = "#f2eee4", "#16181d", "#565a62", "#a92c17"
WIDTH, HEIGHT, MARGIN = 1600, 900, 110
LARGEST, SMALLEST = 104, 44
ROOM = HEIGHT - 340  # for the title, in height


class Type:
    """One of the newsroom's families at a size in pixels; its subsets are tried in turn."""

    def __init__(self, family: str, size: int, weight: int) -> None:
        self.names = [f"{family}-{subset}.woff2" for subset in SUBSETS]
        self.fonts = {name: ImageFont.truetype(str(FONTS / name), size) for name in self.names}
        for font in self.fonts.values():
            font.set_variation_by_axes([weight])

    def holds(self, text: str) -> bool:
        return all(self._name_for(char) for char in text)

    def length(self, text: str) -> float:
        return sum(font.getlength(run) for font, run in self._runs(text))

    def draw(self, on: ImageDraw.ImageDraw, at: tuple[float, float], text: str, fill: str) -> None:
        x, y = at
        for font, run in self._runs(text):
            # By the base line: each subset has a height of its own.
            on.text((x, y), run, font=font, fill=fill, anchor="ls")
            x += font.getlength(run)

    def wrapped(self, text: str) -> list[str]:
        """Return a text as lines of the card's width; a word that is longer is broken."""
        lines: list[str] = []
        for word in text.split():
            if lines and self.fits(f"{lines[-1]} {word}"):
                lines[-1] += f" {word}"
                continue
            while not self.fits(word):
                lengths = range(1, len(word))
                end = bisect_right(lengths, False, key=lambda n: not self.fits(word[:n]))
                lines.append(word[:end])
                word = word[end:]
            lines.append(word)
        return lines

    def fits(self, text: str) -> bool:
        return len(text) == 1 or self.length(text) <= WIDTH - 2 * MARGIN

    def _runs(self, text: str) -> Iterator[tuple[ImageFont.FreeTypeFont, str]]:
        for name, run in groupby(text, lambda char: self._name_for(char) or self.names[0]):
            yield self.fonts[name], "".join(run)

    def _name_for(self, char: str) -> str | None:
        return next((name for name in self.names if _has_glyph(name, char)), None)


def title_card(title: str, footer: str) -> bytes:
    """Return a PNG of 1600 × 900 pixels with a title set as large as it fits, and a line below.

    Set in the newsroom's own type, which holds Latin script but for Vietnamese: a title that it
    does not hold is left out, since a card with gaps says less than a plain one. A title beyond
    measure ends in “…”.
    """
    card = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, WIDTH, 22), fill=INK)
    draw.rectangle((MARGIN, 96, MARGIN + 44, 140), fill=SIGNAL)
    _draw_title(draw, _visible(title))
    small = Type("libre-franklin", 30, weight=500)
    footer = _visible(footer)
    if small.holds(footer):
        line = _cut(small.wrapped(footer), 1, small)
        small.draw(draw, (MARGIN, HEIGHT - 66), "".join(line), SOFT)
    out = io.BytesIO()
    card.save(out, "PNG", optimize=True)
    return out.getvalue()


SHARE = (1200, 630)


def share_card(title: str, *, kind: str, newsroom: str, language: str, direction: str) -> bytes:
    """Return a JPEG of 1200 × 630 pixels."""
    card = Image.open(io.BytesIO(title_card(title, newsroom))).resize(SHARE)
    out = io.BytesIO()
    card.save(out, "JPEG")
    return out.getvalue()


def strip(words: str, width: int) -> Image.Image:
    """Return a strip of a width in pixels with one line of words, as large as it fits."""
    height = max(16, width // 32)
    band = Image.new("RGB", (width, height), INK)
    shown = _visible(words)
    size = round(height * 0.6)
    while (type_ := Type("libre-franklin", size, weight=600)).length(shown) > width * 0.97:
        if size <= 7:
            break
        size -= 1
    held = "".join(char for char in shown if type_.holds(char))
    draw = ImageDraw.Draw(band)
    type_.draw(draw, (width * 0.015, round(height * 0.72)), held, PAPER)
    return band


def _draw_title(draw: ImageDraw.ImageDraw, title: str) -> None:
    for size in range(LARGEST, SMALLEST - 1, -6):
        serif = Type("source-serif", size, weight=600)
        if not serif.holds(title):
            return
        lines, leading = serif.wrapped(title), round(size * 1.16)
        if len(lines) * leading <= ROOM and all(serif.fits(word) for word in title.split()):
            break
    for number, line in enumerate(_cut(lines, ROOM // leading, serif), start=1):
        serif.draw(draw, (MARGIN, 190 + number * leading - round(size * 0.16)), line, INK)


def _cut(lines: list[str], most: int, type_: Type) -> list[str]:
    """Return at most so many lines, with “…” at the end where there were more."""
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while not type_.fits(f"{last}…"):
        last = last[:-1]
    return [*lines[: most - 1], f"{last.rstrip()}…"]


def _visible(text: str) -> str:
    """Return a text without what is not seen, its letters and their accents in one."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(c for c in composed if c.isspace() or unicodedata.category(c)[0] != "C")


@lru_cache(maxsize=4096)
def _has_glyph(name: str, char: str) -> bool:
    """Whether a font draws a character: for one that it lacks, ours draw nothing at all."""
    try:
        return char.isspace() or _for_measure(name).getmask(char).getbbox() is not None
    except ValueError:  # a mark that cannot stand alone
        return False


@lru_cache
def _for_measure(name: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONTS / name), 40)
