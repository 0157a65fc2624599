"""Which new passwords are refused, with which sentence, and how the file of stolen ones is used."""

import contextlib
import re
import resource
import time
from hashlib import sha1

import pytest
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import (
    password_validators_help_text_html,
    validate_password,
)
from django.core.exceptions import ValidationError

from accounts import breached_passwords
from accounts.models import User
from tests.make import make_chief

ADA = User(
    username="ada.verel", first_name="Adalheidis", last_name="Verel-Brask",
    email="adalheidis@newsroom.example",
)  # fmt: skip
STOLEN = "walnut-glacier-tambourine"

REFUSED = {
    "short": ("harbour", "too short. Use at least 12 characters, such as four random words"),
    "long": ("harbour lantern " * 63, "too long. Use at most 1000 characters"),
    "of Django's list": ("qwerty123456", "too common. Choose another one"),
    "of digits": ("48392018475611", "entirely numeric. Add some words"),
    "the name": ("adalheidis-12", "too similar to the first name. Choose one that has nothing"),
    "the surname twice": ("verel verel 1", "easy to guess. Add one or two words"),
    "the address": ("adalheidis@newsroom.example", "too similar to the"),
    "the newsroom and a year": ("TheNewsroom2026!", "easy to guess"),
    "a season and a year": ("Summer2026Summer", "easy to guess"),
    "a keyboard": ("qwertyuiop[]asdf", "easy to guess"),
    "one letter": ("a" * 200, "easy to guess"),
    "a repetition": ("abcabcabcabcabcabc", "easy to guess"),
    "common with signs": ("P@ssw0rd1234!", "easy to guess"),
    "a date": ("password-1987-12-24", "easy to guess"),
}
ACCEPTED = [
    "lantern harbour violet", "correcthorsebatterystaple", "harbour-lantern-9", "tidlpfyrmaqx",
    "Überraschungsgäste am See", "красный фонарь у моря", "灯台の下の青い猫と犬と鳥",
    "😀🐟🌋🧵🪁🎷🛶🥕🧊🪴🔭🧲",
    "x7#kQ9!vTz2$mW", " leading and trailing space ", "harbour lantern " * 62,
]  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_guessable_password_is_refused_with_one_sentence_that_says_what_to_do(settings, name):
    settings.NEWSROOM_NAME = "The Newsroom"
    password, sentence = REFUSED[name]
    with pytest.raises(ValidationError) as refusal:
        validate_password(password, ADA)
    assert len(refusal.value.messages) == 1
    assert sentence in refusal.value.messages[0]
    assert password not in refusal.value.messages[0]


@pytest.mark.parametrize("password", ACCEPTED)
def test_a_password_needs_no_capitals_digits_or_signs(password):
    validate_password(password, ADA)


def test_the_words_of_one_user_do_not_count_for_another():
    with pytest.raises(ValidationError):
        validate_password("verel verel 1", ADA)
    validate_password("mistral-quorum-verel", User(username="bo", email="bo@n.example"))


@pytest.mark.parametrize(
    "password",
    ["@4831!|0$5+7" * 80, "1999" * 250, "p4$$w0rd!1@" * 90, "1-1-1999" * 120, "ab" * 500,
     "\x00" * 1_000, "\udcff" * 50],
)  # fmt: skip
def test_no_password_takes_long_to_check(password):
    began = time.process_time()
    user = User(username="x" * 150, last_name="word " * 30, email="y" * 200 + "@n.example")
    with contextlib.suppress(ValidationError):
        validate_password(password, user)
    assert time.process_time() - began < 2


def test_the_help_is_one_sentence_list_and_mentions_pasting():
    shown = password_validators_help_text_html()
    assert shown.count("<li>") == 1
    assert "at least 12 characters" in shown
    assert "paste" in shown


@pytest.mark.django_db
def test_a_form_of_the_desk_shows_the_sentence_and_accepts_a_pasted_password(client):
    client.force_login(make_chief())
    page = client.get("/admin/accounts/user/add/").content.decode()
    assert "onpaste" not in page
    assert not re.search(r'<input type="password"[^>]*(maxlength|autocomplete="off")', page)
    typed = {"username": "bo", "email": "bo@n.example", "is_staff": "on",
             "groups": [Group.objects.get(name="Editor").pk]}  # fmt: skip

    def add(password):
        more = {"password1": password, "password2": password}
        return client.post("/admin/accounts/user/add/", typed | more)

    assert "This password is easy to guess." in add("Summer2026Summer").content.decode()
    assert not User.objects.filter(username="bo").exists()
    assert add(" a pasted violet harbour ").status_code == 302
    assert User.objects.get(username="bo").check_password(" a pasted violet harbour ")


# --- The file of stolen passwords -----------------------------------------------------------------


