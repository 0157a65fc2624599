"""Who speaks and who is imprisoned, and how far each may be named."""

import uuid
from datetime import date
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django_countries.fields import CountryField
from simple_history.models import HistoricalRecords

from accounts.models import User
from assets.models import MediaAsset
from people.slugs import slug_for

language_tag = RegexValidator(
    r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "Write a language tag such as en, ug or zh-Hans."
)


class Level(models.IntegerChoices):
    """How far a person may be named. Everything that names people asks this."""

    CASE_OFFICERS = 0, "0 · Known to named case officers only"
    STAFF = 1, "1 · Known to staff; named nowhere"
    NAMEABLE = 2, "2 · May be named in a release; no page"
    PUBLIC = 3, "3 · Has a public page"


class PersonQuerySet(models.QuerySet["Person"]):
    def with_page(self) -> Self:
        """Those with a public page."""
        return self.filter(level=Level.PUBLIC)

    def protected(self) -> Self:
        """Those whose name may stand in no release."""
        return self.filter(level__lt=Level.NAMEABLE)

    def spellings(self) -> set[str]:
        """Every form of their names that may be looked for in a text."""
        return {form for person in self.prefetch_related("names") for form in person.spellings()}

    def spokespeople(self, on: date | None = None) -> Self:
        """Those who speak for us on a day (default: today, in the newsroom's zone)."""
        on = on or timezone.localdate()
        speaking = Role.objects.on(on).filter(speaks_for_us=True)
        return self.filter(pk__in=speaking.values("person"))

    def prisoners(self) -> Self:
        """Those with at least one case."""
        return self.filter(pk__in=Case.objects.values("person"))

    def visible_to(self, user: User) -> Self:
        """Those whom a user of the admin may know of: level 0 is for its case officers."""
        if user.is_superuser:
            return self
        known = self.model.case_officers.through.objects.filter(user=user).values("person")
        return self.filter(Q(level__gt=Level.CASE_OFFICERS) | Q(pk__in=known))


