"""The words of all texts (SearchWord): how they are stored, and their stems."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
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


def known(words: Collection[str], *, public: bool = False) -> set[str]:
    """Return the words that are stored, or stored as public."""
    return {word for word, _stem, is_public in _stored({"word": words}) if is_public or not public}


def words_like(stems: Collection[str], words: Collection[str]) -> list[tuple[str, str]]:
    """Return the stored words with one of some stems, and those of some words, with their stem."""
    return [row[:2] for row in _stored({"stem": stems, "word": words})]


def _stored(wanted: Mapping[str, Collection[str]]) -> list[tuple[str, str, bool]]:
    """Return each stored word with one of the wanted values in a column, its stem, and `public`.

    The values of a column are one parameter. As hundreds of parameters they would take most of the
    time of a save.
    """
    table, is_sqlite = SearchWord._meta.db_table, connection.vendor == "sqlite"
    pattern = "{} IN (SELECT value FROM json_each(%s))" if is_sqlite else "{} = ANY(%s)"
    found = " OR ".join(pattern.format(column) for column in wanted)
    values = [sorted(set(each)) for each in wanted.values()]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT word, stem, public FROM {table} WHERE {found}",  # noqa: S608
            [json.dumps(each) for each in values] if is_sqlite else values,
        )
        return cursor.fetchall()


def _store_later(words: list[str], public: bool) -> None:
    with transaction.atomic():
        lock_words()
        _store(words, public)


def _store(words: list[str], public: bool) -> None:
    """Store words. If they are public, so are those that were only in texts of the desk."""
    table, is_sqlite = SearchWord._meta.db_table, connection.vendor == "sqlite"
    if is_sqlite:
        new = "SELECT value ->> 0, value ->> 1, value ->> 2, %s FROM json_each(%s) WHERE true"
    else:
        new = "SELECT *, %s::boolean FROM unnest(%s::text[], %s::text[], %s::text[])"
    then = "UPDATE SET public = true" if public else "NOTHING"
    rows = [(word, word[::-1], stem(word)) for word in words]
    values = [json.dumps(rows)] if is_sqlite else list(map(list, zip(*rows, strict=True)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (word, reversed, stem, public) {new} "
            f"ON CONFLICT (word) DO {then}",
            [public, *values],
        )


def batches(items: list[str]) -> Iterator[list[str]]:
    """Yield items in lists of at most BATCH."""
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
