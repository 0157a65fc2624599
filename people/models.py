"""Who speaks and who is imprisoned, and how far each may be named."""

import contextlib
import unicodedata
import uuid
from datetime import date, timedelta
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
from people.dates import UncertainDate, UncertainDateField, read
from people.slugs import slug_for

language_tag = RegexValidator(
    r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "Write a language tag such as en, ug or zh-Hans."
)


SOON = timedelta(days=30)  # before a consent ends, the desk warns
# What Unicode calls the letters of a script, and what ISO 15924 calls the script.
SCRIPTS = {
    "LATIN": "Latn", "CYRILLIC": "Cyrl", "GREEK": "Grek", "ARABIC": "Arab", "HEBREW": "Hebr",
    "CJK": "Hani", "HIRAGANA": "Hira", "KATAKANA": "Kana", "HANGUL": "Hang", "TIBETAN": "Tibt",
    "DEVANAGARI": "Deva", "BENGALI": "Beng", "TAMIL": "Taml", "THAI": "Thai", "KHMER": "Khmr",
    "MYANMAR": "Mymr", "LAO": "Laoo", "GEORGIAN": "Geor", "ARMENIAN": "Armn", "ETHIOPIC": "Ethi",
    "MONGOLIAN": "Mong", "SINHALA": "Sinh", "GUJARATI": "Gujr", "GURMUKHI": "Guru",
    "TELUGU": "Telu", "KANNADA": "Knda", "MALAYALAM": "Mlym", "SYRIAC": "Syrc", "THAANA": "Thaa",
}  # fmt: skip


def script_of(text: str) -> str:
    """Return the script that most letters of a text belong to, in ISO 15924; "" where none is."""
    found = [SCRIPTS.get(unicodedata.name(char, "").split(" ")[0], "") for char in text]
    found = [script for script in found if script]
    return max(found, key=found.count) if found else ""


class Level(models.IntegerChoices):
    """How far a person may be named. Everything that names people asks this."""

    CASE_OFFICERS = 0, "0 · Known to named case officers only"
    STAFF = 1, "1 · Known to staff; named nowhere"
    NAMEABLE = 2, "2 · May be named in a release; no page"
    PUBLIC = 3, "3 · Has a public page"


