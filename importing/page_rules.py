"""Rules with examples for page furniture, hidden and struck-out text of a saved page."""

import re
from collections.abc import Iterator, Mapping, Sequence

from importing.markup import quoted
from importing.notes import Note
from importing.rules import Rule

# Classes and IDs of elements that are never part of the text.
FURNITURE = (
    Rule(
        "cookie box",
        re.compile(r"(?i)\b(?:cookies?|gdpr|consent)(?:[-_ ]|\b)").search,
        ("cookie-banner", "js-cookie_notice", "consent-box"),
        ("consensus", "biscookie2", "informed"),
    ),
    Rule(
        "path to the page",
        re.compile(r"(?i)\bbreadcrumbs?\b").search,
        ("breadcrumb", "govuk-breadcrumbs"),
        ("bread", "crumb"),
    ),
    Rule(
        "link for keyboards",
        re.compile(r"(?i)\bskip[-_]?(?:link|to|nav)").search,
        ("skip-link", "skip_to_content", "skiplink"),
        ("skipper", "skip"),
    ),
    Rule(
        "what a mail program adds",
        re.compile(r"\b(?:gmail_signature|gmail_attr|moz-signature|moz-cite-prefix)\b").search,
        ("gmail_signature", "moz-signature"),
        ("signature", "signatures-of-the-appeal"),
    ),
    Rule(
        "buttons to share",
        re.compile(r"(?i)\b(?:social[-_ ]share|share[-_ ](?:buttons?|links?|bar|tools)|sharedaddy)")
        .search,
        ("social-share", "share-buttons", "sharedaddy"),
        ("share", "shared-statement", "social"),
    ),
    Rule(
        "other articles",
        re.compile(
            r"(?i)\b(?:related|recommended|similar|more)[-_ ]?(?:posts?|articles?|stories|news)\b"
            r"|\b(?:yarpp|jp-relatedposts)\b"
        ).search,
        ("related-posts", "relatedArticles", "recommended_stories", "yarpp-related"),
        ("related", "related-cases", "unrelated-newspapers", "post"),
    ),
)  # fmt: skip
# Styles that hide text.
HIDDEN = (
    Rule(
        "not displayed",
        re.compile(r"(?i)(?:display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all)").search,
        ("display:none", "color: red; visibility: hidden", "mso-hide:all"),
        ("display:block", "visibility:visible"),
    ),
    Rule(
        "no size",
        re.compile(r"(?i)font-size\s*:\s*0(?:px|pt|em|rem|%)?\s*(?:;|!|$)").search,
        ("font-size:0", "font-size: 0px; color: red"),
        ("font-size:0.9em", "font-size:10px"),
    ),
    Rule(
        "off the screen",
        re.compile(r"(?i)(?:left|top|text-indent)\s*:\s*-\d{4,}").search,
        ("position:absolute;left:-9999px", "text-indent: -10000px"),
        ("left:-20px", "top: 9999px"),
    ),
)
STRUCK = (
    Rule(
        "struck out by its style",
        re.compile(r"(?i)text-decoration(?:-line)?\s*:[^;]{0,60}line-through").search,
        ("text-decoration:line-through", "text-decoration-line: underline line-through"),
        ("text-decoration:underline", "line-through"),
    ),
)

_NOTE_CODES = {
    "page furniture": "page_furniture_left_out",
    "hidden words": "hidden_words_left_out",
    "struck-out words": "struck_out_words_left_out",
}


def notes_of_left_out(texts_by_part: Mapping[str, Sequence[str]]) -> Iterator[Note]:
    """Yield a note on each kind of text that was left out."""
    for part, texts in texts_by_part.items():
        if code := _NOTE_CODES.get(part):
            words = sum(len(text.split()) for text in texts)
            yield Note(code, {"count": words, "texts": quoted(texts)})


def is_hidden(found: dict[str, str]) -> bool:
    """Return whether the page does not show an element with these attributes."""
    return (
        "hidden" in found
        or found.get("aria-hidden", "").casefold() == "true"
        or any(rule.matches(found.get("style", "")) for rule in HIDDEN)
    )
