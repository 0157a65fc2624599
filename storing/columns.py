"""Every text column takes clean texts only, by whatever way a row is written.

Models of other packages (users, sessions, the desk's log) write texts that people typed, too. The
rule is therefore put into Django's own fields, where save(), update() and bulk_create() meet.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from storing.links import allowed_link
from storing.texts import clean_json, clean_text

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
    if not hasattr(forms.CharField, "ends_lines_as_stored"):
        _end_lines_as_stored()


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
    return clean_text(value, multiline=isinstance(field, models.TextField))


def _clean_in(kind: Any) -> None:
    kind.stores_clean_texts = True
    clean: Callable[..., Any] = kind.clean
    prepare: Callable[..., Any] = kind.get_prep_value
    before_save: Callable[..., Any] = kind.pre_save
    to_database: Callable[..., Any] = kind.get_db_prep_save

    def clean_cleaned(self: Any, value: Any, instance: Any) -> Any:
        """Validate what will be stored: a title of control characters alone is empty."""
        if isinstance(self, models.URLField) and value and not allowed_link(value):
            raise ValidationError(_("Give a full address that begins with https:// or http://."))
        return clean(self, cleaned(self, value), instance)

    def prepare_cleaned(self: Any, value: Any) -> Any:
        """Look a text up as it is stored, so that get_or_create() finds what it created."""
        return prepare(self, cleaned(self, value))

    def before_save_cleaned(self: Any, instance: Any, add: bool) -> Any:
        """Leave in memory what is stored, for the history and for the next who read it."""
        value = before_save(self, instance, add)
        clean_value = cleaned(self, value)
        if clean_value != value:
            setattr(instance, self.attname, clean_value)
        return clean_value

    def to_database_cleaned(self: Any, value: Any, connection: Any) -> Any:
        prepared = to_database(self, cleaned(self, value), connection)
        # Countries become a text only here; JSON has become one of the database's own.
        return prepared if isinstance(self, models.JSONField) else cleaned(self, prepared)

    kind.clean = clean_cleaned
    kind.get_prep_value = prepare_cleaned
    kind.pre_save = before_save_cleaned
    kind.get_db_prep_save = to_database_cleaned


def _end_lines_as_stored() -> None:
    """Let forms compare what was typed with what is stored: browsers end lines with two characters.

    Without it, each text of several lines would count as changed whenever its form is sent.
    """
    field: Any = forms.CharField
    field.ends_lines_as_stored = True
    to_python: Callable[..., Any] = field.to_python

    def to_python_with_plain_ends(self: Any, value: Any) -> Any:
        if isinstance(value, str) and isinstance(self.widget, forms.Textarea):
            value = value.replace("\r\n", "\n")
        return to_python(self, value)

    field.to_python = to_python_with_plain_ends
