# Above 450 lines because methods of the queryset and of the model define the same rules.
"""A release: its fields, its versions, and when the public may see it."""

import sys
import uuid
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce
from django.dispatch import Signal
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import uri_to_iri
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField
from simple_history.models import HistoricalRecords

from assets.models import MediaAsset
from people.locking import lock_slug_choice
from people.models import Person
from people.slugs import slug_for
from releases import language_tags, languages
from releases.document import Document, clean, clean_notes, drop_unknown_refs, uuids_in
from releases.models.access import ReleaseAccess, RestrictedFile
from releases.models.derived import FormerSlug, store_derived_rows
from releases.models.shared import Contact, Topic
from releases.models.texts import reader_rank, text_of
from storing.rows import Guarded, GuardedQuerySet
from storing.texts import shortened

MAX_DESCRIPTION_CHARACTERS = 300  # shown by search engines and on share cards
MAX_SLUG_CHARACTERS = 120
RESERVED_SLUGS = frozenset({"suggest"})  # other pages have these addresses below /releases/

# Sent in the transaction that saves a release, after the rows that are derived from its text.
text_stored = Signal()


class EditConflict(Exception):
    """Someone saved the release since this copy of it was read."""


# A release becomes public only if it contains no protected name at that time.
NAMES_ALLOWED = Q(names_allowed_until=None) | Q(names_allowed_until__gt=F("publish_at"))


def _public_at(at: datetime | None) -> Q:
    due = Q(status=Release.Status.APPROVED, publish_at__lte=at or timezone.now())
    return due & NAMES_ALLOWED & Q(held_at=None)


def _known_to(user: Any) -> Q:
    named = ReleaseAccess.objects.filter(release=OuterRef("pk"))
    return Q(~Exists(named) | Exists(named.filter(user=user)))


