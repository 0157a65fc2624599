"""Requests for releases that are not public, counted by sender."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from releases.models.release import Release


class Probe(models.Model):
    """Requests for a release before it was public: one row for each sender and kind of request.

    The sender gets the same answer as for a release that does not exist.
    """

    class What(models.TextChoices):
        ADDRESS = "address", _("Its address")
        FILE = "file", _("One of its pictures")
        SIMILAR = "near", _("A similar address")

    release = models.ForeignKey(Release, models.CASCADE, related_name="probes")
    what = models.CharField(max_length=8, choices=What.choices)
    sender_hash = models.CharField(
        max_length=64,
        db_column="who",
        help_text=_("A keyed hash of the network address. It can’t be reversed."),
    )
    network = models.CharField(
        max_length=45, help_text=_("The network address without its last part.")
    )
    times = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        db_table = "releases_guess"  # an earlier name of the model
        ordering = ["-last_at", "pk"]
        verbose_name = _("probe")
        verbose_name_plural = _("probes")
        constraints = [
            models.UniqueConstraint(
                fields=["release", "what", "sender_hash"], name="guess_one_row_for_each"
            ),
        ]

    def __str__(self) -> str:
        return ngettext(
            "%(what)s, %(times)d time from %(network)s",
            "%(what)s, %(times)d times from %(network)s",
            self.times,
        ) % {"what": self.get_what_display(), "times": self.times, "network": self.network}