class PersonQuerySet(models.QuerySet["Person"]):
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
    under_18 = models.BooleanField(
        "under eighteen", default=False, help_text="Named by nobody but with a special right."
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
    # What the recorded consents come to: the last day on which they hold, None without an end.
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

    objects = PersonQuerySet.as_manager()
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

        Who has no page has an address that says nothing: that another record is there must not
        be told by an address that is taken.
        """
        self.pk = self.pk or uuid.uuid4()  # a form with further names takes the default away
        self.sort_name = self.sort_name or self.display_name
        self.slug = slug_for(self.slug, fallback="", length=120) or self.pk.hex
        if self.level == Level.PUBLIC and self.slug == self.pk.hex:
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

    def has_page(self, on: date | None = None) -> bool:
        """Row twin of `Person.objects.with_page`."""
        return self.level == Level.PUBLIC and not self.has_lapsed(on)

    def is_protected(self, on: date | None = None) -> bool:
        """Row twin of `Person.objects.protected`."""
        return self.level < Level.NAMEABLE or self.has_lapsed(on)

    def has_lapsed(self, on: date | None = None) -> bool:
        """Whether every consent to be named has ended or was withdrawn; never where none is."""
        return self.named_until is not None and self.named_until < (on or timezone.localdate())

    def withheld_from(self) -> date | None:
        """Return the first day on which pictures of the person may not be shown, None for never.

        It has come already where the person may be named nowhere.
        """
        if self.level < Level.NAMEABLE:
            return date.min
        ends = [day for day in (self.named_until, self.shown_until) if day]
        return min(ends) + timedelta(days=1) if ends else None

    def may_tell(self, scope: "Consent.Scope", on: date | None = None) -> bool:
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
    language = models.CharField(
        max_length=35, blank=True, validators=[language_tag], help_text="As en, ug or zh-Hans."
    )
    script = models.CharField(
        max_length=4,
        blank=True,
        validators=[RegexValidator("^[A-Z][a-z]{3}$", "Write a script as Arab, Hani or Latn.")],
        help_text="ISO 15924. Empty: seen from its letters.",
    )
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

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, with the script that most of its letters belong to where none was typed."""
        self.script = self.script or script_of(self.text)
        super().save(*args, **kwargs)


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


class ConsentQuerySet(models.QuerySet["Consent"]):
    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete one by one: each changes what may be told of its person."""
        for consent in self:
            consent.delete()
        return (0, {})


class Consent(models.Model):
    """Why something of a person may be told: who allowed what, since when, until when.

    It is never public and in no export.
    """

    class Scope(models.TextChoices):
        NAME = "name", "The name"
        PHOTO = "photo", "Photographs"
        HEALTH = "health", "Health"
        FAMILY = "family", "Family"
        LOCATION = "location", "Where the person is"

    class Basis(models.TextChoices):
        SUBJECT = "subject", "Consent of the person"
        FAMILY = "family", "Consent of the family"
        LAWYER = "lawyer", "Consent given through a lawyer"
        PUBLIC = "public", "Widely public already; the risk was weighed"

    person = models.ForeignKey(Person, models.CASCADE, related_name="consents")
    basis = models.CharField(max_length=10, choices=Basis.choices)
    covers_name = models.BooleanField("the name", default=False)
    covers_photo = models.BooleanField("photographs", default=False)
    covers_health = models.BooleanField("health", default=False)
    covers_family = models.BooleanField("family", default=False)
    covers_location = models.BooleanField("where the person is", default=False)
    given = models.DateField("given on")
    ends = models.DateField(
        "ends on", null=True, blank=True, help_text="The last day. Empty: until it is withdrawn."
    )
    withdrawn = models.DateField(
        "withdrawn on",
        null=True,
        blank=True,
        help_text="From this day on nothing is told on its ground: pages and pictures go at once.",
    )
    evidence = models.TextField(
        blank=True, help_text="Where it is to be found. Never public, and in no export."
    )

    objects = ConsentQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["-given", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(covers_name=True)
                | Q(covers_photo=True)
                | Q(covers_health=True)
                | Q(covers_family=True)
                | Q(covers_location=True),
                name="consent_covers_something",
                violation_error_message="Say what the consent covers.",
            ),
            models.CheckConstraint(
                condition=(Q(ends=None) | Q(ends__gte=F("given")))
                & (Q(withdrawn=None) | Q(withdrawn__gte=F("given"))),
                name="consent_ends_after_it_was_given",
                violation_error_message="A consent cannot end before it was given.",
            ),
        ]

    def __str__(self) -> str:
        covered = [str(scope.label).lower() for scope in self.Scope if self.covers(scope)]
        return f"{self.get_basis_display()}: {', '.join(covered)}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; what may be told of the person follows."""
        super().save(*args, **kwargs)
        self._follow()

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete; what may be told of the person follows."""
        deleted = super().delete(*args, **kwargs)
        self._follow()
        return deleted

    def clean(self) -> None:
        """Refuse a consent that is still to be given."""
        if self.given and self.given > timezone.localdate():
            raise ValidationError({"given": "A consent holds from the day it was given."})

    def covers(self, scope: "Consent.Scope") -> bool:
        return bool(getattr(self, f"covers_{scope}"))

    def last_day(self) -> date | None:
        """Return the last day on which it holds, None without an end."""
        ends = [self.ends] if self.ends else []
        ends += [self.withdrawn - timedelta(days=1)] if self.withdrawn else []
        return min(ends) if ends else None

    def holds_on(self, day: date) -> bool:
        last = self.last_day()
        return self.given <= day and (last is None or day <= last)

    def _follow(self) -> None:
        person = Person.objects.get(pk=self.person_id)
        person.named_until = _last_day(person, self.Scope.NAME)
        person.shown_until = _last_day(person, self.Scope.PHOTO)
        person.save(update_fields=["named_until", "shown_until"])


def _last_day(person: Person, scope: Consent.Scope) -> date | None:
    """Return the last day on which any consent covers a subject; None: no end, or none recorded."""
    days = [consent.last_day() for consent in person.consents.all() if consent.covers(scope)]
    ends = [day for day in days if day]
    return max(ends) if ends and len(ends) == len(days) else None


class LevelChange(models.Model):
    """Who asked to raise how far a person may be named, who agreed; or who lowered it at once."""

    class Outcome(models.TextChoices):
        ASKED = "asked", "Waits for a second person"
        AGREED = "agreed", "Raised"
        DECLINED = "declined", "Declined"
        LOWERED = "lowered", "Lowered"

    person = models.ForeignKey(Person, models.CASCADE, related_name="level_changes")
    before = models.PositiveSmallIntegerField(choices=Level.choices)
    after = models.PositiveSmallIntegerField(choices=Level.choices)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    basis = models.TextField(blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    words = models.TextField(blank=True, help_text="Why it was declined or lowered.")

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(outcome="agreed")
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("asked_by")) & ~Q(basis="")),
                name="levelchange_two_people_and_a_basis",
            ),
            models.UniqueConstraint(
                fields=["person"], condition=Q(outcome="asked"), name="levelchange_one_question"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_before_display()} → {self.get_after_display()}"


class Sourced(models.Model):
    """A fact with where it comes from: the citation is public, the rest never."""

    class Reliability(models.TextChoices):
        """After HURIDOCS micro-thesaurus 42."""

        UNKNOWN = "", "Not judged"
        COMPLETE = "complete", "Completely reliable"
        USUAL = "usual", "Usually reliable"
        FAIR = "fair", "Fairly reliable"
        SELDOM = "seldom", "Not usually reliable"
        UNRELIABLE = "unreliable", "Unreliable"

    source = models.TextField(blank=True, help_text="Where this comes from, as it may be printed.")
    source_url = models.URLField("address of the source", max_length=500, blank=True)
    reliability = models.CharField(
        "reliability of the source",
        max_length=12,
        choices=Reliability.choices,
        blank=True,
        help_text="Never public.",
    )
    internal_note = models.TextField(
        blank=True, help_text="Informants, exact places, doubts. Never public, and in no export."
    )

    class Meta:
        abstract = True


class CaseQuerySet(models.QuerySet["Case"]):
    def stale(self, on: date | None = None) -> Self:
        """Those that were to be looked at again by now, of people who are not yet free or dead."""
        on = on or timezone.localdate()
        return self.filter(review_due__lte=on, custody_status__in=Case.HELD)


class Case(Sourced):
    """One detention of one person, as we last knew it.

    Status, confidence and their day are those that hold now; every change of them is kept as a
    row of CaseStatus.
    """

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

    class Legal(models.TextChoices):
        """After the U.S. Press Freedom Tracker, with two more."""

        UNKNOWN = "", "Not known"
        NOT_CHARGED = "not_charged", "Not charged"
        CHARGED = "charged", "Charges pending"
        ON_TRIAL = "on_trial", "On trial"
        CONVICTED = "convicted", "Convicted"
        APPEAL = "appeal", "Convicted; an appeal is pending"
        ACQUITTED = "acquitted", "Acquitted"
        DROPPED = "dropped", "Charges dropped"
        PARDONED = "pardoned", "Pardoned"

    class Confidence(models.TextChoices):
        """HURIDOCS micro-thesaurus 41."""

        UNKNOWN = "", "Not judged"
        CONFIRMED = "confirmed", "Confirmed"
        LIKELY = "likely", "Likely"
        POSSIBLE = "possible", "Possible"
        UNLIKELY = "unlikely", "Unlikely"

    class Call(models.TextChoices):
        RELEASE = "immediate_unconditional_release", "Immediate and unconditional release"
        DROP = "drop_charges", "Drop the charges"
        QUASH = "quash_conviction", "Quash the conviction"
        FAIR_TRIAL = "fair_trial", "A fair trial"
        WHEREABOUTS = "disclose_whereabouts", "Say where the person is"
        MEDICAL = "medical_care", "Medical care"
        ACCESS = "family_lawyer_access", "Access for family and lawyer"
        COMMUTE = "commute", "Commute the sentence"
        ILL_TREATMENT = "end_ill_treatment", "End ill-treatment"

    HELD = (
        Custody.DETAINED, Custody.PRETRIAL, Custody.ADMINISTRATIVE, Custody.IMPRISONED,
        Custody.HOUSE_ARREST, Custody.DISAPPEARED, Custody.HELD_NON_STATE,
    )  # fmt: skip
    # The case has moved on where it came to one of these: the word that is said of it.
    ENDED = {
        Custody.RELEASED: "released",
        Custody.RELEASED_CONDITIONAL: "released on conditions",
        Custody.DIED_IN_CUSTODY: "died in custody",
        Custody.DIED: "died",
    }
    STATUS = ("custody_status", "legal_status", "confidence", "as_of")

    person = models.ForeignKey(Person, models.CASCADE, related_name="cases")
    country = CountryField(
        blank=True, help_text="Who holds the person. Empty where it is not certain."
    )
    custody_status = models.CharField(
        max_length=24, choices=Custody.choices, default=Custody.UNKNOWN
    )
    legal_status = models.CharField(max_length=16, choices=Legal.choices, blank=True)
    confidence = models.CharField(
        max_length=12, choices=Confidence.choices, blank=True, help_text="That the status is so."
    )
    as_of = models.DateField(
        "as of", help_text="The day for which the status was last known. Always shown with it."
    )
    since = UncertainDateField("held since")
    since_earliest = models.DateField(null=True, editable=False)
    since_latest = models.DateField(null=True, editable=False)
    until = UncertainDateField("held until")
    until_earliest = models.DateField(null=True, editable=False)
    until_latest = models.DateField(null=True, editable=False)
    call = models.TextField(blank=True, help_text="What we ask for, in the words of a release.")
    call_types = models.JSONField("kinds of call", default=list, blank=True)
    what_to_do = models.TextField(
        "what readers can do", blank=True, help_text="Public. Empty: nothing is said."
    )
    what_to_do_url = models.URLField("where they can do it", max_length=500, blank=True)
    summary = models.TextField(blank=True, help_text="What happened, for the person's page.")
    health = models.TextField(
        "concern for health",
        blank=True,
        help_text="Printed only while a consent that covers health holds.",
    )
    place = models.TextField(
        "where the person is held",
        blank=True,
        help_text="Facility, cell, address. Never public: a place that may be told belongs into "
        "the summary.",
    )
    review_due = models.DateField(
        "look at it again by", null=True, blank=True, help_text="Then it comes up on the desk."
    )

    objects = CaseQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["-as_of", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_custody_status_display()} (as of {date_format(self.as_of)})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; a status that is new is kept as a row of its own."""
        super().save(*args, **kwargs)
        now = {name: getattr(self, name) for name in self.STATUS}
        last = self.statuses.order_by("-pk").first()
        if last is None or any(getattr(last, name) != value for name, value in now.items()):
            CaseStatus.objects.create(case=self, source=self.source, **now)

    def clean(self) -> None:
        """Refuse a status of a day that is still to come, and an end before the beginning."""
        problems = {}
        if self.as_of and self.as_of > timezone.localdate():
            problems["as_of"] = "This day is still to come: the status cannot be known for it."
        with contextlib.suppress(ValidationError):  # each field says itself what is wrong with it
            since, until = self.held_since, self.held_until
            if since and until and until.latest < since.earliest:
                problems["until"] = "It cannot end before it began."
        if problems:
            raise ValidationError(problems)

    def is_held(self) -> bool:
        """Whether the person was still held when we last knew."""
        return self.custody_status in self.HELD

    @property
    def held_since(self) -> UncertainDate | None:
        return _read(self.since)

    @property
    def held_until(self) -> UncertainDate | None:
        return _read(self.until)

    @property
    def calls(self) -> list[str]:
        """The kinds of call, in words."""
        return [str(self.Call(kind).label) for kind in self.call_types if kind in self.Call]

    def designation_on(self, day: date) -> "Designation | None":
        """Return the newest designation that holds on a day. Reads prefetched designations."""
        holds = [row for row in self.designations.all() if row.holds_on(day)]
        return holds[-1] if holds else None

    def days_held(self, on: date) -> int | None:
        """Return for how many days the person is or was held, None where no certain day says so."""
        since, until = self.held_since, self.held_until
        if since is None or not since.is_certain:
            return None
        if self.is_held() and until is None:
            return max((on - since.earliest).days, 0)
        return (until.earliest - since.earliest).days if until and until.is_certain else None

    def time_held(self, on: date) -> str:
        """Return since when the person is held, and for how long where a certain day says so."""
        since, until, days = self.held_since, self.held_until, self.days_held(on)
        if since is None:
            return ""
        told = f"{days:,} day{'' if days == 1 else 's'}, " if days is not None else ""
        if until:
            return f"{told}from {since.words} until {until.words}"
        return f"{told}since {since.words}" if self.is_held() else f"{told}from {since.words}"

    def moved_on(self, day: date) -> str:
        """Return how the case ended after a day, in words such as “released on 3 May 2026”.

        "" where it has not, or where the end may have come before that day. Reads prefetched
        events and statuses.
        """
        word = self.ENDED.get(self.Custody(self.custody_status))
        if word is None:
            return ""
        died = self.custody_status in (self.Custody.DIED, self.Custody.DIED_IN_CUSTODY)
        kind = CaseEvent.Kind.DEATH if died else CaseEvent.Kind.RELEASE
        ends = [event.day for event in self.events.all() if event.public and event.kind == kind]
        # Whoever died in freedom was held until another day.
        until = None if self.custody_status == self.Custody.DIED else self.held_until
        if end := ends[-1] if ends else until:
            return f"{word} {end.on}" if end.earliest > day else ""
        known = [status for status in self.statuses.all() if status.as_of <= day]
        ended_then = known and known[-1].custody_status in self.ENDED
        return (
            f"{word}, as of {date_format(self.as_of, 'j F Y')}"
            if (self.as_of > day and not ended_then)
            else ""
        )


class CaseStatus(Sourced):
    """What was known of a case at one time; added by every change, never overwritten."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="statuses")
    custody_status = models.CharField(max_length=24, choices=Case.Custody.choices)
    legal_status = models.CharField(max_length=16, choices=Case.Legal.choices, blank=True)
    confidence = models.CharField(max_length=12, choices=Case.Confidence.choices, blank=True)
    as_of = models.DateField()
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["as_of", "pk"]
        verbose_name_plural = "statuses"

    def __str__(self) -> str:
        return f"{self.get_custody_status_display()} (as of {date_format(self.as_of)})"


class Designation(Sourced):
    """The decision to call somebody a prisoner of conscience: dated, sourced, revocable."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="designations")
    label = models.CharField(max_length=80, default="Prisoner of conscience")
    by = models.CharField("decided by", max_length=200)
    since = UncertainDateField(blank=False)
    since_earliest = models.DateField(null=True, editable=False)
    since_latest = models.DateField(null=True, editable=False)
    until = UncertainDateField("revoked")
    until_earliest = models.DateField(null=True, editable=False)
    until_latest = models.DateField(null=True, editable=False)
    history = HistoricalRecords()

    class Meta:
        ordering = ["since_earliest", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(source=""),
                name="designation_has_a_source",
                violation_error_message="Say where the decision is recorded.",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def holds_on(self, day: date) -> bool:
        """Whether it was made by a day and not revoked by then, as far as the dates can tell."""
        made = self.since_earliest is None or self.since_earliest <= day
        return made and (self.until_earliest is None or day < self.until_earliest)

    @property
    def decided(self) -> UncertainDate | None:
        return _read(self.since)

    @property
    def revoked(self) -> UncertainDate | None:
        return _read(self.until)


class Charge(Sourced):
    """What somebody is accused of, in our words and in those of the charge."""

    class Result(models.TextChoices):
        UNKNOWN = "", "Not known"
        PENDING = "pending", "Pending"
        DROPPED = "dropped", "Dropped"
        CONVICTED = "convicted", "Convicted"
        ACQUITTED = "acquitted", "Acquitted"

    case = models.ForeignKey(Case, models.CASCADE, related_name="charges")
    text = models.TextField("charge")
    original_text = models.TextField("in its original wording", blank=True)
    original_language = models.CharField(max_length=35, blank=True, validators=[language_tag])
    law = models.CharField(max_length=300, blank=True)
    date = UncertainDateField()
    date_earliest = models.DateField(null=True, editable=False)
    date_latest = models.DateField(null=True, editable=False)
    result = models.CharField(max_length=12, choices=Result.choices, blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["date_earliest", "pk"]

    def __str__(self) -> str:
        return self.text[:80]

    @property
    def day(self) -> UncertainDate | None:
        return _read(self.date)


class Sentence(Sourced):
    """What a court imposed."""

    class Kind(models.TextChoices):
        PRISON = "prison", "Imprisonment"
        LIFE = "life", "Imprisonment for life"
        DEATH = "death", "Death"
        SUSPENDED = "suspended", "Suspended sentence"
        FINE = "fine", "Fine"
        OTHER = "other", "Other"

    case = models.ForeignKey(Case, models.CASCADE, related_name="sentences")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    text = models.TextField("in words", blank=True, help_text="As “five years’ imprisonment”.")
    duration = models.CharField(
        max_length=20,
        blank=True,
        validators=[
            RegexValidator(r"^P(?=\d)(\d+Y)?(\d+M)?(\d+D)?$", "Write a duration as P5Y or P1Y6M.")
        ],
        help_text="ISO 8601, as P5Y6M. None for life and death.",
    )
    court = models.CharField(max_length=200, blank=True)
    date = UncertainDateField()
    date_earliest = models.DateField(null=True, editable=False)
    date_latest = models.DateField(null=True, editable=False)
    history = HistoricalRecords()

    class Meta:
        ordering = ["date_earliest", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind__in=["life", "death"]) | Q(duration=""),
                name="sentence_for_life_has_no_duration",
                violation_error_message="Life and death have no duration.",
            ),
        ]

    def __str__(self) -> str:
        return self.text or self.get_kind_display()

    @property
    def day(self) -> UncertainDate | None:
        return _read(self.date)


class CaseEvent(Sourced):
    """What happened in a case, and when, as far as that is known."""

    class Kind(models.TextChoices):
        ARREST = "arrest", "Arrest"
        DISAPPEARANCE = "disappearance", "Disappearance"
        CHARGE = "charge", "Charge"
        TRIAL = "trial", "Trial"
        VERDICT = "verdict", "Verdict"
        SENTENCE = "sentence", "Sentence"
        APPEAL = "appeal", "Appeal"
        TRANSFER = "transfer", "Transfer"
        HEALTH = "health", "Health"
        ACCESS_DENIED = "access_denied", "Access denied"
        UN_OPINION = "un_opinion", "Opinion of the United Nations"
        ACTION = "action", "Action"
        RELEASE = "release", "Release"
        DEATH = "death", "Death"
        OTHER = "other", "Other"

    case = models.ForeignKey(Case, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    date = UncertainDateField(blank=False)
    date_earliest = models.DateField(null=True, editable=False)
    date_latest = models.DateField(null=True, editable=False)
    summary = models.TextField()
    public = models.BooleanField(default=True, help_text="On the person's page.")
    history = HistoricalRecords()

    class Meta:
        ordering = ["date_earliest", "date_latest", "pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.date}"

    @property
    def day(self) -> UncertainDate:
        return read(self.date)


def _read(text: str) -> UncertainDate | None:
    return read(text) if text else None
