"""Cleans the texts in every text column, for save(), update() and bulk_create() alike.

Models of other packages (users, sessions, the desk's log) also store texts that people typed.
Therefore this patches Django's own model fields, which these methods share. It also patches the
form fields, so that forms validate the text that will be stored.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from storing.links import allowed_link
from storing.texts import clean_json, clean_text, is_blank

# Columns that store a text unchanged, and the reason.
EXACT = {
    "accounts.User.password": "It is a hash.",
    "sessions.Session.session_key": "It is random, and compared with a cookie.",
    "sessions.Session.session_data": "It is signed: another character breaks the signature.",
    "previews.PreviewLink.token_hash": "It is a hash.",
    "releases.FoldedText.letters": "It is compared letter by letter with what is computed.",
    "releases.SearchWord.word": "It is compared with words as they are computed.",
    "releases.RejectedName.name": "It is compared with a name as it is computed.",
}


def install() -> None:
    """Make Django's fields for text and JSON clean what they store."""
    for kind in (models.CharField, models.TextField, models.JSONField):
        if not hasattr(kind, "stores_clean_texts"):
            _patch_model_field(kind)
    if not hasattr(forms.CharField, "takes_clean_texts"):
        _patch_form_field()


def cleaned(field: Any, value: Any) -> Any:
    """Return a value as a column stores it; a text column changes only values of type str."""
    # A field without a model is the output field of an expression, such as a space in Concat().
    model = getattr(field, "model", None)
    if model is None or f"{model._meta.label}.{field.name}" in EXACT:
        return value
    if isinstance(field, models.JSONField):
        return clean_json(value)
    if not isinstance(value, str):
        return value
    if isinstance(field, models.URLField):
        value = allowed_link(value) or ""
    text = clean_text(value, multiline=isinstance(field, models.TextField))
    return "" if is_blank(text) else text


def _patch_model_field(kind: Any) -> None:
    kind.stores_clean_texts = True
    clean: Callable[..., Any] = kind.clean
    prepare: Callable[..., Any] = kind.get_prep_value
    before_save: Callable[..., Any] = kind.pre_save
    to_database: Callable[..., Any] = kind.get_db_prep_save

    def clean_cleaned(self: Any, value: Any, instance: Any) -> Any:
        """Validate the value that will be stored: a title of control characters only is empty."""
        if isinstance(self, models.URLField) and value and not allowed_link(value):
            raise ValidationError(_("Enter a full address that begins with https:// or http://."))
        return clean(self, cleaned(self, value), instance)

    def prepare_cleaned(self: Any, value: Any) -> Any:
        """Clean lookup values too, so that get_or_create() finds the row that it created."""
        return prepare(self, cleaned(self, value))

    def before_save_cleaned(self: Any, instance: Any, add: bool) -> Any:
        """Set the stored value on the instance, for the history and for later code."""
        value = before_save(self, instance, add)
        clean_value = cleaned(self, value)
        if clean_value != value:
            setattr(instance, self.attname, clean_value)
        return clean_value

    def to_database_cleaned(self: Any, value: Any, connection: Any) -> Any:
        prepared = to_database(self, cleaned(self, value), connection)
        # Country values become texts only here. JSON values are already adapted to the database.
        return prepared if isinstance(self, models.JSONField) else cleaned(self, prepared)

    kind.clean = clean_cleaned
    kind.get_prep_value = prepare_cleaned
    kind.pre_save = before_save_cleaned
    kind.get_db_prep_save = to_database_cleaned


def _patch_form_field() -> None:
    """Make forms validate and compare a text as it will be stored.

    NFC makes some texts longer, so it must come before a form counts the characters. Browsers end
    lines with CRLF, so without cleaning every text of several lines would count as changed.
    """
    field: Any = forms.CharField
    field.takes_clean_texts = True
    to_python: Callable[..., Any] = field.to_python
    has_changed: Callable[..., Any] = field.has_changed

    def to_python_cleaned(self: Any, value: Any) -> Any:
        return to_python(self, _cleaned_input(self, value))

    def has_changed_cleaned(self: Any, initial: Any, data: Any) -> bool:
        return has_changed(self, _cleaned_input(self, initial), data)

    field.to_python = to_python_cleaned
    field.has_changed = has_changed_cleaned


def _cleaned_input(field: forms.CharField, value: Any) -> Any:
    """Return a typed text as a column stores it; with `strip=False` only line ends change."""
    if not isinstance(value, str):
        return value
    if not field.strip:  # passwords, searches, a source to import
        is_area = isinstance(field.widget, forms.Textarea)
        return value.replace("\r\n", "\n") if is_area else value
    # A hidden field may contain several lines.
    several = isinstance(field.widget, forms.Textarea | forms.HiddenInput)
    text = clean_text(value, multiline=several)
    return "" if is_blank(text) else text
