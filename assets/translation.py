"""Translates messages from a process without Django."""

from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from assets.messages import Message


def translated(message: Message) -> str:
    """Return a message in the language of the editor.

    Raises ValueError, TypeError or KeyError if its values do not fit the sentence.
    """
    if message.plural:
        text = ngettext(message.text, message.plural, message.values["count"])
    else:
        text = gettext(message.text) if message.text else ""
    values = {name: _shown(value) for name, value in message.values.items()}
    return text % values if values else text


def _shown(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(str(_shown(each)) for each in value)
    if isinstance(value, date):
        return date_format(value, "DATE_FORMAT")
    return translated(value) if isinstance(value, Message) else value
