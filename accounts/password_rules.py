"""The rules for new passwords. Each sentence says what to do. Nothing is sent to another server.

There are no rules about capitals, digits or signs: they make passwords harder to remember, not
harder to guess. See docs/decisions/0051.
"""

import logging
import re
import threading
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from zxcvbn import zxcvbn

from accounts import breached_passwords

log = logging.getLogger(__name__)

MAX_PASSWORD = 1_000  # characters
# zxcvbn takes quadratic time: a quarter of a second for the slowest text of this length.
ESTIMATED_CHARACTERS = 40
# A thief of the database can try ten thousand passwords a second: this many take twelve days.
MIN_GUESSES = 10**10
MAX_WORDS = 40  # of a user, given to zxcvbn

# zxcvbn stores the words of the user in a global variable.
_one_at_a_time = threading.Lock()


class PasswordValidator:
    """Applies all rules to a new password, and gives the sentence of the first one it breaks."""

    def __init__(self, min_length: int = 12) -> None:
        self.min_length = min_length
        self.rules: list[Callable[[str, Any], None]] = [
            self._has_right_length,
            SimilarityValidator().validate,
            CommonPasswordValidator().validate,
            NumericPasswordValidator().validate,
            refuse_guessable,
            refuse_breached,
        ]

    def validate(self, password: str, user: Any = None) -> None:
        for rule in self.rules:
            rule(password, user)

    def get_help_text(self) -> str:
        return _(
            "Use at least %(minimum)d characters, such as four random words. Do not use a password "
            "of another site, your name or the newsroom’s name. You can paste the password."
        ) % {"minimum": self.min_length}

    def _has_right_length(self, password: str, user: Any) -> None:
        if len(password) < self.min_length:
            sentence = _(
                "This password is too short. Use at least %(minimum)d characters, such as four "
                "random words."
            )
            raise ValidationError(sentence % {"minimum": self.min_length}, "password_too_short")
        if len(password) > MAX_PASSWORD:
            sentence = _("This password is too long. Use at most %(maximum)d characters.")
            raise ValidationError(sentence % {"maximum": MAX_PASSWORD}, "password_too_long")


class CommonPasswordValidator(password_validation.CommonPasswordValidator):
    """Refuses the passwords of Django's list of 20,000."""

    def get_error_message(self) -> str:
        return _("This password is too common. Choose another one, such as four random words.")


class NumericPasswordValidator(password_validation.NumericPasswordValidator):
    """Refuses digits alone. zxcvbn accepts many, but they are often a telephone number."""

    def get_error_message(self) -> str:
        return _("This password is entirely numeric. Add some words.")


class SimilarityValidator(password_validation.UserAttributeSimilarityValidator):
    """Refuses a password that resembles the username, the name or the e-mail address."""

    def get_error_message(self) -> str:
        return _(
            "This password is too similar to the %(verbose_name)s. Choose one that has nothing to "
            "do with you."
        )


def refuse_guessable(password: str, user: Any) -> None:
    """Raise ValidationError for a password of names, dates, words or keyboard patterns."""
    words = _words_of(user)
    with _one_at_a_time:
        estimate = zxcvbn(password[:ESTIMATED_CHARACTERS], words)
    if estimate["guesses"] < MIN_GUESSES:
        sentence = _(
            "This password is easy to guess. Add one or two words that have nothing to do with "
            "you, with the newsroom or with each other."
        )
        raise ValidationError(sentence, "password_guessable")


def refuse_breached(password: str, user: Any) -> None:
    """Raise ValidationError for a password in BREACHED_PASSWORDS_FILE, if there is such a file."""
    if not settings.BREACHED_PASSWORDS_FILE:
        return
    try:
        found = breached_passwords.is_breached(password, settings.BREACHED_PASSWORDS_FILE)
    except (OSError, breached_passwords.UnusableFileError) as problem:
        log.error("The file of breached passwords can’t be searched: %s", problem)
        sentence = _(
            "The password can’t be checked at the moment, and was not changed. Contact your "
            "operator: the file of stolen passwords can’t be read."
        )
        raise ValidationError(sentence, "password_unchecked") from None
    if found:
        sentence = _(
            "This password is in a list of stolen passwords. Choose another one. If you use this "
            "one anywhere, change it there too."
        )
        raise ValidationError(sentence, "password_breached")


def _words_of(user: Any) -> list[str]:
    """Return the words that a guesser would try for a user, without duplicates."""
    texts = [settings.NEWSROOM_NAME]
    for name in ("username", "first_name", "last_name", "email"):
        texts.append(str(getattr(user, name, "") or ""))
    words: list[str] = []
    for text in texts:
        parts = re.findall(r"\w{3,}", text[:200])
        words += [text[:200], "".join(parts), *parts]
    return list(dict.fromkeys(word.casefold() for word in words if word))[:MAX_WORDS]
