"""Guesses at the sign-in: how many are evaluated, who can still sign in, and what is recorded."""

import statistics
import threading
import time
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings as current
from django.core import mail, signing
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import hash_slots, known_browsers, passwords, throttle
from accounts.models import AccessEvent, GuessCount, KnownBrowser, User
from jobs import outbox
from jobs.models import Job
from tests.guesses import REFUSED, WRONG, CountingHasher, Guesser, addresses, errors_of
from tests.make import PASSWORD, make_user
from tests.signing_in import text, verbs
from tests.test_throttle import locked

pytestmark = pytest.mark.django_db
HASHERS = ["tests.guesses.CountingHasher"]


@pytest.fixture(autouse=True)
def _behind_a_proxy(settings):
    settings.TRUST_PROXY = True
    settings.PASSWORD_HASHERS = HASHERS
    CountingHasher.reset()


@pytest.fixture
def ada(db):
    user = make_user("ada", "Editor", password=PASSWORD, email="ada@newsroom.example")
    CountingHasher.reset()
    return user


def signed_in(response) -> bool:
    return response.status_code == 302


def refused(response) -> bool:
    return response.status_code == 200 and REFUSED in errors_of(response)


def use_up(guesser: Guesser, login: str) -> None:
    for _ in range(10):
        assert not refused(guesser.guess(login))
    assert refused(guesser.guess(login))


def known_browser(user, **more) -> Client:
    """Return a browser in which a user signed in before."""
    request, client = RequestFactory().get("/admin/"), Client(**more)
    response = client.get("/admin/login/")
    known_browsers.remember(request, response, user, timezone.now())
    client.cookies[known_browsers.COOKIE] = response.cookies[known_browsers.COOKIE].value
    return client


# --- How many guesses are evaluated --------------------------------------------------------------


def test_ten_guesses_from_one_address_are_evaluated_in_any_hour(ada):
    guesser = Guesser()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(9):
            guesser.guess(ada.username)
            clock.shift(timedelta(minutes=6))
        guesser.guess(ada.username)
        assert CountingHasher.evaluated == 10
        # The right password is not checked either. Otherwise a guess above the limit would count.
        assert refused(guesser.guess(ada.username, PASSWORD))
        clock.shift(timedelta(minutes=59))
        assert refused(guesser.guess(ada.username, PASSWORD))
        assert CountingHasher.evaluated == 10
        clock.shift(timedelta(minutes=2))
        assert signed_in(guesser.guess(ada.username, PASSWORD))


def test_fifty_guesses_from_all_addresses_together_are_evaluated(ada):
    guesser = Guesser()
    for address in addresses(60):
        guesser.guess(ada.username, address=address)
    assert CountingHasher.evaluated == 50
    assert refused(guesser.guess(ada.username, PASSWORD, address="192.0.2.9"))
    other = make_user("bo", "Editor", password=PASSWORD)
    assert signed_in(guesser.guess(other.username, PASSWORD))


