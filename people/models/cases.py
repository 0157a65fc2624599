"""Detentions as we know them: dated, sourced, and never overwritten."""

import contextlib
from datetime import date
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries.fields import CountryField
from simple_history.models import HistoricalRecords

from people.dates import UncertainDate, UncertainDateField, read, stored
from people.locking import lock_rows
from people.models.persons import Person, language_tag
from storing.rows import Guarded, GuardedQuerySet


class Sourced(Guarded):
    """A fact with where it comes from: internal unless an editor marks it as printable."""

    class Reliability(models.TextChoices):
        """After HURIDOCS micro-thesaurus 42."""

        UNKNOWN = "", "Not judged"
        COMPLETE = "complete", "Completely reliable"
        USUAL = "usual", "Usually reliable"
        FAIR = "fair", "Fairly reliable"
        SELDOM = "seldom", "Not usually reliable"
        UNRELIABLE = "unreliable", "Unreliable"

    source = models.TextField(
        blank=True,
        help_text=gettext_lazy("Where this comes from. Internal only, unless you tick the box."),
    )
    source_url = models.URLField(
        "address of the source", max_length=500, blank=True, default="", db_default=""
    )
    source_public = models.BooleanField(
        gettext_lazy("the source may be printed"),
        default=False,
        db_default=False,
        help_text=gettext_lazy("Never for a source who could be harmed."),
    )
    # The database says True for a row that was written by code without this column: that code
    # printed every source. An editor then decides, and our own code always writes a value.
    source_to_review = models.BooleanField(default=False, db_default=True, editable=False)
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

    @property
    def printed_source(self) -> str:
        """The source as the public may read it, "" where it is internal."""
        return (self.source or self.source_url) if self.source_public else ""

    @property
    def printed_source_url(self) -> str:
        """The address of the source as the public may follow it, "" where it is internal."""
        return self.source_url if self.source_public else ""


class ErrorMarkedQuerySet(GuardedQuerySet[Any]):
    def valid(self) -> Self:
        """Those that nobody marked as recorded in error."""
        return self.filter(error_at=None)


class ErrorMarked(models.Model):
    """A row that is never deleted: a mistake is marked as recorded in error, with a note."""

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
        """Row twin of `ErrorMarkedQuerySet.valid`."""
        return self.error_at is None


class Dated(models.Model):
    """Something that happened on a day, as far as that is known."""

    date = UncertainDateField()
    date_earliest = models.DateField(null=True, editable=False)
    date_latest = models.DateField(null=True, editable=False)

    class Meta:
        abstract = True

    @property
    def day(self) -> UncertainDate | None:
        return stored(self.date, self.date_earliest, self.date_latest)


class Group(models.TextChoices):
    """What a custody status comes to. Every status belongs to exactly one group."""

    DETENTION = "detention", gettext_lazy("In detention")
    RESTRICTED = "restricted", gettext_lazy("Free, with restrictions")
    FREE = "free", gettext_lazy("Free")
    DEAD = "dead", gettext_lazy("Died")
    UNKNOWN = "unknown", gettext_lazy("Status unknown")


class CaseQuerySet(GuardedQuerySet["Case"]):
    def in_group(self, *groups: Group) -> Self:
        """Those whose status belongs to one of some groups."""
        statuses = [status for status, group in Case.GROUPS.items() if group in groups]
        return self.filter(custody_status__in=statuses)

    def with_sources_to_review(self) -> Self:
        """Those with a source that was printed before an upgrade, until an editor decides."""
        found = Q()
        for part in ("", "designations__", "charges__", "sentences__", "events__"):
            said = ~Q(**{f"{part}source": ""}) | ~Q(**{f"{part}source_url": ""})
            found |= Q(**{f"{part}source_to_review": True}) & said
        return self.filter(pk__in=Case.objects.filter(found).values("pk"))

    def stale(self, on: date | None = None) -> Self:
        """Those whose review is due, of people who are not yet free or dead."""
        on = on or timezone.localdate()
        return self.filter(review_due__lte=on).in_group(
            Group.DETENTION, Group.RESTRICTED, Group.UNKNOWN
        )


