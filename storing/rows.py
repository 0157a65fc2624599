"""Models that refuse bulk changes, because save() also updates texts, versions and indexes."""

from typing import Any, ClassVar, NoReturn, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


class BulkChangeError(TypeError):
    """A bulk change was refused, because it would skip save()."""


class GuardedQuerySet(models.QuerySet[Row]):
    """A queryset that refuses bulk changes, except of columns derived from other rows."""

    def update(self, **values: Any) -> int:
        """Raise BulkChangeError, except when Django sets foreign keys to null (SET_NULL).

        Save each row, or use `update_derived`.
        """
        if is_unlinking(self.model, values):
            return super().update(**values)
        raise self._refusal("update()")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise BulkChangeError. Save each row."""
        raise self._refusal("bulk_update()")

    def bulk_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise BulkChangeError. Save each row."""
        raise self._refusal("bulk_create()")

    def update_derived(self, **values: Any) -> int:
        """Update columns in DERIVED_FIELDS, which contain no text, version or history.

        Raises BulkChangeError for any other column.
        """
        derived = getattr(self.model, "DERIVED_FIELDS", ())
        if others := sorted(values.keys() - set(derived)):
            raise BulkChangeError(
                f"{', '.join(others)} of {self.model.__name__} are not derived from other rows. "
                "Change them with save()."
            )
        return super().update(**values)

    def _refusal(self, method: str) -> BulkChangeError:
        return BulkChangeError(
            f"{method} would skip cleaning, version, history and index of {self.model.__name__}. "
            "Save each row, a release with releases.workflow. Use update_derived() for columns "
            "that are derived from other rows."
        )


class Guarded(models.Model):
    """A model that editors write: its rows have a history, and only save() may change them."""

    # Columns that are derived from other rows, so that update_derived() may write them.
    DERIVED_FIELDS: ClassVar[frozenset[str]] = frozenset()

    # Subclasses replace this manager with their own, which the type checker reports (misc).
    objects = GuardedQuerySet.as_manager()

    class Meta:
        abstract = True
        # Related rows must use this manager too: `release.translations.add()` updates in bulk.
        base_manager_name = "objects"


def is_unlinking(model: type[models.Model], values: dict[str, Any]) -> bool:
    """Return whether an update only sets foreign keys to null, as SET_NULL does."""
    return bool(values) and all(
        value is None and getattr(_link(model, name), "on_delete", None) is models.SET_NULL
        for name, value in values.items()
    )


def _link(model: type[models.Model], name: str) -> Any:
    return getattr(model._meta.get_field(name), "remote_field", None)
