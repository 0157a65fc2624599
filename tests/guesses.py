"""Guesses of passwords through the sign-in page, and hashers that count what is evaluated."""

import re
import threading
import time
from html.parser import HTMLParser

from django.contrib.auth.hashers import MD5PasswordHasher, PBKDF2PasswordHasher
from django.test import Client

from accounts.hash_slots import hash_slot

SIGN_IN = "/admin/login/"
WRONG = "a wrong long password"
REFUSED = "Too many wrong passwords"


class CountingHasher(MD5PasswordHasher):
    """Counts the passwords that are hashed, and how many at the same time."""

    algorithm = "counting"
    lock = threading.Lock()
    evaluated = at_once = most_at_once = 0
    seconds = 0.0

    @classmethod
    def reset(cls, seconds=0.0):
        cls.evaluated = cls.at_once = cls.most_at_once = 0
        cls.seconds = seconds

    def encode(self, password, salt):
        kind = CountingHasher
        with hash_slot():
            with kind.lock:
                kind.evaluated += 1
                kind.at_once += 1
                kind.most_at_once = max(kind.most_at_once, kind.at_once)
            time.sleep(kind.seconds)
            with kind.lock:
                kind.at_once -= 1
            return super().encode(password, salt)


class QuickerHasher(PBKDF2PasswordHasher):
    """The real hasher, with a tenth of the work."""

    iterations = 100_000


class _Fields(HTMLParser):
    """Collects the fields of the form that has a password."""

    def __init__(self):
        super().__init__()
        self.forms = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.forms.append([])
        elif tag == "input" and self.forms:
            self.forms[-1].append(given)


def fields_of(page: str) -> tuple[str, str]:
    """Return the names of the fields for the login and the password on the sign-in page."""
    reader = _Fields()
    reader.feed(page)
    for form in reader.forms:
        password = [field["name"] for field in form if field.get("type") == "password"]
        if password:
            texts = ("text", "email", None)
            login = [field["name"] for field in form if field.get("type") in texts]
            return login[0], password[0]
    raise AssertionError("The page has no form with a password.")


class Guesser:
    """Someone at a network address who sends passwords to the sign-in page."""

    names: tuple[str, str] | None = None

    def __init__(self, address="203.0.113.7", client=None):
        self.client = client or Client()
        self.address = address

    def read_page(self):
        """Read the names of the fields, once in a run of the suite."""
        if Guesser.names is None:
            Guesser.names = fields_of(self.client.get(SIGN_IN).content.decode())

    def guess(self, login, password=WRONG, address=None):
        self.read_page()
        typed = dict(zip(Guesser.names, (login, password), strict=True))
        # Behind our proxy: clients can forge all addresses in the header but the last.
        forwarded = f"198.51.100.1, {address or self.address}"
        return self.client.post(
            SIGN_IN, {**typed, "next": "/admin/"}, headers={"X-Forwarded-For": forwarded}
        )


def errors_of(response) -> str:
    """Return the text of a page without tags and without the token of its form."""
    page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", response.content.decode())
    return " ".join(re.sub("<[^>]*>", " ", page).split())


def addresses(number: int) -> list[str]:
    """Return different network addresses."""
    return [f"203.0.{n // 250}.{n % 250 + 1}" for n in range(number)]
