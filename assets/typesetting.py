"""Typesets text for pictures: shaping, bidirectional order, line breaks and drawing.

HarfBuzz shapes and draws with the fonts in `fonts/`; system fonts are never used. Lengths are in em
until the text is drawn.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import uharfbuzz as hb
from bidi import get_display
from PIL import Image

FONTS = Path(__file__).resolve().parent / "fonts"


@dataclass(frozen=True, slots=True)
class Font:
    """A font file, its scale relative to the others, and its line height."""

    file: str
    scale: float = 1.0
    leading: float = 1.12
    script: str = ""  # ISO 15924; needed for runs of punctuation, which have no script


SANS = Font("libre-franklin.ttf")
SERIF = Font("source-serif-subhead.otf")
ARABIC = Font("noto-naskh-arabic.ttf", scale=1.12, leading=1.5, script="Arab")
HEBREW = Font("noto-serif-hebrew.ttf", leading=1.22, script="Hebr")
HAN = Font("noto-serif-cjk.otf", leading=1.3, script="Hani")

MAX_HANGING_EM = 0.1  # of ink that may hang into the margin
MAX_CHARACTERS = 1_000  # our pictures have no room for more
MAX_MARKS = 4  # on one letter; Hebrew with points and an accent has three
MARKS = ("Mn", "Mc")
# Invisible, but Persian spelling needs joiners, and direction marks order mixed lines.
JOINERS = "\u200c\u200d\u200e\u200f"
INVISIBLE_MARK = "\u034f"
MIRRORED = r"()\[\]{}<>«»‹›≤≥（）「」『』《》〈〉【】〔〕"
RTL = "\u0590-\u065f\u066a\u066d-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"  # without digits
ANY_RTL = re.compile(f"[{RTL}]")
DIRECTED = re.compile(
    f"([{MIRRORED}]{INVISIBLE_MARK}|{INVISIBLE_MARK}[{MIRRORED}]|[{JOINERS}]*[{RTL}][{RTL}{JOINERS}]*)"
)

# See W3C, Requirements for Chinese Text Layout, 3.1. The small kana are added for Japanese.
WIDE = (
    "\u2e80-\u2fff\u3001-\u312f\u31a0-\u31ff\u3400-\u9fff\uf900-\ufaff\ufe30-\ufe4f"
    "\uff01-\uff60\uffe0-\uffe6\U00020000-\U0003ffff"
)
IS_WIDE = re.compile(f"[{WIDE}]")
CLOSING = "，。、；：！？）」』”’》〉】〕"
OPENING = "（「『“‘《〈【〔"
NO_BEGIN = frozenset(CLOSING + "…‥—–·・％ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ%)]}»›!?,.:;")
NO_END = frozenset(OPENING + "([{«‹")
# If two such marks are adjacent, one of them loses the empty half of its width.
HALVED = re.compile(f"[{CLOSING}](?=[{CLOSING}{OPENING}])|(?<=[{OPENING}])[{OPENING}]")
HAN_LETTER = "\u3041-\u3096\u30a1-\u30fa\u3400-\u9fff"
BESIDE_LATIN = re.compile(f"(?<=[{HAN_LETTER}])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9%])(?=[{HAN_LETTER}])")
LATIN_APOSTROPHE = re.compile("(?<=[A-Za-z])’(?=[A-Za-z])")
SIXTH = "\u2006"  # the space between Chinese and Latin letters: a sixth of an em
SPACES = f" {SIXTH}"
# In other languages, only marks that are separated from their word by a space, as in French.
NO_BEGIN_AFTER_SPACE = frozenset("–—…!?:;%»›")
NO_END_BEFORE_SPACE = frozenset("«‹")


class Box(NamedTuple):
    """The bounding box of some ink: x from the start of the line, y upwards from its baseline."""

    left: float
    bottom: float
    right: float
    top: float


class Glyph(NamedTuple):
    """A glyph of a font, and its position on its line."""

    font: Font
    number: int
    x: float
    y: float


class Line(NamedTuple):
    """A line of a text and its glyphs, in visual order."""

    text: str
    glyphs: list[Glyph]
    ink: Box
    advance: float

    def edge(self, rtl: bool) -> float:
        """Return the x at which the line visibly starts.

        This is the edge of its ink, unless only a small part hangs over, such as the tail of a j.
        """
        tail = self.ink.right - self.advance if rtl else -self.ink.left
        if 0 < tail <= MAX_HANGING_EM:
            return self.advance if rtl else 0
        return self.ink.right if rtl else self.ink.left


class Piece(NamedTuple):
    """An unbreakable part of a text; `advance` includes the space after it, `width` does not."""

    text: str
    advance: float
    width: float


@dataclass(frozen=True, slots=True)
class Block:
    """Lines with size and line height in pixels, ready to draw."""

    lines: list[Line]
    size: float
    leading: float
    rtl: bool

    @property
    def ascent(self) -> float:
        """The height of the first line's ink above its baseline, in pixels."""
        return self.lines[0].ink.top * self.size

    @property
    def height(self) -> float:
        """The height from the top of the first line's ink to the bottom of the last, in pixels."""
        depth = self.lines[-1].ink.bottom * self.size
        return self.ascent + (len(self.lines) - 1) * self.leading - depth

    def draw(self, on: Image.Image, at: tuple[float, float], fill: str) -> None:
        """Draw the lines; `at` is the x of the margin where they start and the first baseline."""
        pen, (margin, baseline) = hb.RasterDraw(), at
        for line in self.lines:
            start = margin - line.edge(self.rtl) * self.size
            for font, number, x, y in line.glyphs:
                opened = _open(font.file)
                scale = self.size * font.scale / opened.face.upem
                right, up = start + x * self.size, y * self.size - baseline
                pen.transform = (scale, 0, 0, scale, right, up)
                pen.draw_glyph(opened, number)
            baseline += self.leading
        drawn = pen.render()
        size = (drawn.extents.width, drawn.extents.height)
        if all(size):
            # The rows of the buffer run from bottom to top, like its y axis.
            mask = Image.frombuffer("L", size, drawn.buffer, "raw", "L", drawn.extents.stride, -1)
            on.paste(fill, (drawn.extents.x_origin, -drawn.extents.y_origin - size[1]), mask)


