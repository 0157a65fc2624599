"""Cases: detentions as we know them, with dates and sources. Statuses are never overwritten."""

import contextlib
from collections.abc import Iterable
from datetime import date
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField
from simple_history.models import HistoricalRecords

from people.dates import UncertainDate, UncertainDateField, read, stored
from people.locking import lock_rows
from people.models import custody
from people.models.case_parts import CaseEvent, CaseStatus, Designation, status_with_day
from people.models.custody import DETENTION_ENDINGS, GROUPS, Group
from people.models.persons import Person
from people.models.sourced import Sourced
from storing.rows import GuardedQuerySet


class CaseQuerySet(GuardedQuerySet["Case"]):
    def in_group(self, *groups: Group) -> Self:
        """Return the cases whose status belongs to one of these groups."""
        statuses = [status for status, group in GROUPS.items() if group in groups]
        return self.filter(custody_status__in=statuses)

    def with_sources_to_review(self) -> Self:
        """Return the cases with a source that an editor must review.

        It was public before an upgrade that made sources internal.
        """
        to_review = Q()
        for part in ("", "designations__", "charges__", "sentences__", "events__"):
            has_source = ~Q(**{f"{part}source": ""}) | ~Q(**{f"{part}source_url": ""})
            to_review |= Q(**{f"{part}source_to_review": True}) & has_source
        return self.filter(pk__in=Case.objects.filter(to_review).values("pk"))

    def stale(self, on: date | None = None) -> Self:
        """Return the cases whose review is due, unless the person is free or dead."""
        on = on or timezone.localdate()
        return self.filter(review_due__lte=on).in_group(
            Group.DETENTION, Group.RESTRICTED, Group.UNKNOWN
        )


