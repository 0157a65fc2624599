"""Links that let one reader see a release before it is public, and what came of them."""

import uuid
from datetime import datetime
from enum import Enum
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from jobs.models import Email
from previews.browsers import words_for
from releases.models import Release


class LinkState(Enum):
    """What a link leads to at a moment."""

    CLOSED = "closed"  # ended, revoked, held, withdrawn, deleted: the same for all
    PAUSED = "resting"  # the release is being worked on again; the embargo stands
    OPEN = "open"
    LIFTED = "lifted"  # the release is public


class PreviewLinkQuerySet(models.QuerySet["PreviewLink"]):
    def live(self, at: datetime | None = None) -> Self:
        """Those that let a reader in at a time, or will again once the text is approved."""
        at = at or timezone.now()
        return self.filter(
            Q(expires_at=None) | Q(expires_at__gt=at),
            revoked_at=None,
            release__in=Release.objects.hidden(at).filter(held_at=None),
        )


class PreviewLink(models.Model):
    """One reader's way to one release; the address itself is stored nowhere, only its hash."""

    class Kind(models.TextChoices):
        PRESS = "press", "Under embargo, for a journalist"
        COLLEAGUE = "colleague", "A draft, for a colleague"

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    release = models.ForeignKey(
        Release, models.SET_NULL, null=True, related_name="preview_links", editable=False,
        help_text="Empty once a draft was deleted: the link is closed, its record stays.",
    )  # fmt: skip
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PRESS)
    name = models.CharField(max_length=120)
    outlet = models.CharField(max_length=120, blank=True)
    email = models.EmailField(blank=True)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    reference = models.CharField(
        max_length=8,
        unique=True,
        editable=False,
        help_text="Printed on every page and woven into the text: a copy leads back to its link.",
    )
    batch = models.UUIDField(editable=False, db_index=True)
    expires_at = models.DateTimeField(
        "ends", null=True, blank=True, help_text="Empty: when the embargo lifts."
    )
    max_visits = models.PositiveIntegerField("visits", null=True, blank=True)
    issued_at = models.DateTimeField(default=timezone.now, editable=False)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+"
    )
    mailed_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    # The e-mail that carries the address, where a page of the desk has looked it up.
    invitation: "Email | None" = None

    objects = PreviewLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-issued_at", "name", "pk"]
        permissions = [("issue_previewlink", "Can issue and revoke preview links")]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="previewlink_has_a_reader"),
            models.CheckConstraint(
                condition=Q(max_visits=None) | Q(max_visits__gt=0),
                name="previewlink_for_one_visit_at_least",
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(filter(None, [self.name, self.outlet]))

    def standing(self, at: datetime | None = None) -> LinkState:
        """Return what the link leads to; whether its visits are used up is for `enter` to say."""
        at = at or timezone.now()
        release = self.release
        if release is None or self.revoked_at:
            return LinkState.CLOSED
        if release.is_public(at):
            return LinkState.LIFTED
        if release.is_on_hold() or release.status == Release.Status.WITHDRAWN or self.has_ended(at):
            return LinkState.CLOSED
        if self.kind == self.Kind.PRESS and not release.is_scheduled(at):
            return LinkState.PAUSED
        return LinkState.OPEN

    def is_live(self, at: datetime | None = None) -> bool:
        """Row twin of `PreviewLink.objects.live`."""
        return self.standing(at) in (LinkState.OPEN, LinkState.PAUSED)

    def has_ended(self, at: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= at

    def state(self, at: datetime | None = None) -> str:
        """Return the word that editors see."""
        at = at or timezone.now()
        if self.revoked_at:
            return "Revoked"
        if self.release is None:
            return "Draft deleted"
        match self.standing(at):
            case LinkState.LIFTED:
                return "Leads to the public page"
            case LinkState.PAUSED:
                return "Rests until the text is approved again"
            case LinkState.OPEN:
                return "Used up" if self.is_used_up else self._open_until()
        return "Ended" if self.has_ended(at) else "Closed with its release"

    def _open_until(self) -> str:
        if self.expires_at is None:
            return "Open"
        local = timezone.localtime(self.expires_at)
        early = " – before the embargo lifts" if self.lift and self.expires_at < self.lift else ""
        return f"Open until {date_format(local, 'j F, H:i')} {local.tzname()}{early}"

    @cached_property
    def is_used_up(self) -> bool:
        return self.max_visits is not None and len(self.visits.all()) >= self.max_visits

    @cached_property
    def latest_visit(self) -> "Visit | None":
        return max(self.visits.all(), key=lambda visit: (visit.at, visit.pk), default=None)

    @property
    def lift(self) -> datetime | None:
        """Until when the reader has to promise silence; None where no embargo is asked for."""
        return self.release.publish_at if self.release and self.kind == self.Kind.PRESS else None

    @property
    def accepted_lift(self) -> datetime | None:
        """The time until which the reader last agreed to wait; None where nobody has agreed."""
        return self.latest_visit.lift if self.latest_visit else None

    @property
    def printed_reference(self) -> str:
        """The reference as it is printed: in two halves."""
        return f"{self.reference[:4]}-{self.reference[4:]}"


class VisitQuerySet(models.QuerySet["Visit"]):
    pass


class Visit(models.Model):
    """A reader accepted the terms of a link in one browser, and saw the release."""

    link = models.ForeignKey(PreviewLink, models.CASCADE, related_name="visits")
    at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, help_text="When a page was last shown.")
    lift = models.DateTimeField(null=True, help_text="The embargo that was accepted.")
    version = models.PositiveIntegerField(help_text="The version that was last shown.")
    before = models.PositiveIntegerField(
        null=True, help_text="The version that was shown before that one."
    )
    network = models.CharField(
        max_length=45,
        blank=True,
        help_text="The address without its last part; empty once KEEP_VISITS_DAYS have passed.",
    )
    agent = models.CharField(
        max_length=200, blank=True, help_text="The family of the browser, never its whole name."
    )

    objects = VisitQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}, {self.network}"

    @property
    def browser(self) -> str:
        """The family of the browser as editors read it."""
        return words_for(self.agent)

    def show(self, version: int, at: datetime) -> None:
        """Note that a version is shown, and which one was seen before it. Stores nothing yet."""
        if version != self.version:
            self.before, self.version = self.version, version
        self.seen_at = at