@dataclass(frozen=True, slots=True)
class Type:
    """The settings for a text: language, direction, and fonts in order of preference."""

    fonts: tuple[Font, ...]
    language: str = "en"  # BCP 47
    rtl: bool = False
    tracking: float = 0.0  # em; only used for fonts whose letters do not join

    def missing(self, text: str) -> list[str]:
        """Return the characters of a text that no font has, each with its marks."""
        return [cluster for cluster in _clusters(_plain(text)) if not self._font(cluster)]

    def draws(self, text: str) -> bool:
        """Return whether any part of a text is drawn; spaces and emoji are not."""
        return any(self._font(cluster) for cluster in _clusters(_plain(text)) if cluster.strip())

    def set(self, text: str, sizes: Sequence[int], width: float, height: float = 0) -> Block:
        """Return a text in the first of `sizes` in which it fits into a box; all in pixels.

        Without a `height` it is one line. Characters that no font has are left out. A text that is
        too long in the last size ends in “…”.
        """
        text = "".join(cluster for cluster in _clusters(_plain(text)) if self._font(cluster))
        if self.fonts[0] == HAN:
            # In this font, ’ is a quotation mark as wide as a Chinese character.
            text = LATIN_APOSTROPHE.sub("\u02bc", BESIDE_LATIN.sub(SIXTH, text))
        is_cjk = self.fonts[0] == HAN or len(IS_WIDE.findall(text)) > len(text) / 2
        pieces = self._pieces(text.strip(), width / sizes[-1], is_cjk)
        leading = max((font.leading for font, _, _ in self._runs(text)), default=1)
        for size in sizes:
            measure, max_lines = width / size, 1 + int(height / size / leading)
            lines = _broken(pieces, measure)
            if len(lines) <= max_lines and all(piece.width <= measure for piece in pieces):
                lines = _balanced(pieces, measure, lines)
                block = self._block(lines, size, leading, width)
                if len(lines) == 1 or block.height <= height:
                    return block
        while (
            max_lines > 1 and self._block(lines[:max_lines], size, leading, width).height > height
        ):
            max_lines -= 1
        if max_lines < len(lines):
            lines[max_lines - 1] = self._shortened(lines[max_lines - 1], measure)
        return self._block(lines[:max_lines], size, leading, width)

    def _block(self, lines: list[str], size: float, leading: float, width: float) -> Block:
        set_lines = [self._line(line) for line in lines]
        # Pieces are measured separately. In one line they may be slightly wider.
        widest = max(line.ink.right - line.ink.left for line in set_lines)
        size = min(size, width / widest) if widest else size
        return Block(set_lines, size, size * leading, self.rtl)

    def _line(self, text: str) -> Line:
        glyphs, boxes, pen = [], [], 0.0
        for font, run, rtl in self._runs(text):
            for number, x, y, advance, ink in _shaped(font, run, rtl, self.language):
                x += pen
                glyphs.append(Glyph(font, number, x, y))
                if ink:
                    boxes.append((x + ink.left, y + ink.bottom, x + ink.right, y + ink.top))
                pen += advance + (self.tracking if advance and font in (SANS, SERIF) else 0)
        lefts, bottoms, rights, tops = zip(*boxes or [(0.0, 0.0, 0.0, 0.0)], strict=True)
        return Line(text, glyphs, Box(min(lefts), min(bottoms), max(rights), max(tops)), pen)

    def _pieces(self, text: str, measure: float, is_cjk: bool) -> list[Piece]:
        """Return a text in pieces; a part that is wider than `measure` may break anywhere.

        `is_cjk` allows breaks between Chinese characters. In other texts, Chinese names stay
        together.
        """
        space, pieces = self._line(" ").advance, []
        for part in _parts(text, is_cjk):
            width = self._line(part.rstrip(SPACES)).advance
            if width <= measure:
                pieces.append(Piece(part, width + space * (part[-1:] in SPACES), width))
            else:
                for cluster in _clusters(part):
                    width = self._line(cluster).advance
                    pieces.append(Piece(cluster, width, width))
        return pieces

    def _runs(self, text: str) -> Iterator[tuple[Font, str, bool]]:
        """Yield the runs of a line in visual order: font, text, and whether it is right to left."""
        for part, rtl in _ordered(text, self.rtl):
            runs = groupby(_clusters(part), self._font)
            listed = [(font, "".join(run), rtl) for font, run in runs if font]
            yield from reversed(listed) if rtl else listed

    def _shortened(self, line: str, measure: float) -> str:
        """Return the start of a line, with “…”, so that it fits."""
        clusters = list(_clusters(line))
        while clusters and self._line("".join([*clusters, "…"])).advance > measure:
            clusters.pop()
        return "".join(clusters).rstrip("".join(NO_BEGIN | NO_END) + SPACES) + "…"

    def _font(self, cluster: str) -> Font | None:
        return next((font for font in self.fonts if _has(font.file, cluster)), None)


