"""How far a person may be named, and what a consent covers."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Level(models.IntegerChoices):
    """How far a person may be named. All public texts are checked against it."""

    CASE_OFFICERS = 0, _("0 · Known to named case officers only")
    STAFF = 1, _("1 · Known to staff; may not be named")
    NAMEABLE = 2, _("2 · May be named in a release; no page")
    PUBLIC = 3, _("3 · Has a public page")


class Scope(models.TextChoices):
    """What a consent covers."""

    NAME = "name", _("The name")
    PHOTO = "photo", _("Photographs")
    HEALTH = "health", _("Health")
    FAMILY = "family", _("Family")
    LOCATION = "location", _("Where the person is")
