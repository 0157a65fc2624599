"""Every text field is in the table of public texts, or is internal for a reason."""

import re

import pytest
from django.apps import apps
from django.db import models

from releases.rules.public_texts import INTERNAL, TABLES, TEXTS

APPS = ("people", "assets", "releases", "previews", "jobs")
# Fields for e-mail addresses, URLs, slugs and pictures are subclasses of these.
TEXT_FIELDS = (models.CharField, models.TextField, models.FileField, models.JSONField,
           models.GenericIPAddressField, models.BinaryField)  # fmt: skip


def text_fields() -> set[tuple[str, str]]:
    """Return every field that can contain text, except in tables of versions."""
    return {
        (model._meta.label_lower, field.name)
        for app in APPS
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
        if not hasattr(model, "instance_type")  # a version repeats a row
        for field in model._meta.concrete_fields
        if isinstance(field, TEXT_FIELDS)
    }


def public_fields() -> set[tuple[str, str]]:
    return {(text.table, text.field) for text in TEXTS}


def test_the_text_fields_of_models_are_found():
    assert len(text_fields()) > 100
    assert ("releases.release", "attached") in text_fields()
    assert ("releases.contact", "email") in text_fields()


def test_every_text_field_is_public_or_internal():
    forgotten = text_fields() - public_fields() - INTERNAL.keys()
    assert not forgotten, (
        f"Add them to releases.rules.public_texts.TEXTS, or to INTERNAL with a reason: {forgotten}"
    )


def test_each_field_of_the_table_exists_and_is_listed_once():
    assert public_fields() - text_fields() == set()
    assert INTERNAL.keys() - text_fields() == set()
    assert public_fields() & INTERNAL.keys() == set()


@pytest.mark.parametrize("field", sorted(INTERNAL), ids=".".join)
def test_every_internal_field_has_a_reason(field):
    assert len(re.findall(r"\w+", INTERNAL[field])) >= 4


def test_a_condition_of_a_text_is_a_field_of_its_row():
    for table, texts in TABLES.items():
        fields = {field.name for field in apps.get_model(table)._meta.concrete_fields}
        for text in texts:
            assert {text.when} - {""} <= fields
            assert str(text.place).strip()
