"""At most four password hashes run at a time on a machine, and other pages go on meanwhile."""

import fcntl
import http.client
import re
import threading
import time
from contextlib import ExitStack, contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings as current
from django.contrib.auth.models import Group
from django.db import connection

from accounts import hash_slots
from accounts.models import AccessEvent, GuessCount, User
from tests.deployment import Node
from tests.guesses import SIGN_IN, CountingHasher, Guesser, addresses, fields_of
from tests.make import PASSWORD, make_chief, make_release, make_user

pytestmark = pytest.mark.django_db


@contextmanager
def busy(number: int):
    """Hold slots, as other processes of this machine do while they compute hashes."""
    folder = Path(current.FILE_UPLOAD_TEMP_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        for slot in range(number):
            file = stack.enter_context((folder / f".password-hash-{slot}").open("w"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@pytest.fixture
def ada(db, settings):
    settings.PASSWORD_HASHERS = ["tests.guesses.CountingHasher"]
    user = make_user("ada", "Editor", password=PASSWORD)
    settings.TRUST_PROXY = True
    Guesser().read_page()
    CountingHasher.reset()
    return user


def test_above_four_hashes_a_sign_in_is_answered_with_429(ada):
    with busy(4):
        answer = Guesser().guess(ada.username, PASSWORD)
        assert (answer.status_code, answer["Retry-After"]) == (429, "2")
        assert answer["Cache-Control"] == "private, no-store"
        assert "Too many people are signing in" in answer.content.decode()
        assert Guesser().client.get("/").status_code == 200
        assert Guesser().client.get(SIGN_IN).status_code == 200
    assert CountingHasher.evaluated == 0
    # The guess was not checked, so it does not count and is no failure.
    assert not GuessCount.objects.exists()
    assert not AccessEvent.objects.exists()
    with busy(3):
        assert Guesser().guess(ada.username, PASSWORD).status_code == 302


@pytest.mark.parametrize("login", ["ada", "nobody"])
def test_the_limit_is_the_same_for_known_and_unknown_accounts(ada, login):
    with busy(4):
        assert Guesser().guess(ada.username if login == "ada" else login).status_code == 429


def test_the_limit_holds_for_every_form_that_hashes_a_password(ada, client, settings):
    chief = make_chief()
    client.force_login(chief)
    settings.PASSWORD_HASHERS = ["accounts.hashers.LimitedPasswordHasher"]
    typed = {"username": "bo", "email": "bo@n.example", "is_staff": "on", "is_superuser": "on",
             "groups": [Group.objects.get(name="Editor").pk],
             "password1": "violet-harbour-41", "password2": "violet-harbour-41"}  # fmt: skip
    with busy(4):
        answer = client.post("/admin/accounts/user/add/", typed)
        assert (answer.status_code, answer["Retry-After"]) == (429, "2")
        ada.set_password(PASSWORD)  # a command waits for nobody
    assert client.post("/admin/accounts/user/add/", typed).status_code == 302
    assert User.objects.get(username="bo").check_password("violet-harbour-41")


def test_a_process_uses_at_most_half_of_its_threads(ada, monkeypatch):
    monkeypatch.setattr(hash_slots, "web_threads", 2)
    monkeypatch.setattr(hash_slots, "_places", None)
    places = hash_slots._of_this_process()
    with places:
        assert Guesser().guess(ada.username, PASSWORD).status_code == 429
    assert Guesser().guess(ada.username, PASSWORD).status_code == 302


def test_without_a_folder_for_the_slots_people_can_still_sign_in(ada, settings, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "file" / "below"
    assert Guesser().guess(ada.username, PASSWORD).status_code == 302
    assert "can’t be counted for the whole machine" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_no_more_than_four_of_many_sign_ins_hash_at_a_time(ada):
    CountingHasher.reset(seconds=0.2)
    start, answers = threading.Barrier(20), []

    def guess(address):
        guesser = Guesser(address)
        start.wait()
        for _ in range(3):
            answers.append(guesser.guess(ada.username).status_code)
        connection.close()

    threads = [threading.Thread(target=guess, args=[place]) for place in addresses(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert CountingHasher.most_at_once == 4
    assert set(answers) == {200, 429}
    assert answers.count(200) == CountingHasher.evaluated


class Flood(threading.Thread):
    """A client that sends wrong passwords as fast as it can, over one connection."""

    def __init__(self, port: int, ends: float) -> None:
        super().__init__(daemon=True)
        self.port, self.ends = port, ends
        self.answers: list[tuple[int, str | None]] = []

    def run(self) -> None:
        site = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        site.request("GET", SIGN_IN)
        page = site.getresponse()
        cookie = SimpleCookie()
        for header in page.headers.get_all("Set-Cookie"):
            cookie.load(header)
        shown = page.read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', shown)[1]
        login, password = fields_of(shown)
        number = 0
        while time.monotonic() < self.ends:
            number += 1
            body = urlencode({
                "csrfmiddlewaretoken": token, login: f"name-{number}-{id(self)}",
                password: "a wrong password",
            })  # fmt: skip
            site.request("POST", SIGN_IN, body, {
                "Content-Type": "application/x-www-form-urlencoded",
                "Cookie": f"csrftoken={cookie['csrftoken'].value}",
            })  # fmt: skip
            answer = site.getresponse()
            answer.read()
            self.answers.append((answer.status, answer.headers["Retry-After"]))
        site.close()


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("clients", "seconds", "slowest"),
    [(12, 4, 5), pytest.param(60, 30, 2, marks=pytest.mark.soak)],
)
def test_a_flood_of_sign_ins_does_not_stop_other_pages(
    transactional_db, tmp_path, account, clients, seconds, slowest
):
    make_release()
    with Node(tmp_path / "log", 1, 4, JOBS_IN_WEB="off") as node:
        ends = time.monotonic() + seconds
        flood = [Flood(node.port, ends) for _ in range(clients)]
        for client in flood:
            client.start()
        took, statuses = [], []
        while time.monotonic() < ends:
            reader = http.client.HTTPConnection("127.0.0.1", node.port, timeout=30)
            began = time.monotonic()
            reader.request("GET", "/")
            statuses.append(reader.getresponse().status)
            took.append(time.monotonic() - began)
            reader.close()
        for client in flood:
            client.join(timeout=60)
    answers = [answer for client in flood for answer in client.answers]
    busy_answers = [answer for answer in answers if answer[0] == 429]
    print(f"{len(answers)} sign-ins in {seconds} s, {len(busy_answers)} of them answered 429; "
          f"{len(took)} other pages, the slowest in {max(took):.2f} s")  # fmt: skip
    assert {status for status, _ in answers} == {200, 429}
    assert {wait for status, wait in busy_answers} == {"2"}
    assert set(statuses) == {200}
    assert max(took) < slowest
