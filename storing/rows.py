"""Rows that only their own save() changes, which also updates texts, versions and indexes."""

from typing import Any, ClassVar, NoReturn, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


class BulkChangeError(TypeError):
    """A change in bulk would skip what a row's save() does."""


class GuardedQuerySet(models.QuerySet[Row]):
    """Refuses every change in bulk, except of columns that are derived from other rows."""

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
        """Write columns named in DERIVED_FIELDS: they contain no text, version or history."""
        derived = getattr(self.model, "DERIVED_FIELDS", ())
        if others := sorted(values.keys() - set(derived)):
            raise BulkChangeError(
                f"{', '.join(others)} of {self.model.__name__} are not derived from other rows. "
                "Change them with save()."
            )
        return super().update(**values)

    def _refusal(self, what: str) -> BulkChangeError:
        return BulkChangeError(
            f"{what} would skip cleaning, version, history and index of {self.model.__name__}. "
            "Save each row, a release with releases.workflow. Use update_derived() for columns "
            "that are derived from other rows."
        )


class Guarded(models.Model):
    """A row that editors write: it has a history, and only save() changes it."""

    # Columns that are derived from other rows: update_derived() may write them.
    DERIVED_FIELDS: ClassVar[frozenset[str]] = frozenset()

    # Models replace it with querysets of their own, which the type checker reports (misc).
    objects = GuardedQuerySet.as_manager()

    class Meta:
        abstract = True
        # What Django uses for related rows too: `release.translations.add()` updates in bulk.
        base_manager_name = "objects"


def is_unlinking(model: type[models.Model], values: dict[str, Any]) -> bool:
    """Whether Django removes a link from rows because its target is being deleted."""
    return bool(values) and all(
        value is None and getattr(_link(model, name), "on_delete", None) is models.SET_NULL
        for name, value in values.items()
    )


def _link(model: type[models.Model], name: str) -> Any:
    return getattr(model._meta.get_field(name), "remote_field", None)
