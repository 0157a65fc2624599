"""Browser families. They show patterns of use without identifying a person. No ORM."""

import re

from django.utils.translation import gettext_lazy as _

UNNAMED, PROGRAM, OTHER_BROWSER, OTHER = "unnamed", "program", "another", "further"
# The first match wins, because most browsers also name the browsers that they derive from.
FAMILIES = [
    (PROGRAM, r"bot\b|bot/|crawl|spider|preview|expanding|externalhit|headless|curl|wget|python|"
              r"java/|okhttp|go-http|libwww|axios|node"),
    ("Edge", r"edg(e|a|ios)?/"),
    ("Opera", r"opr/|opios/|opera"),
    ("Samsung Internet", r"samsungbrowser/"),
    ("Vivaldi", r"vivaldi/"),
    ("Yandex Browser", r"yabrowser/"),
    ("UC Browser", r"ucbrowser/"),
    ("DuckDuckGo", r"duckduckgo/|ddg/"),
    ("Firefox", r"firefox/|fxios/"),
    ("Chrome", r"chrome/|crios/|chromium/"),
    ("Safari", r"safari/"),
    ("Internet Explorer", r"msie |trident/"),
]  # fmt: skip
_FAMILIES = [(family, re.compile(pattern, re.IGNORECASE)) for family, pattern in FAMILIES]
LABELS = {
    UNNAMED: _("not named"),
    PROGRAM: _("a program, not a browser"),
    OTHER_BROWSER: _("another browser"),
    OTHER: _("other browsers"),
}
KNOWN = {*LABELS, *(family for family, _pattern in FAMILIES)}


def family_of(agent: str) -> str:
    """Return the browser family of a User-Agent header, one of KNOWN."""
    if not agent.strip():
        return UNNAMED
    beginning = agent[:1000]
    return next((name for name, known in _FAMILIES if known.search(beginning)), OTHER_BROWSER)


def label_of(family: str) -> str:
    """Return the label of a stored family."""
    return str(LABELS.get(family, family))
