"""Translates messages from a process without Django."""

import re
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from assets.messages import Message, from_json

UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # no database stores these characters


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


def translated_json(stored: Any) -> str:
    """Return a message that was stored as JSON in the language of the editor.

    An older row has the sentence itself, in the language of its upload.
    """
    return stored if isinstance(stored, str) else translated(from_json(stored))


def is_storable(value: object, max_characters: int) -> bool:
    """Return whether a message as JSON has only texts and numbers that a database can store."""
    if isinstance(value, dict | list):
        inside = [*value, *value.values()] if isinstance(value, dict) else value
        return all(is_storable(each, max_characters) for each in inside)
    if isinstance(value, str):
        return len(value) <= max_characters and not UNSTORABLE.search(value)
    return type(value) is int


def _shown(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(str(_shown(each)) for each in value)
    if isinstance(value, date):
        return date_format(value, "DATE_FORMAT")
    return translated(value) if isinstance(value, Message) else value
