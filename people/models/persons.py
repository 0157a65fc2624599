"""Who speaks and who is imprisoned: names, titles, and how far each may be named."""

import uuid
from datetime import date, timedelta
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import User
from assets.models import MediaAsset
from people.locking import lock_names_for_change, lock_rows
from people.names.forms import is_full_name
from people.names.scripts import script_of
from people.slugs import slug_for
from storing.rows import Guarded, GuardedQuerySet

language_tag = RegexValidator(
    r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "Write a language tag such as en, ug or zh-Hans."
)


SOON = timedelta(days=30)  # before a consent ends, the desk warns


class Level(models.IntegerChoices):
    """How far a person may be named. Everything that names people asks this."""

    CASE_OFFICERS = 0, "0 · Known to named case officers only"
    STAFF = 1, "1 · Known to staff; named nowhere"
    NAMEABLE = 2, "2 · May be named in a release; no page"
    PUBLIC = 3, "3 · Has a public page"


class PersonQuerySet(GuardedQuerySet["Person"]):
    def with_page(self, on: date | None = None) -> Self:
        """Those with a public page on a day (default: today, in the newsroom's zone)."""
        on = on or timezone.localdate()
        return self.filter(Q(named_until=None) | Q(named_until__gte=on), level=Level.PUBLIC)

    def protected(self, on: date | None = None) -> Self:
        """Those whose name may stand in no release on a day: by their level, or by a consent
        that has ended.
        """
        on = on or timezone.localdate()
        return self.filter(Q(level__lt=Level.NAMEABLE) | Q(named_until__lt=on))

    def consent_ends_soon(self, on: date | None = None) -> Self:
        """Those who may be named, by a consent that ends within thirty days or has ended."""
        soon = (on or timezone.localdate()) + SOON
        return self.filter(level__gte=Level.NAMEABLE, named_until__lt=soon)

    def not_looked_for(self, on: date | None = None) -> "list[Person]":
        """Return those who are protected on a day although no public text is searched for them."""
        protected = self.protected(on).prefetch_related("names")
        return [person for person in protected if not person.is_looked_for()]

    def lacking_photo_consent(self) -> Self:
        """Those with recorded consents of which none covers photographs."""
        return self.filter(shown_until=Person.NEVER_SHOWN)

    def with_pictures(self) -> Self:
        """Those with a portrait, or in a picture of the library."""
        shown = self.model.depicted_in.through.objects.values("person")
        return self.filter(Q(portrait__isnull=False) | Q(pk__in=shown))

    def spokespeople(self, on: date | None = None) -> Self:
        """Those who speak for us on a day (default: today, in the newsroom's zone)."""
        on = on or timezone.localdate()
        speaking = Role.objects.on(on).filter(speaks_for_us=True)
        return self.filter(pk__in=speaking.values("person"))

    def prisoners(self) -> Self:
        """Those with at least one case."""
        return self.exclude(cases=None)

    def visible_to(self, user: User) -> Self:
        """Those whom a user of the admin may know of: level 0 is for its case officers."""
        if user.is_superuser:
            return self
        known = self.model.case_officers.through.objects.filter(user=user).values("person")
        return self.filter(Q(level__gt=Level.CASE_OFFICERS) | Q(pk__in=known))

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete them while nobody reads who may be named."""
        with transaction.atomic():
            lock_names_for_change()
            return super().delete()


class Person(Guarded):
    """Anybody a release speaks of: a spokesperson, a prisoner of conscience, a minister."""

    NEVER_SHOWN = date.min  # in `shown_until`: consents are recorded, and none covers photographs
    FOLLOWING = ("named_until", "shown_until")  # written by Consent alone

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    display_name = models.CharField(
        "name",
        max_length=200,
        help_text="As we print it. It is never re-ordered or re-cased; one name alone is valid.",
    )
    name_matchable = models.BooleanField(
        "look for this name in texts",
        default=True,
        db_default=True,
        help_text="A full name is always looked for. Only those who may set levels can switch it "
        "off.",
    )
    name_match_exactly = models.BooleanField(
        "look for it exactly as written",
        default=False,
        db_default=False,
        help_text="For a name of one part, initials or a code name: case and full stops count.",
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
    under_18 = models.BooleanField(
        "under eighteen",
        default=False,
        db_default=False,
        help_text=_(
            "Only users with the “name minors” permission can make this person public. Marking "
            "somebody at level 2 or 3 lowers the level to 1 at once. A second person must approve "
            "that the mark is removed."
        ),
    )
    level = models.PositiveSmallIntegerField(
        "publication level",
        choices=Level.choices,
        default=Level.STAFF,
        help_text="Decides where the name may stand. It is raised by two people and lowered by "
        "one, with people.levels.",
    )
    level_basis = models.TextField(
        "basis",
        blank=True,
        help_text="Why the person may be named: consent and of whom, or that it is widely public "
        "and was weighed. Needed from level 2 on. Never public.",
    )
    # What follows from the recorded consents: the last day on which they hold, None without an end.
    named_until = models.DateField(null=True, blank=True, editable=False)
    shown_until = models.DateField(null=True, blank=True, editable=False)
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

    objects = PersonQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords()

    class Meta:
        verbose_name_plural = "people"
        ordering = ["sort_name", "display_name", "pk"]
        permissions = [
            ("set_level", "Can agree to a higher publication level"),
            ("name_minor", "Can agree that somebody under eighteen is named"),
        ]
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
        """Save, with a sort name and an address of its own where none were typed.

        A person without a page gets an address without the name: an address that is taken would
        show that another record exists. The days that follow from consents and the mark “under
        eighteen” stay as they are stored, unless `update_fields` names them.
        """
        self.pk = self.pk or uuid.uuid4()  # a form with further names takes the default away
        self.sort_name = self.sort_name or self.display_name
        self.slug = slug_for(self.slug, fallback="", length=120) or self.pk.hex
        is_whole = not self._state.adding and kwargs.get("update_fields") is None
        if is_whole:
            kwargs["update_fields"] = {
                field.name for field in self._meta.concrete_fields if not field.primary_key
            } - {*self.FOLLOWING}
        with transaction.atomic():
            lock_names_for_change()
            for stored in lock_rows(Person.objects.filter(pk=self.pk)):
                # This copy may have been read before somebody marked the person.
                self.under_18 = self.under_18 or (is_whole and stored.under_18)
            if self.level == Level.PUBLIC and self.slug == self.pk.hex:
                self.slug = self._free_address()
            super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("person", args=[self.slug])

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the record while nobody reads who may be named."""
        with transaction.atomic():
            lock_names_for_change()
            lock_rows(Person.objects.filter(pk=self.pk))
            return super().delete(*args, **kwargs)

    def clean(self) -> None:
        """Refuse an address in which nothing would be left; make the others one."""
        typed, self.slug = self.slug, slug_for(self.slug, fallback="", length=120)
        if typed and not self.slug:
            raise ValidationError({"slug": "An address needs letters or digits."})

    def has_page(self, on: date | None = None) -> bool:
        """Row twin of `Person.objects.with_page`."""
        return self.level == Level.PUBLIC and not self.has_lapsed(on)

    def is_protected(self, on: date | None = None) -> bool:
        """Row twin of `Person.objects.protected`."""
        return self.level < Level.NAMEABLE or self.has_lapsed(on)

    def has_lapsed(self, on: date | None = None) -> bool:
        """Whether every consent to be named has ended or was withdrawn; never where none is."""
        return self.named_until is not None and self.named_until < (on or timezone.localdate())

    def protected_from(self) -> date | None:
        """Return the first day on which the name may stand in no release, None for never.

        It is `date.min` where the level protects the name.
        """
        if self.level < Level.NAMEABLE:
            return date.min
        return self.named_until + timedelta(days=1) if self.named_until else None

    def withheld_from(self) -> date | None:
        """Return the first day on which pictures of the person may not be shown, None for never.

        It has come already where the person may be named nowhere, and where the recorded consents
        leave photographs out.
        """
        if self.level < Level.NAMEABLE or self.lacks_photo_consent():
            return date.min
        ends = [day for day in (self.named_until, self.shown_until) if day]
        return min(ends) + timedelta(days=1) if ends else None

    def lacks_photo_consent(self) -> bool:
        """Row twin of `Person.objects.lacking_photo_consent`."""
        return self.shown_until == self.NEVER_SHOWN

    def has_consent(self, scope: Any, on: date | None = None) -> bool:
        """Whether a consent that covers a subject holds on a day. Reads prefetched consents."""
        on = on or timezone.localdate()
        return any(
            consent.covers(scope) and consent.holds_on(on) for consent in self.consents.all()
        )

    def title_on(self, day: date) -> str:
        """Return the title the person held on a day, "" where none is recorded."""
        role = self.role_on(day)
        return role.title if role else ""

    def role_on(self, day: date) -> "Role | None":
        """Return the role that the person held on a day, None where none is recorded.

        Of several, the one that began last. Reads prefetched roles where there are any.
        """
        held = [role for role in self.roles.all() if role.held_on(day)]
        return max(held, key=lambda role: role.start or date.min) if held else None

    def moved_on(self, day: date) -> str:
        """Return how the newest case ended after a day, "" where it has not.

        Reads prefetched cases, events and statuses.
        """
        return next((case.moved_on(day) for case in self.cases.all()), "")

    def spellings(self) -> list[str]:
        """Return every recorded name that is looked for in public texts."""
        recorded = [(self.display_name, self.name_matchable, self.name_match_exactly)]
        recorded += [
            (name.text, name.matchable and name.kind != name.Kind.WEAK, name.match_exactly)
            for name in self.names.all()
        ]
        return [
            text
            for text, matchable, exactly in recorded
            if (matchable and is_full_name(text)) or (exactly and not is_full_name(text))
        ]

    def is_looked_for(self) -> bool:
        """Whether the name that we print is looked for in public texts."""
        return self.display_name in self.spellings()

    def _free_address(self) -> str:
        short = self.pk.hex[:8]
        slug = slug_for(self.display_name, fallback=f"person-{short}")
        if Person.objects.filter(slug=slug).exclude(pk=self.pk).exists():
            slug += f"-{short}"  # a namesake
        return slug


