"""Preview links, with which a reader sees a release before it is public, and their use."""

import uuid
from datetime import datetime
from enum import Enum
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _

from accounts.browser_families import label_of
from jobs.models import Email
from releases.models import Release, ReleaseAccess


class LinkState(Enum):
    """The state of a link at a moment."""

    CLOSED = "closed"  # ended, revoked, on hold, withdrawn or deleted; all look alike to readers
    PAUSED = "paused"  # the release is being edited again; the embargo still applies
    OPEN = "open"
    PUBLIC = "public"  # leads to the public page


class PreviewLinkQuerySet(models.QuerySet["PreviewLink"]):
    def live(self, at: datetime | None = None) -> Self:
        """Return the links that are open at a time, or paused until the text is approved."""
        at = at or timezone.now()
        return self.filter(
            Q(expires_at=None) | Q(expires_at__gt=at),
            revoked_at=None,
            release__in=Release.objects.hidden(at).filter(held_at=None),
        )

    def visible_to(self, user: Any) -> Self:
        """Return the links that a user may see at the desk. They belong to the record of a release.

        For a deleted draft, the people named on it decide, as they did before.
        """
        closed = ReleaseAccess.objects.releases_closed_to(user)
        return self.exclude(release__in=closed).exclude(deleted_release__in=closed)


class PreviewLink(models.Model):
    """A link for one reader to one release. Only a hash of its token is stored."""

    class Kind(models.TextChoices):
        PRESS = "press", _("Embargoed release for a journalist")
        COLLEAGUE = "colleague", _("Draft for a colleague")

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    release = models.ForeignKey(
        Release,
        models.SET_NULL,
        verbose_name=_("release"),
        null=True,
        related_name="preview_links",
        editable=False,
        help_text=_("Blank after the draft was deleted. The link is closed, its record stays."),
    )
    deleted_release = models.UUIDField(
        null=True, editable=False, help_text=_("The key of the draft, after it was deleted.")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.PRESS)
    name = models.CharField(_("name"), max_length=120)
    outlet = models.CharField(_("outlet"), max_length=120, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    reference = models.CharField(
        _("reference"),
        max_length=8,
        unique=True,
        editable=False,
        help_text=_("Printed on every page and hidden in the text as a watermark."),
    )
    batch = models.UUIDField(editable=False, db_index=True)
    expires_at = models.DateTimeField(
        _("link ends"),
        null=True,
        blank=True,
        help_text=_("Leave blank to end with the embargo."),
    )
    max_visits = models.PositiveIntegerField(_("maximum visits"), null=True, blank=True)
    issued_at = models.DateTimeField(_("issued at"), default=timezone.now, editable=False)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("issued by"),
        editable=False,
        related_name="+",
    )
    mailed_at = models.DateTimeField(_("e-mailed at"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True, editable=False)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("revoked by"),
        null=True,
        editable=False,
        related_name="+",
    )

    # The e-mail with the URL. Set by the template tag `preview_links`.
    invitation: "Email | None" = None

    objects = PreviewLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("preview link")
        verbose_name_plural = _("preview links")
        ordering = ["-issued_at", "name", "pk"]
        permissions = [("issue_previewlink", _("Can issue and revoke preview links"))]
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

    def link_state(self, at: datetime | None = None) -> LinkState:
        """Return the state at a time. It ignores `max_visits`, which `accept_terms` checks."""
        at = at or timezone.now()
        release = self.release
        if release is None or self.revoked_at:
            return LinkState.CLOSED
        if release.is_public(at):
            return LinkState.PUBLIC
        if release.is_on_hold() or release.status == Release.Status.WITHDRAWN or self.has_ended(at):
            return LinkState.CLOSED
        if self.kind == self.Kind.PRESS and not release.is_scheduled(at):
            return LinkState.PAUSED
        return LinkState.OPEN

    def is_live(self, at: datetime | None = None) -> bool:
        """Return whether the link is in `PreviewLink.objects.live`."""
        return self.link_state(at) in (LinkState.OPEN, LinkState.PAUSED)

    def has_ended(self, at: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= at

    def state_label(self, at: datetime | None = None) -> str:
        """Return the label of the state for editors."""
        at = at or timezone.now()
        if self.revoked_at:
            return gettext("Revoked")
        if self.release is None:
            return gettext("Draft deleted")
        match self.link_state(at):
            case LinkState.PUBLIC:
                return gettext("Leads to the public page")
            case LinkState.PAUSED:
                return gettext("Paused until re-approved")
            case LinkState.OPEN:
                return gettext("No visits left") if self.is_used_up else self._open_until()
        if self.has_ended(at):
            return gettext("Ended")
        return gettext("Closed: the release is on hold or withdrawn")

    def _open_until(self) -> str:
        if self.expires_at is None:
            return pgettext("preview link", "Open")
        time = date_format(timezone.localtime(self.expires_at), "DATETIME_FORMAT")
        if self.embargo_ends and self.expires_at < self.embargo_ends:
            return gettext("Open until %(time)s (before the embargo ends)") % {"time": time}
        return gettext("Open until %(time)s") % {"time": time}

    @cached_property
    def is_used_up(self) -> bool:
        return self.max_visits is not None and len(self.visits.all()) >= self.max_visits

    @cached_property
    def latest_visit(self) -> "Visit | None":
        return max(self.visits.all(), key=lambda visit: (visit.at, visit.pk), default=None)

    @property
    def embargo_ends(self) -> datetime | None:
        """The end of the embargo that the reader must accept, None without an embargo."""
        return self.release.publish_at if self.release and self.kind == self.Kind.PRESS else None

    @property
    def accepted_embargo_end(self) -> datetime | None:
        """The end of the embargo in the reader's latest acceptance, None if there is none."""
        return self.latest_visit.embargo_ends if self.latest_visit else None

    @property
    def printed_reference(self) -> str:
        """The reference as it is printed, with a hyphen in the middle."""
        return f"{self.reference[:4]}-{self.reference[4:]}"


@receiver(pre_delete, sender=Release)
def _remember_release(instance: Release, **signal: Any) -> None:
    PreviewLink.objects.filter(release=instance).update(deleted_release=instance.pk)


class VisitQuerySet(models.QuerySet["Visit"]):
    pass


class Visit(models.Model):
    """A reader's acceptance of the terms of a link in one browser, and what was shown there."""

    link = models.ForeignKey(PreviewLink, models.CASCADE, related_name="visits")
    at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, help_text=_("When a page was last shown."))
    embargo_ends = models.DateTimeField(
        db_column="lift", null=True, help_text=_("The embargo that was accepted.")
    )
    version = models.PositiveIntegerField(help_text=_("The version that was last shown."))
    before = models.PositiveIntegerField(
        null=True, help_text=_("The version that was shown before that one.")
    )
    network = models.CharField(
        max_length=45,
        blank=True,
        help_text=_("The address without its last part. Removed after KEEP_VISITS_DAYS."),
    )
    agent = models.CharField(
        max_length=200, blank=True, help_text=_("The family of the browser, never its whole name.")
    )

    objects = VisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}, {self.network}"

    @property
    def browser(self) -> str:
        """The label of the browser family for editors."""
        return label_of(self.agent)

    def show(self, version: int, at: datetime) -> None:
        """Set the version that is shown and the version before it, without saving."""
        if version != self.version:
            self.before, self.version = self.version, version
        self.seen_at = at


