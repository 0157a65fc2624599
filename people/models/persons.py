"""People, such as spokespeople and prisoners: names, titles, and how far each may be named."""

import uuid
from datetime import date, timedelta
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import User
from assets.models import MediaAsset
from people.locking import lock_names_for_change, lock_rows
from people.models.person_names import EXACT_HELP, EXACT_LABEL, SEARCHED_HELP, SEARCHED_LABEL
from people.models.publication import Level, Scope
from people.names.forms import is_full_name
from people.slugs import slug_for
from storing.rows import Guarded, GuardedQuerySet

EXPIRY_WARNING = timedelta(days=30)  # the desk shows a warning this long before a consent ends


class PersonQuerySet(GuardedQuerySet["Person"]):
    def with_page(self, on: date | None = None) -> Self:
        """Return the people with a public page on a day (default: today in the newsroom's zone)."""
        on = on or timezone.localdate()
        return self.filter(
            Q(name_consent_until=None) | Q(name_consent_until__gte=on), level=Level.PUBLIC
        )

    def protected(self, on: date | None = None) -> Self:
        """Return the people whose name may not be published on a day: by level or ended consent."""
        on = on or timezone.localdate()
        return self.filter(Q(level__lt=Level.NAMEABLE) | Q(name_consent_until__lt=on))

    def consent_ends_soon(self, on: date | None = None) -> Self:
        """Return the people with level 2 or 3 whose consent ends within 30 days or has ended."""
        soon = (on or timezone.localdate()) + EXPIRY_WARNING
        return self.filter(level__gte=Level.NAMEABLE, name_consent_until__lt=soon)

    def not_searched_for(self, on: date | None = None) -> "list[Person]":
        """Return the people who are protected on a day, but whose names are not searched for."""
        protected = self.protected(on).prefetch_related("names")
        return [person for person in protected if not person.is_searched_for()]

    def lacking_photo_consent(self) -> Self:
        """Return the people who gave consents, but none for photographs."""
        return self.filter(photo_consent_until=Person.NEVER)

    def with_pictures(self, files: models.QuerySet[MediaAsset]) -> Self:
        """Return the people with a portrait, or in one of these pictures."""
        shown = self.model.depicted_in.through.objects.filter(mediaasset__in=files).values("person")
        return self.filter(Q(portrait__isnull=False) | Q(pk__in=shown))

    def spokespeople(self, on: date | None = None) -> Self:
        """Return the people who speak for us on a day (default: today in the newsroom's zone)."""
        on = on or timezone.localdate()
        speaking = Role.objects.on(on).filter(speaks_for_us=True)
        return self.filter(pk__in=speaking.values("person"))

    def prisoners(self) -> Self:
        """Return the people with at least one case."""
        return self.exclude(cases=None)

    def visible_to(self, user: User) -> Self:
        """Return the people that a user may know of.

        At level 0 only the case officers of the person may, and superusers are no exception.
        """
        known = self.model.case_officers.through.objects.filter(user=user).values("person")
        return self.filter(Q(level__gt=Level.CASE_OFFICERS) | Q(pk__in=known))

    def only_seen_by(self, user: User) -> Self:
        """Return the people with this case officer, and without another one who can sign in."""
        named = self.model.case_officers.through.objects
        others = named.filter(user__is_active=True, user__is_staff=True).exclude(user=user)
        return self.filter(pk__in=named.filter(user=user).values("person")).exclude(
            pk__in=others.values("person")
        )

    def without_officer(self) -> Self:
        """Return the people at level 0 without a case officer who can sign in."""
        named = self.model.case_officers.through.objects
        able = named.filter(user__is_active=True, user__is_staff=True).values("person")
        return self.filter(level=Level.CASE_OFFICERS).exclude(pk__in=able)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the people while no other transaction reads who may be named."""
        with transaction.atomic():
            lock_names_for_change()
            return super().delete()


class Person(Guarded):
    """A person that releases mention: a spokesperson, a prisoner of conscience, a minister."""

    NEVER = date.min  # `photo_consent_until` if consents are recorded, but none for photographs
    CONSENT_FIELDS = ("name_consent_until", "photo_consent_until")  # only Consent writes them

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    display_name = models.CharField(
        _("name"),
        max_length=200,
        help_text=_(
            "As shown to readers. Order and capitals are not changed. A single name is valid."
        ),
    )
    name_matchable = models.BooleanField(
        SEARCHED_LABEL, default=True, db_default=True, help_text=SEARCHED_HELP
    )
    name_match_exactly = models.BooleanField(
        EXACT_LABEL, default=False, db_default=False, help_text=EXACT_HELP
    )
    sort_name = models.CharField(
        _("sort name"),
        max_length=200,
        blank=True,
        help_text=_("For lists. Leave blank to use the name as shown."),
    )
    slug = models.CharField(
        _("web address"),
        max_length=120,
        unique=True,
        blank=True,
        help_text=_("The last part of the page’s address. Leave blank to use the name."),
    )
    pronouns = models.CharField(
        _("pronouns"), max_length=40, blank=True, help_text=_("As stated by the person.")
    )
    under_18 = models.BooleanField(
        _("under eighteen"),
        default=False,
        db_default=False,
        help_text=_(
            "Only users with the role “Case officer” can make this person public. Marking someone "
            "at level 2 or 3 lowers the level to 1 at once. A second person must approve that the "
            "mark is removed."
        ),
    )
    level = models.PositiveSmallIntegerField(
        _("publication level"),
        choices=Level.choices,
        default=Level.STAFF,
        help_text=_(
            "Decides where the name may appear. Two people raise it; one person can lower it."
        ),
    )
    level_basis = models.TextField(
        _("basis"),
        blank=True,
        help_text=_(
            "Why the person may be named: whose consent, or why publication is justified. Required "
            "from level 2. Internal only."
        ),
    )
    # Derived from the recorded consents: the last day on which they are valid, or None for no end.
    name_consent_until = models.DateField(
        _("consent to be named until"),
        db_column="named_until",
        null=True,
        blank=True,
        editable=False,
    )
    photo_consent_until = models.DateField(
        _("consent for photographs until"),
        db_column="shown_until",
        null=True,
        blank=True,
        editable=False,
    )
    case_officers = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("case officers"),
        blank=True,
        related_name="+",
        help_text=_("At level 0 only these users can see this record."),
    )
    portrait = models.ForeignKey(
        MediaAsset,
        models.PROTECT,
        verbose_name=_("portrait"),
        null=True,
        blank=True,
        related_name="portrait_of",
    )

    depicted_in = models.ManyToManyField(
        MediaAsset,
        verbose_name=_("pictures"),
        blank=True,
        related_name="depicts",
        help_text=_("Pictures that show the person. Set in the picture library."),
    )

    objects = PersonQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["sort_name", "display_name", "pk"]
        permissions = [
            ("set_level", _("Can approve a higher publication level")),
            ("name_minor", _("Can approve naming a person under eighteen")),
            ("be_case_officer", _("Can be named as a case officer")),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(display_name=""), name="person_has_a_name"),
            models.CheckConstraint(
                condition=Q(level__lt=Level.NAMEABLE) | ~Q(level_basis=""),
                name="person_named_only_on_a_recorded_basis",
                violation_error_message=_(
                    "Enter why this person may be named (required from level 2)."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the person, with a sort name and a slug if none were typed.

        A person without a public page gets a slug without the name, because a slug that is already
        taken would reveal that another record exists. Unless `update_fields` names them, the dates
        derived from consents are not changed, and the mark “under eighteen” is not removed.
        """
        self.pk = self.pk or uuid.uuid4()  # Django's inline formsets clear the default of the key
        self.sort_name = self.sort_name or self.display_name
        self.slug = slug_for(self.slug, fallback="", length=120) or self.pk.hex
        is_whole = not self._state.adding and kwargs.get("update_fields") is None
        if is_whole:
            kwargs["update_fields"] = {
                field.name for field in self._meta.concrete_fields if not field.primary_key
            } - {*self.CONSENT_FIELDS}
        with transaction.atomic():
            lock_names_for_change()
            for stored in lock_rows(Person.objects.filter(pk=self.pk)):
                # This copy may have been read before someone marked the person.
                self.under_18 = self.under_18 or (is_whole and stored.under_18)
            if self.level == Level.PUBLIC and self.slug == self.pk.hex:
                self.slug = self._unique_slug()
            super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("person", args=[self.slug])

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the record while no other transaction reads who may be named."""
        with transaction.atomic():
            lock_names_for_change()
            lock_rows(Person.objects.filter(pk=self.pk))
            return super().delete(*args, **kwargs)

    def clean(self) -> None:
        """Convert the typed address to a slug. Refuse it if nothing is left."""
        typed, self.slug = self.slug, slug_for(self.slug, fallback="", length=120)
        if typed and not self.slug:
            raise ValidationError({"slug": gettext("Use at least one letter or digit.")})

    def has_page(self, on: date | None = None) -> bool:
        """Return whether the person is in `Person.objects.with_page`."""
        return self.level == Level.PUBLIC and not self.name_consent_has_ended(on)

    def is_protected(self, on: date | None = None) -> bool:
        """Return whether the person is in `Person.objects.protected`."""
        return self.level < Level.NAMEABLE or self.name_consent_has_ended(on)

    def name_consent_has_ended(self, on: date | None = None) -> bool:
        """Return whether there are consents to be named, and all have ended or were withdrawn."""
        until = self.name_consent_until
        return until is not None and until < (on or timezone.localdate())

    def name_protected_from(self) -> date | None:
        """Return the first day on which the name may not be published, or None if never.

        It is `date.min` if the level protects the name.
        """
        if self.level < Level.NAMEABLE:
            return date.min
        return self.name_consent_until + timedelta(days=1) if self.name_consent_until else None

    def photos_hidden_from(self) -> date | None:
        """Return the first day on which pictures of the person may not be shown, or None if never.

        It is `date.min` if the level protects the name, or if the recorded consents do not cover
        photographs.
        """
        if self.level < Level.NAMEABLE or self.lacks_photo_consent():
            return date.min
        ends = [day for day in (self.name_consent_until, self.photo_consent_until) if day]
        return min(ends) + timedelta(days=1) if ends else None

    def lacks_photo_consent(self) -> bool:
        """Return whether the person is in `Person.objects.lacking_photo_consent`."""
        return self.photo_consent_until == self.NEVER

    def has_consent(self, scope: Scope, on: date | None = None) -> bool:
        """Return whether a consent covers a subject on a day. Reads prefetched consents."""
        on = on or timezone.localdate()
        return any(
            consent.covers(scope) and consent.is_valid_on(on) for consent in self.consents.all()
        )

    def title_on(self, day: date) -> str:
        """Return the title of the person on a day, or "" if none is recorded."""
        role = self.role_on(day)
        return role.title if role else ""

    def role_on(self, day: date) -> "Role | None":
        """Return the role of the person on a day, or None if none is recorded.

        If there are several, return the one that began last. Reads prefetched roles.
        """
        roles = [role for role in self.roles.all() if role.is_held_on(day)]
        return max(roles, key=lambda role: role.start or date.min) if roles else None

    def outcome_after(self, day: date) -> str:
        """Return how the newest case ended after a day, or "" if it has not ended.

        Reads prefetched cases, events and statuses.
        """
        return next((case.outcome_after(day) for case in self.cases.all()), "")

    def spellings(self) -> list[str]:
        """Return every recorded name that public texts are searched for."""
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

    def is_searched_for(self) -> bool:
        """Return whether public texts are searched for the name as shown."""
        return self.display_name in self.spellings()

    def _unique_slug(self) -> str:
        short = self.pk.hex[:8]
        slug = slug_for(self.display_name, fallback=f"person-{short}")
        if Person.objects.filter(slug=slug).exclude(pk=self.pk).exists():
            slug += f"-{short}"  # a namesake
        return slug


class RoleQuerySet(GuardedQuerySet["Role"]):
    def on(self, day: date) -> Self:
        """Return the roles held on a day. A missing start or end is open."""
        return self.filter(Q(start=None) | Q(start__lte=day), Q(end=None) | Q(end__gte=day))


class Role(Guarded):
    """A title that a person holds or held."""

    person = models.ForeignKey(
        Person, models.CASCADE, related_name="roles", verbose_name=_("person")
    )
    title = models.CharField(_("title"), max_length=200, help_text=_("Shown after the name."))
    unit = models.CharField(_("organisation or unit"), max_length=200, blank=True)
    start = models.DateField(_("start"), null=True, blank=True)
    end = models.DateField(_("end"), null=True, blank=True, help_text=_("Last day."))
    interim = models.BooleanField(_("interim"), default=False)
    speaks_for_us = models.BooleanField(
        _("speaks for us"),
        default=False,
        help_text=_("The person is our spokesperson in this role."),
    )

    objects = RoleQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords()

    class Meta:
        ordering = [F("start").desc(nulls_last=True), "pk"]
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        constraints = [
            models.CheckConstraint(
                condition=Q(start=None) | Q(end=None) | Q(end__gte=F("start")),
                name="role_ends_after_it_starts",
                violation_error_message=_("The end can’t be before the start."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def is_held_on(self, day: date) -> bool:
        """Return whether the role is in `Role.objects.on`."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)