@pytest.mark.soak
@pytest.mark.parametrize(("sources", "limit"), [(1, 10), (1_000, 50)])
def test_of_ten_thousand_guesses_the_limit_is_evaluated(ada, sources, limit):
    guesser, places = Guesser(), addresses(sources)
    for number in range(10_000):
        guesser.guess(ada.username, f"{WRONG} {number}", address=places[number % sources])
    print(f"{sources} addresses: {CountingHasher.evaluated} of 10,000 guesses were evaluated")
    assert CountingHasher.evaluated == limit
    assert GuessCount.objects.count() <= 60


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("sources", "limit"), [(1, 10), (100, 50)])
def test_guesses_at_the_same_moment_do_not_pass_the_limit(ada, monkeypatch, sources, limit):
    """django-axes counts after the check. There, each guess that runs at this moment passes."""
    monkeypatch.setattr(hash_slots, "MAX_HASHES", 200)
    monkeypatch.setattr(hash_slots, "_places", None)
    CountingHasher.reset(seconds=0.3)
    number = 24 if sources == 1 else 70
    start, answers = threading.Barrier(number), []
    Guesser().read_page()

    def guess(address):
        guesser = Guesser(address)
        start.wait()
        answers.append(guesser.guess(ada.username).status_code)
        connection.close()

    places = addresses(number) if sources > 1 else ["203.0.113.7"] * number
    threads = [threading.Thread(target=guess, args=[place]) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * number
    assert CountingHasher.most_at_once > 3  # they did run at the same time
    assert CountingHasher.evaluated == limit


@pytest.mark.django_db(transaction=True)
def test_many_transactions_reserve_exactly_the_limit(ada):
    request = RequestFactory().get("/admin/login/")
    at, start, got = timezone.now(), threading.Barrier(8), []

    def reserve():
        start.wait()
        counters = throttle.password_counters(request, ada.username, ada, at)
        got.extend(throttle.reserve(counters, at) for _ in range(10))
        connection.close()

    threads = [threading.Thread(target=reserve) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reserved = [guess for guess in got if guess]
    assert (len(got), len(reserved), sum(guess.is_last for guess in reserved)) == (80, 10, 1)
    # A refused guess of one address does not use up the limit of all addresses.
    assert sorted(GuessCount.objects.values_list("guesses", flat=True)) == [10, 10]


def test_the_username_in_any_case_and_the_email_address_are_one_account(ada):
    guesser, logins = (
        Guesser(),
        [ada.username, ada.username.upper(), ada.email, " ADA@Newsroom.example "],
    )
    for number in range(12):
        guesser.guess(logins[number % 4])
    assert CountingHasher.evaluated == 10


def test_an_ipv6_subscriber_is_one_address(ada):
    guesser = Guesser()
    for number in range(12):
        guesser.guess(ada.username, address=f"2001:db8:1:2::{number + 1:x}")
    assert CountingHasher.evaluated == 10
    assert signed_in(guesser.guess(ada.username, PASSWORD, address="2001:db8:1:3::1"))


def test_a_client_cannot_choose_its_address(ada, settings):
    guesser = Guesser()
    for number in range(12):  # all but the last one in the header are forged
        guesser.guess(ada.username, address=f"192.0.2.{number}, 203.0.113.7")
    assert CountingHasher.evaluated == 10
    settings.TRUST_PROXY = False
    CountingHasher.reset()
    for number in range(12):
        guesser.guess(ada.username, address=f"192.0.2.{number}")
    assert CountingHasher.evaluated == 10


@pytest.mark.parametrize("address", ["", "no address", "203.0.113.7:4711", "x" * 5_000])
def test_a_wrong_address_of_the_proxy_does_not_lift_the_limit(ada, address):
    guesser = Guesser()
    for _ in range(12):
        guesser.guess(ada.username, address=address or " ")
    assert CountingHasher.evaluated == 10


def test_a_right_password_does_not_count(ada):
    guesser = Guesser()
    for _ in range(15):
        assert signed_in(guesser.guess(ada.username, PASSWORD))
        guesser.client.post("/admin/logout/")
    for _ in range(9):
        guesser.guess(ada.username)
    assert signed_in(guesser.guess(ada.username, PASSWORD))


@pytest.mark.parametrize(
    "login",
    ["", " ", "x" * 10_000, "a\x00b", "‮admin", "Ａｄａ", "%", "' OR 1=1 --", "😀" * 60, "\udcff"],
)
@pytest.mark.parametrize("password", [WRONG, "x" * 40_000, "a\x00b", "😀" * 500])
def test_any_login_and_password_are_answered_quickly(ada, login, password):
    began = time.monotonic()
    if "\udcff" in login:  # no form can send this
        request = RequestFactory().post("/admin/login/")
        assert passwords.check(request, login.encode("utf-8", "replace").decode(), password) is None
    else:
        assert Guesser().guess(login, password).status_code == 200
    assert time.monotonic() - began < 5


# --- The real editor -----------------------------------------------------------------------------


def test_the_editor_signs_in_from_a_known_browser_during_an_attack(ada):
    mine = Guesser("192.0.2.1", known_browser(ada))
    for address in addresses(55):
        Guesser().guess(ada.username, address=address)
    assert refused(Guesser("192.0.2.1").guess(ada.username, PASSWORD))
    assert signed_in(mine.guess(ada.username, PASSWORD))
    assert signed_in(mine.guess(ada.email, PASSWORD))


def test_a_known_browser_has_ten_guesses_of_its_own(ada):
    mine = Guesser("192.0.2.1", known_browser(ada))
    use_up(mine, ada.username)
    assert CountingHasher.evaluated == 10
    assert signed_in(Guesser("192.0.2.2").guess(ada.username, PASSWORD))
    # Another browser of the same user is not stopped by it either.
    assert signed_in(Guesser("192.0.2.1", known_browser(ada)).guess(ada.username, PASSWORD))


def test_the_browser_of_another_user_and_forged_cookies_are_not_known(ada):
    bo = make_user("bo", "Editor", password=PASSWORD)
    use_up(Guesser(), ada.username)
    theirs = known_browser(bo)
    assert refused(Guesser(client=theirs).guess(ada.username, PASSWORD))
    mine = known_browser(ada)
    for value in [
        "", "x", "x" * 4_000, f"{mine.cookies[known_browsers.COOKIE].value}x",
        signing.get_cookie_signer(salt="another").sign("token"),
        signing.get_cookie_signer(salt=known_browsers.COOKIE + known_browsers.SALT).sign("token"),
    ]:  # fmt: skip
        client = Client()
        client.cookies[known_browsers.COOKIE] = value
        assert refused(Guesser(client=client).guess(ada.username, PASSWORD))
    KnownBrowser.objects.filter(user=ada).delete()  # such as after "end all sessions"
    assert refused(Guesser(client=mine).guess(ada.username, PASSWORD))


def test_people_who_share_a_browser_are_both_known(ada):
    bo = make_user("bo", "Editor", password=PASSWORD)
    request, client = RequestFactory().get("/admin/"), known_browser(ada)
    request.COOKIES[known_browsers.COOKIE] = client.cookies[known_browsers.COOKIE].value
    response = client.get("/admin/login/")
    assert known_browsers.remember(request, response, bo, timezone.now())
    request.COOKIES[known_browsers.COOKIE] = response.cookies[known_browsers.COOKIE].value
    assert known_browsers.find(request, ada, timezone.now()).user == ada
    assert known_browsers.find(request, bo, timezone.now()).user == bo
    assert not known_browsers.remember(request, response, ada, timezone.now())


# --- Known and unknown accounts ------------------------------------------------------------------


def answers_of(login: str) -> list[tuple]:
    """Return what twelve guesses from one address and one from another are answered."""
    guesser, found = Guesser(), []
    for address in ["203.0.113.7"] * 12 + ["198.51.100.77"]:
        response = guesser.guess(login, address=address)
        headers = sorted({**response.headers, "X-Request-ID": "", "Content-Length": ""}.items())
        cookies = sorted(set(response.cookies) - {current.CSRF_COOKIE_NAME})
        words = errors_of(response)
        found.append((response.status_code, words.replace(login, "LOGIN"), cookies, len(headers)))
    return found


def test_every_kind_of_account_is_answered_alike(ada):
    paused = make_user("paused", "Editor", password=PASSWORD, is_active=False)
    left = make_user("left", password=PASSWORD, is_active=False, left_at=timezone.now())
    empty = make_user("empty", "Editor")  # invited, without a password
    logins = [ada.username, ada.email, paused.username, left.username, empty.username,
              "nobody", "nobody@newsroom.example"]  # fmt: skip
    found = []
    for login in logins:
        GuessCount.objects.all().delete()
        CountingHasher.reset()
        found.append((answers_of(login), CountingHasher.evaluated))
    assert all(one == found[0] for one in found)
    assert found[0][1] == 11


def test_the_right_password_of_a_paused_account_is_answered_like_a_wrong_one(ada):
    wrong = Guesser().guess(ada.username)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    right = Guesser().guess(ada.username, PASSWORD)
    assert (right.status_code, errors_of(right)) == (wrong.status_code, errors_of(wrong))
    assert verbs() == ["sign_in_failed"] * 2
    use_up(Guesser("192.0.2.1"), ada.username)
    assert not mail.outbox
    assert not outbox.Email.objects.exists()


def seconds_of(login: str, times: int) -> list[float]:
    guesser, found = Guesser(), []
    for _ in range(times):
        GuessCount.objects.all().delete()
        began = time.perf_counter()
        assert guesser.guess(login).status_code == 200
        found.append(time.perf_counter() - began)
    return found


@pytest.mark.parametrize(
    ("times", "within", "hasher"),
    [
        (25, 0.25, "tests.guesses.QuickerHasher"),
        pytest.param(500, 0.05, "accounts.hashers.LimitedPasswordHasher", marks=pytest.mark.soak),
    ],
)
def test_known_and_unknown_accounts_take_the_same_time(settings, times, within, hasher):
    settings.PASSWORD_HASHERS = [hasher]
    known = make_user("ada", "Editor", password=PASSWORD, email="ada@newsroom.example")
    paused = make_user("paused", password=PASSWORD, is_active=False)
    logins = [known.username, "nobody"]
    if times > 100:
        logins += [paused.username]
    took: dict[str, list[float]] = {login: [] for login in logins}
    for _ in range(times):  # in turn, so that the load of the machine is the same for all
        for login in logins:
            took[login] += seconds_of(login, 1)
    medians = {login: statistics.median(found) for login, found in took.items()}
    for login, found in took.items():
        print(f"{login}: median {medians[login] * 1000:.1f} ms of {len(found)} samples")
    assert max(medians.values()) / min(medians.values()) < 1 + within


# --- Record and e-mail ---------------------------------------------------------------------------


def test_failures_are_recorded_without_the_typed_name(ada):
    Guesser().guess(ada.email)
    Guesser().guess("my secret password, typed into the wrong field")
    known, unknown = AccessEvent.objects.order_by("pk")
    assert (known.verb, known.subject_id, known.actor_id) == ("sign_in_failed", ada.pk, None)
    assert (unknown.verb, unknown.subject_id, unknown.actor_id) == ("sign_in_failed", None, None)
    assert known.network == unknown.network == "203.0.113.0/24"
    assert "secret" not in str(list(AccessEvent.objects.values()))
    assert "secret" not in str(list(GuessCount.objects.values()))


def test_a_limit_is_recorded_and_mailed_once_in_an_hour(ada):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for address in addresses(8):
            for _ in range(12):
                Guesser(address).guess(ada.username)
        assert verbs(verb="sign_in_limited", subject_id=ada.pk) == ["sign_in_limited"]
        assert verbs(verb="sign_in_failed").count("sign_in_failed") == 50
        email = outbox.Email.objects.get()
        assert email.to == ada.email
        assert "203.0.0.0/24" in email.text
        assert "None of them was right" in email.text
        assert "with a passkey, or in a browser in which you signed in before." in email.text
        clock.shift(timedelta(hours=1, minutes=1))
        use_up(Guesser(), ada.username)
    assert verbs(verb="sign_in_limited") == ["sign_in_limited"] * 2
    assert outbox.Email.objects.count() == 2


def test_the_limit_of_an_unknown_name_is_recorded_without_an_email():
    use_up(Guesser(), "nobody")
    assert verbs(verb="sign_in_limited", subject_id=None) == ["sign_in_limited"]
    assert not outbox.Email.objects.exists()


def test_nine_wrong_passwords_and_the_right_one_reach_no_limit(ada):
    guesser = Guesser()
    for _ in range(9):
        guesser.guess(ada.username)
    assert signed_in(guesser.guess(ada.username, PASSWORD))
    assert verbs(verb="sign_in_limited") == []


def test_a_flood_of_names_fills_neither_the_counts_nor_the_record(monkeypatch):
    monkeypatch.setattr(throttle, "MAX_BUCKETS", 8)
    monkeypatch.setattr(throttle, "MAX_RECORDED_FAILURES", 5)
    for number in range(60):
        Guesser().guess(f"name-{number}", address=f"192.0.2.{number}")
    assert GuessCount.objects.count() <= 8 * 3 + 1
    assert verbs(verb="sign_in_failed") == ["sign_in_failed"] * 5


# --- Links to a new password, open sessions ------------------------------------------------------


def test_nobody_is_flooded_with_links_to_a_new_password(ada):
    def ask(address, email):
        headers = {"X-Forwarded-For": address}
        return Client().post("/admin/account/reset/", {"email": email}, headers=headers)

    def links() -> int:
        return Job.objects.filter(name="accounts.send_reset").count()

    for place in addresses(9):
        assert ask(place, ada.email).status_code == 302
    assert links() == 3
    ask("203.0.113.7", ada.email.upper())
    assert links() == 3
    for number in range(19):
        ask("203.0.113.7", f"nobody-{number}@newsroom.example")
    assert links() == 3 + 19
    assert "Too many links were requested" in text(ask("203.0.113.7", ada.email))


def test_the_password_of_an_open_session_is_limited_too(ada):
    confirm, left_open = "/admin/account/confirm/", Client()
    left_open.force_login(ada)
    for _ in range(10):
        answer = left_open.post(confirm, {"password": WRONG})
        assert "The password is wrong." in text(answer)
    answer = left_open.post(confirm, {"password": PASSWORD})
    assert "Too many wrong passwords" in text(answer)
    assert CountingHasher.evaluated == 10
    mine = known_browser(ada)
    mine.force_login(ada)
    assert mine.post(confirm, {"password": PASSWORD}).status_code == 302


# --- Without the database -------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_without_the_table_of_counts_nothing_is_checked(ada, client):
    table = GuessCount._meta.db_table
    client.raise_request_exception = False
    Guesser().read_page()
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO away")
    try:
        assert Guesser(client=client).guess(ada.username, PASSWORD).status_code == 500
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE away RENAME TO {table}")
    assert CountingHasher.evaluated == 0
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db(transaction=True)
def test_while_the_counts_are_locked_the_answer_is_503_and_nothing_is_checked(ada, client):
    Guesser().read_page()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA busy_timeout = 300")
        else:
            cursor.execute("SET lock_timeout = 300")
        with locked(GuessCount._meta.db_table):
            answer = Guesser(client=client).guess(ada.username, PASSWORD)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert CountingHasher.evaluated == 0
    assert "_auth_user_id" not in client.session
