"""Rows that are changed by their own save() alone, where texts, versions and indexes follow."""

from typing import Any, ClassVar, NoReturn, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


class BulkChangeError(TypeError):
    """A change in bulk would pass by what a row's save() does."""


class GuardedQuerySet(models.QuerySet[Row]):
    """Refuses every change in bulk but that of columns which follow from other rows."""

    def update(self, **values: Any) -> int:
        """Refuse: save each row, or use `update_derived`."""
        if is_unlinking(self.model, values):
            return super().update(**values)
        raise self._refusal("update()")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: save each row."""
        raise self._refusal("bulk_update()")

    def bulk_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: save each row."""
        raise self._refusal("bulk_create()")

    def update_derived(self, **values: Any) -> int:
        """Write columns named in DERIVED_FIELDS: they hold no text, version or history."""
        derived = getattr(self.model, "DERIVED_FIELDS", ())
        if strange := sorted(values.keys() - set(derived)):
            raise BulkChangeError(
                f"{', '.join(strange)} of {self.model.__name__} do not follow from other rows. "
                "Change them by save()."
            )
        return super().update(**values)

    def _refusal(self, what: str) -> BulkChangeError:
        return BulkChangeError(
            f"{what} would pass by cleaning, version, history and index of "
            f"{self.model.__name__}. Save each row, for a release by releases.workflow; columns "
            "that follow from other rows are for update_derived()."
        )


class Guarded(models.Model):
    """A row that editors write: it has a history, and changes by save() alone."""

    # Columns that follow from other rows: update_derived() may write them.
    DERIVED_FIELDS: ClassVar[frozenset[str]] = frozenset()

    # Models put querysets of their own in its place; the checker takes that for a mistake (misc).
    objects = GuardedQuerySet.as_manager()

    class Meta:
        abstract = True
        # What Django uses for related rows too: `release.translations.add()` updates in bulk.
        base_manager_name = "objects"


def is_unlinking(model: type[models.Model], values: dict[str, Any]) -> bool:
    """Whether Django takes a link off rows because what it leads to is being deleted."""
    return bool(values) and all(
        value is None and getattr(_link(model, name), "on_delete", None) is models.SET_NULL
        for name, value in values.items()
    )


def _link(model: type[models.Model], name: str) -> Any:
    return getattr(model._meta.get_field(name), "remote_field", None)
