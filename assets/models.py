"""Pictures and documents, with the facts that are needed before they are shown."""
# Above 450 lines because all fields of a model must be in one class.

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.desk_addresses import desk_address
from assets import cleaned, metadata_warnings, opening
from assets.file_names import safe_name
from assets.renditions import CONTENT_TYPES, Renditions
from assets.translation import translated_json
from assets.uploads import check_upload, inspect, is_stored
from storing.rows import Guarded, GuardedQuerySet
from storing.texts import is_blank

__all__ = ["CONTENT_TYPES", "MediaAsset", "check_upload", "original_path"]

EXPIRY_WARNING = timedelta(days=30)  # before a licence ends
iso_date = RegexValidator(
    r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$",
    _("Enter a date such as 2026-11-25, 2026-11 or 2026."),
)


def original_path(asset: "MediaAsset", filename: str) -> str:
    """Return the path of an original in the storage. It does not contain the file name."""
    return f"originals/{asset.pk}/{uuid.uuid4().hex}"


class MediaAssetQuerySet(GuardedQuerySet["MediaAsset"]):
    def usable(self, at: datetime | None = None) -> Self:
        """Pictures and documents that a page may show at the time `at`.

        They are processed, their licence has not ended, they only show people who may be shown, and
        they are not withdrawn.
        """
        at = at or timezone.now()
        shown = Q(hidden_from=None) | Q(hidden_from__gt=at)
        shown &= Q(withdrawn_at=None) | Q(withdrawn_at__gt=at)
        ready = Q(renditions__has_key="styles")
        licensed = Q(licence_expires=None) | Q(licence_expires__gt=at)
        return self.exclude(original="").filter(ready, licensed, shown)

    def to_process(self) -> Self:
        """Pictures that wait for renditions, and documents that were never cleaned.

        An earlier version published documents uncleaned and left their state empty. They keep this
        state, because the worker of that version may still run during an upgrade, and it would
        treat a waiting document as a picture.
        """
        waiting = Q(state__in=[MediaAsset.State.WAITING, MediaAsset.State.PROCESSING])
        uncleaned = Q(state=MediaAsset.State.NOT_NEEDED) & ~Q(kind=MediaAsset.Kind.IMAGE)
        uncleaned &= ~Q(original="") & ~Q(renditions__has_key="styles")
        return self.filter(waiting | uncleaned)

    def licence_ends_soon(self, at: datetime | None = None) -> Self:
        """Pictures and documents whose licence ends within thirty days."""
        at = at or timezone.now()
        return self.filter(licence_expires__gt=at, licence_expires__lte=at + EXPIRY_WARNING)