def _plain(text: str) -> str:
    """Return a text on one line, in NFC, without invisible characters."""
    text = unicodedata.normalize("NFC", text[:MAX_CHARACTERS])
    text = re.sub("[\u202f\u2007]", "\xa0", text)
    text = re.sub("[^\\S\xa0]+", " ", text)
    visible = "".join(char for char in text if char in JOINERS or not _is_invisible(char))
    return "".join(cluster[: 1 + MAX_MARKS] for cluster in _clusters(visible)).strip()


def _is_invisible(char: str) -> bool:
    """Return whether a character is a control, or a modifier such as an emoji selector."""
    is_selector = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
    return is_selector or char == INVISIBLE_MARK or unicodedata.category(char) in ("Cc", "Cf", "Me")


def _clusters(text: str) -> Iterator[str]:
    """Yield characters, each with the marks and joiners that belong to it."""
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or not _belongs(text[end]):
            yield text[start:end]
            start = end


def _belongs(char: str) -> bool:
    """Return whether a character belongs to the one before it."""
    return char in JOINERS or unicodedata.category(char) in MARKS


def _ordered(text: str, rtl: bool) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a line in visual order, and whether each runs from right to left.

    The text of each part stays in logical order, because HarfBuzz reverses, joins and mirrors it.
    """
    if not rtl and not ANY_RTL.search(text):
        yield text, False
        return
    # get_display() does not report the direction of a bracket. Therefore a mark is added after each
    # one. If the bracket runs from right to left, get_display() moves the mark before it.
    marked = re.sub(f"[{MIRRORED}]", rf"\g<0>{INVISIBLE_MARK}", text)
    for part in DIRECTED.split(get_display(marked, base_dir="R" if rtl else "L")):
        to_left = part.startswith(INVISIBLE_MARK) or bool(ANY_RTL.search(part))
        yield (part[::-1] if to_left else part).replace(INVISIBLE_MARK, ""), to_left


def _parts(text: str, is_cjk: bool) -> Iterator[str]:
    """Yield the parts between which a line may end, each with the space after it."""
    start = 0
    for end in range(1, len(text)):
        if _may_break(text, end, is_cjk):
            yield text[start:end]
            start = end
    yield text[start:]


def _may_break(text: str, at: int, is_cjk: bool) -> bool:
    before, after = text[at - 1], text[at]
    if after in SPACES or _belongs(after):
        return False
    if before in SPACES:
        if at > 1 and text[at - 2].isalpha() and (at == 2 or text[at - 3] in SPACES):
            return False  # a word of one letter stays with the next
        return after not in NO_BEGIN_AFTER_SPACE and text[at - 2] not in NO_END_BEFORE_SPACE
    if is_cjk and (IS_WIDE.match(before) or IS_WIDE.match(after)):
        return after not in NO_BEGIN and before not in NO_END
    return before in "-–/" and text[at - 2].isalpha() and after.isalpha()


def _broken(pieces: list[Piece], measure: float) -> list[str]:
    """Return the lines of a text, each as full as possible."""
    lines, used = [""], 0.0
    for piece in pieces:
        if lines[-1] and used + piece.width > measure:
            lines.append("")
            used = 0
        lines[-1] += piece.text
        used += piece.advance
    return [line.rstrip() for line in lines]


def _balanced(pieces: list[Piece], measure: float, lines: list[str]) -> list[str]:
    """Return a text in the same number of lines as `lines`, as even in length as possible."""
    narrow = max(piece.width for piece in pieces)
    for _ in range(10):
        middle = (narrow + measure) / 2
        tried = _broken(pieces, middle)
        if len(tried) > len(lines):
            narrow = middle
        else:
            measure, lines = middle, tried
    return lines


def _shaped(
    font: Font, text: str, rtl: bool, language: str
) -> Iterator[tuple[int, float, float, float, Box | None]]:
    """Yield the glyphs of a run from left to right: number, x and y offset, advance, ink."""
    opened, buffer = _open(font.file), hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if rtl else "ltr"
    buffer.language = language
    if font.script:
        buffer.script = font.script
    halved = [(*match.span(), True) for match in HALVED.finditer(text)] if font == HAN else []
    hb.shape(opened, buffer, {"halt": halved} if halved else None)
    em = font.scale / opened.face.upem
    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        ink, box = opened.get_glyph_extents(info.codepoint), None
        if ink and ink.width:
            left, top = ink.x_bearing * em, ink.y_bearing * em
            box = Box(left, top + ink.height * em, left + ink.width * em, top)
        yield info.codepoint, place.x_offset * em, place.y_offset * em, place.x_advance * em, box


@cache
def _open(file: str) -> hb.Font:
    """Return a font whose file is mapped into memory, so that only the used part is read."""
    return hb.Font(hb.Face(hb.Blob.from_file_path(FONTS / file)))


def _has(file: str, cluster: str) -> bool:
    font = _open(file)
    return all(char in JOINERS or font.get_nominal_glyph(ord(char)) for char in cluster)
