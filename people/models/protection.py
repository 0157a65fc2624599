"""Why a person may be named: consents, and who raised or lowered a level."""

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from people.locking import lock_names_for_change, lock_rows
from people.models import publication
from people.models.persons import Person
from people.models.publication import Level, Scope
from storing.rows import Guarded, GuardedQuerySet


class ConsentQuerySet(GuardedQuerySet["Consent"]):
    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the consents one by one, because each changes its person's consent dates."""
        with transaction.atomic():
            for consent in self:
                consent.delete()
        return (0, {})


class Consent(Guarded):
    """A consent to publish something about a person: who allowed what, from when, until when.

    It is never public, and in no export.
    """

    Scope = publication.Scope

    class Basis(models.TextChoices):
        SUBJECT = "subject", _("Consent of the person")
        FAMILY = "family", _("Consent of the family")
        LAWYER = "lawyer", _("Consent given through a lawyer")
        PUBLIC = "public", _("Widely public already; the risk was weighed")

    person = models.ForeignKey(
        Person, models.CASCADE, related_name="consents", verbose_name=_("person")
    )
    basis = models.CharField(_("basis"), max_length=10, choices=Basis.choices)
    covers_name = models.BooleanField(_("the name"), default=False)
    covers_photo = models.BooleanField(_("photographs"), default=False)
    covers_health = models.BooleanField(_("health"), default=False)
    covers_family = models.BooleanField(_("family"), default=False)
    covers_location = models.BooleanField(_("where the person is"), default=False)
    given = models.DateField(_("given on"))
    ends = models.DateField(
        _("ends on"), null=True, blank=True, help_text=_("Last day. Leave blank for no end date.")
    )
    withdrawn = models.DateField(
        _("withdrawn on"),
        null=True,
        blank=True,
        help_text=_(
            "From this day nothing is published on the basis of this consent. Pages and pictures "
            "are removed at once."
        ),
    )
    evidence = models.TextField(
        _("evidence"), blank=True, help_text=_("Where the evidence is kept. Internal only.")
    )

    objects = ConsentQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords()

    class Meta:
        ordering = ["-given", "-pk"]
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            models.CheckConstraint(
                condition=Q(covers_name=True)
                | Q(covers_photo=True)
                | Q(covers_health=True)
                | Q(covers_family=True)
                | Q(covers_location=True),
                name="consent_covers_something",
                violation_error_message=_("Choose what the consent covers."),
            ),
            models.CheckConstraint(
                condition=(Q(ends=None) | Q(ends__gte=F("given")))
                & (Q(withdrawn=None) | Q(withdrawn__gte=F("given"))),
                name="consent_ends_after_it_was_given",
                violation_error_message=_("The end can’t be before the start."),
            ),
        ]

    def __str__(self) -> str:
        covered = [
            str(field.verbose_name)
            for field in self._meta.fields
            if field.name.startswith("covers_") and getattr(self, field.name)
        ]
        return gettext("%(basis)s: %(subjects)s") % {
            "basis": self.get_basis_display(),
            "subjects": ", ".join(covered),
        }

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the consent, and update the consent dates of the person."""
        with transaction.atomic():
            people = self._lock_people()
            super().save(*args, **kwargs)
            _update_consent_dates(people)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the consent, and update the consent dates of the person."""
        with transaction.atomic():
            people = self._lock_people()
            deleted = super().delete(*args, **kwargs)
            _update_consent_dates(people)
        return deleted

    def clean(self) -> None:
        """Refuse a consent with a date in the future."""
        if self.given and self.given > timezone.localdate():
            raise ValidationError({"given": gettext("The date can’t be in the future.")})

    def covers(self, scope: publication.Scope) -> bool:
        return bool(getattr(self, f"covers_{scope}"))

    def last_day(self) -> date | None:
        """Return the last day on which it is valid, or None if it has no end."""
        ends = [self.ends] if self.ends else []
        ends += [self.withdrawn - timedelta(days=1)] if self.withdrawn else []
        return min(ends) if ends else None

    def is_valid_on(self, day: date) -> bool:
        last = self.last_day()
        return self.given <= day and (last is None or day <= last)

    def _lock_people(self) -> list[Person]:
        """Lock the person of this consent, and the person it belonged to before."""
        lock_names_for_change()
        stored = Consent.objects.filter(pk=self.pk).values("person")
        return lock_rows(Person.objects.filter(Q(pk=self.person_id) | Q(pk__in=stored)))


