"""Detentions as we know them: dated, sourced, and never overwritten."""

import contextlib
from datetime import date
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django_countries.fields import CountryField
from simple_history.models import HistoricalRecords

from people.dates import UncertainDate, UncertainDateField, read
from people.locking import locked_rows
from people.models.persons import Person, language_tag


class Sourced(models.Model):
    """A fact with where it comes from: the citation is public, the rest never."""

    class Reliability(models.TextChoices):
        """After HURIDOCS micro-thesaurus 42."""

        UNKNOWN = "", "Not judged"
        COMPLETE = "complete", "Completely reliable"
        USUAL = "usual", "Usually reliable"
        FAIR = "fair", "Fairly reliable"
        SELDOM = "seldom", "Not usually reliable"
        UNRELIABLE = "unreliable", "Unreliable"

    source = models.TextField(blank=True, help_text="Where this comes from, as it may be printed.")
    source_url = models.URLField(
        "address of the source", max_length=500, blank=True, default="", db_default=""
    )
    reliability = models.CharField(
        "reliability of the source",
        max_length=12,
        choices=Reliability.choices,
        blank=True,
        default="",
        db_default="",
        help_text="Never public.",
    )
    internal_note = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="Informants, exact places, doubts. Never public, and in no export.",
    )

    class Meta:
        abstract = True


class Dated(models.Model):
    """Something that happened on a day, as far as that is known."""

    date = UncertainDateField()
    date_earliest = models.DateField(null=True, editable=False)
    date_latest = models.DateField(null=True, editable=False)

    class Meta:
        abstract = True

    @property
    def day(self) -> UncertainDate | None:
        return _read(self.date)


class CaseQuerySet(models.QuerySet["Case"]):
    def stale(self, on: date | None = None) -> Self:
        """Those that were to be looked at again by now, of people who are not yet free or dead."""
        on = on or timezone.localdate()
        return self.filter(review_due__lte=on, custody_status__in=Case.HELD)


