"""Protected names: exceptions, what the checks found, who was shown it, and the index of texts."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from people.models import Level, Person
from releases.models.release import Release


class NameExceptionQuerySet(models.QuerySet["NameException"]):
    def standing(self) -> Self:
        """Those that nobody has ended."""
        return self.filter(ended_at=None)


class NameException(models.Model):
    """A protected name that is allowed in one text in one spelling, and why.

    It is for a namesake, or a name that is part of another. The text is one row: a release, a
    picture, a topic. It is never deleted, but can be ended.
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
        db_table = "releases_clearance"  # its first name
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
    """A user was shown that a text contains a protected name: one row a day, text and user.

    It answers who could have learned from the checks that a name is protected.
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
        db_table = "releases_namefind"  # its first name
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
        """Those that a user may see at the desk: of people at level 0, only their case officers.

        Superusers included: they may see the record, and are not shown where it is named.
        """
        officers = Person.case_officers.through.objects.filter(user=user).values("person")
        known = Q(person__level__gt=Level.CASE_OFFICERS) | Q(person__in=officers)
        return self.filter(known, person__in=Person.objects.visible_to(user))

    def open(self) -> Self:
        """Those that nobody has accepted."""
        return self.filter(accepted=False)


class NameCheckFind(models.Model):
    """A protected name that the newest `manage.py namecheck` found on the public site.

    A full run replaces all rows; `--since` replaces those of the addresses that it read.
    """

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


class FoldedText(models.Model):
    """The public texts of one row in the form that names are compared with; derived on save.

    It has letters only (people.names.letters). It finds the rows that may contain a name; the
    texts themselves decide.
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
    """A suggestion of a person for a name in a release that an editor rejected."""

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