class ReleaseQuerySet(GuardedQuerySet["Release"]):
    def public(self, at: datetime | None = None) -> Self:
        """Return the releases that anyone may see at a time (default: now).

        Only this method and `Release.is_public` decide this. No job publishes a release: it is
        public from the second of `publish_at` on.
        """
        return self.filter(_public_at(at))

    def known_to(self, user: Any) -> Self:
        """Return the releases whose versions and record a user may see.

        These are all releases that are not restricted, and those on which the user is named.
        Permissions make no difference, not even those of a superuser.
        """
        return self.filter(_known_to(user))

    def visible_to(self, user: Any, at: datetime | None = None) -> Self:
        """Return the releases that exist for a user of the desk at a time (default: now).

        A restricted release exists for the people named on it, and while it is public for
        everyone. Its versions and record stay restricted: see `known_to`.
        """
        return self.filter(_known_to(user) | _public_at(at))

    def one_per_text(
        self, preferred: Sequence[str] = (), among: "ReleaseQuerySet | None" = None
    ) -> Self:
        """Return one release of each text: of an original and its translations in this queryset.

        It is the one whose language comes first in `preferred`, a list of language ranges (see
        `languages.ranges`), or else the original, or else the newest translation. Apply it after
        all other filters: a release that they leave out, or that is hidden, is not chosen and
        replaces no other. `count_texts` counts the same without deciding on a language. If this
        queryset refers to an outer query, `among` is the same with one more OuterRef.
        """
        # Two conditions, because a database can look up each by its index or hash it. With an OR,
        # PostgreSQL would run a subquery for each row.
        rank = reader_rank(preferred)
        rivals = (self if among is None else among).order_by().alias(rank=rank)
        original = rivals.filter(
            pk=OuterRef("translation_of"), translation_of=None, rank__lte=OuterRef("rank")
        )
        newer = Q(publish_at__gt=OuterRef("publish_at"))
        newer |= Q(publish_at=OuterRef("publish_at"), pk__lt=OuterRef("pk"))
        translations = rivals.filter(
            # An original has no translation_of, so a translation of equal rank does not replace it.
            Q(rank__lt=OuterRef("rank"))
            | Q(newer, rank=OuterRef("rank"), translation_of=OuterRef("translation_of")),
            translation_of=Coalesce(OuterRef("translation_of"), OuterRef("pk")),
        )
        return self.alias(rank=rank).filter(~Exists(original), ~Exists(translations))

    def count_texts(self) -> int:
        """Return how many releases `one_per_text` returns, whatever a reader prefers."""
        # Not COUNT(DISTINCT …): PostgreSQL sorts all rows for it.
        return self.order_by().values(text=text_of()).distinct().count()

    def has_translations(self) -> bool:
        """Return whether one of these releases is a translation.

        If there is none, each release is a text, and lists need not compare them.
        """
        these = self.order_by().filter(pk=OuterRef("pk"))
        translations = Release.objects.filter(Exists(these), translation_of__isnull=False)
        # The order makes a database walk the index of translations, which is empty in most
        # newsrooms, instead of reading all public releases.
        return bool(translations.order_by("translation_of_id").values_list("pk")[:1])

    def with_mark_for(self, user: Any) -> Self:
        """Annotate each release with `is_marked`: it is restricted, and the user is named on it."""
        named = ReleaseAccess.objects.filter(release=OuterRef("pk"), user=user)
        return self.annotate(is_marked=Exists(named))

    def blocked_by_name(self) -> Self:
        """Return the approved releases that stay hidden because they contain a protected name.

        They do not become public at `publish_at`. Releases on hold are not included.
        """
        approved = self.filter(status=Release.Status.APPROVED, held_at=None)
        return approved.filter(names_allowed_until__lte=F("publish_at"))

    def tombstones(self, at: datetime | None = None) -> Self:
        """Return the withdrawn releases that were public: only a notice is shown in their place.

        There is no notice for a release that was put on hold or withdrawn before it was public.
        """
        return self.filter(
            Q(held_at=None) | Q(held_at__gte=F("publish_at")),
            NAMES_ALLOWED,
            status=Release.Status.WITHDRAWN,
            publish_at__lte=F("withdrawn_at"),
            withdrawn_at__lte=at or timezone.now(),
        )

    def scheduled(self, at: datetime | None = None) -> Self:
        """Return the approved releases that become public at a later time.

        Releases on hold or blocked by a name are not included.
        """
        upcoming = self.filter(status=Release.Status.APPROVED, publish_at__gt=at or timezone.now())
        return upcoming.filter(NAMES_ALLOWED, held_at=None)

    def upcoming(self, at: datetime | None = None) -> Self:
        """Return the approved releases whose time has not come, even if on hold or blocked."""
        return self.filter(status=Release.Status.APPROVED, publish_at__gt=at or timezone.now())

    def dated_from(self, start: datetime) -> Self:
        """Return the releases whose `publish_at` is not before a time, whatever their state."""
        return self.filter(publish_at__gte=start)

    def approved(self) -> Self:
        """Return the approved releases: scheduled, blocked by a name, public or on hold."""
        return self.filter(status=Release.Status.APPROVED)

    def published(self, at: datetime | None = None) -> Self:
        """Return the releases in which a change is a correction. See `Release.is_published`."""
        at = at or timezone.now()
        due = self.approved().filter(NAMES_ALLOWED, publish_at__lte=at)
        return due.filter(Q(held_at=None) | Q(held_at__gte=F("publish_at")))

    def awaiting_publication(self, at: datetime | None = None) -> Self:
        """Return the approved releases that were never public. Their text may not change."""
        return self.approved().exclude(pk__in=Release.objects.published(at).values("pk"))

    def hidden(self, at: datetime | None = None) -> Self:
        """Return the releases that nobody outside may see: neither public nor withdrawn."""
        public = Release.objects.public(at).values("pk")
        return self.exclude(status=Release.Status.WITHDRAWN).exclude(pk__in=public)

    def on_hold(self) -> Self:
        """Return the releases on hold: offline until the hold ends or they are withdrawn."""
        return self.exclude(held_at=None).exclude(status=Release.Status.WITHDRAWN)

    def editable_by(self, user: Any) -> Self:
        """Return the releases whose text a user may change, if their status allows it."""
        if user.has_perm("releases.edit_any_release"):
            return self
        return self.filter(created_by=user)