class PersonNameQuerySet(GuardedQuerySet["PersonName"]):
    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete them while nobody reads who may be named."""
        with transaction.atomic():
            lock_names_for_change()
            return super().delete()


class PersonName(Guarded):
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
    language = models.CharField(
        max_length=35, blank=True, validators=[language_tag], help_text="As en, ug or zh-Hans."
    )
    script = models.CharField(
        max_length=4,
        blank=True,
        default="",
        db_default="",
        validators=[RegexValidator("^[A-Z][a-z]{3}$", "Write a script as Arab, Hani or Latn.")],
        help_text="ISO 15924. Empty: seen from its letters.",
    )
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.TRANSLITERATION)
    printed = models.BooleanField(
        default=False, help_text="Print it on the person's page, beside the name."
    )
    matchable = models.BooleanField(
        "look for it in texts",
        default=True,
        help_text="A full name is always looked for. Only those who may set levels can switch it "
        "off.",
    )
    match_exactly = models.BooleanField(
        "look for it exactly as written",
        default=False,
        db_default=False,
        help_text="For a name of one part, initials or a code name: case and full stops count.",
    )

    objects = PersonNameQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords()

    class Meta:
        verbose_name = "other name"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["person", "text"], name="personname_once_a_person"),
        ]

    def __str__(self) -> str:
        return self.text

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, with the script that most of its letters belong to where none was typed."""
        self.script = self.script or script_of(self.text)
        with transaction.atomic():
            lock_names_for_change()
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the name while nobody reads who may be named."""
        with transaction.atomic():
            lock_names_for_change()
            return super().delete(*args, **kwargs)


class RoleQuerySet(GuardedQuerySet["Role"]):
    def on(self, day: date) -> Self:
        """Those held on a day; a missing start or end is open."""
        return self.filter(Q(start=None) | Q(start__lte=day), Q(end=None) | Q(end__gte=day))


class Role(Guarded):
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

    objects = RoleQuerySet.as_manager()  # type: ignore[misc]
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
