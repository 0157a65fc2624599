"""Rows of the apps of django-allauth that this project may use."""

from typing import Any

from django.apps import apps
from django.db.models import QuerySet


def rows_of(app: str, model: str) -> QuerySet[Any] | None:
    """Return the rows of a model of django-allauth, None if its app is not installed."""
    if not apps.is_installed(f"allauth.{app}"):
        return None
    return apps.get_model(app, model)._default_manager.all()


def second_factors() -> QuerySet[Any] | None:
    """Return the second factors of all users, without recovery codes."""
    rows = rows_of("mfa", "Authenticator")
    return rows if rows is None else rows.exclude(type="recovery_codes")
