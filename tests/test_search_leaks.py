"""Nothing hidden can be seen, measured or guessed through the search.

The pages come from the URLconf: a page that answers differently for another text in `q` is in these
tests automatically. A search for a word of a hidden text is compared with a search for a word that
is in no text: status, headers, body, and the statements that are sent to the database.
"""

import html
import random
import re
import statistics
import time
from datetime import timedelta
from urllib.parse import quote, urlencode

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection, reset_queries
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from tests.make import headers_of
from tests.search_secrets import ABSENT, PLANTED, make_newsroom, make_secrets
from tests.test_search import BAD

pytestmark = pytest.mark.django_db

NOW = timezone.now()  # for all tests of this file, because they compare with the same answers
MORE = {"archive": ["show=quotations", "show=people", "sort=day", "kind=press_release"]}
BLANK = "·"

# How a reader may type a word: the text around the pieces, and the pieces.
FORMS = {
    "whole": ("{}", lambda w: [w]),
    "in capitals": ("{}", lambda w: [w.upper()]),
    "a phrase": ('"the harbour {}"', lambda w: [w]),
    "its beginning": ("{}", lambda w: [w[:6]]),
    "after a word": ("harbour {}", lambda w: [w]),
    "its beginning after a word": ("harbour {}", lambda w: [w[:5]]),
    "excluded": ("harbour -{}", lambda w: [w]),
    "a letter less": ("{}", lambda w: [w[:-1]]),
    "another letter": ("{}", lambda w: [w[:4] + "x" + w[5:]]),
    "two letters exchanged": ("{}", lambda w: [w[:4] + w[5] + w[4] + w[6:]]),
    "misspelt after a misspelt word": ("harbuor {}", lambda w: [w[:4] + "x" + w[5:]]),
    "its plural": ("{}", lambda w: [w + "s"]),
    "in two pieces": ("{} {}", lambda w: [w[:5], w[5:]]),
    "with its pieces": ("{}-{}", lambda w: [w[:5], w[5:]]),
    "part of a question": ("what did {} say about the harbour", lambda w: [w]),
}


@pytest.fixture(scope="module")
def hidden(django_db_setup, django_db_blocker, tmp_path_factory):
    """A newsroom with its secrets, made once; also its public answers before there were any."""
    media = tmp_path_factory.mktemp("search")
    files = override_settings(MEDIA_ROOT=media, FILE_UPLOAD_TEMP_DIR=media / "uploads")
    with django_db_blocker.unblock():
        cache.clear()
        with files, time_machine.travel(NOW, tick=False):
            newsroom = make_newsroom(NOW)
            found = pages_with_a_search(newsroom)
            before = public_answers(found)
            secrets = make_secrets(newsroom, NOW)
        yield newsroom, found, secrets, before
        django_db_setup()  # restores the database


@pytest.fixture
def pages(hidden) -> list[str]:
    return hidden[1]


@pytest.fixture
def secrets(hidden):
    return hidden[2]


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def pages_with_a_search(newsroom) -> list[str]:
    """Return the pages whose answer depends on the text in `q`, each as an address before it."""
    slugs = {"person": newsroom.speaker.slug, "release": newsroom.quoted.slug}
    found, client = [], Client()
    for pattern in get_resolver().url_patterns:
        if not isinstance(pattern, URLPattern):
            continue
        if pattern.pattern.converters and pattern.name not in slugs:
            continue
        path = reverse(pattern.name, args=filter(None, [slugs.get(pattern.name)]))
        words = [ABSENT["latin"], "harbour", "closed", "ansa", "waters"]
        answers = [client.get(f"{path}?q={word}") for word in words]
        if len({without(b"".join(each).decode(), words) for each in answers}) > 1:
            found += [f"{path}?{more}&" if more else f"{path}?"
                      for more in ["", *MORE.get(pattern.name, [])]]  # fmt: skip
    return found


def blurred(client, page: str, around: str, pieces: list[str]) -> tuple:
    """Return an answer without the typed pieces, which a page may repeat."""
    response = client.get(page + urlencode({"q": around.format(*pieces)}))
    body = b"".join(response) if response.streaming else response.content
    return (
        response.status_code,
        [(name, without(value, pieces)) for name, value in headers_of(response) if name != "ETag"],
        without(body.decode(), pieces),
    )