class Release(Guarded):
    """A press release, statement, comment or media advisory."""

    DERIVED_FIELDS = frozenset({"names_allowed_until"})
    # Sentences that name readers who were not notified of a new time; set by previews.emails.
    not_notified: Sequence[str] = ()

    class Kind(models.TextChoices):
        PRESS_RELEASE = "press_release", _("Press release")
        STATEMENT = "statement", _("Statement")
        COMMENT = "comment", _("Comment")
        MEDIA_ADVISORY = "media_advisory", _("Media advisory")

    class Status(models.TextChoices):
        """The stored status. The State also depends on the time, a hold and protected names."""

        DRAFT = "draft", _("Draft")
        IN_REVIEW = "in_review", _("In review")
        APPROVED = "approved", _("Approved")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class State(models.TextChoices):
        """What editors see. It depends on the status, the time, a hold and protected names."""

        DRAFT = "draft", _("Draft")
        IN_REVIEW = "in_review", _("In review")
        SCHEDULED = "scheduled", _("Scheduled")
        BLOCKED = "waiting", _("Blocked by a name")
        PUBLISHED = "published", _("Published")
        ON_HOLD = "held", _("On hold")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(
        _("kind"), max_length=20, choices=Kind.choices, default=Kind.PRESS_RELEASE
    )
    language = models.CharField(
        _("language"),
        max_length=languages.MAX_TAG_CHARACTERS,
        validators=[language_tags.validate],
        default="en",
    )
    translation_of = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=_("translation of"),
        null=True,
        blank=True,
        related_name="translations",
        help_text=_("The release that this one translates, if any."),
    )
    title = models.CharField(_("title"), max_length=300, blank=True)
    standfirst = models.TextField(
        _("standfirst"),
        blank=True,
        help_text=_(
            "One or two plain sentences for lists, feeds and search. Don’t repeat the lead."
        ),
    )
    dateline_place = models.CharField(_("place"), max_length=120, blank=True)
    poster = models.ForeignKey(
        MediaAsset,
        models.PROTECT,
        verbose_name=_("poster"),
        null=True,
        blank=True,
        related_name="poster_of",
    )
    pull_quote = models.TextField(
        _("pull quote"),
        blank=True,
        help_text=_(
            "Copy it exactly from a quotation in the text. The speaker is taken from that "
            "quotation."
        ),
    )
    body = models.TextField(_("text"), blank=True)
    attached = models.JSONField(
        _("other pictures and documents"),
        default=list,
        db_default=[],
        blank=True,
        help_text=_("IDs in the order shown. Illustration rows are derived from it."),
    )
    notes_to_editors = models.TextField(_("notes to editors"), blank=True)
    topics = models.ManyToManyField(
        Topic, verbose_name=_("topics"), blank=True, related_name="releases"
    )
    countries = CountryField(_("countries"), multiple=True, blank=True)
    contacts = models.ManyToManyField(
        Contact, verbose_name=_("contacts"), blank=True, related_name="+"
    )

    slug = models.CharField(
        _("web address"),
        max_length=MAX_SLUG_CHARACTERS,
        blank=True,
        help_text=_(
            "The last part of the page’s address. Leave blank to use the title. If you change it "
            "after publication, the old address redirects."
        ),
    )
    status = models.CharField(
        _("status"), max_length=12, choices=Status.choices, default=Status.DRAFT, editable=False
    )
    publish_at = models.DateTimeField(
        _("publish at"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("When the embargo ends and the release becomes public."),
    )
    day_only = models.BooleanField(
        default=False,
        editable=False,
        help_text=_("It was published on this day; the time is not known."),
    )
    names_allowed_until = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text=_(
            "When a name in it becomes protected; blank if never. Updated until publish_at, then "
            "fixed."
        ),
    )
    held_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text=_("When it was put on hold. It is offline whatever its status and time."),
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawal_reason = models.TextField(
        _("reason for the withdrawal"),
        blank=True,
        editable=False,
        help_text=_("Public. Shown in place of the release."),
    )
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    import_digest = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("author"),
        null=True,
        editable=False,
        related_name="+",
        help_text=_("Blank if created by a command."),
    )

    objects = ReleaseQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords(m2m_fields=[topics, contacts])

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        # Without the key, the order of releases with equal times is undefined on PostgreSQL. The
        # archive could show one of them on two pages, and another on none.
        ordering = [F("publish_at").desc(nulls_first=True), "-updated_at", "pk"]
        permissions = [
            ("edit_any_release", _("Can edit other people’s releases")),
            ("submit_release", _("Can submit a release for approval")),
            ("return_release", _("Can send a release back to its author")),
            ("approve_release", _("Can approve, schedule and publish a release")),
            ("correct_release", _("Can correct a published release")),
            ("withdraw_release", _("Can withdraw a release")),
            ("hold_release", _("Can put a release on hold")),
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
                violation_error_message=_("Another release uses this address."),
            ),
            models.UniqueConstraint(
                fields=["import_digest"], condition=~Q(import_digest=""),
                name="release_imported_once",
            ),
            models.CheckConstraint(
                condition=Q(translation_of=None) | ~Q(translation_of=F("uuid")),
                name="release_translates_another",
                violation_error_message=_("A release cannot be a translation of itself."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title or gettext("Untitled")

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the release and the rows that are derived from its text.

        The text is cleaned here, so it is clean in every row. Raises EditConflict if another
        version was saved since this copy was read. If saving fails, this copy keeps its version,
        and can be saved again.
        """
        names = kwargs.get("update_fields")
        if names is not None and not self._state.adding:
            self._save_part(names)
            return
        version, adding = self.version, self._state.adding
        try:
            self._clean_text()
            with transaction.atomic():
                approved = self._take_next_version()
                restricted = self.is_restricted()
                if restricted:
                    self._keep_secret()
                super().save(*args, **kwargs)
                store_derived_rows(self, approved)
                if restricted:
                    self._restrict_files()
                text_stored.send(Release, release=self)
        except BaseException:
            self.version, self._state.adding = version, adding
            raise

    def _save_part(self, names: Collection[str]) -> None:
        """Save some fields of this copy as a new version. Other fields keep their stored values."""
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
        """The path of the public page in its script, not percent-encoded."""
        return uri_to_iri(self.get_absolute_url())

    def is_public(self, at: datetime | None = None) -> bool:
        """Return whether the release is in `Release.objects.public`."""
        return (
            self.status == self.Status.APPROVED
            and self.held_at is None
            and self.publish_at is not None
            and self.publish_at <= (at or timezone.now())
            and self.names_allowed()
        )

    def names_allowed(self) -> bool:
        """Return whether none of its names will be protected at `publish_at`."""
        return (
            self.names_allowed_until is None
            or self.publish_at is None
            or self.names_allowed_until > self.publish_at
        )

    def is_blocked_by_name(self) -> bool:
        """Return whether the release is in `Release.objects.blocked_by_name`."""
        return (
            self.status == self.Status.APPROVED
            and self.held_at is None
            and not self.names_allowed()
        )

    def has_missed_publication(self, at: datetime | None = None) -> bool:
        """Return whether its time passed while a name blocked it. It needs a new time then."""
        due = self.publish_at is not None and self.publish_at <= (at or timezone.now())
        return self.is_blocked_by_name() and due

    def has_been_public(self, at: datetime | None = None) -> bool:
        """Return whether it is public, or was public before a hold or a withdrawal."""
        ends = [moment for moment in (self.held_at, self.withdrawn_at) if moment]
        return (
            self.status in (self.Status.APPROVED, self.Status.WITHDRAWN)
            and self.publish_at is not None
            and self.publish_at <= min([*ends, at or timezone.now()])
            and self.names_allowed()
        )

    def is_published(self, at: datetime | None = None) -> bool:
        """Return whether the release is in `Release.objects.published`.

        It has been public and is not withdrawn, so a change of its content is a correction.
        """
        return self.status == self.Status.APPROVED and self.has_been_public(at)

    def is_approved(self) -> bool:
        """Return whether the release is in `Release.objects.approved`."""
        return self.status == self.Status.APPROVED

    def is_tombstone(self, at: datetime | None = None) -> bool:
        """Return whether the release is in `Release.objects.tombstones`."""
        return (
            self.status == self.Status.WITHDRAWN
            and self.withdrawn_at is not None
            and self.withdrawn_at <= (at or timezone.now())
            and self.has_been_public(at)
        )

    def is_scheduled(self, at: datetime | None = None) -> bool:
        """Return whether the release is in `Release.objects.scheduled`."""
        return (
            self.status == self.Status.APPROVED
            and self.held_at is None
            and self.publish_at is not None
            and self.publish_at > (at or timezone.now())
            and self.names_allowed()
        )

    def is_on_hold(self) -> bool:
        """Return whether the release is in `Release.objects.on_hold`."""
        return self.held_at is not None and self.status != self.Status.WITHDRAWN

    def is_editable_by(self, user: Any) -> bool:
        """Return whether the release is in `Release.objects.editable_by`."""
        return user.has_perm("releases.edit_any_release") or self.created_by_id == user.pk

    def people_named(self) -> set[int]:
        """Return the keys of the users who are named on it; none if it is not restricted."""
        return {row.user_id for row in self.access.all()}

    def is_restricted(self) -> bool:
        """Return whether only the people named on it may read it."""
        return bool(self.people_named())

    def is_known_to(self, user: Any) -> bool:
        """Return whether the release is in `Release.objects.known_to`."""
        named = self.people_named()
        return not named or user.pk in named

    def is_visible_to(self, user: Any, at: datetime | None = None) -> bool:
        """Return whether the release is in `Release.objects.visible_to`."""
        return self.is_public(at) or self.is_known_to(user)

    def state(self, at: datetime | None = None) -> "Release.State":
        """Return the state that editors see at a time (default: now)."""
        if self.is_on_hold():
            return self.State.ON_HOLD
        if self.is_blocked_by_name():
            return self.State.BLOCKED
        if self.status == self.Status.APPROVED:
            return self.State.PUBLISHED if self.is_public(at) else self.State.SCHEDULED
        return self.State(self.status)

    @property
    def direction(self) -> str:
        return languages.direction(self.language)

    @property
    def og_locale(self) -> str:
        """The language for Open Graph, such as sv_SE; "" if no country is likely."""
        return languages.og_locale(self.language)

    @property
    def language_name(self) -> str:
        return languages.native_name(self.language)

    @property
    def document(self) -> Document:
        """The text, parsed each time: keep the result if you need it twice."""
        return Document(self.body)

    @property
    def description(self) -> str:
        """The standfirst or the start of the text, in at most MAX_DESCRIPTION_CHARACTERS."""
        return shortened(self.standfirst or self.document.opening, MAX_DESCRIPTION_CHARACTERS)

    @property
    def day(self) -> date:
        """The day (in the newsroom's time zone) for which the release prints titles and facts."""
        return timezone.localdate(self.publish_at or timezone.now())

    @property
    def shown_contacts(self) -> list[Contact]:
        """The contacts that are printed below it."""
        return [contact for contact in self.contacts.all() if contact.is_shown()]

    @property
    def attached_ids(self) -> list[UUID]:
        """The UUIDs of the attached pictures and documents, in order. Invalid ones are skipped."""
        return uuids_in(self.attached)

    def slug_from_title(self) -> str:
        """Return an unused slug made from the title, in its script. Needs a transaction."""
        lock_slug_choice("release")
        slug = slug_for(self.title, fallback=f"release-{self.pk.hex[:8]}")
        taken = self.is_restricted() or self.is_taken(slug)
        return f"{slug}-{self.pk.hex[:8]}" if taken else slug

    def unmark(self, person: UUID) -> None:
        """Remove the marks of a person from the text. The words stay."""
        document = self.document
        self.body = drop_unknown_refs(
            self.body, people=document.people - {person}, assets=document.pictures
        )

    def _keep_secret(self) -> None:
        """Remove what could reveal the release to others, because it is unique.

        Until it is public, its slug ends in letters and digits that nobody can guess. So another
        release may use the slug that its title suggests, and another import the same file.
        """
        self.import_digest = ""
        end = f"-{self.pk.hex[:8]}"
        if self.slug and not self.has_been_public() and not self.slug.endswith(end):
            self.slug = self.slug[: MAX_SLUG_CHARACTERS - len(end)] + end

    def _restrict_files(self) -> None:
        used = set(self.illustrations.values_list("asset", flat=True))
        if self.poster_id:
            used.add(self.poster_id)
        RestrictedFile.objects.bulk_create(
            [RestrictedFile(release=self, asset_id=asset) for asset in sorted(used)],
            ignore_conflicts=True,
        )

    def is_taken(self, slug: str) -> bool:
        """Return whether a page of the site has a slug, or another release has or had it.

        A former slug counts if the release had it after its approval.
        """
        return (
            slug in RESERVED_SLUGS
            or Release.objects.filter(slug=slug).exclude(pk=self.pk).exists()
            or FormerSlug.objects.filter(slug=slug).exclude(release=self.pk).exists()
        )

    def _clean_text(self) -> None:
        self.title = " ".join(self.title.split())
        self.standfirst = self.standfirst.strip()
        self.pull_quote = self.pull_quote.strip()
        # No limit here: forms and imports check the length. A longer stored text can still be put
        # on hold, withdrawn or shortened.
        self.notes_to_editors = clean_notes(self.notes_to_editors, max_characters=sys.maxsize)
        self.body = clean(self.body, max_characters=sys.maxsize)
        document = self.document
        self.body = drop_unknown_refs(
            self.body,
            people=set(Person.objects.filter(pk__in=document.people).values_list("pk", flat=True)),
            assets=set(
                MediaAsset.objects.filter(pk__in=document.pictures).values_list("pk", flat=True)
            ),
        )
        known = set(
            MediaAsset.objects.filter(pk__in=self.attached_ids).values_list("pk", flat=True)
        )
        self.attached = [str(pk) for pk in dict.fromkeys(self.attached_ids) if pk in known]

    def _take_next_version(self) -> Document | None:
        """Increase the version, and keep a changed slug of an approved release as a FormerSlug.

        Return the stored text if it was approved. Raises EditConflict.
        """
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