def digest(password: str) -> str:
    return sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


@pytest.fixture(scope="module")
def stolen(tmp_path_factory):
    """A file as of “Have I Been Pwned” with 50,000 hashes, and the passwords of some of them."""
    file = tmp_path_factory.mktemp("stolen") / "hashes.txt"
    passwords = [STOLEN, *(f"stolen password {number}" for number in range(50_000))]
    counts = {digest(password): len(password) ** 3 for password in passwords}
    file.write_text("".join(f"{one}:{counts[one]}\r\n" for one in sorted(counts)))
    return file


def test_every_stolen_password_is_found_and_no_other(stolen):
    ordered = sorted((digest(f"stolen password {n}"), n) for n in range(50_000))
    for _, number in [*ordered[:50], *ordered[-50:], *ordered[::1_000]]:
        assert breached_passwords.is_breached(f"stolen password {number}", stolen)
    for number in range(50_000, 50_300):
        assert not breached_passwords.is_breached(f"stolen password {number}", stolen)


@pytest.mark.parametrize(
    ("line", "last"),
    [("{}:1\n", "{}:1\n"), ("{}:1\r\n", "{}:1"), ("{}\n", "{}"), ("{}:12345678901\n", "{}:3\n")],
)
@pytest.mark.parametrize("number", [1, 2, 3, 10])
@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_every_line_of_a_small_file_is_found(tmp_path, line, last, number, case):
    file = tmp_path / "hashes"
    hashes = sorted(digest(f"word {n}") for n in range(number))
    lines = [*(line.format(case(one)) for one in hashes[:-1]), last.format(case(hashes[-1]))]
    file.write_bytes("".join(lines).encode())
    assert breached_passwords.problem_of(file) == ""
    assert all(breached_passwords.is_breached(f"word {n}", file) for n in range(number))
    assert not any(breached_passwords.is_breached(f"other {n}", file) for n in range(40))


def test_a_file_of_forty_gigabytes_is_searched_in_constant_memory_and_time(tmp_path):
    """The file is sparse: only the lines that the search reads are filled in."""
    file, lines, bytes_each = tmp_path / "large", 700_000_000, 43
    wanted = int(digest(STOLEN), 16)

    def line(number):
        value = (number << 160) // lines
        if number == (wanted * lines) >> 160:
            value = wanted
        return b"%040X:1\n" % value

    with file.open("wb") as out:
        out.truncate(lines * bytes_each)
        low, high = 0, lines * bytes_each
        target = ((wanted * lines) >> 160) * bytes_each
        while low < high:  # the places that a bisection visits
            middle = (low + high) // 2
            first = max(0, middle // bytes_each - 5)
            out.seek(first * bytes_each)
            out.write(b"".join(line(first + n) for n in range(10)))
            low, high = (middle + 1, high) if middle < target else (low, middle)
    if file.stat().st_blocks * 512 > 10_000_000:
        pytest.skip("this disk has no sparse files")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    assert breached_passwords.is_breached(STOLEN, file)
    assert time.process_time() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10_000  # kilobytes


def test_a_stolen_password_is_refused_only_if_there_is_a_file(settings, stolen):
    validate_password(STOLEN, ADA)
    settings.BREACHED_PASSWORDS_FILE = stolen
    with pytest.raises(ValidationError, match="in a list of stolen passwords"):
        validate_password(STOLEN, ADA)
    validate_password(f"{STOLEN}-2", ADA)


def test_a_file_that_disappears_lets_no_password_pass_unchecked(settings, tmp_path, caplog):
    settings.BREACHED_PASSWORDS_FILE = tmp_path / "gone"
    with pytest.raises(ValidationError, match="Contact your operator"):
        validate_password(STOLEN, ADA)
    assert "can’t be searched" in caplog.text
    (tmp_path / "gone").write_text("no hashes\n" * 1_000)
    with pytest.raises(ValidationError, match="Contact your operator"):
        validate_password(STOLEN, ADA)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is empty"),
        ("password\n123456\n", "lines other than a SHA-1 hash"),
        ("\n" * 500, "lines other than"),
        ("x" * 1_000_000, "lines other than"),
        ("".join(f"{digest(str(n))}:{n}\n" for n in range(3_000)), "is not sorted by hash"),
        ("".join(f"{digest(str(n))[:32]}:1\n" for n in range(10)), "lines other than"),
    ],
    ids=["empty", "plain", "blank", "one line", "ordered by count", "NTLM"],
)
def test_an_unusable_file_is_described(tmp_path, content, problem):
    file = tmp_path / "file"
    file.write_text(content)
    assert problem in breached_passwords.problem_of(file)


def test_an_unreadable_file_is_described(tmp_path):
    assert "can’t be read" in breached_passwords.problem_of(tmp_path)
