"""Messages that a process without Django creates and the application translates.

    from assets.messages import BadFileError
    from assets.messages import message as _

    raise BadFileError(_("It takes more than %(seconds)s seconds to read.", seconds=5))

The process that opens uploads sends a message as JSON; `assets.sandbox` translates it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence in English with its values. `plural` is used unless the value `count` is 1.

    A value is a text, a number, a date, another message, or a list of these.
    """

    text: str
    plural: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the sentence in English."""
        text = self.plural if self.plural and self.values["count"] != 1 else self.text
        values = {name: _shown(value) for name, value in self.values.items()}
        return text % values if values else text


class BadFileError(ValueError):
    """The file can't be used. The message contains the reason and what to do."""

    def __init__(self, message: Message | str) -> None:
        self.message = message if isinstance(message, Message) else Message(message)
        super().__init__(str(self.message))


def message(text: str, **values: Any) -> Message:
    """Return a translatable message. Import this as `_`, so that `make messages` finds the text."""
    return Message(text, values=values)


def ngettext(text: str, plural: str, count: int, **values: Any) -> Message:
    """Return a translatable message with a singular and a plural, and the value `count`."""
    return Message(text, plural, {"count": count, **values})


def as_json(value: Any) -> Any:
    """Return a message, or one of its values, as a JSON value."""
    if isinstance(value, Message):
        values = {name: as_json(each) for name, each in value.values.items()}
        return {"text": value.text, "plural": value.plural, "values": values}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    return [as_json(each) for each in value] if isinstance(value, list | tuple) else value


def from_json(stored: Any) -> Message:
    """Return the message for a result of `as_json`. Raises ValueError if it is not a message."""
    if not isinstance(stored, dict) or stored.keys() != {"text", "plural", "values"}:
        raise ValueError("This is no message.")
    text, plural, values = stored["text"], stored["plural"], stored["values"]
    if not (isinstance(text, str) and isinstance(plural, str) and isinstance(values, dict)):
        raise ValueError("This is no message.")
    return Message(text, plural, {str(name): _value(each) for name, each in values.items()})


def _value(stored: Any) -> Any:
    if isinstance(stored, dict) and stored.keys() == {"date"}:
        return date.fromisoformat(str(stored["date"]))
    if isinstance(stored, dict):
        return from_json(stored)
    if isinstance(stored, list):
        return [_value(each) for each in stored]
    if isinstance(stored, str | int | float):
        return stored
    raise ValueError("This is no value of a message.")


def _shown(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value)
    if isinstance(value, date):
        return f"{value.day} {value:%B %Y}"
    return str(value) if isinstance(value, Message) else value