class MediaAsset(Renditions, Guarded):
    """A picture, document or recording, with its texts and rights.

    It can exist without its file: a release may be imported with only the name of a picture.
    Whether it is public depends on the releases and people that show it (see
    releases.rules.visibility).

    assets.processing makes the renditions of a picture, and the cleaned copy of a document, in the
    background. It sets `state`, `error` and `renditions`.
    """

    class Kind(models.TextChoices):
        IMAGE = "image", _("Picture")
        DOCUMENT = "document", _("Document")
        AUDIO = "audio", _("Audio")
        VIDEO = "video", _("Video")

    class State(models.TextChoices):
        NOT_NEEDED = "", _("Not needed")
        WAITING = "waiting", _("Waiting")
        PROCESSING = "making", _("Processing")
        READY = "made", _("Ready")
        FAILED = "failed", _("Processing failed")

    # Written by an editor, and public.
    TEXT_FIELDS = (
        "alt_text", "caption", "credit_line", "creator", "copyright_notice", "usage_terms", "place",
    )  # fmt: skip
    # Derived from the file or from the people shown. A form never overwrites them.
    NOT_IN_HISTORY = ("state", "error", "claimed_at", "renditions", "hidden_from")
    DERIVED_FIELDS = frozenset({*NOT_IN_HISTORY, "file_warnings"})

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(
        max_length=8, choices=Kind, default=Kind.IMAGE, db_default=Kind.IMAGE, editable=False
    )
    original = models.FileField(
        _("file"),
        upload_to=original_path,
        blank=True,
        max_length=200,
        validators=[check_upload],
        help_text=format_lazy(
            _(
                "Pictures: {formats}. Documents: PDF, Word, audio and video. The original file of "
                "a picture is never public."
            ),
            formats=opening.READABLE,
        ),
    )
    original_name = models.CharField(
        _("file name"),
        max_length=255,
        blank=True,
        help_text=_("Original file name. Internal only."),
    )
    alt_text = models.TextField(
        _("alternative text"),
        blank=True,
        help_text=_("Describe the image for people who can’t see it. Required before publication."),
    )
    caption = models.TextField(
        _("caption"),
        blank=True,
        help_text=_("Who, what, where, when. Shown below the picture. For a document, its title."),
    )
    credit_line = models.CharField(
        _("credit line"),
        max_length=255,
        blank=True,
        help_text=_(
            "As it must be shown, such as “AFP via Getty Images”. Required before publication."
        ),
    )
    creator = models.CharField(
        _("creator"), max_length=255, blank=True, help_text=_("Who took or made it.")
    )
    copyright_notice = models.CharField(_("copyright notice"), max_length=255, blank=True)
    usage_terms = models.TextField(
        _("usage terms"), blank=True, help_text=_("What others may do with it.")
    )
    licence_expires = models.DateTimeField(
        _("licence ends"),
        null=True,
        blank=True,
        help_text=_("When our licence ends. After that it is not shown."),
    )
    date_created = models.CharField(
        _("made on"),
        max_length=10,
        blank=True,
        default="",
        db_default="",
        validators=[iso_date],
        help_text=_("Such as 2026-11-25, 2026-11 or 2026. Public."),
    )
    place = models.CharField(
        _("place"),
        max_length=255,
        blank=True,
        default="",
        db_default="",
        help_text=_("Public. Leave blank if it could identify someone at risk."),
    )
    ai_made = models.BooleanField(
        _("made with AI"),
        default=False,
        db_default=False,
        help_text=_("Made or altered with AI. Readers see this next to the picture."),
    )
    focus_x = models.FloatField(
        _("focal point, from the left"),
        default=0.5,
        db_default=0.5,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    focus_y = models.FloatField(
        _("focal point, from the top"),
        default=0.5,
        db_default=0.5,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    sha256 = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    extension = models.CharField(
        max_length=8, blank=True, default="", db_default="", editable=False
    )
    size_in_bytes = models.PositiveBigIntegerField(
        default=0,
        db_default=0,
        db_column="weight",
        editable=False,
        help_text=_("Size of the original in bytes."),
    )
    width = models.PositiveIntegerField(default=0, editable=False)
    height = models.PositiveIntegerField(default=0, editable=False)
    embedded_metadata = models.JSONField(
        default=dict,
        db_default={},
        db_column="found",
        editable=False,
        help_text=_("Metadata in the file. Internal only."),
    )
    file_warnings = models.JSONField(
        default=list,
        db_default=[],
        db_column="notes",
        editable=False,
        help_text=_("Warnings about the file."),
    )
    state = models.CharField(
        max_length=8, choices=State, blank=True, default="", db_default="", editable=False
    )
    error = models.TextField(
        blank=True, default="", db_default="", db_column="problem", editable=False
    )
    claimed_at = models.DateTimeField(null=True, editable=False)
    renditions = models.JSONField(default=dict, editable=False)
    hidden_from = models.DateTimeField(
        null=True,
        db_column="withheld_from",
        editable=False,
        help_text=_("From when it is hidden because of a person shown."),
    )
    withdrawn_at = models.DateTimeField(
        null=True, editable=False, help_text=_("When it was withdrawn.")
    )
    as_is_reason = models.TextField(
        _("why it is published as it is"), blank=True, default="", db_default="", editable=False
    )
    as_is_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
    )
    as_is_at = models.DateTimeField(null=True, editable=False)
    uploaded_at = models.DateTimeField(auto_now_add=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    # The files among which `duplicate` looks for the same file. None: all.
    compared_with: "models.QuerySet[MediaAsset] | None" = None

    objects = MediaAssetQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords(excluded_fields=NOT_IN_HISTORY)

    class Meta:
        verbose_name = _("picture or document")
        verbose_name_plural = _("pictures and documents")
        ordering = ["-uploaded_at", "pk"]
        permissions = [
            ("accept_as_is", _("Can publish a document that can’t be cleaned")),
        ]
        indexes = [
            models.Index(
                fields=["uploaded_at"],
                condition=Q(state__in=["waiting", "making"]),
                name="mediaasset_to_make",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(focus_x__range=(0, 1), focus_y__range=(0, 1)),
                name="mediaasset_focus_is_inside",
            ),
        ]

    def __str__(self) -> str:
        return self.original_name or self.alt_text[:80] or gettext("Unnamed file")

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, and request renditions if the file, its rights or its focal point changed.

        If the file changed, the row loses its old renditions at once. Raises BadFileError if the
        new file can't be used.
        """
        if self.original and not is_stored(self.original):
            self._read_upload()
        # Read the row again: renditions may have been made since this instance was read.
        stored = MediaAsset.objects.filter(pk=self.pk).only("sha256", "renditions").first()
        is_new = self.sha256 != (stored.sha256 if stored else "")
        made_of = (stored or self).renditions.get("of")
        if is_new:
            self.renditions = {}
            self.as_is_reason, self.as_is_by, self.as_is_at = "", None, None
        is_changed = is_new or (bool(self.original) and made_of != self.source_fingerprint())
        if is_changed:
            self.state = self.State.WAITING if self.original else self.State.NOT_NEEDED
            self.error, self.claimed_at = "", None
        if not self._state.adding and kwargs.get("update_fields") is None:
            written = ["state", "error", "claimed_at"] if is_changed else []
            written += ["renditions"] if is_new else []
            unwritten = set(self.NOT_IN_HISTORY) - set(written)
            kwargs["update_fields"] = [
                field.name
                for field in self._meta.concrete_fields
                if not field.primary_key and field.name not in unwritten
            ]
        super().save(*args, **kwargs)

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        """Read a row, and convert renditions from before migration 0002, which have no sizes.

        The old code may still write such a row during an upgrade.
        """
        asset = super().from_db(*args, **kwargs)
        styles = asset.__dict__.get("renditions", {}).get("styles", {})
        if any(isinstance(style["formats"], list) for style in styles.values()):
            for style in styles.values():
                style["formats"] = dict.fromkeys(style["formats"], 0)
            asset.renditions = {"styles": styles}
        return asset

    def restore_file_of(self, version: Any) -> None:
        """Set the original to that of an earlier version, without saving."""
        for name in ("original", "kind", "extension", "size_in_bytes", "sha256", "width", "height",
                     "embedded_metadata", "file_warnings", "original_name"):  # fmt: skip
            setattr(self, name, getattr(version, name))

    def clean(self) -> None:
        """Raise ValidationError, with a link, if the file is already in the library."""
        upload = self.original and not is_stored(self.original)
        if upload and (known := self.duplicate()):
            raise ValidationError({"original": known.duplicate_message()})

    def duplicate(self) -> "MediaAsset | None":
        """Return another record whose file has the same bytes as this upload, or None."""
        files = self.compared_with
        if files is None:
            files = MediaAsset.objects.all()
        return files.filter(sha256=self._digest()).exclude(pk=self.pk).first()

    def duplicate_message(self) -> str:
        """Return the message to an editor who uploads this file again, with a link."""
        url = desk_address(self)
        day = formats.date_format(timezone.localtime(self.uploaded_at), "DATE_FORMAT")
        return format_html(
            gettext("You already have this file: {file}, since {day}. Nothing was added."),
            file=format_html('<a href="{}">{}</a>', url, self),
            day=day,
        )

    # --- What it is, and whether it may be shown -----------------------------------------------

    def is_usable(self, at: datetime | None = None) -> bool:
        """Return whether it is in `MediaAsset.objects.usable`."""
        ready = "styles" in self.renditions
        hidden = self.licence_has_ended(at) or self.is_hidden(at) or self.is_withdrawn(at)
        return bool(self.original) and ready and not hidden

    def is_hidden(self, at: datetime | None = None) -> bool:
        """Return whether it shows a person who may not be shown."""
        return self.hidden_from is not None and self.hidden_from <= (at or timezone.now())

    def is_withdrawn(self, at: datetime | None = None) -> bool:
        """Return whether the desk has withdrawn it."""
        return self.withdrawn_at is not None and self.withdrawn_at <= (at or timezone.now())

    def licence_has_ended(self, at: datetime | None = None) -> bool:
        """Return whether our licence for it has ended."""
        ends = self.licence_expires
        return ends is not None and ends <= (at or timezone.now())

    def licence_ends_soon(self, at: datetime | None = None) -> bool:
        """Return whether it is in `MediaAsset.objects.licence_ends_soon`."""
        at, ends = at or timezone.now(), self.licence_expires
        return ends is not None and at < ends <= at + EXPIRY_WARNING

    def plain_text_caption(self) -> str:
        """Return its caption and credit line for plain text."""
        ai = gettext("Made with AI") if self.ai_made else ""
        return " ".join(filter(None, [self.caption, self.credit_line, ai]))

    def printed_facts(self) -> list[tuple[str, str]]:
        """Return the label and text of each fact that downloads contain, the caption first."""
        ai = gettext("This picture was made or altered with AI.") if self.ai_made else ""
        facts = [
            (gettext("Caption"), self.caption),
            (gettext("Credit"), self.credit_line),
            (gettext("Made with AI"), ai),
            (gettext("Creator"), self.creator),
            (gettext("Copyright"), self.copyright_notice),
            (gettext("Terms"), self.usage_terms),
            (gettext("Made on"), self.date_created),
            (gettext("Place"), self.place),
            (gettext("Alternative text"), self.alt_text),
        ]
        return [(label, text) for label, text in facts if text.strip()]

    def warnings(self) -> list[str]:
        """Return the warnings about its current texts."""
        labels = [
            str(self._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
            for name in self.TEXT_FIELDS
            if metadata_warnings.has_coordinates(getattr(self, name))
        ]
        if not labels:
            return []
        message = gettext(
            "There are coordinates in: %(fields)s. They show exactly where it was taken. Remove "
            "them, unless they are meant for the public."
        )
        return [message % {"fields": ", ".join(labels)}]

    def missing_fields(self) -> list[str]:
        """Return the labels of fields that must be filled before a release with it is approved."""
        if self.is_picture:
            texts = [
                (gettext("alternative text"), self.alt_text),
                (gettext("credit line"), self.credit_line),
            ]
        else:
            texts = [
                (gettext("caption"), self.caption),
                (gettext("credit line"), self.credit_line),
            ]
        file = [] if self.original else [gettext("file")]
        return [*file, *(label for label, text in texts if is_blank(text))]

    def processing_blocker(self) -> str:
        """Return the reason why it can't be shown yet, "" if it can or has no file."""
        if not self.original or "styles" in self.renditions:
            return ""
        if self.state == self.State.FAILED:
            return gettext("processing failed: %(error)s") % {"error": self.error}
        return gettext("it is still being processed")

    def accept_as_is(self, *, by: Any, reason: str) -> None:
        """Publish a document that can't be cleaned; save the user, the reason and the time."""
        self.as_is_reason, self.as_is_by, self.as_is_at = reason, by, timezone.now()
        self.save()

    @property
    def cleaning_problems(self) -> list[str]:
        """The reasons why its file can't be cleaned, one sentence each."""
        return cleaned.problem_sentences(self.renditions)

    @property
    def file_warning_texts(self) -> list[str]:
        """The warnings about the file as sentences, in the language of the editor."""
        return [translated_json(each) for each in self.file_warnings]

    @property
    def removed_metadata(self) -> list[str]:
        """The metadata that was removed from the published copy, one sentence each.

        A file that is published as it is, or not published, still contains it.
        """
        return cleaned.removed_sentences(self.renditions)

    def _digest(self) -> str:
        self.original.seek(0)
        digest = hashlib.file_digest(self.original.file, "sha256").hexdigest()
        self.original.seek(0)
        return digest

    def _read_upload(self) -> None:
        facts = inspect(self.original)
        self.kind, self.extension = facts.kind, facts.extension
        self.width, self.height = facts.width, facts.height
        self.embedded_metadata, self.file_warnings = facts.metadata, facts.warnings
        self.ai_made = self.ai_made or bool(facts.metadata.get("ai_made"))
        self.size_in_bytes, self.sha256 = self.original.size, self._digest()
        self.original_name = self.original_name or safe_name(self.original.name or "")
