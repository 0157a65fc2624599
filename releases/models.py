"""What we say, and when it may be seen."""

import sys
import uuid
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.dispatch import Signal
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import uri_to_iri
from django_countries.fields import CountryField
from simple_history.models import HistoricalRecords

from assets.models import MediaAsset
from people.locking import lock_slug_choice
from people.models import Level, Person
from people.slugs import slug_for
from releases import languages
from releases.document import Document, clean, clean_notes, uuids_in, without_strangers
from storing.rows import Guarded, GuardedQuerySet, is_unlinking
from storing.texts import shortened

LONGEST_DESCRIPTION = 300  # characters: what search engines and cards show of one

# Sent in the transaction that stored a release, after the rows that are derived from its text.
text_stored = Signal()


class EditConflict(Exception):
    """Somebody else saved the release since this copy of it was read."""


class Topic(Guarded):
    """A subject that journalists follow."""

    name = models.CharField(max_length=80, unique=True)
    slug = models.CharField(
        "address", max_length=90, unique=True, blank=True, help_text="Empty: made from the name."
    )

    history = HistoricalRecords()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, with an address of its own where none was typed."""
        with transaction.atomic():
            lock_slug_choice("topic")
            if not self.slug:
                short = uuid.uuid4().hex[:8]
                self.slug = slug_for(self.name, fallback=short)
                if Topic.objects.filter(slug=self.slug).exists():
                    self.slug += f"-{short}"  # “Women’s rights” beside “Womens rights”
            super().save(*args, **kwargs)


class ContactQuerySet(GuardedQuerySet["Contact"]):
    def shown(self) -> Self:
        """Those that are printed where a release names them."""
        return self.filter(hidden_at=None)


class Contact(Guarded):
    """A press contact as it is printed below a release; never somebody's private line."""

    name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    hours = models.CharField(max_length=120, blank=True, help_text="When to call, and which zone.")
    hidden_at = models.DateTimeField(
        null=True, editable=False, help_text="Since when it is printed nowhere."
    )

    objects = ContactQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords()

    class Meta:
        verbose_name = "press contact"
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def is_shown(self) -> bool:
        """Row twin of `Contact.objects.shown`."""
        return self.hidden_at is None


# A release that has not been public goes out only if no protected name stands in it at that moment.
NAMES_ALLOWED = Q(names_allowed_until=None) | Q(names_allowed_until__gt=F("publish_at"))


class ReleaseQuerySet(GuardedQuerySet["Release"]):
    def public(self, at: datetime | None = None) -> Self:
        """Those that anybody may see at a time (default: now).

        This and its row twin `Release.is_public` are the only place where that is decided. No job
        publishes: a release is public from the second of `publish_at` on.
        """
        due = self.filter(status=Release.Status.APPROVED, publish_at__lte=at or timezone.now())
        return due.filter(NAMES_ALLOWED, held_at=None)

    def waiting(self) -> Self:
        """Those that are approved but do not go out: a protected name stands in them.

        Whether their time has come or not: it never makes them public by itself.
        """
        waits = self.filter(status=Release.Status.APPROVED, held_at=None)
        return waits.filter(names_allowed_until__lte=F("publish_at"))

    def tombstones(self, at: datetime | None = None) -> Self:
        """Those that were public and were withdrawn: the public is told so, and nothing else.

        A release that was withdrawn or held before anybody could see it leaves no trace.
        """
        return self.filter(
            Q(held_at=None) | Q(held_at__gte=F("publish_at")),
            NAMES_ALLOWED,
            status=Release.Status.WITHDRAWN,
            publish_at__lte=F("withdrawn_at"),
            withdrawn_at__lte=at or timezone.now(),
        )

    def scheduled(self, at: datetime | None = None) -> Self:
        """Those that are approved and go out by themselves at a time that has not come."""
        ahead = self.filter(status=Release.Status.APPROVED, publish_at__gt=at or timezone.now())
        return ahead.filter(NAMES_ALLOWED, held_at=None)

    def upcoming(self, at: datetime | None = None) -> Self:
        """Those that are approved and whose time has not come, on hold or waiting included."""
        return self.filter(status=Release.Status.APPROVED, publish_at__gt=at or timezone.now())

    def approved(self) -> Self:
        """Those that are approved as they stand: scheduled, public or held."""
        return self.filter(status=Release.Status.APPROVED)

    def out(self, at: datetime | None = None) -> Self:
        """Those in which every change is a correction: see the row twin, `Release.is_published`."""
        at = at or timezone.now()
        due = self.approved().filter(NAMES_ALLOWED, publish_at__lte=at)
        return due.filter(Q(held_at=None) | Q(held_at__gte=F("publish_at")))

    def settled(self, at: datetime | None = None) -> Self:
        """Those that are approved and have not been public: nothing that they print may change."""
        return self.approved().exclude(pk__in=Release.objects.out(at).values("pk"))

    def hidden(self, at: datetime | None = None) -> Self:
        """Those that nobody outside may see yet, or now: neither public nor withdrawn."""
        public = Release.objects.public(at).values("pk")
        return self.exclude(status=Release.Status.WITHDRAWN).exclude(pk__in=public)

    def held(self) -> Self:
        """Those that somebody took off every path, and that nobody has let go or withdrawn yet."""
        return self.exclude(held_at=None).exclude(status=Release.Status.WITHDRAWN)

    def editable_by(self, user: Any) -> Self:
        """Those whose text a user of the admin may change, as far as their status lets anybody."""
        if user.has_perm("releases.edit_any_release"):
            return self
        return self.filter(created_by=user)