def _update_consent_dates(people: list[Person]) -> None:
    for person in people:
        person.name_consent_until = _last_day(person, Scope.NAME)
        person.photo_consent_until = _photo_consent_until(person)
        person.save(update_fields=[*Person.CONSENT_FIELDS])


def _last_day(person: Person, scope: Scope) -> date | None:
    """Return the last day on which a consent covers a subject. None: no end, or no consent."""
    days = [consent.last_day() for consent in person.consents.all() if consent.covers(scope)]
    ends = [day for day in days if day]
    return max(ends) if ends and len(ends) == len(days) else None


def _photo_consent_until(person: Person) -> date | None:
    """Return the last day on which photographs may be shown. None: no end, or no consent.

    Return Person.NEVER if there are consents, but none covers photographs: a person who was asked
    only about the name did not allow photographs. See docs/decisions/0032.
    """
    consents = list(person.consents.all())
    asked = any(consent.basis != Consent.Basis.PUBLIC for consent in consents)
    if asked and not any(consent.covers_photo for consent in consents):
        return Person.NEVER
    return _last_day(person, Scope.PHOTO)


class LevelChange(models.Model):
    """A change of how far a person may be named: requested and decided, or lowered at once."""

    class Outcome(models.TextChoices):
        REQUESTED = "asked", _("Waiting for approval")
        APPROVED = "agreed", _("Raised")
        REJECTED = "declined", _("Rejected")
        LOWERED = "lowered", _("Lowered")

    person = models.ForeignKey(
        Person, models.CASCADE, related_name="level_changes", verbose_name=_("person")
    )
    before = models.PositiveSmallIntegerField(_("before"), choices=Level.choices)
    after = models.PositiveSmallIntegerField(_("after"), choices=Level.choices)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices)
    basis = models.TextField(_("basis"), blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        db_column="asked_by_id",
        related_name="+",
        verbose_name=_("requested by"),
    )
    requested_at = models.DateTimeField(
        _("requested at"), db_column="asked_at", default=timezone.now
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)
    note = models.TextField(
        _("note"),
        db_column="words",
        blank=True,
        help_text=_("Why it was rejected or lowered."),
    )

    class Meta:
        ordering = ["-requested_at", "-pk"]
        verbose_name = _("level change")
        verbose_name_plural = _("level changes")
        constraints = [
            models.CheckConstraint(
                condition=~Q(outcome="agreed")
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("requested_by")) & ~Q(basis="")),
                name="levelchange_two_people_and_a_basis",
            ),
            models.UniqueConstraint(
                fields=["person"], condition=Q(outcome="asked"), name="levelchange_one_question"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_before_display()} → {self.get_after_display()}"


class MinorMarkRemoval(models.Model):
    """A request to remove the mark “under eighteen”, and who decided it."""

    class Outcome(models.TextChoices):
        REQUESTED = "requested", _("Waiting for approval")
        APPROVED = "approved", _("Mark removed")
        REJECTED = "rejected", _("Rejected")

    person = models.ForeignKey(
        Person, models.CASCADE, related_name="minor_mark_removals", verbose_name=_("person")
    )
    outcome = models.CharField(
        _("outcome"), max_length=10, choices=Outcome.choices, default=Outcome.REQUESTED
    )
    reason = models.TextField(_("reason"))
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=_("requested by"),
    )
    requested_at = models.DateTimeField(_("requested at"), default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)
    note = models.TextField(_("note"), blank=True, help_text=_("Why it was rejected."))

    class Meta:
        ordering = ["-requested_at", "-pk"]
        verbose_name = _("minor mark removal")
        verbose_name_plural = _("minor mark removals")
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="minormarkremoval_has_a_reason"),
            models.CheckConstraint(
                condition=~Q(outcome="approved")
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("requested_by"))),
                name="minormarkremoval_two_people",
            ),
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(outcome="requested"),
                name="minormarkremoval_one_request",
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(outcome)s, %(date)s") % {
            "outcome": self.get_outcome_display(),
            "date": date_format(timezone.localtime(self.requested_at)),
        }
