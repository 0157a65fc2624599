"""Abstract models for the rows of a case: with a source, an error mark, a date."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from people.dates import UncertainDate, UncertainDateField, stored
from storing.rows import Guarded, GuardedQuerySet


class Sourced(Guarded):
    """A fact with its source, which is internal unless an editor marks it as publishable."""

    class Reliability(models.TextChoices):
        """The reliability of a source, from HURIDOCS micro-thesaurus 42."""

        UNKNOWN = "", _("Not judged")
        COMPLETE = "complete", _("Completely reliable")
        USUAL = "usual", _("Usually reliable")
        FAIR = "fair", _("Fairly reliable")
        SELDOM = "seldom", _("Not usually reliable")
        UNRELIABLE = "unreliable", _("Unreliable")

    source = models.TextField(
        _("source"), blank=True, help_text=_("Internal only unless you tick the box.")
    )
    source_url = models.URLField(
        _("address of the source"), max_length=500, blank=True, default="", db_default=""
    )
    source_public = models.BooleanField(
        _("the source may be published"),
        default=False,
        db_default=False,
        help_text=_("Never for a source who could be harmed."),
    )
    # The database default is for rows from older code, which does not write this column and prints
    # every source. An editor must decide about these. Current code always writes a value.
    source_to_review = models.BooleanField(default=False, db_default=True, editable=False)
    reliability = models.CharField(
        _("reliability of the source"),
        max_length=12,
        choices=Reliability.choices,
        blank=True,
        default="",
        db_default="",
        help_text=_("Internal only."),
    )
    internal_note = models.TextField(
        _("internal note"),
        blank=True,
        default="",
        db_default="",
        help_text=_("Informants, exact places, doubts. Internal only."),
    )

    class Meta:
        abstract = True

    @property
    def printed_source(self) -> str:
        """The source, if the public may read it; "" if it is internal."""
        return (self.source or self.source_url) if self.source_public else ""

    @property
    def printed_source_url(self) -> str:
        """The URL of the source, if the public may open it; "" if it is internal."""
        return self.source_url if self.source_public else ""


class ErrorMarkedQuerySet(GuardedQuerySet[Any]):
    def valid(self) -> Self:
        """Return the rows that are not marked as recorded in error."""
        return self.filter(error_at=None)


class ErrorMarked(models.Model):
    """A row that is never deleted. A wrong row is marked as recorded in error, with a note."""

    error_at = models.DateTimeField(null=True, blank=True, editable=False)
    error_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    error_note = models.TextField(blank=True, default="", db_default="", editable=False)

    class Meta:
        abstract = True

    def is_valid(self) -> bool:
        """Return whether the row is in `ErrorMarkedQuerySet.valid`."""
        return self.error_at is None


class Dated(models.Model):
    """Something with a date that may be uncertain."""

    date = UncertainDateField(_("date"))
    date_earliest = models.DateField(null=True, editable=False)
    date_latest = models.DateField(null=True, editable=False)

    class Meta:
        abstract = True

    @property
    def day(self) -> UncertainDate | None:
        return stored(self.date, self.date_earliest, self.date_latest)
