"""What the search box suggests while a reader types, as its script needs it."""

from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from releases import search
from releases.search import Suggestion
from releases.search.tokens import LAST, tokenise

MIN_CHARACTERS = 2  # one letter begins too many words
KINDS = {"person": _("Person"), "topic": _("Topic"), "release": _("Release")}


def suggested(typed: str, at: datetime) -> list[dict[str, str]]:
    """Return what is public and has the typed words: its kind in words, its text and its URL.

    In scripts without spaces between words, one letter is enough.
    """
    if len(typed.strip()) < MIN_CHARACTERS and not _is_unspaced(typed):
        return []
    return [
        {"kind": str(KINDS[each.kind]), "text": each.text, "url": _url(each)}
        for each in search.suggestions(typed, at)
    ]


def _is_unspaced(letter: str) -> bool:
    return any(token.kind == LAST for token in tokenise(letter))


def _url(suggestion: Suggestion) -> str:
    if suggestion.kind == "topic":
        return f"{reverse('archive')}?{urlencode({'topic': suggestion.slug})}"
    return reverse(suggestion.kind, args=[suggestion.slug])
