"""What sign-in stores: browsers that signed in before, counts of guesses, recoveries."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class KnownBrowser(models.Model):
    """A browser in which a user signed in. Its signed cookie has a token; this is the digest."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="known_browsers"
    )
    token_digest = models.CharField(max_length=64, unique=True)
    browser = models.CharField(_("browser"), max_length=100, blank=True, default="")
    first_seen_at = models.DateTimeField(_("first sign-in"), default=timezone.now)
    last_seen_at = models.DateTimeField(_("last sign-in"), default=timezone.now)

    class Meta:
        verbose_name = _("known browser")
        verbose_name_plural = _("known browsers")
        default_permissions = ()
        indexes = [models.Index(fields=["last_seen_at"], name="browser_last_seen")]

    def __str__(self) -> str:
        return self.browser


class GuessCount(models.Model):
    """The number of guesses in one window of time, shared by all processes and servers.

    The key is a digest of what is counted, such as an account and a network address.
    """

    key = models.CharField(primary_key=True, max_length=64)
    guesses = models.PositiveIntegerField()
    ends_at = models.DateTimeField()

    class Meta:
        verbose_name = _("count of guesses")
        verbose_name_plural = _("counts of guesses")
        default_permissions = ()
        indexes = [models.Index(fields=["ends_at"], name="guesses_end")]

    def __str__(self) -> str:
        return f"{self.guesses} until {self.ends_at:%H:%M}"


class FactorRecovery(models.Model):
    """A link with which a user who lost their second factor can set up a new one, once.

    An administrator starts it after checking who asks. The user needs the link and the password.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="recoveries")
    token_digest = models.CharField(max_length=64, unique=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("Blank if started by a command."),
    )
    identity_check = models.TextField(
        _("how you checked who asks"), help_text=_("Such as a call to a number that you knew.")
    )
    started_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("recovery of a second factor")
        verbose_name_plural = _("recoveries of second factors")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(started_by=None) | ~Q(started_by=F("user")),
                name="recovery_by_another",
            ),
            models.CheckConstraint(
                condition=Q(used_at=None) | Q(cancelled_at=None), name="recovery_ended_once"
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(used_at=None, cancelled_at=None),
                name="recovery_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.started_at:%Y-%m-%d %H:%M}"
