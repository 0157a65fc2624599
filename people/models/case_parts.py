"""The parts of a case: its statuses, designations, charges, sentences and events."""

from datetime import date
from typing import Self

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from people.dates import UncertainDate, UncertainDateField, stored
from people.models.custody import Confidence, Custody, Legal
from people.models.person_names import language_tag
from people.models.sourced import Dated, ErrorMarked, ErrorMarkedQuerySet, Sourced


class CaseStatus(Sourced, ErrorMarked):
    """The status of a case at one time. Every change adds a row; rows are never overwritten."""

    case = models.ForeignKey(
        "people.Case", models.CASCADE, related_name="statuses", verbose_name=_("case")
    )
    custody_status = models.CharField(_("custody status"), max_length=24, choices=Custody.choices)
    legal_status = models.CharField(
        _("legal status"), max_length=16, choices=Legal.choices, blank=True
    )
    confidence = models.CharField(
        _("confidence"), max_length=12, choices=Confidence.choices, blank=True
    )
    as_of = models.DateField(_("as of"))
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    objects = ErrorMarkedQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["as_of", "pk"]
        verbose_name = _("case status")
        verbose_name_plural = _("statuses")

    def __str__(self) -> str:
        return status_with_day(self.get_custody_status_display(), self.as_of)


def status_with_day(status: str, as_of: date | None) -> str:
    """Return a status with its day, as lists at the desk show it."""
    if as_of is None:  # only in memory: the form is shown again because the field was blank
        return status
    return gettext("%(status)s (as of %(day)s)") % {"status": status, "day": date_format(as_of)}


class DesignationQuerySet(ErrorMarkedQuerySet):
    def on(self, day: date) -> Self:
        """Return the designations that were made by a day and not revoked by then.

        For an uncertain date, its earliest possible day counts.
        """
        return self.filter(
            Q(since_earliest=None) | Q(since_earliest__lte=day),
            Q(until_earliest=None) | Q(until_earliest__gt=day),
        )


