"""Limits for guesses: of passwords and codes. All processes and servers share them.

A guess is counted before it is checked, so that guesses that arrive at the same moment count too.
At a limit, nothing is checked. Without the database nothing can be counted, so nothing is checked
either: its error is answered like every outage. See docs/decisions/0051.

An account is counted by its key, whether its username or its e-mail address was typed. A name
without an account is counted in the same way, in a limited number of rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts import known_browsers
from accounts.folding import folded
from accounts.hash_slots import WAIT_SECONDS
from accounts.models import GuessCount, User
from accounts.networks import address_of, subscriber_of
from storing.counts import add_one

# A window ends an hour after its last guess, so no hour at all has more guesses than a limit.
WINDOW = timedelta(hours=1)
PASSWORDS_FROM_ONE_ADDRESS = 10  # for one account
PASSWORDS_FROM_ALL_ADDRESSES = 50  # for one account
PASSWORDS_FROM_A_KNOWN_BROWSER = 10  # of the account. The other two limits do not apply to it.
LINK_WAITS = 10  # requests with one link from an e-mail that wait for a password hash
CODES = 10  # of a second factor, for one account whose password was right
RESETS_FROM_ONE_ADDRESS = 20
RESETS_FOR_ONE_ACCOUNT = 3
MAX_RECORDED_FAILURES = 1_000  # in an hour, for one account, and for all unknown names together
MAX_BUCKETS = 65_536  # rows for unknown names, and for network addresses alone


class TooManyGuessesError(ValidationError):
    """A limit is reached, and the guess was not checked. A form shows the sentence."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A count and its limit. The key is a digest of what is counted."""

    key: str
    maximum: int


@dataclass(frozen=True, slots=True)
class CountedGuess:
    """A guess that is counted and may be checked. `is_last` means that it is the last one."""

    counters: Sequence[Counter]
    is_last: bool

    def give_back(self) -> None:
        """Count this guess no longer, because it was right."""
        for counter in self.counters:
            rows = GuessCount.objects.filter(pk=counter.key, guesses__gt=0)
            rows.update(guesses=F("guesses") - 1)


def password_counters(
    request: HttpRequest, login: str, account: User | None, at: datetime
) -> list[Counter]:
    """Return what counts a guess of a password for an account, or for a name without one."""
    if account and (browser := known_browsers.find(request, account, at)):
        key = _key("password", account.pk, "browser", browser.pk)
        return [Counter(key, PASSWORDS_FROM_A_KNOWN_BROWSER)]
    address = subscriber_of(address_of(request))
    if account:
        total, one = _key("password", account.pk), _key("password", account.pk, "from", address)
    else:
        name = folded(login)
        total, one = _bucket("password", name), _bucket("password", name, "from", address)
    return [
        Counter(total, PASSWORDS_FROM_ALL_ADDRESSES),
        Counter(one, PASSWORDS_FROM_ONE_ADDRESS),
    ]


def factor_guess(account: User, request: HttpRequest, at: datetime | None = None) -> CountedGuess:
    """Count a guess of a code or a recovery code. Raises TooManyGuessesError.

    Call `give_back` of the guess if the code was right, and `failed_guesses.code_failed` if not.
    """
    at = at or timezone.now()
    browser = known_browsers.find(request, account, at)
    key = _key("code", account.pk, "browser", browser.pk) if browser else _key("code", account.pk)
    guess = reserve([Counter(key, CODES)], at)
    if guess is None:
        raise TooManyGuessesError(
            _("Too many wrong codes were entered. Wait an hour, or use a passkey."), "limited"
        )
    return guess


def reset_request(request: HttpRequest, email: str, at: datetime | None = None) -> bool:
    """Count a request for a link to a new password. Return whether to send it by e-mail.

    Raises TooManyGuessesError if there were too many from this network. An address gets few e-mails
    in an hour, and the answer must not show that. Unknown addresses are counted alike.
    """
    at = at or timezone.now()
    address = subscriber_of(address_of(request))
    if not reserve([Counter(_bucket("reset", address), RESETS_FROM_ONE_ADDRESS)], at):
        raise TooManyGuessesError(
            _("Too many links were requested from your network. Wait an hour, then try again."),
            "limited",
        )
    counter = Counter(_bucket("reset for", folded(email)), RESETS_FOR_ONE_ACCOUNT)
    return reserve([counter], at) is not None


def wait_of_link(kind: str, pk: int, at: datetime | None = None) -> float:
    """Return how many seconds a request with a link may wait for a password hash.

    `pk` is the row that the link opens. Only a few requests in an hour wait, because each holds a
    thread.
    """
    counter = Counter(_key("link", kind, pk), LINK_WAITS)
    return WAIT_SECONDS if reserve([counter], at or timezone.now()) else 0


def reserve(counters: Sequence[Counter], at: datetime) -> CountedGuess | None:
    """Count a guess in all counters, before it is checked. Return None if one is at its limit.

    The counts are committed when this returns. Nothing is written for a guess above a limit, so
    that a flood of guesses costs one read each.
    """
    if is_used_up(counters, at):
        return None
    is_last = False
    with transaction.atomic(durable=True):
        for counter in counters:
            count = add_one(
                GuessCount, "guesses", counter.key, at, WINDOW, maximum=counter.maximum, extend=True
            )
            if count is None:
                transaction.set_rollback(True)
                return None
            is_last |= count >= counter.maximum
    return CountedGuess(counters, is_last)


def is_used_up(counters: Sequence[Counter], at: datetime) -> bool:
    """Return whether one of the counters is at its limit."""
    keys = [counter.key for counter in counters]
    counted = GuessCount.objects.filter(pk__in=keys, ends_at__gt=at)
    counts = dict(counted.values_list("pk", "guesses"))
    return any(counts.get(counter.key, 0) >= counter.maximum for counter in counters)


def is_first_limit(at: datetime, kind: str, account: User | None, login: str) -> bool:
    """Note that a limit was reached; return whether it is the first time in this hour."""
    key = _key("limit", kind, account.pk) if account else _bucket("limit", kind, folded(login))
    return _count_once(Counter(key, 1), at)


def may_record_failure(at: datetime, account: User | None) -> bool:
    """Count a failure; return whether the record has room for it in this hour.

    Strangers can try any number of names. The record must not grow with each.
    """
    key = _key("failures", account.pk if account else "unknown names")
    return _count_once(Counter(key, MAX_RECORDED_FAILURES), at)


def expired(at: datetime) -> QuerySet[GuessCount]:
    """Return the counts whose window has ended."""
    return GuessCount.objects.filter(ends_at__lte=at)


def _count_once(counter: Counter, at: datetime) -> bool:
    if is_used_up([counter], at):
        return False
    found = add_one(GuessCount, "guesses", counter.key, at, WINDOW, maximum=counter.maximum)
    return found is not None


def _key(*parts: object) -> str:
    """Return a digest that cannot be computed without the secret key."""
    return salted_hmac("accounts.throttle", repr(parts), algorithm="sha256").hexdigest()


def _bucket(kind: str, *parts: object) -> str:
    """Return the digest of one of MAX_BUCKETS buckets, for parts that strangers choose."""
    return _key(kind, "bucket", int(_key(kind, *parts), 16) % MAX_BUCKETS)
