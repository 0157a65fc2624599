"""Every text column stores clean texts only, however a row is written.

Models of other packages (users, sessions, the desk's log) also store texts that people typed. The
rule is therefore added to Django's own fields, which save(), update() and bulk_create() share, and
to the fields of forms, which check what will be stored.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from storing.links import allowed_link
from storing.texts import clean_json, clean_text, is_blank

# By model and column: what is stored exactly as it is given, and why.
EXACT = {
    "accounts.User.password": "It is a hash.",
    "sessions.Session.session_key": "It is random, and compared with a cookie.",
    "sessions.Session.session_data": "It is signed: another character breaks the signature.",
    "previews.PreviewLink.token_hash": "It is a hash.",
    "releases.FoldedText.letters": "It is compared letter by letter with what is computed.",
    "releases.RejectedName.name": "It is compared with a name as it is computed.",
}


def install() -> None:
    """Make Django's fields for text and JSON clean what they store."""
    for kind in (models.CharField, models.TextField, models.JSONField):
        if not hasattr(kind, "stores_clean_texts"):
            _clean_in(kind)
    if not hasattr(forms.CharField, "takes_clean_texts"):
        _clean_what_is_typed()


def cleaned(field: Any, value: Any) -> Any:
    """Return a value as a column stores it; only plain texts, lists and dictionaries change."""
    # A field without a model is the type of an expression, such as the space in a Concat.
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


def _clean_in(kind: Any) -> None:
    kind.stores_clean_texts = True
    clean: Callable[..., Any] = kind.clean
    prepare: Callable[..., Any] = kind.get_prep_value
    before_save: Callable[..., Any] = kind.pre_save
    to_database: Callable[..., Any] = kind.get_db_prep_save

    def clean_cleaned(self: Any, value: Any, instance: Any) -> Any:
        """Validate what will be stored: a title that is only control characters is empty."""
        if isinstance(self, models.URLField) and value and not allowed_link(value):
            raise ValidationError(_("Enter a full address that begins with https:// or http://."))
        return clean(self, cleaned(self, value), instance)

    def prepare_cleaned(self: Any, value: Any) -> Any:
        """Look a text up as it is stored, so that get_or_create() finds what it created."""
        return prepare(self, cleaned(self, value))

    def before_save_cleaned(self: Any, instance: Any, add: bool) -> Any:
        """Keep in memory what is stored, for the history and for later readers."""
        value = before_save(self, instance, add)
        clean_value = cleaned(self, value)
        if clean_value != value:
            setattr(instance, self.attname, clean_value)
        return clean_value

    def to_database_cleaned(self: Any, value: Any, connection: Any) -> Any:
        prepared = to_database(self, cleaned(self, value), connection)
        # Countries become text only here; JSON is already a type of the database.
        return prepared if isinstance(self, models.JSONField) else cleaned(self, prepared)

    kind.clean = clean_cleaned
    kind.get_prep_value = prepare_cleaned
    kind.pre_save = before_save_cleaned
    kind.get_db_prep_save = to_database_cleaned


def _clean_what_is_typed() -> None:
    """Let forms check and compare a text as it will be stored.

    NFC makes some texts longer after a form has counted their characters. Browsers end lines with
    two characters, so that each text of several lines would count as changed.
    """
    field: Any = forms.CharField
    field.takes_clean_texts = True
    to_python: Callable[..., Any] = field.to_python
    has_changed: Callable[..., Any] = field.has_changed

    def to_python_cleaned(self: Any, value: Any) -> Any:
        return to_python(self, _typed(self, value))

    def has_changed_cleaned(self: Any, initial: Any, data: Any) -> bool:
        return has_changed(self, _typed(self, initial), data)

    field.to_python = to_python_cleaned
    field.has_changed = has_changed_cleaned


def _typed(field: forms.CharField, value: Any) -> Any:
    """Return what was typed as a column stores it; `strip=False` asks for it exactly."""
    if not isinstance(value, str):
        return value
    if not field.strip:  # passwords, searches, a source to import
        is_area = isinstance(field.widget, forms.Textarea)
        return value.replace("\r\n", "\n") if is_area else value
    # A hidden field may carry several lines.
    several = isinstance(field.widget, forms.Textarea | forms.HiddenInput)
    text = clean_text(value, multiline=several)
    return "" if is_blank(text) else text