def public_answers(pages: list[str]) -> dict[str, bytes]:
    """Return the answers to searches for words that are in public texts, and in secret ones."""
    typed = ["harbour", "the harbour", '"the harbour"', "harb", "harbuor", "verel", "tollen",
             "-harbour", "harbour -courts", "open waters"]  # fmt: skip
    paths = [page + urlencode({"q": text}) for page in pages for text in typed]
    return {path: Client().get(path).content for path in paths}


def without(text: str, pieces: list[str]) -> str:
    forms = {form for each in pieces for form in (each, html.escape(each), quote(each))}
    for form in sorted(forms, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", BLANK, text)
    return text


def statements(queries) -> list[str]:
    """Return statements without their values, and without the length of lists."""
    plain = [re.sub(r"'(?:[^']|'')*'|\b[0-9a-f]{32}\b|\d+", "?", each["sql"]) for each in queries]
    return [re.sub(r"\(\?(?:, \?)*\)", "(?)", each) for each in plain]


def work_of(client, page: str, around: str, pieces: list[str]) -> tuple:
    """Return the statements of an answer, and the answer."""
    reset_queries()  # Django keeps the last 9,000
    with CaptureQueriesContext(connection) as queries:
        got = blurred(client, page, around, pieces)
    return statements(queries), got


def asked(secrets, pages, everything: bool):
    """Yield secret, form and page: all, or each secret on each page in one form in turn."""
    forms = list(FORMS)
    for number, secret in enumerate(secrets):
        for turn, page in enumerate(pages):
            chosen = [forms[(number + 4 * turn) % len(forms)]]
            if page == "/releases/?":
                chosen = ["whole", *chosen]
            for form in forms if everything else dict.fromkeys(chosen):
                yield secret, form, page


def test_the_pages_with_a_search_are_found(pages, hidden):
    person = hidden[0].speaker.get_absolute_url()
    expected = {"/releases/?", "/releases/feed.atom?", "/releases/feed.json?", f"{person}?"}
    assert expected <= {*pages}
    assert not [page for page in pages if page.startswith(("/people/?", "/sitemap", "/prisoners"))]


@pytest.mark.parametrize("everything", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_a_word_of_a_hidden_text_is_answered_like_a_word_of_no_text(
    client, clock, secrets, pages, everything
):
    assert len(secrets) == len(PLANTED) + 2
    nothing: dict[tuple, tuple] = {}
    for secret, form, page in asked(secrets, pages, everything):
        around, pieces_of = FORMS[form]
        key = page, form, secret.absent
        if key not in nothing:
            nothing[key] = work_of(client, page, around, pieces_of(secret.absent))
        sent, got = work_of(client, page, around, pieces_of(secret.word))
        assert got == nothing[key][1], f"{secret.what}: {form} on {page}"
        assert sent == nothing[key][0], f"{secret.what}: the statements for {form} on {page}"


def test_a_search_for_public_words_does_not_show_that_something_is_hidden(
    clock, hidden, pages, secrets
):
    """These words are next to the secrets in their texts."""
    before = hidden[3]
    for path, body in public_answers(pages).items():
        for secret in secrets:
            assert secret.word not in body.decode().casefold(), f"{secret.what} on {path}"
        if "/feed." not in path:  # feeds also have the notices of withdrawn releases
            assert body == before[path], path


def test_the_same_word_is_found_in_the_second_in_which_it_is_public(client, clock, secrets, pages):
    """This shows that the tests above can fail."""
    (secret,) = [each for each in secrets if each.what == "a second ahead"]
    assert secret.word not in client.get("/releases/?q=harbour").content.decode()
    clock.shift(timedelta(seconds=1))
    for page in pages:
        differs = [
            form
            for form, (around, pieces_of) in FORMS.items()
            if blurred(client, page, around, pieces_of(secret.word))
            != blurred(client, page, around, pieces_of(secret.absent))
        ]
        # The word is in a quotation and in the title, and not the name of a person.
        assert ("whole" in differs) or page.endswith("show=people&"), page


# --- Time ----------------------------------------------------------------------------------------


def rank_difference(one: list[float], other: list[float]) -> float:
    """Return by how many standard errors the ranks of two samples differ (Mann and Whitney)."""
    ranked = sorted((value, which) for which, values in enumerate((one, other)) for value in values)
    ranks = sum(rank for rank, (_, which) in enumerate(ranked, start=1) if not which)
    n, m = len(one), len(other)
    expected = n * (n + m + 1) / 2
    return (ranks - expected) / (n * m * (n + m + 1) / 12) ** 0.5


def test_the_rank_test_sees_a_small_difference():
    chance = random.Random(19)
    noise = [[chance.expovariate(300) for _ in range(500)] for _ in range(2)]
    assert abs(rank_difference(*noise)) < MAX_RANKS
    later = [value + 0.001 for value in noise[1]]
    assert rank_difference(noise[0], later) < -MAX_RANKS


MAX_RANKS = 4  # standard errors; by chance a measurement exceeds it once in 16,000 times


@pytest.mark.parametrize(
    ("times", "within"), [(40, None), pytest.param(500, 0.05, marks=pytest.mark.soak)]
)
def test_a_search_for_a_hidden_word_takes_the_same_time(
    client, clock, secrets, pages, times, within
):
    """Samples are taken in turn, so that the load of the machine is the same for both.

    With few samples, a process that starts can move a median. Ranks hardly notice it.
    """
    chance = random.Random(19)
    hidden = [each.word for each in secrets if each.script == "latin"]
    absent = [word[::-1] for word in hidden]  # in no text, of the same length
    lists = [page for page in pages if "feed" not in page and "=" not in page]
    for page in lists if times > 100 else lists[:1]:
        took: dict[str, list[float]] = {"hidden": [], "absent": []}
        for number in range(-5, times):
            kinds = {"hidden": hidden, "absent": absent}
            for kind in chance.sample(sorted(kinds), 2):
                word = kinds[kind][number % len(hidden)]
                begun = time.perf_counter()
                assert client.get(f"{page}q={word}").status_code == 200
                if number >= 0:  # the first requests fill the caches of the process
                    took[kind].append(time.perf_counter() - begun)
        medians = {kind: statistics.median(found) for kind, found in took.items()}
        ranks = rank_difference(took["hidden"], took["absent"])
        found = ", ".join(f"{kind} {value * 1000:.2f} ms" for kind, value in medians.items())
        print(f"{page}: medians of {times} samples: {found}; ranks differ by {ranks:.1f} errors")
        if within:
            assert max(medians.values()) / min(medians.values()) < 1 + within, page
        assert abs(ranks) < MAX_RANKS, page


# --- Bad input -----------------------------------------------------------------------------------

RAW = [
    "q=%00", "q=a%00b", "q=%ED%A0%80", "q=%ED%B0%80x", "q=%FF%FE", "q=%C0%AF", "q=%F4%90%80%80",
    "q=%", "q=%zz", "q", "q=&q=harbour", "q=harbour&q=", "q[]=harbour", "q=%22", "q=%22a%22b%22",
    "q=-", "q=-%22", "q=--+-+-", ")+OR+(", "q=)+OR+(", "q=%27%29%3B--", "q=%27:*", "q=a:*+%26+!b",
    "q=NEAR(a+b)", "q=title:a", "q=%7Btitle%7D+:+a", "q=a*", "q=%5C", "q=%5C%27", "q=%E2%80%9Ca",
    "q=%F0%9F%98%80", "q=%F0%9F%91%A9%E2%80%8D%F0%9F%91%A9", "q=%E2%80%AE%D8%A7", "q=%0D%0Aa:b",
    "q=%3Cscript%3E", "q=%EE%80%80p1", "q=" + "x" * 10_000, "q=" + "%F0%9F%98%80" * 2_000,
    "q=" + "a+" * 5_000, "q=" + "-a+" * 3_000, "q=%22" * 1_000, "q=" + "%CC%81" * 3_000,
    "q=harbour&page=0", "q=harbour&page=99999999999999999999", "q=harbour&page=x",
    "q=harbour&show=nonsense", "q=harbour&show=%00", "q=harbour&show=%ED%A0%80",
    "q=harbour&sort=nonsense", "q=harbour&from=x&to=9999-99-99", "q=harbour&month=2026-13",
    "q=harbour&year=0000", "q=harbour&country=%F0%9F%98%80", "q=harbour&person=%22",
    "q=harbour&" + "&".join(f"a{n}=1" for n in range(2_000)),
]  # fmt: skip


@pytest.mark.parametrize("query", RAW, ids=range(len(RAW)))
def test_bad_input_is_never_an_error_of_the_server(client, clock, pages, query):
    for page in pages:
        path, _, more = page.partition("?")
        answer = client.get(path, QUERY_STRING=more + query)
        assert answer.status_code in (200, 400, 404), page


@pytest.mark.parametrize("typed", BAD, ids=range(len(BAD)))
def test_bad_text_is_never_an_error_of_the_server(client, clock, pages, typed):
    query = urlencode({"q": typed}, errors="replace")
    for page in pages:
        assert client.get(page + query).status_code in (200, 404), page