class Designation(Sourced, ErrorMarked):
    """The decision to call a person a prisoner of conscience: dated, sourced, revocable."""

    class Made(models.TextChoices):
        """How the decision is known."""

        DECISION = "decision", _("By a decision")
        RELEASE = "release", _("Named so in a release")

    case = models.ForeignKey(
        "people.Case", models.CASCADE, related_name="designations", verbose_name=_("case")
    )
    label = models.CharField(_("label"), max_length=80, default="Prisoner of conscience")
    by = models.CharField(_("decided by"), max_length=200)
    made = models.CharField(
        _("how"),
        max_length=8,
        choices=Made.choices,
        default=Made.DECISION,
        db_default=Made.DECISION,
    )
    since = UncertainDateField(_("since"), blank=False)
    since_earliest = models.DateField(null=True, editable=False)
    since_latest = models.DateField(null=True, editable=False)
    until = UncertainDateField(_("revoked"))
    until_earliest = models.DateField(null=True, editable=False)
    until_latest = models.DateField(null=True, editable=False)

    objects = DesignationQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords()

    class Meta:
        ordering = ["since_earliest", "pk"]
        verbose_name = _("designation")
        verbose_name_plural = _("designations")
        constraints = [
            models.CheckConstraint(
                condition=~Q(source=""),
                name="designation_has_a_source",
                violation_error_message=_("Enter the source of the decision."),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def is_valid_on(self, day: date) -> bool:
        """Return whether the designation is in `Designation.objects.on`."""
        begun = self.since_earliest is None or self.since_earliest <= day
        return begun and (self.until_earliest is None or day < self.until_earliest)

    def sentence(self) -> str:
        """Return who decided it and when, as printed after the label."""
        decided, revoked = self.decided, self.revoked
        if decided is None:
            return gettext("named by %(by)s") % {"by": self.by}
        if self.made == self.Made.RELEASE:
            text = (
                gettext("named in a release of %(day)s by %(by)s; revoked %(revoked_on)s")
                if revoked
                else gettext("named in a release of %(day)s by %(by)s")
            )
        else:
            text = (
                gettext("named by %(by)s %(on)s; revoked %(revoked_on)s")
                if revoked
                else gettext("named by %(by)s %(on)s")
            )
        return text % {
            "by": self.by,
            "day": decided.label,
            "on": decided.label_with_preposition,
            "revoked_on": revoked.label_with_preposition if revoked else "",
        }

    @property
    def decided(self) -> UncertainDate | None:
        return stored(self.since, self.since_earliest, self.since_latest)

    @property
    def revoked(self) -> UncertainDate | None:
        return stored(self.until, self.until_earliest, self.until_latest)


class Charge(Sourced, Dated):
    """What a person is accused of, in our words and in the original wording."""

    class Result(models.TextChoices):
        UNKNOWN = "", _("Not known")
        PENDING = "pending", _("Pending")
        DROPPED = "dropped", _("Dropped")
        CONVICTED = "convicted", _("Convicted")
        ACQUITTED = "acquitted", _("Acquitted")

    case = models.ForeignKey(
        "people.Case", models.CASCADE, related_name="charges", verbose_name=_("case")
    )
    text = models.TextField(_("charge"))
    original_text = models.TextField(_("in its original wording"), blank=True)
    original_language = models.CharField(
        _("original language"), max_length=35, blank=True, validators=[language_tag]
    )
    law = models.CharField(_("law"), max_length=300, blank=True)
    result = models.CharField(_("result"), max_length=12, choices=Result.choices, blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["date_earliest", "pk"]
        verbose_name = _("charge")
        verbose_name_plural = _("charges")

    def __str__(self) -> str:
        return self.text[:80]


class Sentence(Sourced, Dated):
    """A sentence that a court imposed."""

    class Kind(models.TextChoices):
        PRISON = "prison", _("Imprisonment")
        LIFE = "life", _("Imprisonment for life")
        DEATH = "death", _("Death")
        SUSPENDED = "suspended", _("Suspended sentence")
        FINE = "fine", _("Fine")
        OTHER = "other", _("Other")

    case = models.ForeignKey(
        "people.Case", models.CASCADE, related_name="sentences", verbose_name=_("case")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    text = models.TextField(
        _("in words"), blank=True, help_text=_("Such as “five years’ imprisonment”.")
    )
    duration = models.CharField(
        _("duration"),
        max_length=20,
        blank=True,
        validators=[
            RegexValidator(
                r"^P(?=\d)(\d+Y)?(\d+M)?(\d+D)?$", _("Enter a duration such as P5Y or P1Y6M.")
            )
        ],
        help_text=_("ISO 8601, such as P5Y6M. Leave blank for life and death."),
    )
    court = models.CharField(_("court"), max_length=200, blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["date_earliest", "pk"]
        verbose_name = _("sentence")
        verbose_name_plural = _("sentences")
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind__in=["life", "death"]) | Q(duration=""),
                name="sentence_for_life_has_no_duration",
                violation_error_message=_("Life and death have no duration."),
            ),
        ]

    def __str__(self) -> str:
        return self.text or self.get_kind_display()


class CaseEvent(Sourced, Dated):
    """Something that happened in a case, with a date that may be uncertain."""

    class Kind(models.TextChoices):
        ARREST = "arrest", _("Arrest")
        DISAPPEARANCE = "disappearance", _("Disappearance")
        CHARGE = "charge", _("Charge")
        TRIAL = "trial", _("Trial")
        VERDICT = "verdict", _("Verdict")
        SENTENCE = "sentence", _("Sentence")
        APPEAL = "appeal", _("Appeal")
        TRANSFER = "transfer", _("Transfer")
        HEALTH = "health", _("Health")
        ACCESS_DENIED = "access_denied", _("Access denied")
        UN_OPINION = "un_opinion", _("Opinion of the United Nations")
        ACTION = "action", _("Action")
        RELEASE = "release", pgettext_lazy("from detention", "Release")
        DEATH = "death", _("Death")
        OTHER = "other", _("Other")

    case = models.ForeignKey(
        "people.Case", models.CASCADE, related_name="events", verbose_name=_("case")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    summary = models.TextField(_("summary"))
    public = models.BooleanField(
        _("public"), default=True, help_text=_("Shown on the person’s page.")
    )
    history = HistoricalRecords()

    class Meta:
        # Order by the last possible day: a charge “in May” comes after an arrest on 11 May.
        ordering = ["date_latest", "date_earliest", "pk"]
        verbose_name = _("case event")
        verbose_name_plural = _("case events")
        constraints = [
            models.CheckConstraint(
                condition=~Q(date=""),
                name="caseevent_has_a_date",
                violation_error_message=_("Enter the date as far as it is known."),
            ),
        ]

    def __str__(self) -> str:
        try:
            day = self.day.label if self.day else self.date
        except ValidationError:  # only in memory: the form is shown again with an invalid date
            day = self.date
        return gettext("%(kind)s, %(date)s") % {"kind": self.get_kind_display(), "date": day}
