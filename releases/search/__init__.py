"""Searches texts in every script, with the same results in the same order on both databases.

The public pages and the desk call the functions of this module. See docs/decisions/0055-search.md.
"""

from releases.search.corrections import correction
from releases.search.entries import texts_at_desk
from releases.search.finding import (
    MAX_HITS,
    Hit,
    Hits,
    at_desk,
    keys_at_desk,
    people,
    quotations,
    releases,
)
from releases.search.index import is_due, is_due_at_a_glance
from releases.search.query import MAX_CHARACTERS, MAX_UNITS, Query, parse
from releases.search.snippets import snippet
from releases.search.suggestions import Suggestion, suggestions

__all__ = [
    "MAX_CHARACTERS", "MAX_HITS", "MAX_UNITS", "Hit", "Hits", "Query", "Suggestion", "at_desk",
    "correction", "is_due", "is_due_at_a_glance", "keys_at_desk", "parse", "people", "quotations",
    "releases", "snippet", "suggestions", "texts_at_desk",
]  # fmt: skip
