"""Names of languages at the desk, and validation of language tags that users type."""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from releases import languages
from releases.languages import LanguageTagError

_SENTENCES = {
    "not_a_tag": _(
        "“%(tag)s” is not a language tag. Write one like sv, pt-BR or zh-Hant, with hyphens, or "
        "choose the language from the list."
    ),
    "no_language": _(
        "No language has the tag “%(tag)s”. If you mean a country, write its language instead: ja "
        "for Japan, uk for Ukraine. Or choose the language from the list."
    ),
    "not_canonical": _("Write the language tag “%(tag)s” as “%(proper)s”."),
}


def name(tag: str) -> str:
    """Return a language's name in the language of the screens."""
    if tag == languages.UNDETERMINED:
        return gettext("Not known yet")
    return languages.screen_name(tag, _screen())


def label(tag: str) -> str:
    """Return what the desk calls a language: its name, its name in itself, its tag."""
    own = languages.native_name(tag)
    if own == languages.english_name(tag):  # also where CLDR has no name of its own
        own = name(tag)
    return " · ".join(dict.fromkeys([name(tag), own, tag]))


def canonical(tag: str) -> str:
    """Return a tag in its canonical form. Raises ValidationError."""
    return _checked(languages.canonical, tag)


def read(text: str) -> str:
    """Return the canonical tag of a typed tag or language name. Raises ValidationError."""
    return _checked(lambda typed: languages.read(typed, _screen()), text)


def validate(tag: str) -> None:
    """Raise ValidationError unless a tag is well-formed BCP 47 in its canonical form."""
    proper = canonical(tag)
    if tag != proper:
        raise ValidationError(
            _SENTENCES["not_canonical"],
            code="not_canonical",
            params={"tag": tag, "proper": proper},
        )


def _screen() -> str:
    return get_language() or "en"


def _checked(read_tag: Callable[[str], str], text: str) -> str:
    try:
        return read_tag(text)
    except LanguageTagError as error:
        raise ValidationError(
            _SENTENCES[error.code], code=error.code, params={"tag": error.tag}
        ) from error