class Case(Sourced):
    """One detention of one person, as we last knew it.

    Status, confidence and their day are those that hold now; every change of them is kept as a
    row of CaseStatus.
    """

    class Custody(models.TextChoices):
        """After the vocabularies of RSF, CPJ and HURIDOCS; see docs/decisions/0011."""

        DETAINED = "detained", gettext_lazy("In detention")
        PRETRIAL = "pretrial", gettext_lazy("In pre-trial detention")
        ADMINISTRATIVE = "administrative", gettext_lazy("In administrative detention")
        IMPRISONED = "imprisoned", gettext_lazy("Imprisoned after conviction")
        HOUSE_ARREST = "house_arrest", gettext_lazy("Under house arrest")
        RESTRICTED = "restricted", gettext_lazy("Free, but with restrictions on movement")
        DISAPPEARED = "disappeared", gettext_lazy("Forcibly disappeared")
        HELD_NON_STATE = "held_non_state", gettext_lazy("Held by an armed group")
        RELEASED_CONDITIONAL = "released_conditional", gettext_lazy("Released on conditions")
        RELEASED = "released", gettext_lazy("Released")
        DIED_IN_CUSTODY = "died_in_custody", gettext_lazy("Died in custody")
        DIED = "died", gettext_lazy("Died")
        UNKNOWN = "unknown", gettext_lazy("Status unknown")

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

    # Enforced disappearance is a detention that is denied (Convention of 2006, article 2).
    GROUPS = {
        Custody.DETAINED: Group.DETENTION,
        Custody.PRETRIAL: Group.DETENTION,
        Custody.ADMINISTRATIVE: Group.DETENTION,
        Custody.IMPRISONED: Group.DETENTION,
        Custody.HOUSE_ARREST: Group.DETENTION,
        Custody.DISAPPEARED: Group.DETENTION,
        Custody.HELD_NON_STATE: Group.DETENTION,
        Custody.RESTRICTED: Group.RESTRICTED,
        Custody.RELEASED_CONDITIONAL: Group.FREE,
        Custody.RELEASED: Group.FREE,
        Custody.DIED_IN_CUSTODY: Group.DEAD,
        Custody.DIED: Group.DEAD,
        Custody.UNKNOWN: Group.UNKNOWN,
    }
    # What a release says at the name of a person who is free or dead by now.
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
    since = UncertainDateField("in detention since", default="", db_default="")
    since_earliest = models.DateField(null=True, editable=False)
    since_latest = models.DateField(null=True, editable=False)
    until = UncertainDateField("in detention until", default="", db_default="")
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

    objects = CaseQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords()

    # What a new row of CaseStatus says besides the status; where it is None, the source is the
    # case's own.
    status_source: dict[str, Any] | None = None

    class Meta:
        ordering = ["-as_of", "-pk"]
        permissions = [("mark_error", "Can mark a status or designation as recorded in error")]

    def __str__(self) -> str:
        status = self.get_custody_status_display()
        if self.as_of is None:  # in memory, while a form is shown again that left it blank
            return status
        return f"{status} (as of {date_format(self.as_of)})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; a status that is new is kept as a row of its own."""
        with transaction.atomic():
            lock_rows(Case.objects.filter(pk=self.pk))
            super().save(*args, **kwargs)
            now = {name: getattr(self, name) for name in self.STATUS}
            last = self.newest_status()
            said = now | (self.status_source or {})
            if last is None or any(getattr(last, name) != value for name, value in said.items()):
                own = {"source": self.source, "source_public": self.source_public}
                CaseStatus.objects.create(case=self, **(own | said))
            self.status_source = None

    def clean(self) -> None:
        """Refuse a status of a day that is still to come, and an end before the beginning."""
        problems = {}
        if self.as_of and self.as_of > timezone.localdate():
            problems["as_of"] = "This day is still to come: the status cannot be known for it."
        with contextlib.suppress(ValidationError):  # each field says itself what is wrong with it
            # What was just typed has no stored days yet.
            since, until = (read(text) if text else None for text in (self.since, self.until))
            if since and until and until.latest < since.earliest:
                problems["until"] = "It cannot end before it began."
        if problems:
            raise ValidationError(problems)

    def get_custody_status_display(self) -> str:  # type: ignore[no-redef]
        """Return the status in words; Django's own way translates every status for one."""
        known = self.custody_status in self.Custody.values
        return str(self.Custody(self.custody_status).label) if known else self.custody_status

    @property
    def group(self) -> Group:
        """Row twin of `Case.objects.in_group`."""
        return self.GROUPS[self.Custody(self.custody_status)]

    @property
    def in_detention(self) -> bool:
        """Whether the person was in detention when we last knew."""
        return self.group == Group.DETENTION

    def newest_status(self) -> "CaseStatus | None":
        """Return the status that was recorded last and is not marked as an error."""
        return self.statuses.valid().order_by("-pk").first()

    def valid_statuses(self) -> "list[CaseStatus]":
        """Return what was known, in the order of its days. Reads prefetched statuses."""
        return [status for status in self.statuses.all() if status.is_valid()]

    def valid_designations(self) -> "list[Designation]":
        """Return the designations that are not marked as errors. Reads prefetched ones."""
        return [row for row in self.designations.all() if row.is_valid()]

    def sources_to_review(self) -> list[Sourced]:
        """Return the rows whose source was printed before an upgrade, until an editor decides."""
        parts = (self.designations, self.charges, self.sentences, self.events)
        rows = [self, *(row for part in parts for row in part.all())]
        return [row for row in rows if row.source_to_review and (row.source or row.source_url)]

    @property
    def held_since(self) -> UncertainDate | None:
        return stored(self.since, self.since_earliest, self.since_latest)

    @property
    def held_until(self) -> UncertainDate | None:
        return stored(self.until, self.until_earliest, self.until_latest)

    @property
    def calls(self) -> list[str]:
        """The kinds of call, in words."""
        return [str(self.Call(kind).label) for kind in self.call_types if kind in self.Call]

    def sentence(self) -> str:
        """Return the status as it is printed, never without its day."""
        parts = [self.get_custody_status_display()]
        if self.legal_status:
            parts.append(self.get_legal_status_display())
        return _("%(status)s, as of %(day)s") % {
            "status": " · ".join(map(str, parts)),
            "day": date_format(self.as_of, "j F Y"),
        }

    def designation_on(self, day: date) -> "Designation | None":
        """Return the newest designation that holds on a day. Reads prefetched designations."""
        holds = [row for row in self.valid_designations() if row.holds_on(day)]
        return holds[-1] if holds else None

    def days_in_detention(self, on: date) -> int | None:
        """Return how many days the detention lasted, None where no certain day says so."""
        since, until = self.held_since, self.held_until
        if since is None or not since.is_certain:
            return None
        if self.in_detention and until is None:
            return max((on - since.earliest).days, 0)
        return (until.earliest - since.earliest).days if until and until.is_certain else None

    def time_in_detention(self, on: date) -> str:
        """Return since when the person is in detention, and for how long if a day is certain."""
        since, until, days = self.held_since, self.held_until, self.days_in_detention(on)
        if since is None:
            return ""
        if until:
            text = _("In detention from %(since)s until %(until)s")
        elif not self.in_detention:
            text = _("In detention from %(since)s; the end is not known")
        elif self.custody_status == self.Custody.DISAPPEARED:
            text = _("Missing since %(since)s")
        elif self.custody_status == self.Custody.HELD_NON_STATE:
            text = _("Held since %(since)s")
        else:
            text = _("In detention since %(since)s")
        text %= {"since": since.words, "until": until.words if until else ""}
        if days is None:
            return text
        count = _("1 day") if days == 1 else _("%(days)s days") % {"days": f"{days:,}"}
        return f"{text} ({count})"

    def contradictions(self) -> list[str]:
        """Return what an editor is asked before this status is saved beside what is known."""
        asked = []
        known = [] if self._state.adding else self.valid_statuses()
        day = date_format(self.as_of, "j F Y")
        for status in known:
            if status.as_of == self.as_of and (status.custody_status, status.legal_status) != (
                self.custody_status,
                self.legal_status,
            ):
                asked.append(
                    _(
                        "For %(day)s another status is recorded: %(status)s. Which one is right? "
                        "If the other is a mistake, mark it as recorded in error."
                    )
                    % {"day": day, "status": status.get_custody_status_display()}
                )
                break
        newest = max((status.as_of for status in known), default=None)
        if newest and self.as_of < newest:
            asked.append(
                _("The newest status is of %(newest)s. Is %(day)s really the day of the new one?")
                % {"newest": date_format(newest, "j F Y"), "day": day}
            )
        last = max(known, key=lambda status: status.pk, default=None)
        before = last and self.GROUPS[self.Custody(last.custody_status)]
        if before == Group.DEAD and self.group != Group.DEAD:
            asked.append(_("Until now the person was recorded as dead. Is the person alive?"))
        elif before == Group.FREE and self.group == Group.DETENTION:
            asked.append(
                _(
                    "Until now the person was recorded as free. "
                    "A new arrest is a new case: is it the same detention?"
                )
            )
        if (until := self.held_until) and self.group == Group.DETENTION:
            asked.append(
                _(
                    "The person is in detention, and “in detention until” says %(until)s. "
                    "Has the detention ended?"
                )
                % {"until": until.words}
            )
        return asked

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
        known = [status for status in self.valid_statuses() if status.as_of <= day]
        ended_then = known and known[-1].custody_status in self.ENDED
        return (
            f"{word}, as of {date_format(self.as_of, 'j F Y')}"
            if (self.as_of > day and not ended_then)
            else ""
        )


