"""The words of all texts (SearchWord): how they are stored, and their stems."""

import json
from collections.abc import Iterable, Iterator
from threading import Lock

import snowballstemmer
from django.db import connection, transaction

from people.locking import lock_words, try_lock_words
from releases.models import SearchWord

BATCH = 500  # words in one query
MAX_LETTERS = 40  # longer ones are no words
# “and the”, “with the”, “as the”, “so the”, “for the”, “the”: written together with an Arabic word.
ARABIC_ARTICLES = ("وال", "بال", "كال", "فال", "لل", "ال")
MIN_ARABIC_LETTERS = 3  # that must remain without the article

_english = snowballstemmer.stemmer("english")
_lock = Lock()  # a stemmer keeps its word in itself


def stem(word: str) -> str:
    """Return the stem of an English word, an Arabic word without its article, or the word."""
    if word.isascii():
        with _lock:
            return _english.stemWord(word) if word.isalpha() else word
    for article in ARABIC_ARTICLES:
        if word.startswith(article) and len(word) >= len(article) + MIN_ARABIC_LETTERS:
            return word[len(article) :]
    return word


def add_words(words: Iterable[str], *, public: bool) -> None:
    """Store words that are new, in the transaction that stores their text.

    If another transaction stores words at the same time, they are stored after the commit. So two
    transactions never wait for each other's words.
    """
    wanted = sorted(word for word in set(words) if len(word) <= MAX_LETTERS)
    stored = known(wanted, public=public) if wanted else ()
    if missing := [word for word in wanted if word not in stored]:
        if try_lock_words():
            _store(missing, public)
        else:
            transaction.on_commit(lambda: _store_later(missing, public))


def known(words: Iterable[str], *, public: bool = False) -> set[str]:
    """Return the words that are stored, or stored as public.

    The words are one parameter. As hundreds of them they would take most of the time of a save.
    """
    table = SearchWord._meta.db_table
    is_sqlite = connection.vendor == "sqlite"
    wanted = "word IN (SELECT value FROM json_each(%s))" if is_sqlite else "word = ANY(%s)"
    stored = "public" if public else "true"
    with connection.cursor() as cursor:
        query = f"SELECT word FROM {table} WHERE {wanted} AND {stored}"  # noqa: S608
        cursor.execute(query, [json.dumps(list(words)) if is_sqlite else list(words)])
        return {word for (word,) in cursor.fetchall()}


def _store_later(words: list[str], public: bool) -> None:
    with transaction.atomic():
        lock_words()
        _store(words, public)


def _store(words: list[str], public: bool) -> None:
    for batch in batches(words):
        SearchWord.objects.bulk_create(
            [
                SearchWord(word=word, reversed=word[::-1], stem=stem(word), public=public)
                for word in batch
            ],
            ignore_conflicts=True,
        )
        if public:  # those that were only in texts of the desk
            SearchWord.objects.filter(word__in=batch, public=False).update(public=True)


def batches(items: list[str]) -> Iterator[list[str]]:
    """Yield items in lists of at most BATCH."""
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
