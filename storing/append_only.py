"""Models whose rows are never changed or deleted after they were saved."""

from typing import Any

from django.db import models

from storing.rows import is_unlinking


class AppendOnlyQuerySet(models.QuerySet):
    def update(self, **values: Any) -> int:
        if is_unlinking(self.model, values):
            return super().update(**values)
        raise TypeError("Recorded rows can’t be changed.")

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[Any]:
        if kwargs.get("update_conflicts"):
            raise TypeError("Recorded rows can’t be changed.")
        return super().bulk_create(*args, **kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("Recorded rows can’t be deleted.")


class AppendOnly(models.Model):
    """A row that is never changed or deleted after it was saved."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Recorded rows can’t be changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Recorded rows can’t be deleted.")
