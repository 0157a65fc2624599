"""Fields of forms that Django does not have, or not as strict."""

import json
import math
from typing import Any, NoReturn

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput
from django.utils.translation import gettext_lazy

MOST_LEVELS = 20  # our own scripts send three


class _Strict(json.JSONDecoder):
    """Reads JSON as its standard says: NaN and Infinity are no numbers."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(parse_constant=_refuse, parse_float=_finite, **kwargs)


class JSONField(forms.JSONField):
    """A JSON text that a script filled in; what cannot be read gets the field's own sentence."""

    default_error_messages = dict.fromkeys(
        ["required", "invalid"], gettext_lazy("Open this form again: it is incomplete.")
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(decoder=_Strict, **kwargs)

    def to_python(self, value: Any) -> Any:
        try:
            read = super().to_python(value)
        except (ValueError, RecursionError):  # thousands of digits or of brackets
            read = ...
        if read is ... or not _is_flat(read):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return read

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return super().bound_data(data, initial)
        except (ValueError, RecursionError):
            return InvalidJSONInput(data)


def _is_flat(value: Any) -> bool:
    level = [value]
    for _turn in range(MOST_LEVELS):
        lists = [item for item in level if isinstance(item, list | dict)]
        if not lists:
            return True
        level = [
            item for held in lists for item in (held.values() if isinstance(held, dict) else held)
        ]
    return False


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number
