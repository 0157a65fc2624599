"""A form field for JSON that a script of a page fills in."""

import json
import math
from typing import Any, NoReturn

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput
from django.utils.translation import gettext_lazy

MAX_JSON_DEPTH = 20  # levels; our own scripts send three


class _StrictDecoder(json.JSONDecoder):
    """JSON decoder that follows the standard: it rejects NaN and Infinity."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(parse_constant=_reject_constant, parse_float=_finite_float, **kwargs)


class JSONField(forms.JSONField):
    """JSON that a script filled in. All unreadable values give the same error."""

    default_error_messages = dict.fromkeys(
        ["required", "invalid"], gettext_lazy("The form was incomplete. Reload it and try again.")
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(decoder=_StrictDecoder, **kwargs)

    def to_python(self, value: Any) -> Any:
        try:
            parsed = super().to_python(value)
        except (ValueError, RecursionError):  # from thousands of digits or nested brackets
            parsed = ...
        if parsed is ... or not _is_flat(parsed):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return parsed

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return super().bound_data(data, initial)
        except (ValueError, RecursionError):
            return InvalidJSONInput(data)


def _is_flat(value: Any) -> bool:
    level = [value]
    for _depth in range(MAX_JSON_DEPTH):
        containers = [item for item in level if isinstance(item, list | dict)]
        if not containers:
            return True
        level = [
            item
            for container in containers
            for item in (container.values() if isinstance(container, dict) else container)
        ]
    return False


def _reject_constant(constant: str) -> NoReturn:
    raise ValueError(constant)


def _finite_float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number