class Case(Sourced):
    """One detention of one person, as we last knew it.

    The status, its confidence and its day are the current ones. Every change of them is kept as a
    CaseStatus row.
    """

    Custody = custody.Custody
    Legal = custody.Legal
    Confidence = custody.Confidence
    Call = custody.Call
    STATUS_FIELDS = ("custody_status", "legal_status", "confidence", "as_of")

    person = models.ForeignKey(
        Person, models.CASCADE, related_name="cases", verbose_name=_("person")
    )
    country = CountryField(
        _("country"),
        blank=True,
        help_text=_("The country that detains the person. Leave blank if not certain."),
    )
    custody_status = models.CharField(
        _("custody status"),
        max_length=24,
        choices=custody.Custody.choices,
        default=custody.Custody.UNKNOWN,
    )
    legal_status = models.CharField(
        _("legal status"),
        max_length=16,
        choices=custody.Legal.choices,
        blank=True,
        default="",
        db_default="",
    )
    confidence = models.CharField(
        _("confidence"),
        max_length=12,
        choices=custody.Confidence.choices,
        blank=True,
        default="",
        db_default="",
        help_text=_("How sure the status is."),
    )
    as_of = models.DateField(
        _("as of"),
        help_text=_("The date of the latest information. Always shown with the status."),
    )
    since = UncertainDateField(_("in detention since"), default="", db_default="")
    since_earliest = models.DateField(null=True, editable=False)
    since_latest = models.DateField(null=True, editable=False)
    until = UncertainDateField(_("in detention until"), default="", db_default="")
    until_earliest = models.DateField(null=True, editable=False)
    until_latest = models.DateField(null=True, editable=False)
    call = models.TextField(
        _("call"), blank=True, help_text=_("What we ask for, as worded in a release.")
    )
    call_types = models.JSONField(_("kinds of call"), default=list, db_default=[], blank=True)
    what_to_do = models.TextField(
        _("what readers can do"),
        blank=True,
        default="",
        db_default="",
        help_text=_("Public. Leave blank to show nothing."),
    )
    what_to_do_url = models.URLField(
        _("link"), max_length=500, blank=True, default="", db_default=""
    )
    summary = models.TextField(
        _("summary"), blank=True, help_text=_("What happened. Shown on the person’s page.")
    )
    health = models.TextField(
        _("concern for health"),
        blank=True,
        default="",
        db_default="",
        help_text=_("Shown only while a consent covers health."),
    )
    place = models.TextField(
        _("where the person is held"),
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "Facility, cell, address. Internal only. Put a place that may be published in the "
            "summary."
        ),
    )
    review_due = models.DateField(
        _("review by"),
        null=True,
        blank=True,
        help_text=_("The case appears on the desk on this date."),
    )

    objects = CaseQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords()

    # Further values for a new CaseStatus row. If this is None, the row gets the source of the case.
    status_source: dict[str, Any] | None = None

    class Meta:
        ordering = ["-as_of", "-pk"]
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        permissions = [("mark_error", _("Can mark a status or designation as recorded in error"))]

    def __str__(self) -> str:
        return status_with_day(self.get_custody_status_display(), self.as_of)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the case. A changed status is also saved as a new CaseStatus row."""
        with transaction.atomic():
            lock_rows(Case.objects.filter(pk=self.pk))
            super().save(*args, **kwargs)
            now = {name: getattr(self, name) for name in self.STATUS_FIELDS}
            last = self.newest_status()
            values = now | (self.status_source or {})
            if last is None or any(getattr(last, name) != value for name, value in values.items()):
                own = {"source": self.source, "source_public": self.source_public}
                CaseStatus.objects.create(case=self, **(own | values))
            self.status_source = None

    def clean(self) -> None:
        """Refuse a status date in the future, and an end before the start."""
        problems = {}
        if self.as_of and self.as_of > timezone.localdate():
            problems["as_of"] = gettext("This date is in the future.")
        with contextlib.suppress(ValidationError):  # each field reports its own errors
            # Dates that were just typed have no stored days yet.
            since, until = (read(text) if text else None for text in (self.since, self.until))
            if since and until and until.latest < since.earliest:
                problems["until"] = gettext("The end can’t be before the start.")
        if problems:
            raise ValidationError(problems)

    def get_custody_status_display(self) -> str:  # type: ignore[no-redef]
        """Return the label of the status. Django's version would translate all labels for one."""
        known = self.custody_status in self.Custody.values
        return str(self.Custody(self.custody_status).label) if known else self.custody_status

    def get_legal_status_display(self) -> str:  # type: ignore[no-redef]
        """Return the label of the legal status. See `get_custody_status_display`."""
        known = self.legal_status in self.Legal.values
        return str(self.Legal(self.legal_status).label) if known else self.legal_status

    @property
    def group(self) -> Group:
        """The group of the status. `Case.objects.in_group` selects by it."""
        return GROUPS[self.Custody(self.custody_status)]

    @property
    def in_detention(self) -> bool:
        """Whether the person was in detention when we last knew."""
        return self.group == Group.DETENTION

    def newest_status(self) -> CaseStatus | None:
        """Return the status that was recorded last and is not marked as an error."""
        return self.statuses.valid().order_by("-pk").first()

    def valid_statuses(self) -> list[CaseStatus]:
        """Return the statuses that are not marked as errors. Reads prefetched statuses."""
        return [status for status in self.statuses.all() if status.is_valid()]

    def valid_designations(self) -> list[Designation]:
        """Return the designations that are not marked as errors. Reads prefetched ones."""
        return [row for row in self.designations.all() if row.is_valid()]

    def sources_to_review(self) -> list[Sourced]:
        """Return the rows whose source an editor must review. See `with_sources_to_review`."""
        parts = (self.designations, self.charges, self.sentences, self.events)
        rows = [self, *(row for part in parts for row in part.all())]
        return [row for row in rows if row.source_to_review and (row.source or row.source_url)]

    @property
    def detained_since(self) -> UncertainDate | None:
        return stored(self.since, self.since_earliest, self.since_latest)

    @property
    def detained_until(self) -> UncertainDate | None:
        return stored(self.until, self.until_earliest, self.until_latest)

    @property
    def calls(self) -> list[str]:
        """The labels of the kinds of call."""
        return self.call_labels(self.call_types)

    @classmethod
    def call_labels(cls, kinds: Iterable[str]) -> list[str]:
        """Return the labels of kinds of call."""
        return [str(cls.Call(kind).label) for kind in kinds if kind in cls.Call]

    def sentence(self) -> str:
        """Return the status as it is printed, always with its day."""
        parts = [self.get_custody_status_display()]
        if self.legal_status:
            parts.append(self.get_legal_status_display())
        return gettext("%(status)s, as of %(day)s") % {
            "status": " · ".join(parts),
            "day": date_format(self.as_of, "DATE_FORMAT"),
        }

    def designation_on(self, day: date) -> Designation | None:
        """Return the newest designation that is valid on a day. Reads prefetched designations."""
        valid = [row for row in self.valid_designations() if row.is_valid_on(day)]
        return valid[-1] if valid else None

    def days_in_detention(self, on: date) -> int | None:
        """Return the number of days of the detention, or None without certain dates."""
        since, until = self.detained_since, self.detained_until
        if since is None or not since.is_certain:
            return None
        if self.in_detention and until is None:
            return max((on - since.earliest).days, 0)
        return (until.earliest - since.earliest).days if until and until.is_certain else None

    def time_in_detention(self, on: date) -> str:
        """Return a text with the start of the detention, and the number of days if it is known."""
        since, until = self.detained_since, self.detained_until
        days = self.days_in_detention(on)
        if since is None:
            return ""
        if until:
            text = gettext("In detention from %(since)s until %(until)s")
        elif not self.in_detention:
            text = gettext("In detention from %(since)s; the end is not known")
        elif self.custody_status == self.Custody.DISAPPEARED:
            text = gettext("Missing since %(since)s")
        elif self.custody_status == self.Custody.HELD_NON_STATE:
            text = gettext("Held since %(since)s")
        else:
            text = gettext("In detention since %(since)s")
        text %= {"since": since.label, "until": until.label if until else ""}
        if days is None:
            return text
        count = ngettext("%(days)s day", "%(days)s days", days) % {
            "days": number_format(days, force_grouping=True)
        }
        return gettext("%(detention)s (%(days)s)") % {"detention": text, "days": count}

    def status_questions(self) -> list[str]:
        """Return questions for the editor if this status does not fit the recorded ones."""
        questions = []
        known = [] if self._state.adding else self.valid_statuses()
        day = date_format(self.as_of, "DATE_FORMAT")
        for status in known:
            if status.as_of == self.as_of and (status.custody_status, status.legal_status) != (
                self.custody_status,
                self.legal_status,
            ):
                questions.append(
                    gettext(
                        "Another status is recorded for %(day)s: %(status)s. If it is wrong, mark "
                        "it as recorded in error."
                    )
                    % {"day": day, "status": status.get_custody_status_display()}
                )
                break
        newest = max((status.as_of for status in known), default=None)
        if newest and self.as_of < newest:
            questions.append(
                gettext("The newest status is from %(newest)s. Is %(day)s correct?")
                % {"newest": date_format(newest, "DATE_FORMAT"), "day": day}
            )
        last = max(known, key=lambda status: status.pk, default=None)
        before = last and GROUPS[self.Custody(last.custody_status)]
        if before == Group.DEAD and self.group != Group.DEAD:
            questions.append(gettext("The person is recorded as dead. Is this correct?"))
        elif before == Group.FREE and self.group == Group.DETENTION:
            questions.append(
                gettext(
                    "The person is recorded as free. A new arrest is a new case. "
                    "Is this the same detention?"
                )
            )
        if (until := self.detained_until) and self.group == Group.DETENTION:
            questions.append(
                gettext(
                    "The person is in detention, but “in detention until” is %(until)s. "
                    "Has the detention ended?"
                )
                % {"until": until.label}
            )
        return questions

    def outcome_after(self, day: date) -> str:
        """Return how the case ended after a day, such as “released on 3 May 2026”.

        Return "" if it has not ended, or if the end may be before that day. Reads prefetched events
        and statuses.
        """
        ending = DETENTION_ENDINGS.get(self.Custody(self.custody_status))
        if ending is None:
            return ""
        with_date, with_status = ending
        died = self.custody_status in (self.Custody.DIED, self.Custody.DIED_IN_CUSTODY)
        kind = CaseEvent.Kind.DEATH if died else CaseEvent.Kind.RELEASE
        ends = [event.day for event in self.events.all() if event.public and event.kind == kind]
        # A person who died in freedom left detention on another day.
        until = None if self.custody_status == self.Custody.DIED else self.detained_until
        if end := ends[-1] if ends else until:
            is_later = end.earliest > day
            return str(with_date) % {"on": end.label_with_preposition} if is_later else ""
        known = [status for status in self.valid_statuses() if status.as_of <= day]
        ended_then = known and known[-1].custody_status in DETENTION_ENDINGS
        if self.as_of > day and not ended_then:
            return str(with_status) % {"day": date_format(self.as_of, "DATE_FORMAT")}
        return ""
