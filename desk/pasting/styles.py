"""CSS of a clipboard: formatting for which a document has elements, and hidden text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

Style = Mapping[str, str]

_POINTS = {"pt": 1, "px": 0.75, "in": 72, "cm": 28.35, "mm": 2.835, "pc": 12, "em": 12, "rem": 12}
_LENGTH = re.compile(r"(-?[0-9]{0,9}\.?[0-9]{1,9})\.?([a-z]*|%)")
_SELECTOR = re.compile(r"([a-z][a-z0-9:]{0,20})?(?:\.([\w-]+))?")
_STYLE_PIECE = re.compile(r"([^{}]*)([{}])")
_ZERO_PATTERN = r"(?:0{1,9}\.?0{0,9}|\.0{1,9})%?"
_ZERO = re.compile(_ZERO_PATTERN)
_CLEAR = re.compile(
    r"transparent|#[0-9a-f]{3}0|#[0-9a-f]{6}00"
    rf"|(?:rgb|hsl)a?\((?:[^,]*,[^,]*,[^,]*,|[^,/]*/){_ZERO_PATTERN}\)"
)
# Tables and their parts grow with their text, even if their declared size is zero.
_GROWING = {"table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption"}
_OFF_SCREEN = -350  # points; text at this offset is off the screen
_STRUCK = {"s", "strike", "del"}
_NO_DECLARATIONS: Style = {}


def declarations(style: str) -> Style:
    """Return the declarations of a style attribute in lower case. The last of each name wins."""
    if not style:
        return _NO_DECLARATIONS
    found = {}
    for part in _without_comments(style).lower().split(";"):
        name, colon, value = part.partition(":")
        if colon:
            found[name.strip()] = " ".join(value.replace("!important", "").split())
    return found


def points(value: str) -> float | None:
    """Return a length in points, None if it is not a length or is relative to its box."""
    found = _LENGTH.fullmatch(value)
    if not found or (found[2] not in _POINTS and float(found[1])):
        return None
    return float(found[1]) * _POINTS.get(found[2], 1)


class StyleSheet:
    """The rules of the style elements for tags and classes. Other selectors are ignored."""

    def __init__(self) -> None:
        self._rules: dict[tuple[str, str], dict[str, str]] = {}

    def read(self, css: str) -> None:
        """Add the rules of a style element."""
        css = _without_comments(css.replace("<!--", " ").replace("-->", " ")).lower()
        outer: list[str] = []
        for text, brace in _STYLE_PIECE.findall(css):
            if brace == "{":
                outer.append(text.strip())
            elif outer:
                selectors = outer.pop()
                # Rules inside @media and the like may not have applied to the copied text.
                if not any(rule.startswith("@") for rule in (*outer, selectors)):
                    self._add(selectors, declarations(text))

    def style(self, tag: str, classes: str, own: str) -> Style:
        """Return the declarations of an element, from its tag, its classes and its attribute."""
        if not self._rules:
            return declarations(own)
        found = dict(self._rules.get((tag, ""), _NO_DECLARATIONS))
        for name in classes.lower().split():
            found |= self._rules.get(("", name), _NO_DECLARATIONS)
            found |= self._rules.get((tag, name), _NO_DECLARATIONS)
        return {**found, **declarations(own)}

    def _add(self, selectors: str, declared: Style) -> None:
        for selector in selectors.split(","):
            if found := _SELECTOR.fullmatch(selector.strip()):
                key = found[1] or "", found[2] or ""
                self._rules.setdefault(key, {}).update(declared)


@dataclass(frozen=True, slots=True)
class Look:
    """The formatting of a piece of text, from all elements around it."""

    bold: bool = False
    italic: bool = False
    shift: str = ""  # "sub", "sup" or nothing
    struck: bool = False
    gone: bool = False  # hidden with all elements inside: not displayed, off-screen, transparent
    invisible: bool = False  # `visibility`: an element inside can be visible again
    tiny: bool = False  # font size zero: an element inside can have another size
    marker: bool = False  # the number or bullet that Word wrote before a list item
    preformatted: bool = False  # newlines are line breaks
    href: str = ""

    @property
    def hidden(self) -> bool:
        return self.gone or self.invisible or self.tiny

    def inside(self, tag: str, attributes: Mapping[str, str], style: Style) -> "Look":
        """Return the formatting of text inside an element."""
        if not style and tag not in _TAGS_WITH_A_LOOK and "hidden" not in attributes:
            return self
        weight, slant = style.get("font-weight", ""), style.get("font-style", "")
        return replace(
            self,
            bold=_bold(tag, weight, self.bold),
            italic=slant in ("italic", "oblique") if slant else self.italic or tag in ("em", "i"),
            shift=_shift(tag, style, self.shift),
            struck=self.struck or _is_struck(tag, attributes, style),
            gone=self.gone or "hidden" in attributes or _is_hidden(tag, attributes, style),
            invisible=_is_invisible(style.get("visibility", ""), self.invisible),
            tiny=_is_tiny(style.get("font-size", ""), self.tiny),
            marker=self.marker or style.get("mso-list") == "ignore",
            preformatted=self.preformatted or tag == "pre",
        )


_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_TAGS_WITH_A_LOOK = {*_STRUCK, *_HEADINGS, "b", "strong", "em", "i", "sub", "sup", "pre", "th"} | {
    "span"  # for the styles of its class
}


def _bold(tag: str, weight: str, inherited: bool) -> bool:
    """Return whether text is bold. Headings and header cells do not count, as they always are.

    The style comes before the tag, because Google Docs wraps everything in
    `<b style="font-weight:normal">`. Word's `mso-bidi-font-weight:normal` means nothing: bold text
    has it too.
    """
    if tag in _HEADINGS or tag == "th":
        return False
    if weight.isascii() and weight.isdigit():
        return int(weight[:5]) >= 600
    if weight in ("bold", "bolder", "normal", "lighter"):
        return weight in ("bold", "bolder")
    return inherited or tag in ("b", "strong")


def _shift(tag: str, style: Style, inherited: str) -> str:
    if tag in ("sub", "sup"):
        inherited = tag
    place = style.get("vertical-align", "")
    if place in ("sub", "super"):
        return "sup" if place == "super" else "sub"
    if place == "baseline":
        return ""
    raised = points(style.get("mso-text-raise", "")) or 0
    return inherited if abs(raised) < 2 else "sup" if raised > 0 else "sub"


def _is_struck(tag: str, attributes: Mapping[str, str], style: Style) -> bool:
    decoration = " ".join(
        style.get(name, "") for name in ("text-decoration", "text-decoration-line")
    ).strip()
    if "line-through" in decoration or style.get("text-line-through", "none") != "none":
        return True
    if tag in ("s", "strike") and decoration:
        return False  # the style overrides the tag, as for bold
    return tag in _STRUCK or "msodel" in attributes.get("class", "").lower().split()


def _is_hidden(tag: str, attributes: Mapping[str, str], style: Style) -> bool:
    if "msocommentreference" in attributes.get("class", "").lower().split():
        return True
    if not style:
        return False
    if (
        style.get("display") == "none"
        or style.get("mso-hide") == "all"
        or style.get("mso-element", "").startswith("comment")
        or style.get("mso-special-character") == "comment"
        or _CLEAR.fullmatch(style.get("color", "").replace(" ", ""))
        or _ZERO.fullmatch(style.get("opacity", ""))
        or style.get("transform", "").replace(" ", "").startswith("scale(0)")
    ):
        return True
    offsets = [style.get("text-indent"), style.get("margin-left"), style.get("margin-top")]
    if style.get("position") in ("absolute", "fixed"):
        offsets += [style.get(side) for side in ("left", "top", "right", "bottom")]
        clip = style.get("clip", "").replace(" ", "")
        if clip.startswith(("rect(0", "rect(1px")) or "inset(" in style.get("clip-path", ""):
            return True
    if any((points(value or "") or 0) < _OFF_SCREEN for value in offsets):
        return True
    if tag in _GROWING:  # Google Sheets declares a width of 0
        return False
    sides = (style.get(name, "") for name in ("height", "max-height", "width", "max-width"))
    cut = "hidden" in (style.get("overflow"), style.get("overflow-x"), style.get("overflow-y"))
    return cut and any((size := points(side)) is not None and size < 1 for side in sides)


def _is_invisible(visibility: str, inherited: bool) -> bool:
    return visibility in ("hidden", "collapse") if visibility else inherited


def _is_tiny(size: str, inherited: bool) -> bool:
    found = _LENGTH.fullmatch(size)
    if not found:
        return inherited and size in ("", "inherit", "smaller", "larger", "unset")
    if not float(found[1]):
        return True
    if found[2] in ("em", "%", "ex", "ch"):  # relative to the size around it
        return inherited
    return (points(size) or 12) <= 1


def _without_comments(css: str) -> str:
    first, *others = css.split("/*")
    return first + "".join(other.partition("*/")[2] for other in others)