class Case(Sourced):
    """One detention of one person, as we last knew it.

    Status, confidence and their day are those that hold now; every change of them is kept as a
    row of CaseStatus.
    """

    class Custody(models.TextChoices):
        """After the vocabularies of RSF, CPJ and HURIDOCS; see docs/decisions/0011."""

        DETAINED = "detained", "Held; in what form is not stated"
        PRETRIAL = "pretrial", "Held without conviction"
        ADMINISTRATIVE = "administrative", "Held by executive order"
        IMPRISONED = "imprisoned", "Imprisoned after conviction"
        HOUSE_ARREST = "house_arrest", "Under house arrest"
        RESTRICTED = "restricted", "Free, with movement restricted"
        DISAPPEARED = "disappeared", "Disappeared: fate or place unknown or denied"
        HELD_NON_STATE = "held_non_state", "Held by an armed group"
        RELEASED_CONDITIONAL = "released_conditional", "Released on conditions"
        RELEASED = "released", "Released"
        DIED_IN_CUSTODY = "died_in_custody", "Died in custody"
        DIED = "died", "Died"
        UNKNOWN = "unknown", "Not known"

    class Legal(models.TextChoices):
        """After the U.S. Press Freedom Tracker, with two more."""

        UNKNOWN = "", "Not known"
        NOT_CHARGED = "not_charged", "Not charged"
        CHARGED = "charged", "Charges pending"
        ON_TRIAL = "on_trial", "On trial"
        CONVICTED = "convicted", "Convicted"
        APPEAL = "appeal", "Convicted; an appeal is pending"
        ACQUITTED = "acquitted", "Acquitted"
        DROPPED = "dropped", "Charges dropped"
        PARDONED = "pardoned", "Pardoned"

    class Confidence(models.TextChoices):
        """HURIDOCS micro-thesaurus 41."""

        UNKNOWN = "", "Not judged"
        CONFIRMED = "confirmed", "Confirmed"
        LIKELY = "likely", "Likely"
        POSSIBLE = "possible", "Possible"
        UNLIKELY = "unlikely", "Unlikely"

    class Call(models.TextChoices):
        RELEASE = "immediate_unconditional_release", "Immediate and unconditional release"
        DROP = "drop_charges", "Drop the charges"
        QUASH = "quash_conviction", "Quash the conviction"
        FAIR_TRIAL = "fair_trial", "A fair trial"
        WHEREABOUTS = "disclose_whereabouts", "Say where the person is"
        MEDICAL = "medical_care", "Medical care"
        ACCESS = "family_lawyer_access", "Access for family and lawyer"
        COMMUTE = "commute", "Commute the sentence"
        ILL_TREATMENT = "end_ill_treatment", "End ill-treatment"

    HELD = (
        Custody.DETAINED, Custody.PRETRIAL, Custody.ADMINISTRATIVE, Custody.IMPRISONED,
        Custody.HOUSE_ARREST, Custody.DISAPPEARED, Custody.HELD_NON_STATE,
    )  # fmt: skip
    # The case has moved on where it came to one of these: the word that is said of it.
    ENDED = {
        Custody.RELEASED: "released",
        Custody.RELEASED_CONDITIONAL: "released on conditions",
        Custody.DIED_IN_CUSTODY: "died in custody",
        Custody.DIED: "died",
    }
    STATUS = ("custody_status", "legal_status", "confidence", "as_of")

    person = models.ForeignKey(Person, models.CASCADE, related_name="cases")
    country = CountryField(
        blank=True, help_text="Who holds the person. Empty where it is not certain."
    )
    custody_status = models.CharField(
        max_length=24, choices=Custody.choices, default=Custody.UNKNOWN
    )
    legal_status = models.CharField(
        max_length=16, choices=Legal.choices, blank=True, default="", db_default=""
    )
    confidence = models.CharField(
        max_length=12,
        choices=Confidence.choices,
        blank=True,
        default="",
        db_default="",
        help_text="That the status is so.",
    )
    as_of = models.DateField(
        "as of", help_text="The day for which the status was last known. Always shown with it."
    )
    since = UncertainDateField("held since", default="", db_default="")
    since_earliest = models.DateField(null=True, editable=False)
    since_latest = models.DateField(null=True, editable=False)
    until = UncertainDateField("held until", default="", db_default="")
    until_earliest = models.DateField(null=True, editable=False)
    until_latest = models.DateField(null=True, editable=False)
    call = models.TextField(blank=True, help_text="What we ask for, in the words of a release.")
    call_types = models.JSONField("kinds of call", default=list, db_default=[], blank=True)
    what_to_do = models.TextField(
        "what readers can do",
        blank=True,
        default="",
        db_default="",
        help_text="Public. Empty: nothing is said.",
    )
    what_to_do_url = models.URLField(
        "where they can do it", max_length=500, blank=True, default="", db_default=""
    )
    summary = models.TextField(blank=True, help_text="What happened, for the person's page.")
    health = models.TextField(
        "concern for health",
        blank=True,
        default="",
        db_default="",
        help_text="Printed only while a consent that covers health holds.",
    )
    place = models.TextField(
        "where the person is held",
        blank=True,
        default="",
        db_default="",
        help_text="Facility, cell, address. Never public: a place that may be told belongs into "
        "the summary.",
    )
    review_due = models.DateField(
        "look at it again by", null=True, blank=True, help_text="Then it comes up on the desk."
    )

    objects = CaseQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["-as_of", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_custody_status_display()} (as of {date_format(self.as_of)})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; a status that is new is kept as a row of its own."""
        with transaction.atomic():
            locked_rows(Case.objects.filter(pk=self.pk))
            super().save(*args, **kwargs)
            now = {name: getattr(self, name) for name in self.STATUS}
            last = self.statuses.order_by("-pk").first()
            if last is None or any(getattr(last, name) != value for name, value in now.items()):
                CaseStatus.objects.create(case=self, source=self.source, **now)

    def clean(self) -> None:
        """Refuse a status of a day that is still to come, and an end before the beginning."""
        problems = {}
        if self.as_of and self.as_of > timezone.localdate():
            problems["as_of"] = "This day is still to come: the status cannot be known for it."
        with contextlib.suppress(ValidationError):  # each field says itself what is wrong with it
            since, until = self.held_since, self.held_until
            if since and until and until.latest < since.earliest:
                problems["until"] = "It cannot end before it began."
        if problems:
            raise ValidationError(problems)

    def is_held(self) -> bool:
        """Whether the person was still held when we last knew."""
        return self.custody_status in self.HELD

    @property
    def held_since(self) -> UncertainDate | None:
        return _read(self.since)

    @property
    def held_until(self) -> UncertainDate | None:
        return _read(self.until)

    @property
    def calls(self) -> list[str]:
        """The kinds of call, in words."""
        return [str(self.Call(kind).label) for kind in self.call_types if kind in self.Call]

    def designation_on(self, day: date) -> "Designation | None":
        """Return the newest designation that holds on a day. Reads prefetched designations."""
        holds = [row for row in self.designations.all() if row.holds_on(day)]
        return holds[-1] if holds else None

    def days_held(self, on: date) -> int | None:
        """Return for how many days the person is or was held, None where no certain day says so."""
        since, until = self.held_since, self.held_until
        if since is None or not since.is_certain:
            return None
        if self.is_held() and until is None:
            return max((on - since.earliest).days, 0)
        return (until.earliest - since.earliest).days if until and until.is_certain else None

    def time_held(self, on: date) -> str:
        """Return since when the person is held, and for how long where a certain day says so."""
        since, until, days = self.held_since, self.held_until, self.days_held(on)
        if since is None:
            return ""
        told = f"{days:,} day{'' if days == 1 else 's'}, " if days is not None else ""
        if until:
            return f"{told}from {since.words} until {until.words}"
        return f"{told}since {since.words}" if self.is_held() else f"{told}from {since.words}"

    def moved_on(self, day: date) -> str:
        """Return how the case ended after a day, in words such as “released on 3 May 2026”.

        "" where it has not, or where the end may have come before that day. Reads prefetched
        events and statuses.
        """
        word = self.ENDED.get(self.Custody(self.custody_status))
        if word is None:
            return ""
        died = self.custody_status in (self.Custody.DIED, self.Custody.DIED_IN_CUSTODY)
        kind = CaseEvent.Kind.DEATH if died else CaseEvent.Kind.RELEASE
        ends = [event.day for event in self.events.all() if event.public and event.kind == kind]
        # Whoever died in freedom was held until another day.
        until = None if self.custody_status == self.Custody.DIED else self.held_until
        if end := ends[-1] if ends else until:
            return f"{word} {end.on}" if end.earliest > day else ""
        known = [status for status in self.statuses.all() if status.as_of <= day]
        ended_then = known and known[-1].custody_status in self.ENDED
        return (
            f"{word}, as of {date_format(self.as_of, 'j F Y')}"
            if (self.as_of > day and not ended_then)
            else ""
        )


class CaseStatus(Sourced):
    """What was known of a case at one time; added by every change, never overwritten."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="statuses")
    custody_status = models.CharField(max_length=24, choices=Case.Custody.choices)
    legal_status = models.CharField(max_length=16, choices=Case.Legal.choices, blank=True)
    confidence = models.CharField(max_length=12, choices=Case.Confidence.choices, blank=True)
    as_of = models.DateField()
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["as_of", "pk"]
        verbose_name_plural = "statuses"

    def __str__(self) -> str:
        return f"{self.get_custody_status_display()} (as of {date_format(self.as_of)})"


