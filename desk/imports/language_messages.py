"""Descriptions of a guessed language, for the desk and the command."""

from typing import TYPE_CHECKING

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from releases import language_tags

if TYPE_CHECKING:
    from importing.languages import LanguageGuess


def language_guess_sentence(guess: "LanguageGuess") -> str:
    """Return the description of a guess as a sentence."""
    return f"{capfirst(describe_language(guess))}."


def describe_language(guess: "LanguageGuess") -> str:
    """Return the guessed language, how it was found, and how certain it is."""
    if not guess.tag:
        return _("not known: the text is too short, or in a language that is not recognised")
    if guess.is_sure:
        pattern = {
            "stated": _("%(language)s, as the file states"),
            "file_name": _("%(language)s, from the name of the file"),
            "detected": _("%(language)s, guessed from the text (%(percent)s %% certain)"),
            "chosen": _("%(language)s, chosen at the import"),
        }[guess.source]
        return pattern % {
            "language": language_tags.label(guess.tag),
            "percent": _percent(guess.certainty),
        }
    if guess.source == "detected":
        ranked = ((guess.tag, guess.certainty), *guess.runners_up)
        listed = ", ".join(
            _("%(language)s %(percent)s %%")
            % {"language": language_tags.name(tag), "percent": _percent(part)}
            for tag, part in ranked
        )
        return _("not certain: %(languages)s") % {"languages": listed}
    other = next((language_tags.name(tag) for tag, _part in guess.runners_up), "")
    pattern = {
        "stated": _("not certain: the file states %(language)s, but the text looks like %(other)s"),
        "file_name": _(
            "not certain: the name of the file says %(language)s, but the text looks like %(other)s"
        ),
    }[guess.source]
    return pattern % {"language": language_tags.name(guess.tag), "other": other}


def _percent(certainty: float) -> int:
    return min(99, round(100 * certainty))