class Release(Guarded):
    """A press release, statement, comment or media advisory."""

    DERIVED_FIELDS = frozenset({"names_allowed_until"})
    # Sentences that name readers who were not notified of a new time; set by previews.emails.
    undelivered: Sequence[str] = ()

    class Kind(models.TextChoices):
        PRESS_RELEASE = "press_release", "Press release"
        STATEMENT = "statement", "Statement"
        COMMENT = "comment", "Comment"
        MEDIA_ADVISORY = "media_advisory", "Media advisory"

    class Status(models.TextChoices):
        """What is stored; what is shown (scheduled, published) follows from the clock."""

        DRAFT = "draft", "Draft"
        IN_REVIEW = "in_review", "In review"
        APPROVED = "approved", "Approved"
        WITHDRAWN = "withdrawn", "Withdrawn"

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.PRESS_RELEASE)
    language = models.CharField(
        max_length=languages.MOST_CHARACTERS, validators=[languages.validate], default="en"
    )
    translation_of = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="translations",
        help_text="The release that this one translates, where it does.",
    )
    title = models.CharField(max_length=300, blank=True)
    standfirst = models.TextField(
        blank=True,
        help_text="One or two plain sentences for lists, feeds and search. Not the lead again.",
    )
    dateline_place = models.CharField("place", max_length=120, blank=True)
    poster = models.ForeignKey(
        MediaAsset, models.PROTECT, null=True, blank=True, related_name="poster_of"
    )
    pull_quote = models.TextField(
        blank=True,
        help_text="Words to lift to the top, copied exactly from a quotation in the text: "
        "whose they are follows from it.",
    )
    body = models.TextField("text", blank=True)
    attached = models.JSONField(
        "further pictures and documents",
        default=list,
        db_default=[],
        blank=True,
        help_text="Ids in the order in which they are offered; the rows of Illustration follow.",
    )
    notes_to_editors = models.TextField(blank=True)
    topics = models.ManyToManyField(Topic, blank=True, related_name="releases")
    countries = CountryField(multiple=True, blank=True)
    contacts = models.ManyToManyField(Contact, blank=True, related_name="+")

    slug = models.CharField(
        "address",
        max_length=120,
        blank=True,
        help_text="The last part of the page's address. Empty: made from the title on approval. "
        "When it changes after publication, the old address leads to the new one.",
    )
    status = models.CharField(
        max_length=12, choices=Status.choices, default=Status.DRAFT, editable=False
    )
    publish_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the embargo lifts; the release is public from this second on.",
    )
    day_only = models.BooleanField(
        default=False,
        editable=False,
        help_text="It came out on that day, at an hour that nobody recorded.",
    )
    names_allowed_until = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="The moment from which a name in it may no longer be published; empty for never. "
        "It follows levels, consents, names and texts until publish_at, and stays from then on.",
    )
    held_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Since when it is off every path, whatever its status and time say.",
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawal_reason = models.TextField(
        blank=True, editable=False, help_text="Public words, shown in place of the release."
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    import_digest = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        help_text="Empty where a command of the operator made it.",
    )

    objects = ReleaseQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords(m2m_fields=[topics, contacts])

    class Meta:
        # The key settles the order of what went out in the same second: without it, PostgreSQL may
        # show one release on two pages of the archive and another on none.
        ordering = [F("publish_at").desc(nulls_first=True), "-updated_at", "pk"]
        permissions = [
            ("edit_any_release", "Can edit releases of others"),
            ("submit_release", "Can submit a release for approval"),
            ("return_release", "Can send a release back to its author"),
            ("approve_release", "Can approve, schedule and publish a release"),
            ("correct_release", "Can correct a published release"),
            ("withdraw_release", "Can withdraw a release"),
            ("hold_release", "Can take a release off every path at once"),
        ]
        indexes = [
            models.Index(fields=["status", "-publish_at"], name="release_public_by_time"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["draft", "in_review"])
                | (~Q(title="") & ~Q(body="") & ~Q(slug="") & Q(publish_at__isnull=False)),
                name="release_approved_is_complete",
            ),
            models.CheckConstraint(
                condition=(
                    Q(status="withdrawn", withdrawn_at__isnull=False) & ~Q(withdrawal_reason="")
                )
                | (~Q(status="withdrawn") & Q(withdrawn_at__isnull=True)),
                name="release_withdrawn_with_time_and_reason",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "in_review", "approved", "withdrawn"]),
                name="release_status_known",
            ),
            models.UniqueConstraint(
                fields=["slug"], condition=~Q(slug=""), name="release_slug_unique",
                violation_error_message="Another release has this address.",
            ),
            models.UniqueConstraint(
                fields=["import_digest"], condition=~Q(import_digest=""),
                name="release_imported_once",
            ),
            models.CheckConstraint(
                condition=Q(translation_of=None) | ~Q(translation_of=F("uuid")),
                name="release_translates_another",
                violation_error_message="A release cannot be a translation of itself.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title or "Untitled"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the release and, with it, the rows that are derived from its text.

        The text is cleaned here, so that no path stores anything else. The copy that is saved
        must be the newest: raises EditConflict where somebody saved another one meanwhile. Where
        it cannot be saved, the copy stays as it was, and can be saved again.
        """
        names = kwargs.get("update_fields")
        if names is not None and not self._state.adding:
            self._save_part(names)
            return
        version, adding = self.version, self._state.adding
        try:
            self._clean_text()
            with transaction.atomic():
                approved = self._claim_version()
                super().save(*args, **kwargs)
                self._index_text(approved)
                text_stored.send(Release, release=self)
        except BaseException:
            self.version, self._state.adding = version, adding
            raise

    def _save_part(self, names: Collection[str]) -> None:
        """Save some fields of this copy as a whole version; the others stay as they are stored."""
        if not names:
            return
        fields: list[Any] = [self._meta.get_field(name) for name in names]
        with transaction.atomic():
            fresh = Release.objects.select_for_update(of=("self",)).get(pk=self.pk)
            if fresh.version != self.version:
                raise EditConflict
            for field in fields:
                setattr(fresh, field.attname, getattr(self, field.attname))
            fresh.save()
        for name in ["version", "updated_at", *(field.attname for field in fields)]:
            setattr(self, name, getattr(fresh, name))

    def get_absolute_url(self) -> str:
        return reverse("release", args=[self.slug])

    @property
    def readable_path(self) -> str:
        """The path of the public page as people write it, in its script."""
        return uri_to_iri(self.get_absolute_url())

    def is_public(self, at: datetime | None = None) -> bool:
        """Row twin of `Release.objects.public`."""
        return (
            self.status == self.Status.APPROVED
            and self.held_at is None
            and self.publish_at is not None
            and self.publish_at <= (at or timezone.now())
            and self.names_allowed()
        )

    def names_allowed(self) -> bool:
        """Whether no protected name stands in it at the moment for which it is approved."""
        return (
            self.names_allowed_until is None
            or self.publish_at is None
            or self.names_allowed_until > self.publish_at
        )

    def is_blocked_by_name(self) -> bool:
        """Row twin of `Release.objects.waiting`."""
        return (
            self.status == self.Status.APPROVED
            and self.held_at is None
            and not self.names_allowed()
        )

    def has_missed_publication(self, at: datetime | None = None) -> bool:
        """Whether its time passed while it waited: it needs a new one, given by a publisher."""
        due = self.publish_at is not None and self.publish_at <= (at or timezone.now())
        return self.is_blocked_by_name() and due

    def has_been_public(self, at: datetime | None = None) -> bool:
        """Whether anybody may have read it by now: public, or held or withdrawn since it was."""
        ends = [moment for moment in (self.held_at, self.withdrawn_at) if moment]
        return (
            self.status in (self.Status.APPROVED, self.Status.WITHDRAWN)
            and self.publish_at is not None
            and self.publish_at <= min([*ends, at or timezone.now()])
            and self.names_allowed()
        )

    def is_published(self, at: datetime | None = None) -> bool:
        """Whether a change of what it prints is a correction: it has been public, not withdrawn.

        Row twin of `Release.objects.out`.
        """
        return self.status == self.Status.APPROVED and self.has_been_public(at)

    def is_approved(self) -> bool:
        """Row twin of `Release.objects.approved`."""
        return self.status == self.Status.APPROVED

    def awaits_publication(self, at: datetime | None = None) -> bool:
        """Row twin of `Release.objects.settled`."""
        return self.is_approved() and not self.is_published(at)

    def is_tombstone(self, at: datetime | None = None) -> bool:
        """Row twin of `Release.objects.tombstones`."""
        return (
            self.status == self.Status.WITHDRAWN
            and self.withdrawn_at is not None
            and self.withdrawn_at <= (at or timezone.now())
            and self.has_been_public(at)
        )

    def is_scheduled(self, at: datetime | None = None) -> bool:
        """Row twin of `Release.objects.scheduled`."""
        return (
            self.status == self.Status.APPROVED
            and self.held_at is None
            and self.publish_at is not None
            and self.publish_at > (at or timezone.now())
            and self.names_allowed()
        )

    def is_on_hold(self) -> bool:
        """Row twin of `Release.objects.held`."""
        return self.held_at is not None and self.status != self.Status.WITHDRAWN

    def is_editable_by(self, user: Any) -> bool:
        """Row twin of `Release.objects.editable_by`."""
        return user.has_perm("releases.edit_any_release") or self.created_by_id == user.pk

    def state(self, at: datetime | None = None) -> str:
        """Return the word that editors see: draft, in review, scheduled, published, held, …"""
        if self.is_on_hold():
            return "Held"
        if self.is_blocked_by_name():
            return "Waiting"
        if self.status == self.Status.APPROVED:
            return "Published" if self.is_public(at) else "Scheduled"
        return self.get_status_display()

    @property
    def direction(self) -> str:
        return languages.direction(self.language)

    @property
    def og_locale(self) -> str:
        """The language as Open Graph wants it, such as sv_SE; "" where no country is likely."""
        return languages.og_locale(self.language)

    @property
    def language_name(self) -> str:
        return languages.native_name(self.language)

    @property
    def document(self) -> Document:
        """The text, taken apart, anew each time: keep the answer where it is used twice."""
        return Document(self.body)

    @property
    def description(self) -> str:
        """The standfirst, else how the text begins, in at most LONGEST_DESCRIPTION characters."""
        return shortened(self.standfirst or self.document.opening, LONGEST_DESCRIPTION)

    @property
    def day(self) -> date:
        """The day, in the newsroom's zone, whose titles and facts the release prints."""
        return timezone.localdate(self.publish_at or timezone.now())

    @property
    def shown_contacts(self) -> list[Contact]:
        """The contacts that are printed below it."""
        return [contact for contact in self.contacts.all() if contact.is_shown()]

    @property
    def attached_ids(self) -> list[UUID]:
        """The ids of what is attached, in order; what is no id is passed over."""
        return uuids_in(self.attached)

    def slug_from_title(self) -> str:
        """Return a free address made from the title, in its script, inside a transaction."""
        lock_slug_choice("release")
        slug = slug_for(self.title, fallback=f"release-{self.pk.hex[:8]}")
        return f"{slug}-{self.pk.hex[:8]}" if self.is_taken(slug) else slug

    def is_taken(self, slug: str) -> bool:
        """Whether another release has an address, or had it while it was public."""
        return (
            Release.objects.filter(slug=slug).exclude(pk=self.pk).exists()
            or FormerSlug.objects.filter(slug=slug).exclude(release=self.pk).exists()
        )

    def _clean_text(self) -> None:
        self.title = " ".join(self.title.split())
        self.standfirst = self.standfirst.strip()
        self.pull_quote = self.pull_quote.strip()
        # What is too long is refused where it comes in. A text that is stored can always be held,
        # withdrawn or made shorter.
        self.notes_to_editors = clean_notes(self.notes_to_editors, most=sys.maxsize)
        self.body = clean(self.body, most=sys.maxsize)
        document = self.document
        speakers = {quote.speaker for quote in document.quotations if quote.speaker}
        named = speakers | {person for person, _ in document.mentions}
        self.body = without_strangers(
            self.body,
            people=set(Person.objects.filter(pk__in=named).values_list("pk", flat=True)),
            assets=set(
                MediaAsset.objects.filter(pk__in=document.pictures).values_list("pk", flat=True)
            ),
        )
        known = set(
            MediaAsset.objects.filter(pk__in=self.attached_ids).values_list("pk", flat=True)
        )
        self.attached = [str(pk) for pk in dict.fromkeys(self.attached_ids) if pk in known]

    def _claim_version(self) -> Document | None:
        """Take the next version, or raise EditConflict; return the text that was approved."""
        if self._state.adding:
            return None
        needed = ("version", "status", "slug", "body")
        stored = Release.objects.select_for_update().only(*needed).get(pk=self.pk)
        if stored.version != self.version:
            raise EditConflict
        self.version += 1
        approved = stored.status in (self.Status.APPROVED, self.Status.WITHDRAWN)
        if approved and stored.slug != self.slug:
            FormerSlug.objects.filter(slug=self.slug, release=self).delete()
            FormerSlug.objects.get_or_create(slug=stored.slug, defaults={"release": self})
        return stored.document if approved else None

    def _index_text(self, approved: Document | None) -> None:
        """Make Quote, Mention and Illustration rows follow the document.

        A speaker's name and title are those of the release's day, until it is approved: what was
        printed then stays printed, whatever the person becomes later.
        """
        document = self.document
        printed = list(self.quotes.all()) if approved else []
        names = {quote.speaker_id: quote.attribution_name for quote in printed}
        # A title that was typed for one quotation is not the speaker's in the others.
        typed = {quote.position for quote in approved.quotations if quote.title} if approved else ()
        titles = {
            quote.speaker_id: quote.attribution_title
            for quote in printed
            if quote.position not in typed
        }
        speakers = Person.objects.prefetch_related("roles").in_bulk(
            [quote.speaker for quote in document.quotations if quote.speaker]
        )
        quotes = []
        for quotation in document.quotations:
            if quotation.speaker is None:
                continue
            speaker = speakers[quotation.speaker]
            title = quotation.title or titles.get(speaker.pk)
            quotes.append(
                Quote(
                    release=self,
                    speaker=speaker,
                    position=quotation.position,
                    text=quotation.text,
                    attribution_name=names.get(speaker.pk, speaker.display_name),
                    attribution_title=speaker.title_on(self.day) if title is None else title,
                )
            )
        self.quotes.all().delete()
        self.mentions.all().delete()
        self.illustrations.all().delete()
        Quote.objects.bulk_create(quotes)
        named = {quote.speaker_id: quote.attribution_name for quote in quotes}
        for person, surface in document.mentions:
            named.setdefault(person, surface[:200])
        Mention.objects.bulk_create(
            Mention(release=self, person_id=person, surface=surface)
            for person, surface in named.items()
        )
        shown = [(asset, True) for asset in document.pictures]
        shown += [(asset, False) for asset in self.attached_ids]
        Illustration.objects.bulk_create(
            Illustration(release=self, asset_id=asset, position=position, in_text=in_text)
            for position, (asset, in_text) in enumerate(shown, start=1)
        )


class FormerSlug(models.Model):
    """An address that a release had while it was public; it leads to the one it has now."""

    slug = models.CharField(max_length=120, unique=True)
    release = models.ForeignKey(Release, models.CASCADE, related_name="former_slugs")

    def __str__(self) -> str:
        return self.slug


class Quote(models.Model):
    """A quotation as a release prints it; derived from the document, never written by hand."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="quotes")
    speaker = models.ForeignKey(Person, models.PROTECT, related_name="quotes")
    position = models.PositiveIntegerField()
    text = models.TextField()
    attribution_name = models.CharField(max_length=200)
    attribution_title = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["release", "position"], name="quote_has_its_place"),
            models.CheckConstraint(
                condition=~Q(attribution_name="") & ~Q(text=""),
                name="quote_has_words_and_a_speaker",
            ),
        ]

    def __str__(self) -> str:
        return f"Quotation {self.position}"  # Django's own pages print it to everybody

    @property
    def paragraphs(self) -> list[str]:
        return self.text.split("\n\n")


class Mention(models.Model):
    """A person whom a release names, by a quotation or a mark in the text; derived from it."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="mentions")
    person = models.ForeignKey(Person, models.PROTECT, related_name="mentions")
    surface = models.CharField(max_length=200, help_text="The name as it first stands there.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["release", "person"], name="mention_once_a_release"),
        ]

    def __str__(self) -> str:
        return f"Mention {self.pk}"  # Django's own pages print it to everybody


class Illustration(models.Model):
    """A picture in the text, or a picture or document attached to it; derived from the release."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="illustrations")
    asset = models.ForeignKey(MediaAsset, models.PROTECT, related_name="illustrations")
    position = models.PositiveIntegerField()
    in_text = models.BooleanField(default=True, db_default=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["release", "position"], name="illustration_has_its_place"
            ),
        ]

    def __str__(self) -> str:
        return str(self.asset_id)


class Guess(models.Model):
    """Somebody asked for a release before it was to be seen: one row for each who, and each what.

    The guesser gets the answer for what never was; this is what the newsroom gets to know.
    """

    class What(models.TextChoices):
        ADDRESS = "address", "its address"
        FILE = "file", "a picture of it"
        NEAR = "near", "an address like it"

    release = models.ForeignKey(Release, models.CASCADE, related_name="guesses")
    what = models.CharField(max_length=8, choices=What.choices)
    who = models.CharField(
        max_length=64, help_text="A keyed hash of the network address: tells them apart, no more."
    )
    network = models.CharField(max_length=45, help_text="The address without its last part.")
    times = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_at", "pk"]
        verbose_name_plural = "guesses"
        constraints = [
            models.UniqueConstraint(
                fields=["release", "what", "who"], name="guess_one_row_for_each"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()}, {self.times} times from {self.network}"


class AppendOnlyQuerySet(models.QuerySet):
    def update(self, **values: Any) -> int:
        if is_unlinking(self.model, values):
            return super().update(**values)
        raise TypeError("What is recorded stays as it was recorded.")

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[Any]:
        if kwargs.get("update_conflicts"):
            raise TypeError("What is recorded stays as it was recorded.")
        return super().bulk_create(*args, **kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("What is recorded stays recorded.")


class AppendOnly(models.Model):
    """A row that is written once."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("What is recorded stays as it was recorded.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("What is recorded stays recorded.")


class Correction(AppendOnly):
    """What was wrong in a published release, said in public."""

    release = models.ForeignKey(Release, models.PROTECT, related_name="corrections")
    at = models.DateTimeField(default=timezone.now)
    words = models.TextField(help_text="Public: what was wrong, and what is right.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(words=""), name="correction_says_something"),
        ]

    def __str__(self) -> str:
        return self.words[:80]


class NameExceptionQuerySet(models.QuerySet["NameException"]):
    def standing(self) -> Self:
        """Those that nobody has taken back."""
        return self.filter(ended_at=None)


class NameException(models.Model):
    """A protected name that may stand in one text in one spelling, and why.

    It is for a namesake, or a name that is part of another. The text is one row: a release, a
    picture, a topic. It is never deleted; taking it back ends it.
    """

    release = models.ForeignKey(
        Release, models.CASCADE, null=True, blank=True, related_name="name_exceptions",
        help_text="The release, where the text is one.",
    )  # fmt: skip
    table = models.CharField(
        max_length=40, default="releases.release", db_default="releases.release"
    )
    row = models.CharField(
        max_length=36, default="", db_default="", help_text="The row; empty for a release."
    )
    name = models.CharField(max_length=200, help_text="As it is written in the text.")
    reason = models.TextField()
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = NameExceptionQuerySet.as_manager()

    class Meta:
        db_table = "releases_clearance"  # as it was called first
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


class NameFind(models.Model):
    """A protected name in a text that was shown to a user: one row a day for each text and user.

    It answers who could have learned from the check that a name is protected.
    """

    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    table = models.CharField(max_length=40)
    row = models.CharField(max_length=36)
    day = models.DateField(help_text="In the newsroom's zone.")
    at = models.DateTimeField(default=timezone.now)
    place_shown = models.BooleanField(
        default=True, help_text="Whether the place was shown, or only that there is such a name."
    )

    class Meta:
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
    """A protected name that the newest `manage.py namecheck` read on the public site.

    A full run replaces all rows; `--since` replaces those of the addresses that it read.
    """

    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    address = models.TextField(help_text="Path and query of what printed the name.")
    kind = models.CharField(max_length=20, help_text="Page, feed, export, document, …")
    place = models.CharField(max_length=120, help_text="Where in it: the title, the caption, …")
    table = models.CharField(
        max_length=40, blank=True, help_text="The table of the row whose text it is, where known."
    )
    row = models.CharField(max_length=36, blank=True)
    accepted = models.BooleanField(
        default=False, help_text="A publisher has allowed the name there, with a reason."
    )
    warned = models.BooleanField(
        default=False, help_text="The spelling may as well be the name of somebody else."
    )
    at = models.DateTimeField(help_text="When the run began.")

    objects = NameCheckFindQuerySet.as_manager()

    class Meta:
        ordering = ["address", "pk"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.address}"


class FoldedText(models.Model):
    """The public words of one row as names are compared with them; derived on every save.

    Only letters are kept (people.names.letters). It finds the rows that may contain a name; the
    words themselves decide.
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
    """A name in a release of which an editor said that it is not this person, or nobody new."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="rejected_names")
    name = models.CharField(max_length=200, help_text="As it is compared: see people.names")
    person = models.ForeignKey(
        Person, models.CASCADE, null=True, blank=True, related_name="+",
        help_text="Empty where the hint was that nobody knows the person yet.",
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


class Event(AppendOnly):
    """Who did what to a release, and when. It outlives the release."""

    class Verb(models.TextChoices):
        CREATED = "created", "Created"
        IMPORTED = "imported", "Imported"
        SUBMITTED = "submitted", "Submitted for approval"
        RETURNED = "returned", "Sent back to draft"
        APPROVED = "approved", "Approved"
        PUBLISHED = "published", "Published"
        CORRECTED = "corrected", "Corrected"
        MINOR_EDIT = "amended", "Amended without a correction"
        RESTORED = "restored", "Went back to an earlier version"
        RESCHEDULED = "rescheduled", "Embargo moved"
        PUT_ON_HOLD = "held", "Held"
        HOLD_ENDED = "let_go", "Let go"
        WITHDRAWN = "withdrawn", "Withdrawn"
        PROBED = "guessed", "Somebody is guessing at it"
        DELETED = "deleted", "Deleted"
        UNDELETED = "undeleted", "Restored after it was deleted"
        PRINTED_ROW_CHANGED = "around", "Something that it prints was changed"
        LINKS_ISSUED = "linked", "Preview links issued"
        LINKS_REVOKED = "unlinked", "Preview links revoked"
        NAME_ALLOWED = "cleared", "A protected name was allowed"
        NAME_EXCEPTION_ENDED = "uncleared", "A name exception was taken back"
        BLOCKED_BY_NAME = "waits", "Does not go out: a protected name stands in it"
        UNBLOCKED = "goes_out", "Goes out on time again"

    release = models.ForeignKey(Release, models.SET_NULL, null=True, related_name="events")
    release_uuid = models.UUIDField(help_text="Stays when a draft is deleted.")
    verb = models.CharField(max_length=12, choices=Verb.choices)
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+",
        help_text="Empty for a command of the operator.",
    )  # fmt: skip
    version = models.PositiveIntegerField(help_text="The version that was acted upon.")
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["release_uuid", "at"], name="event_by_release")]

    def __str__(self) -> str:
        return f"{self.get_verb_display()} {self.at:%Y-%m-%d %H:%M}"
