"""Searches texts in every script, with the same results in the same order on both databases.

The public pages and the desk call the functions of this module. Nothing else imports its parts,
except to write the index. See docs/decisions/0055-search.md.
"""

from releases.search.finding import MAX_HITS, Hit, Hits, at_desk, people, quotations, releases
from releases.search.query import Query, parse

__all__ = [
    "MAX_HITS",
    "Hit",
    "Hits",
    "Query",
    "at_desk",
    "parse",
    "people",
    "quotations",
    "releases",
]
