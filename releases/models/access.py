"""Who may read a restricted release, and which files belong to it.

`releases.models.release` imports this module, so `release` is typed as `Any` here.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assets.models import MediaAsset


class ReleaseAccessQuerySet(models.QuerySet["ReleaseAccess"]):
    def releases_closed_to(self, user: Any) -> set[UUID]:
        """Return the keys of the restricted releases on which a user is not named.

        Those of deleted drafts are included.
        """
        own = self.filter(user=user).values("release")
        return set(self.exclude(release__in=own).values_list("release_id", flat=True))


class ReleaseAccess(models.Model):
    """A person who is named on a restricted release.

    A release is restricted while it has such rows. They stay when a draft is deleted, so that only
    the same people can restore it. So the database does not check the foreign key.
    """

    release = models.ForeignKey(
        "releases.Release", models.DO_NOTHING, db_constraint=False, related_name="access"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person")
    )
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+",
        help_text=_("Blank if added by a command."),
    )  # fmt: skip
    at = models.DateTimeField(default=timezone.now)

    objects = ReleaseAccessQuerySet.as_manager()

    class Meta:
        # Pages that name kinds of rows must not say that a user is named on a restricted release.
        verbose_name = _("event")
        verbose_name_plural = _("events")
        default_permissions = ()
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["release", "user"], name="access_once_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.release_id} {self.user_id}"


class RestrictedFile(models.Model):
    """A picture or document that a restricted release used or for which it was uploaded.

    The row stays when the release no longer uses the file, so that its caption does not appear in
    the library for everyone then.
    """

    release = models.ForeignKey(
        "releases.Release", models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    asset = models.ForeignKey(MediaAsset, models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("restricted file")
        verbose_name_plural = _("restricted files")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["asset", "release"], name="restrictedfile_once"),
        ]

    def __str__(self) -> str:
        return f"{self.release_id} {self.asset_id}"
