"""Draws cards for releases without a picture: text on a plain background, no fake photograph."""

import io
import unicodedata

from PIL import Image, ImageDraw

from assets.typesetting import ARABIC, HAN, HEBREW, SANS, SERIF, Font, Type

# Colours of static/css/base.css.
PAPER, INK, SOFT, SIGNAL = "#f2eee4", "#16181d", "#565a62", "#a92c17"
# Pixels on a card that is 1200 pixels wide. A wider card is scaled up.
MARGIN, BAR, KICKER, TITLE, AIR, RULE, FOOT, SQUARE = 72, 14, 92, 134, 38, 98, 42, 22
SHARE = (1200, 630)  # pixels
TITLE_SIZES = range(104, 43, -2)
MAX_BYTES = 120_000  # of a share card, because phones load it
FIRST_FONT = {"zh": HAN, "ja": HAN, "he": HEBREW}  # the preferred font for a language


def share_card(
    title: str,
    *,
    kind: str,
    newsroom: str,
    language: str = "en",
    direction: str = "ltr",
    day: str = "",
) -> bytes:
    """Return a JPEG of 1200 × 630 pixels with a release's title, its kind and the newsroom's name.

    `language` is a BCP 47 tag, `direction` "rtl" or "ltr", as in HTML's `dir`. If our fonts can't
    show the title, the card is plain: the newsroom's name, and the `day` as text.
    """
    if can_show(title, language, direction):
        foot = (newsroom, SERIF, 36, INK)
        card = _card(SHARE, title, kind, foot, language, direction == "rtl")
    else:
        card = _card(SHARE, newsroom, day, ("", SERIF, 36, INK))
    fine = _saved(card, "JPEG", quality=84, progressive=True)
    # Only a card with hundreds of Chinese characters exceeds the limit.
    return fine if len(fine) <= MAX_BYTES else _saved(card, "JPEG", quality=60, progressive=True)


def can_show(title: str, language: str = "en", direction: str = "ltr") -> bool:
    """Return whether our fonts have all characters of a title except emoji and other symbols."""
    type_ = type_for(SERIF, language, direction == "rtl")
    return bool(_drawable(title, type_)) and type_.draws(title)


def title_card(title: str, footer: str) -> bytes:
    """Return a PNG of 1600 × 900 pixels with a title and a footer, in place of a poster."""
    return _saved(_card((1600, 900), title, None, (footer, SANS, 26, SOFT)), "PNG")


def caption_strip(text: str, width: int) -> Image.Image:
    """Return a strip, `width` pixels wide, with one line of text that is as large as possible.

    Characters that our fonts don't have are left out.
    """
    height = max(16, width // 32)
    band = Image.new("RGB", (width, height), INK)
    line = type_for(SANS).set(text, range(round(height * 0.6), 6, -1), width * 0.97)
    line.draw(band, (width * 0.015, round(height * 0.72)), PAPER)
    return band


def _card(
    size: tuple[int, int],
    title: str,
    kicker: str | None,
    foot: tuple[str, Font, int, str],
    language: str = "en",
    rtl: bool = False,
) -> Image.Image:
    """Return a card with a title that is as large as possible.

    `foot` is the text at the bottom with its font, size and colour. A text that our fonts can't
    show completely is left out, because missing letters or boxes would be worse.
    """
    width, height = size
    card = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(card)

    def px(length: int) -> int:
        return round(length * width / 1200)

    left, right = px(MARGIN), width - px(MARGIN)
    start, inwards = (right, -1) if rtl else (left, 1)

    def rectangle(x: int, y: int, to_x: int, high: int, fill: str) -> None:
        pen.rectangle((min(x, to_x), y, max(x, to_x) - 1, y + high - 1), fill=fill)

    rectangle(0, 0, width, px(BAR), INK)
    label = type_for(SANS, language, rtl)
    label.set(_drawable(kicker or "", label), [px(30)], right - left).draw(
        card, (start, px(KICKER)), SIGNAL
    )

    top, rule = px(KICKER if kicker is None else TITLE), height - px(RULE)
    serif = type_for(SERIF, language, rtl)
    sizes = [px(pixels) for pixels in TITLE_SIZES]
    block = serif.set(_drawable(title, serif), sizes, right - left, rule - px(AIR) - top)
    block.draw(card, (start, top + block.ascent), INK)

    rectangle(left, rule, right, px(2), INK)
    text, font, pixels, colour = foot
    baseline, square = height - px(FOOT), px(SQUARE)
    if text:
        rectangle(start, baseline - square, start + inwards * square, square, SIGNAL)
    type_ = type_for(font, language, rtl)
    line = type_.set(_drawable(text, type_), [px(pixels)], right - left - px(36))
    line.draw(card, (start + inwards * px(36), baseline), colour)
    return card


def type_for(font: Font, language: str = "en", rtl: bool = False) -> Type:
    """Return a Type that prefers the font of the language, then `font`, then all others."""
    first = FIRST_FONT.get(language.partition("-")[0], ARABIC if rtl else font)
    fonts = dict.fromkeys([first, font, SERIF, ARABIC, HEBREW, HAN])
    return Type(tuple(fonts), language, rtl, tracking=-0.012 if font == SERIF else 0)


def _drawable(text: str, type_: Type) -> str:
    """Return a text if our fonts have all its characters except symbols, otherwise ""."""
    missing = {unicodedata.category(cluster[0]) for cluster in type_.missing(text)}
    return text if missing <= {"So", "Sk"} else ""


def _saved(card: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    card.save(out, form, optimize=True, **options)
    return out.getvalue()