class CaseStatus(Sourced, ErrorMarked):
    """What was known of a case at one time; added by every change, never overwritten."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="statuses")
    custody_status = models.CharField(max_length=24, choices=Case.Custody.choices)
    legal_status = models.CharField(max_length=16, choices=Case.Legal.choices, blank=True)
    confidence = models.CharField(max_length=12, choices=Case.Confidence.choices, blank=True)
    as_of = models.DateField()
    recorded_at = models.DateTimeField(default=timezone.now)

    objects = ErrorMarkedQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["as_of", "pk"]
        verbose_name_plural = "statuses"

    def __str__(self) -> str:
        status = self.get_custody_status_display()
        if self.as_of is None:  # in memory, while a form is shown again that left it blank
            return status
        return f"{status} (as of {date_format(self.as_of)})"


class DesignationQuerySet(ErrorMarkedQuerySet):
    def on(self, day: date) -> Self:
        """Those made by a day and not revoked by then, as far as the dates can tell."""
        return self.filter(
            Q(since_earliest=None) | Q(since_earliest__lte=day),
            Q(until_earliest=None) | Q(until_earliest__gt=day),
        )


class Designation(Sourced, ErrorMarked):
    """The decision to call somebody a prisoner of conscience: dated, sourced, revocable."""

    class Made(models.TextChoices):
        """How the decision is known."""

        DECISION = "decision", gettext_lazy("By a decision")
        RELEASE = "release", gettext_lazy("Named so in a release")

    case = models.ForeignKey(Case, models.CASCADE, related_name="designations")
    label = models.CharField(max_length=80, default="Prisoner of conscience")
    by = models.CharField("decided by", max_length=200)
    made = models.CharField(
        gettext_lazy("how"),
        max_length=8,
        choices=Made.choices,
        default=Made.DECISION,
        db_default=Made.DECISION,
    )
    since = UncertainDateField(blank=False)
    since_earliest = models.DateField(null=True, editable=False)
    since_latest = models.DateField(null=True, editable=False)
    until = UncertainDateField("revoked")
    until_earliest = models.DateField(null=True, editable=False)
    until_latest = models.DateField(null=True, editable=False)

    objects = DesignationQuerySet.as_manager()  # type: ignore[misc]
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
        """Row twin of `Designation.objects.on`."""
        begun = self.since_earliest is None or self.since_earliest <= day
        return begun and (self.until_earliest is None or day < self.until_earliest)

    def sentence(self) -> str:
        """Return who made it and when, as it is printed behind the label."""
        if (decided := self.decided) is None:
            return _("named by %(by)s") % {"by": self.by}
        if self.made == self.Made.RELEASE:
            text = _("named in a release of %(day)s by %(by)s")
        else:
            text = _("named by %(by)s %(on)s")
        text %= {"by": self.by, "day": decided.words, "on": decided.on}
        if revoked := self.revoked:
            text += _("; revoked %(on)s") % {"on": revoked.on}
        return text

    @property
    def decided(self) -> UncertainDate | None:
        return stored(self.since, self.since_earliest, self.since_latest)

    @property
    def revoked(self) -> UncertainDate | None:
        return stored(self.until, self.until_earliest, self.until_latest)


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