class Person(models.Model):
    """Anybody a release speaks of: a spokesperson, a prisoner of conscience, a minister."""

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    display_name = models.CharField(
        "name",
        max_length=200,
        help_text="As we print it. It is never re-ordered or re-cased; one name alone is valid.",
    )
    sort_name = models.CharField(
        max_length=200, blank=True, help_text="For lists. Empty: as printed. Not always a surname."
    )
    slug = models.CharField(
        "address",
        max_length=120,
        unique=True,
        blank=True,
        help_text="The last part of the person's page. Empty: made from the name.",
    )
    pronouns = models.CharField(
        max_length=40, blank=True, help_text="Only as the person states them."
    )
    level = models.PositiveSmallIntegerField(
        "publication level",
        choices=Level.choices,
        default=Level.STAFF,
        help_text="Decides where the name may stand. Lowering it works at once, everywhere.",
    )
    level_basis = models.TextField(
        "basis",
        blank=True,
        help_text="Why the person may be named: consent and of whom, or that it is widely public "
        "and was weighed. Needed from level 2 on. Never public.",
    )
    case_officers = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="+",
        help_text="At level 0 nobody else knows of this record.",
    )
    portrait = models.ForeignKey(
        MediaAsset, models.PROTECT, null=True, blank=True, related_name="portrait_of"
    )

    depicted_in = models.ManyToManyField(
        MediaAsset,
        blank=True,
        related_name="depicts",
        help_text="The pictures that show the person. Told in the picture library.",
    )

    objects = PersonQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name_plural = "people"
        ordering = ["sort_name", "display_name", "pk"]
        permissions = [("set_level", "Can raise or lower a publication level")]
        constraints = [
            models.CheckConstraint(condition=~Q(display_name=""), name="person_has_a_name"),
            models.CheckConstraint(
                condition=Q(level__lt=Level.NAMEABLE) | ~Q(level_basis=""),
                name="person_named_only_on_a_recorded_basis",
                violation_error_message="From level 2 on, record why this person may be named.",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, with a sort name and an address of its own where none were typed."""
        self.sort_name = self.sort_name or self.display_name
        self.slug = slug_for(self.slug, fallback="", length=120)
        if not self.slug:
            short = self.pk.hex[:8]
            self.slug = slug_for(self.display_name, fallback=f"person-{short}")
            if Person.objects.filter(slug=self.slug).exclude(pk=self.pk).exists():
                self.slug += f"-{short}"  # a namesake
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("person", args=[self.slug])

    def clean(self) -> None:
        """Refuse an address in which nothing would be left; make the others one."""
        typed, self.slug = self.slug, slug_for(self.slug, fallback="", length=120)
        if typed and not self.slug:
            raise ValidationError({"slug": "An address needs letters or digits."})

    def has_page(self) -> bool:
        """Row twin of `Person.objects.with_page`."""
        return self.level == Level.PUBLIC

    def is_protected(self) -> bool:
        """Row twin of `Person.objects.protected`."""
        return self.level < Level.NAMEABLE

    def title_on(self, day: date) -> str:
        """Return the title the person held on a day, "" where none is recorded.

        Of several, the one that began last. Reads prefetched roles where there are any.
        """
        held = [role for role in self.roles.all() if role.held_on(day)]
        return max(held, key=lambda role: role.start or date.min).title if held else ""

    def spellings(self) -> list[str]:
        """Return every form of the name that may be looked for in a text."""
        return [self.display_name, *(name.text for name in self.names.all() if name.matchable)]


class PersonName(models.Model):
    """Another script, spelling or name of a person."""

    class Kind(models.TextChoices):
        NATIVE = "native", "In the person's own script"
        TRANSLITERATION = "transliteration", "Another spelling in Latin script"
        PREFERRED = "preferred", "Preferred"
        BIRTH = "birth", "At birth"
        PREVIOUS = "previous", "Previous"
        RELIGIOUS = "religious", "Religious"
        PSEUDONYM = "pseudonym", "Pseudonym"
        WEAK = "weak", "Weak: shared by many"

    person = models.ForeignKey(Person, models.CASCADE, related_name="names")
    text = models.CharField("name", max_length=200)
    language = models.CharField(max_length=35, blank=True, validators=[language_tag])
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.TRANSLITERATION)
    printed = models.BooleanField(
        default=False, help_text="Print it on the person's page, beside the name."
    )
    matchable = models.BooleanField(
        default=True, help_text="Look for it in texts. Not for a name that many people share."
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = "other name"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["person", "text"], name="personname_once_a_person"),
        ]

    def __str__(self) -> str:
        return self.text


class RoleQuerySet(models.QuerySet["Role"]):
    def on(self, day: date) -> Self:
        """Those held on a day; a missing start or end is open."""
        return self.filter(Q(start=None) | Q(start__lte=day), Q(end=None) | Q(end__gte=day))


class Role(models.Model):
    """A title that a person holds or held."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="roles")
    title = models.CharField(max_length=200, help_text="As it is printed after the name.")
    unit = models.CharField("organisation or unit", max_length=200, blank=True)
    start = models.DateField(null=True, blank=True)
    end = models.DateField(null=True, blank=True, help_text="The last day.")
    interim = models.BooleanField(default=False)
    speaks_for_us = models.BooleanField(
        default=False, help_text="In this role the person is one of our spokespeople."
    )

    objects = RoleQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = [F("start").desc(nulls_last=True), "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(start=None) | Q(end=None) | Q(end__gte=F("start")),
                name="role_ends_after_it_starts",
                violation_error_message="A role cannot end before it starts.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def held_on(self, day: date) -> bool:
        """Row twin of `Role.objects.on`."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


class Case(models.Model):
    """One detention of one person, as we last knew it."""

    class Custody(models.TextChoices):
        """After the vocabularies of RSF, CPJ and HURIDOCS; see docs/decisions/0011."""

        DETAINED = "detained", "Held; in what form is not stated"
        PRETRIAL = "pretrial", "Held without conviction"
        ADMINISTRATIVE = "administrative", "Held by executive order"
        IMPRISONED = "imprisoned", "Imprisoned after conviction"
        HOUSE_ARREST = "house_arrest", "Under house arrest"
        RESTRICTED = "restricted", "Free, with movement restricted"
        DISAPPEARED = "disappeared", "Disappeared: fate or place unknown or denied"
        HELD_NON_STATE = "held_non_state", "Held by an armed group"
        RELEASED_CONDITIONAL = "released_conditional", "Released on conditions"
        RELEASED = "released", "Released"
        DIED_IN_CUSTODY = "died_in_custody", "Died in custody"
        DIED = "died", "Died"
        UNKNOWN = "unknown", "Not known"

    person = models.ForeignKey(Person, models.CASCADE, related_name="cases")
    country = CountryField(
        blank=True, help_text="Who holds the person. Empty where it is not certain."
    )
    custody_status = models.CharField(
        max_length=24, choices=Custody.choices, default=Custody.UNKNOWN
    )
    as_of = models.DateField(
        "as of", help_text="The day for which the status was last known. Always shown with it."
    )
    call = models.TextField(blank=True, help_text="What we ask for, in the words of a release.")
    summary = models.TextField(blank=True, help_text="What happened, for the person's page.")
    source = models.TextField(
        blank=True, help_text="Where this comes from: shown below the summary."
    )
    history = HistoricalRecords()

    class Meta:
        ordering = ["-as_of", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_custody_status_display()} (as of {date_format(self.as_of)})"
