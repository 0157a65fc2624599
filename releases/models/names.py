"""Protected names: exceptions, results of the checks, who saw them, and the index of texts."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from people.models import Person
from releases.models.release import Release


class NameExceptionQuerySet(models.QuerySet["NameException"]):
    def standing(self) -> Self:
        """Return the exceptions that nobody has ended."""
        return self.filter(ended_at=None)


class NameException(models.Model):
    """A protected name that is allowed in one text in one spelling, and why.

    It is for a namesake, or for a name that is part of another name. The text is one row: a
    release, a picture, a topic. An exception is never deleted, but it can be ended.
    """

    release = models.ForeignKey(
        Release, models.CASCADE, null=True, blank=True, related_name="name_exceptions",
        help_text=_("The release, if the text belongs to one."),
    )  # fmt: skip
    table = models.CharField(
        max_length=40, default="releases.release", db_default="releases.release"
    )
    row = models.CharField(
        max_length=36, default="", db_default="", help_text=_("The row; blank for a release.")
    )
    name = models.CharField(max_length=200, help_text=_("As written in the text."))
    reason = models.TextField()
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = NameExceptionQuerySet.as_manager()

    class Meta:
        db_table = "releases_clearance"  # an earlier name of the model
        verbose_name = _("name exception")
        verbose_name_plural = _("name exceptions")
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["release", "name"],
                condition=Q(ended_at=None),
                name="nameexception_once_a_name",
            ),
            models.UniqueConstraint(
                fields=["table", "row", "name"],
                condition=Q(ended_at=None, release=None),
                name="nameexception_once_a_name_and_row",
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(reason=""), name="clearance_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class NameDisclosure(models.Model):
    """A record that a user was shown a protected name in a text.

    There is one row per user, person, text and day. The rows show who could have learned from the
    checks that a name is protected.
    """

    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    table = models.CharField(max_length=40)
    row = models.CharField(max_length=36)
    day = models.DateField(help_text=_("In the newsroom’s time zone."))
    at = models.DateTimeField(default=timezone.now)
    place_shown = models.BooleanField(
        default=True, help_text=_("Whether the user saw where the name is.")
    )

    class Meta:
        db_table = "releases_namefind"  # an earlier name of the model
        verbose_name = _("name disclosure")
        verbose_name_plural = _("name disclosures")
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "person", "day", "table", "row"], name="namefind_once_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.row}"


class NameCheckFindQuerySet(models.QuerySet["NameCheckFind"]):
    def visible_to(self, user: Any) -> Self:
        """Return the finds of people that a user may know of."""
        return self.filter(person__in=Person.objects.visible_to(user))

    def open(self) -> Self:
        """Return the finds that nobody has accepted."""
        return self.filter(accepted=False)


class NameCheckFind(models.Model):
    """A protected name that the newest `manage.py namecheck` found on the public site.

    A full run replaces all rows; `--since` replaces those of the addresses that it read.
    """

    class Kind(models.TextChoices):
        """What contains the name. The values are stored."""

        PAGE = "page", _("page")
        TEXT = "plain text", _("plain text")
        EXPORT = "export", _("export")
        FEED = "feed", _("feed")
        ADDRESSES = "list of addresses", _("list of addresses")
        ARCHIVE = "text in a ZIP", _("text in a ZIP")
        CARD = "card", _("card")
        FILE_NAME = "file name", _("file name")
        DOCUMENT = "document", _("document")
        METADATA = "picture metadata", _("picture metadata")
        NOTICE = "site notice", _("site notice")

    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    address = models.TextField(
        help_text=_("Path and query of the page or file that contains the name.")
    )
    kind = models.CharField(max_length=20, help_text=_("Page, feed, export, document, …"))
    place = models.CharField(max_length=120, help_text=_("Where in it: the title, the caption, …"))
    table = models.CharField(
        max_length=40, blank=True, help_text=_("The table of the row with the text, if known.")
    )
    row = models.CharField(max_length=36, blank=True)
    accepted = models.BooleanField(
        default=False, help_text=_("A publisher allowed the name there, with a reason.")
    )
    warned = models.BooleanField(
        default=False, help_text=_("This spelling may be another person’s name.")
    )
    at = models.DateTimeField(help_text=_("When the check started."))

    objects = NameCheckFindQuerySet.as_manager()

    class Meta:
        ordering = ["address", "pk"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.address}"

    @property
    def kind_label(self) -> str:
        """The label of the kind, in lower case."""
        return str(self.Kind(self.kind).label)


class FoldedText(models.Model):
    """The public texts of one row in the form in which names are compared. Derived on save.

    It contains only letters (people.names.letters). A query on it finds rows that may contain a
    name. Then the texts of these rows are searched.
    """

    table = models.CharField(max_length=40)
    row = models.CharField(max_length=36)
    letters = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["table", "row"], name="foldedtext_once_a_row"),
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.row}"


class RejectedName(models.Model):
    """A rejected suggestion: an editor decided that a name in a release is not this person's."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="rejected_names")
    name = models.CharField(max_length=200, help_text=_("As it is compared: see people.names."))
    person = models.ForeignKey(
        Person, models.CASCADE, null=True, blank=True, related_name="+",
        help_text=_("Blank if the hint was about an unknown person."),
    )  # fmt: skip

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["release", "name", "person"], name="rejected_once_a_person"
            ),
            models.UniqueConstraint(
                fields=["release", "name"], condition=Q(person=None), name="rejected_once_as_new"
            ),
        ]

    def __str__(self) -> str:
        return self.name