class OpeningQuerySet(models.QuerySet["Opening"]):
    pass


class Opening(models.Model):
    """How often one kind of thing was opened through a link within an hour, and from where.

    `previews.openings` counts. One row for each network and browser family, up to a limit of rows
    for each link.
    """

    class What(models.TextChoices):
        PAGE = "page", _("the page")
        TEXT = "text", _("the text file")
        PICTURE = "picture", _("a picture")

    link = models.ForeignKey(PreviewLink, models.CASCADE, related_name="openings")
    what = models.CharField(max_length=8, choices=What.choices)
    network = models.CharField(max_length=45, help_text="The address without its last part.")
    browser = models.CharField(
        max_length=20, help_text="The family of the browser, never its whole name."
    )
    hour = models.DateTimeField(help_text="The full hour from which this row counts.")
    times = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField(db_index=True)

    objects = OpeningQuerySet.as_manager()

    class Meta:
        ordering = ["-last_at", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["link", "what", "network", "browser", "hour"],
                name="opening_one_row_for_each",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()}, {self.times} times from {self.network}"


class ThrottleBucket(models.Model):
    """How many wrong preview addresses came from some network addresses, within a window.

    `previews.throttle` assigns each network address to a bucket by a keyed hash: no address is
    stored, and there are never more rows than buckets.
    """

    bucket = models.PositiveIntegerField(primary_key=True)
    misses = models.PositiveIntegerField()
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.misses} until {self.ends_at:%Y-%m-%d %H:%M:%S %Z}"