class OpeningQuerySet(models.QuerySet["Opening"]):
    pass


class Opening(models.Model):
    """The number of times that one kind of content was opened through a link within an hour.

    There is one row per network and browser family, up to a maximum number of rows per link. The
    rows are written by `previews.openings`.
    """

    class What(models.TextChoices):
        PAGE = "page", _("the page")
        TEXT = "text", _("the text file")
        PICTURE = "picture", _("a picture")

    link = models.ForeignKey(PreviewLink, models.CASCADE, related_name="openings")
    what = models.CharField(max_length=8, choices=What.choices)
    network = models.CharField(max_length=45, help_text=_("The address without its last part."))
    browser = models.CharField(
        max_length=20, help_text=_("The family of the browser, never its whole name.")
    )
    hour = models.DateTimeField(help_text=_("The full hour from which this row counts."))
    times = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField(db_index=True)

    objects = OpeningQuerySet.as_manager()

    class Meta:
        verbose_name = _("opening")
        verbose_name_plural = _("openings")
        ordering = ["-last_at", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["link", "what", "network", "browser", "hour"],
                name="opening_one_row_for_each",
            ),
        ]

    def __str__(self) -> str:
        return ngettext(
            "%(what)s, %(times)s time from %(network)s",
            "%(what)s, %(times)s times from %(network)s",
            self.times,
        ) % {"what": self.get_what_display(), "times": self.times, "network": self.network}


class ThrottleBucket(models.Model):
    """The number of wrong preview URLs requested from some network addresses in a window.

    `previews.throttle` assigns network addresses to buckets by a keyed hash. So no address is
    stored, and the number of rows is limited.
    """

    bucket = models.PositiveIntegerField(primary_key=True)
    misses = models.PositiveIntegerField()
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("count of wrong preview addresses")
        verbose_name_plural = _("counts of wrong preview addresses")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.misses} until {self.ends_at:%Y-%m-%d %H:%M:%S %Z}"
