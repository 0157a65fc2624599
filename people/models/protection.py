"""On what ground somebody may be named: consents, and who raised or lowered a level."""

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from people.locking import lock_names_for_change, lock_rows
from people.models.persons import Level, Person
from storing.rows import Guarded, GuardedQuerySet


class ConsentQuerySet(GuardedQuerySet["Consent"]):
    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete one by one: each changes what may be told of its person."""
        with transaction.atomic():
            for consent in self:
                consent.delete()
        return (0, {})


class Consent(Guarded):
    """Why something of a person may be told: who allowed what, since when, until when.

    It is never public and in no export.
    """

    class Scope(models.TextChoices):
        NAME = "name", "The name"
        PHOTO = "photo", "Photographs"
        HEALTH = "health", "Health"
        FAMILY = "family", "Family"
        LOCATION = "location", "Where the person is"

    class Basis(models.TextChoices):
        SUBJECT = "subject", "Consent of the person"
        FAMILY = "family", "Consent of the family"
        LAWYER = "lawyer", "Consent given through a lawyer"
        PUBLIC = "public", "Widely public already; the risk was weighed"

    person = models.ForeignKey(Person, models.CASCADE, related_name="consents")
    basis = models.CharField(max_length=10, choices=Basis.choices)
    covers_name = models.BooleanField("the name", default=False)
    covers_photo = models.BooleanField("photographs", default=False)
    covers_health = models.BooleanField("health", default=False)
    covers_family = models.BooleanField("family", default=False)
    covers_location = models.BooleanField("where the person is", default=False)
    given = models.DateField("given on")
    ends = models.DateField(
        "ends on", null=True, blank=True, help_text="The last day. Empty: until it is withdrawn."
    )
    withdrawn = models.DateField(
        "withdrawn on",
        null=True,
        blank=True,
        help_text="From this day on nothing is told on its ground: pages and pictures go at once.",
    )
    evidence = models.TextField(
        blank=True, help_text="Where it is to be found. Never public, and in no export."
    )

    objects = ConsentQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords()

    class Meta:
        ordering = ["-given", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(covers_name=True)
                | Q(covers_photo=True)
                | Q(covers_health=True)
                | Q(covers_family=True)
                | Q(covers_location=True),
                name="consent_covers_something",
                violation_error_message="Say what the consent covers.",
            ),
            models.CheckConstraint(
                condition=(Q(ends=None) | Q(ends__gte=F("given")))
                & (Q(withdrawn=None) | Q(withdrawn__gte=F("given"))),
                name="consent_ends_after_it_was_given",
                violation_error_message="A consent cannot end before it was given.",
            ),
        ]

    def __str__(self) -> str:
        covered = [str(scope.label).lower() for scope in self.Scope if self.covers(scope)]
        return f"{self.get_basis_display()}: {', '.join(covered)}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; what may be told of the person follows."""
        with transaction.atomic():
            people = self._lock_people()
            super().save(*args, **kwargs)
            _follow(people)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete; what may be told of the person follows."""
        with transaction.atomic():
            people = self._lock_people()
            deleted = super().delete(*args, **kwargs)
            _follow(people)
        return deleted

    def clean(self) -> None:
        """Refuse a consent that is still to be given."""
        if self.given and self.given > timezone.localdate():
            raise ValidationError({"given": "A consent holds from the day it was given."})

    def covers(self, scope: "Consent.Scope") -> bool:
        return bool(getattr(self, f"covers_{scope}"))

    def last_day(self) -> date | None:
        """Return the last day on which it holds, None without an end."""
        ends = [self.ends] if self.ends else []
        ends += [self.withdrawn - timedelta(days=1)] if self.withdrawn else []
        return min(ends) if ends else None

    def holds_on(self, day: date) -> bool:
        last = self.last_day()
        return self.given <= day and (last is None or day <= last)

    def _lock_people(self) -> list[Person]:
        """Lock the person of this consent, and the person it belonged to before."""
        lock_names_for_change()
        stored = Consent.objects.filter(pk=self.pk).values("person")
        return lock_rows(Person.objects.filter(Q(pk=self.person_id) | Q(pk__in=stored)))


def _follow(people: list[Person]) -> None:
    for person in people:
        person.named_until = _last_day(person, Consent.Scope.NAME)
        person.shown_until = _photos_until(person)
        person.save(update_fields=["named_until", "shown_until"])


def _last_day(person: Person, scope: Consent.Scope) -> date | None:
    """Return the last day on which any consent covers a subject; None: no end, or none recorded."""
    days = [consent.last_day() for consent in person.consents.all() if consent.covers(scope)]
    ends = [day for day in days if day]
    return max(ends) if ends and len(ends) == len(days) else None


def _photos_until(person: Person) -> date | None:
    """Return the last day on which photographs may be shown; None: no end, or none recorded.

    Person.NEVER_SHOWN where somebody consented to something, and nobody to photographs: a person
    who was asked about the name alone did not allow the face. See docs/decisions/0032.
    """
    consents = list(person.consents.all())
    asked = any(consent.basis != Consent.Basis.PUBLIC for consent in consents)
    if asked and not any(consent.covers_photo for consent in consents):
        return Person.NEVER_SHOWN
    return _last_day(person, Consent.Scope.PHOTO)


class LevelChange(models.Model):
    """Who asked to raise how far a person may be named, who agreed; or who lowered it at once."""

    class Outcome(models.TextChoices):
        ASKED = "asked", "Waits for a second person"
        AGREED = "agreed", "Raised"
        DECLINED = "declined", "Declined"
        LOWERED = "lowered", "Lowered"

    person = models.ForeignKey(Person, models.CASCADE, related_name="level_changes")
    before = models.PositiveSmallIntegerField(choices=Level.choices)
    after = models.PositiveSmallIntegerField(choices=Level.choices)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    basis = models.TextField(blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    words = models.TextField(blank=True, help_text="Why it was declined or lowered.")

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(outcome="agreed")
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("asked_by")) & ~Q(basis="")),
                name="levelchange_two_people_and_a_basis",
            ),
            models.UniqueConstraint(
                fields=["person"], condition=Q(outcome="asked"), name="levelchange_one_question"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_before_display()} → {self.get_after_display()}"


class MinorMarkRemoval(models.Model):
    """Who requested that the mark “under eighteen” is removed, and who decided it."""

    class Outcome(models.TextChoices):
        REQUESTED = "requested", _("Waits for a second person")
        APPROVED = "approved", _("Mark removed")
        REJECTED = "rejected", _("Rejected")

    person = models.ForeignKey(Person, models.CASCADE, related_name="minor_mark_removals")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.REQUESTED)
    reason = models.TextField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True, help_text=_("Why it was rejected."))

    class Meta:
        ordering = ["-requested_at", "-pk"]
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
        return f"{self.get_outcome_display()}, {self.requested_at:%Y-%m-%d}"