class Designation(Sourced):
    """The decision to call somebody a prisoner of conscience: dated, sourced, revocable."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="designations")
    label = models.CharField(max_length=80, default="Prisoner of conscience")
    by = models.CharField("decided by", max_length=200)
    since = UncertainDateField(blank=False)
    since_earliest = models.DateField(null=True, editable=False)
    since_latest = models.DateField(null=True, editable=False)
    until = UncertainDateField("revoked")
    until_earliest = models.DateField(null=True, editable=False)
    until_latest = models.DateField(null=True, editable=False)
    history = HistoricalRecords()

    class Meta:
        ordering = ["since_earliest", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(source=""),
                name="designation_has_a_source",
                violation_error_message="Say where the decision is recorded.",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def holds_on(self, day: date) -> bool:
        """Whether it was made by a day and not revoked by then, as far as the dates can tell."""
        made = self.since_earliest is None or self.since_earliest <= day
        return made and (self.until_earliest is None or day < self.until_earliest)

    @property
    def decided(self) -> UncertainDate | None:
        return _read(self.since)

    @property
    def revoked(self) -> UncertainDate | None:
        return _read(self.until)


class Charge(Sourced, Dated):
    """What somebody is accused of, in our words and in those of the charge."""

    class Result(models.TextChoices):
        UNKNOWN = "", "Not known"
        PENDING = "pending", "Pending"
        DROPPED = "dropped", "Dropped"
        CONVICTED = "convicted", "Convicted"
        ACQUITTED = "acquitted", "Acquitted"

    case = models.ForeignKey(Case, models.CASCADE, related_name="charges")
    text = models.TextField("charge")
    original_text = models.TextField("in its original wording", blank=True)
    original_language = models.CharField(max_length=35, blank=True, validators=[language_tag])
    law = models.CharField(max_length=300, blank=True)
    result = models.CharField(max_length=12, choices=Result.choices, blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["date_earliest", "pk"]

    def __str__(self) -> str:
        return self.text[:80]


class Sentence(Sourced, Dated):
    """What a court imposed."""

    class Kind(models.TextChoices):
        PRISON = "prison", "Imprisonment"
        LIFE = "life", "Imprisonment for life"
        DEATH = "death", "Death"
        SUSPENDED = "suspended", "Suspended sentence"
        FINE = "fine", "Fine"
        OTHER = "other", "Other"

    case = models.ForeignKey(Case, models.CASCADE, related_name="sentences")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    text = models.TextField("in words", blank=True, help_text="As “five years’ imprisonment”.")
    duration = models.CharField(
        max_length=20,
        blank=True,
        validators=[
            RegexValidator(r"^P(?=\d)(\d+Y)?(\d+M)?(\d+D)?$", "Write a duration as P5Y or P1Y6M.")
        ],
        help_text="ISO 8601, as P5Y6M. None for life and death.",
    )
    court = models.CharField(max_length=200, blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["date_earliest", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind__in=["life", "death"]) | Q(duration=""),
                name="sentence_for_life_has_no_duration",
                violation_error_message="Life and death have no duration.",
            ),
        ]

    def __str__(self) -> str:
        return self.text or self.get_kind_display()


class CaseEvent(Sourced, Dated):
    """What happened in a case, and when, as far as that is known."""

    class Kind(models.TextChoices):
        ARREST = "arrest", "Arrest"
        DISAPPEARANCE = "disappearance", "Disappearance"
        CHARGE = "charge", "Charge"
        TRIAL = "trial", "Trial"
        VERDICT = "verdict", "Verdict"
        SENTENCE = "sentence", "Sentence"
        APPEAL = "appeal", "Appeal"
        TRANSFER = "transfer", "Transfer"
        HEALTH = "health", "Health"
        ACCESS_DENIED = "access_denied", "Access denied"
        UN_OPINION = "un_opinion", "Opinion of the United Nations"
        ACTION = "action", "Action"
        RELEASE = "release", "Release"
        DEATH = "death", "Death"
        OTHER = "other", "Other"

    case = models.ForeignKey(Case, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    summary = models.TextField()
    public = models.BooleanField(default=True, help_text="On the person's page.")
    history = HistoricalRecords()

    class Meta:
        # By the last day: a month with an arrest on its eleventh, and a charge some day after it.
        ordering = ["date_latest", "date_earliest", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(date=""),
                name="caseevent_has_a_date",
                violation_error_message="Say when it was, as far as it is known.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.date}"


def _read(text: str) -> UncertainDate | None:
    return read(text) if text else None
