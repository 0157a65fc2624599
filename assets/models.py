"""Pictures and documents: what a newsroom must know of each before it may be shown."""

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import IO, Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.http import FileResponse, Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import slugify
from simple_history.models import HistoricalRecords

from assets import cleaned, cleaning, documents, metadata, pictures, sandbox
from assets.file_names import safe_name
from assets.pictures import BadFile
from storing.rows import Guarded, GuardedQuerySet
from storing.texts import is_blank

SOON = timedelta(days=30)  # before a licence ends, the desk warns
CONTENT_TYPES = pictures.CONTENT_TYPES | documents.CONTENT_TYPES
iso_date = RegexValidator(
    r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$",
    "Write the date as 2026-11-25, or as much of it as is known: 2026-11, 2026.",
)


def original_path(asset: "MediaAsset", filename: str) -> str:
    """Return where an original is stored: never public, never under the name it came with."""
    return f"originals/{asset.pk}/{uuid.uuid4().hex}"


def is_stored(file: Any) -> bool:
    """Whether a file is the one in the storage, and not an upload that is still to be stored."""
    return getattr(file, "_committed", False)


def limits() -> sandbox.Limits:
    """Return how much an upload may ask of us."""
    return sandbox.Limits(
        settings.MAX_PICTURE_MEGAPIXELS,
        settings.MAX_PICTURE_SECONDS,
        settings.MAX_PICTURE_MEMORY_MEGABYTES,
    )


TIMES_AS_LONG = 30  # as the look at an upload may take
TIMES_AS_LARGE = 4


def limits_of_renditions() -> sandbox.Limits:
    """Return how much a picture may ask of us that was taken, to be cut or stamped."""
    look = limits()
    return sandbox.Limits(
        look.megapixels, look.seconds * TIMES_AS_LONG, look.megabytes * TIMES_AS_LARGE
    )


def inspect(file: Any) -> sandbox.Inspected:
    """Return what an upload is, opened once however often it is asked. Raises BadFile."""
    upload = getattr(file, "file", file)
    known: sandbox.Inspected | None = getattr(upload, "inspected", None)
    if known is None:
        known = sandbox.inspect(upload, limits())
        upload.inspected = known
        file.seek(0)
    return known


def check_upload(file: Any) -> None:
    """Refuse an upload that we cannot use, in a sentence that names the file."""
    if is_stored(file):
        return  # it was checked when it came
    try:
        _refuse_above(file, settings.MAX_DOCUMENT_MEGABYTES)
        if inspect(file).kind == MediaAsset.Kind.IMAGE:
            _refuse_above(file, settings.MAX_PICTURE_MEGABYTES)
    except BadFile as problem:
        raise ValidationError(f"{file.name}: {problem}") from problem


def _refuse_above(file: Any, limit: int) -> None:
    if file.size > limit * 1024 * 1024:
        raise BadFile(
            f"It has {file.size / 1024 / 1024:.0f} MB; up to {limit} MB are taken. Save it smaller."
        )


class MediaAssetQuerySet(GuardedQuerySet["MediaAsset"]):
    def usable(self, at: datetime | None = None) -> Self:
        """Those that may be shown at a time, if a page shows them.

        There is a file that was made ready, a licence for it, nobody in it who may not be shown,
        and nobody has withdrawn it.
        """
        at = at or timezone.now()
        shown = Q(withheld_from=None) | Q(withheld_from__gt=at)
        shown &= Q(withdrawn_at=None) | Q(withdrawn_at__gt=at)
        ready = Q(renditions__has_key="styles")
        licensed = Q(licence_expires=None) | Q(licence_expires__gt=at)
        return self.exclude(original="").filter(ready, licensed, shown)

    def to_make(self) -> Self:
        """Those whose renditions wait or are being made, and documents that nobody has cleaned.

        An earlier version gave documents out as they came, and left their state empty. Its worker,
        which may still be running, would take a waiting document for a picture.
        """
        waits = Q(state__in=[MediaAsset.State.WAITING, MediaAsset.State.MAKING])
        of_before = Q(state=MediaAsset.State.NOTHING) & ~Q(kind=MediaAsset.Kind.IMAGE)
        of_before &= ~Q(original="") & ~Q(renditions__has_key="styles")
        return self.filter(waits | of_before)

    def licence_ends_soon(self, at: datetime | None = None) -> Self:
        """Those whose licence ends within thirty days."""
        at = at or timezone.now()
        return self.filter(licence_expires__gt=at, licence_expires__lte=at + SOON)


class MediaAsset(Guarded):
    """A picture, document or recording, with the words and rights that belong to it.

    It may stand without its file: a release can arrive with the name of a picture only.
    Whether the public may fetch it depends on the releases and people that show it, so that
    rule is theirs (releases.rules.visibility).

    What is cut from a picture (its renditions), and the cleaned copy of a document, are made
    outside of the request that saves it, by assets.making; `state`, `problem` and `renditions` come
    from there.
    """

    class Kind(models.TextChoices):
        IMAGE = "image", "Picture"
        DOCUMENT = "document", "Document"
        AUDIO = "audio", "Audio"
        VIDEO = "video", "Video"

    class State(models.TextChoices):
        NOTHING = "", "Nothing to make"
        WAITING = "waiting", "Waiting to be made ready"
        MAKING = "making", "Being made ready"
        MADE = "made", "Ready"
        FAILED = "failed", "Could not be made ready"

    # What an editor writes and the public may read.
    TEXTS = (
        "alt_text", "caption", "credit_line", "creator", "copyright_notice", "usage_terms", "place",
    )  # fmt: skip
    # What follows from the file or from who is in it: never overwritten by a form.
    NOT_IN_FORMS = ("state", "problem", "claimed_at", "renditions", "withheld_from")
    DERIVED_FIELDS = frozenset({*NOT_IN_FORMS, "notes"})

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(
        max_length=8, choices=Kind, default=Kind.IMAGE, db_default=Kind.IMAGE, editable=False
    )
    original = models.FileField(
        "file",
        upload_to=original_path,
        blank=True,
        max_length=200,
        validators=[check_upload],
        help_text=f"{pictures.READABLE} as pictures; PDF, Word, audio and video as documents. "
        "What a file is follows from its content. The picture as you upload it is never public.",
    )
    original_name = models.CharField(
        "file name", max_length=255, blank=True, help_text="As it came. For the library only."
    )
    alt_text = models.TextField(
        "alternative text",
        blank=True,
        help_text="What is to be seen, for readers who cannot see it. Needed before publication.",
    )
    caption = models.TextField(
        blank=True,
        help_text="Who, what, where, when: shown below it. Of a document, its title.",
    )
    credit_line = models.CharField(
        max_length=255,
        blank=True,
        help_text="As it must be printed, such as “AFP via Getty Images”. Needed to publish.",
    )
    creator = models.CharField(max_length=255, blank=True, help_text="Who took or made it.")
    copyright_notice = models.CharField(max_length=255, blank=True)
    usage_terms = models.TextField(blank=True, help_text="What others may do with it.")
    licence_expires = models.DateTimeField(
        "licence ends",
        null=True,
        blank=True,
        help_text="When our licence ends. From that second on it is shown nowhere.",
    )
    date_created = models.CharField(
        "made on",
        max_length=10,
        blank=True,
        default="",
        db_default="",
        validators=[iso_date],
        help_text="As 2026-11-25, or as much of it as is known. Public.",
    )
    place = models.CharField(
        max_length=255,
        blank=True,
        default="",
        db_default="",
        help_text="Public. Leave it empty where it would lead to somebody.",
    )
    ai_made = models.BooleanField(
        "made with AI",
        default=False,
        db_default=False,
        help_text="Made or altered by a generator of pictures. Readers are told so beside it.",
    )
    focus_x = models.FloatField(
        "focal point, from the left",
        default=0.5,
        db_default=0.5,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    focus_y = models.FloatField(
        "focal point, from the top",
        default=0.5,
        db_default=0.5,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    sha256 = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    extension = models.CharField(
        max_length=8, blank=True, default="", db_default="", editable=False
    )
    weight = models.PositiveBigIntegerField(
        default=0, db_default=0, editable=False, help_text="Of the original, in bytes."
    )
    width = models.PositiveIntegerField(default=0, editable=False)
    height = models.PositiveIntegerField(default=0, editable=False)
    found = models.JSONField(
        default=dict,
        db_default={},
        editable=False,
        help_text="What the file says of itself: for editors alone.",
    )
    notes = models.JSONField(
        default=list,
        db_default=[],
        editable=False,
        help_text="What whoever publishes it should know, in words.",
    )
    state = models.CharField(
        max_length=8, choices=State, blank=True, default="", db_default="", editable=False
    )
    problem = models.TextField(blank=True, default="", db_default="", editable=False)
    claimed_at = models.DateTimeField(null=True, editable=False)
    renditions = models.JSONField(default=dict, editable=False)
    withheld_from = models.DateTimeField(
        null=True,
        editable=False,
        help_text="From when on it is shown nowhere, because of somebody in it: see "
        "people.depicted.",
    )
    withdrawn_at = models.DateTimeField(
        null=True, editable=False, help_text="Since when the desk keeps it off every page."
    )
    as_is_reason = models.TextField(
        "why it goes out as it is", blank=True, default="", db_default="", editable=False
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

    objects = MediaAssetQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords(excluded_fields=NOT_IN_FORMS)

    class Meta:
        verbose_name = "picture or document"
        verbose_name_plural = "pictures and documents"
        ordering = ["-uploaded_at", "pk"]
        permissions = [
            ("accept_as_is", "Can let a document go out that cannot be cleaned"),
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
        return self.original_name or self.alt_text[:80] or "Picture without a name"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; renditions are to be made where the picture, its rights or its focus are new.

        Another file takes the renditions of the one before it away at once. Raises BadFile where
        the new file cannot be used.
        """
        if self.original and not is_stored(self.original):
            self._read_upload()
        # Asked anew: they may have been made since this copy of the row was read.
        stored = MediaAsset.objects.filter(pk=self.pk).only("sha256", "renditions").first()
        is_new = self.sha256 != (stored.sha256 if stored else "")
        made_of = (stored or self).renditions.get("of")
        if is_new:
            self.renditions = {}
            self.as_is_reason, self.as_is_by, self.as_is_at = "", None, None
        anew = is_new or (bool(self.original) and made_of != self.made_of())
        if anew:
            self.state = self.State.WAITING if self.original else self.State.NOTHING
            self.problem, self.claimed_at = "", None
        if not self._state.adding and kwargs.get("update_fields") is None:
            ours = ["state", "problem", "claimed_at"] if anew else []
            ours += ["renditions"] if is_new else []
            left_alone = set(self.NOT_IN_FORMS) - set(ours)
            kwargs["update_fields"] = [
                field.name
                for field in self._meta.concrete_fields
                if not field.primary_key and field.name not in left_alone
            ]
        super().save(*args, **kwargs)

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        """Read a row; renditions of before 0002 lie under their old names, of unknown size.

        The code of then may write such a row while an upgrade is under way.
        """
        asset = super().from_db(*args, **kwargs)
        styles = asset.__dict__.get("renditions", {}).get("styles", {})
        if any(isinstance(made["formats"], list) for made in styles.values()):
            for made in styles.values():
                made["formats"] = dict.fromkeys(made["formats"], 0)
            asset.renditions = {"styles": styles}
        return asset

    def take_file_of(self, version: Any) -> None:
        """Make the original of one of its versions the file again, in memory."""
        for name in ("original", "kind", "extension", "weight", "sha256", "width", "height",
                     "found", "notes", "original_name"):  # fmt: skip
            setattr(self, name, getattr(version, name))

    def clean(self) -> None:
        """Say where the same file is in the library already."""
        upload = self.original and not is_stored(self.original)
        if upload and (twin := self.twin()):
            raise ValidationError({"original": twin.is_here_already()})

    def twin(self) -> "MediaAsset | None":
        """Return the record that has the same bytes as the upload of this one, if any."""
        same = MediaAsset.objects.filter(sha256=self._digest()).exclude(pk=self.pk)
        return same.first()

    def is_here_already(self) -> str:
        """Return what is said to whoever uploads this file again, with a link."""
        return format_html(
            'You have this file: <a href="{}">{}</a>, since {}. Nothing was added.',
            reverse("admin:assets_mediaasset_change", args=[self.pk]),
            self,
            timezone.localtime(self.uploaded_at).strftime("%-d %B %Y"),
        )

    # --- What it is, and whether it may be shown -----------------------------------------------

    @property
    def is_picture(self) -> bool:
        return self.kind == self.Kind.IMAGE

    def is_usable(self, at: datetime | None = None) -> bool:
        """Row twin of `MediaAsset.objects.usable`."""
        ready = "styles" in self.renditions
        hidden = self.has_ended(at) or self.is_withheld(at) or self.is_withdrawn(at)
        return bool(self.original) and ready and not hidden

    def is_withheld(self, at: datetime | None = None) -> bool:
        """Whether somebody in it may not be shown."""
        return self.withheld_from is not None and self.withheld_from <= (at or timezone.now())

    def is_withdrawn(self, at: datetime | None = None) -> bool:
        """Whether somebody at the desk took it off every page."""
        return self.withdrawn_at is not None and self.withdrawn_at <= (at or timezone.now())

    def has_ended(self, at: datetime | None = None) -> bool:
        """Whether our licence for it has ended."""
        ends = self.licence_expires
        return ends is not None and ends <= (at or timezone.now())

    def ends_soon(self, at: datetime | None = None) -> bool:
        """Row twin of `MediaAsset.objects.licence_ends_soon`."""
        at, ends = at or timezone.now(), self.licence_expires
        return ends is not None and at < ends <= at + SOON

    def described(self) -> str:
        """Return its caption and credit as they are printed in plain text."""
        ai = "Made with AI" if self.ai_made else ""
        return " ".join(filter(None, [self.caption, self.credit_line, ai]))

    def facts(self) -> list[tuple[str, str]]:
        """Return what is printed beside it where it is taken along: a label, and the words."""
        told = {
            "Caption": self.caption,
            "Credit": self.credit_line,
            "Made with AI": "This picture was made or altered with AI." if self.ai_made else "",
            "Creator": self.creator,
            "Copyright": self.copyright_notice,
            "Terms": self.usage_terms,
            "Made on": self.date_created,
            "Place": self.place,
            "Shows": self.alt_text,
        }
        return [(what, said) for what, said in told.items() if said.strip()]

    def warnings(self) -> list[str]:
        """Return what an editor should know of the texts as they stand now."""
        names = [
            str(self._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
            for name in self.TEXTS
            if metadata.has_coordinates(getattr(self, name))
        ]
        return [metadata.coordinates_warning(f"in: {', '.join(names)}")] if names else []

    def missing(self) -> list[str]:
        """Return what it lacks before a release that shows it can be approved."""
        needs = {
            "its file": self.original,
            "an alternative text": not is_blank(self.alt_text) or not self.is_picture,
            "a caption (its title)": not is_blank(self.caption) or self.is_picture,
            "a credit line": not is_blank(self.credit_line),
        }
        return [what for what, there in needs.items() if not there]

    def unready(self) -> str:
        """Return why it cannot be shown yet, "" where it can or has no file."""
        if not self.original or "styles" in self.renditions:
            return ""
        if self.state == self.State.FAILED:
            return f"could not be made ready: {self.problem}"
        return "is being made ready; that takes some seconds"

    def accept_as_is(self, *, by: Any, reason: str) -> None:
        """Let a document go out as it is that cannot be cleaned, and save; it keeps who said so."""
        self.as_is_reason, self.as_is_by, self.as_is_at = reason, by, timezone.now()
        self.save()

    @property
    def why_not_cleaned(self) -> list[str]:
        """Return why its file cannot be cleaned, a sentence each; empty where it can."""
        return cleaned.cannot(self.renditions)

    @property
    def taken_out(self) -> list[str]:
        """Return what was taken out of the copy that goes out, a line each.

        Where the file goes out as it is, or not at all, it holds these.
        """
        return cleaned.removed(self.renditions)

    # --- Its files -----------------------------------------------------------------------------

    @property
    def version(self) -> str:
        """Return what changes whenever what is served under its addresses does."""
        return str(self.renditions.get("of", ""))[:12]

    @property
    def press(self) -> tuple[str, str]:
        """The style and extension in which journalists take it along."""
        return ("press", "jpg") if self.is_picture else ("file", self.extension)

    def has_rendition(self, style: str, extension: str) -> bool:
        return extension in self._made(style).get("formats", {})

    def size(self, style: str) -> tuple[int, int]:
        """Return a rendition's width and height in pixels, (0, 0) where it was never made."""
        made = self._made(style)
        return made.get("width", 0), made.get("height", 0)

    def bytes_of(self, style: str, extension: str) -> int:
        """Return how heavy a rendition is, 0 where there is none."""
        known = self._made(style).get("formats", {}).get(extension)
        if known != 0:
            return known or 0
        # It was made before its size was kept, and is not made anew yet: the storage knows.
        try:
            return default_storage.size(self.rendition_path(style, extension))
        except FileNotFoundError:
            return 0

    def public_url(self, style: str, extension: str) -> str:
        """Return the public address of a rendition; it works while the public may see it.

        It stays when the picture is replaced, and gives the new one.
        """
        return reverse("rendition", args=[self.pk, style, extension])

    def versioned_url(self, style: str, extension: str) -> str:
        """Return an address that a reader's browser may keep: another picture has another one."""
        return f"{self.public_url(style, extension)}?v={self.version}"

    def admin_url(self, style: str, extension: str) -> str:
        """Return the admin's address of a rendition, for those who may see the picture there."""
        address = reverse("admin:assets_mediaasset_rendition", args=[self.pk, style, extension])
        return f"{address}?v={self.version}"

    def download_name(self, extension: str) -> str:
        """Return what it is called where it is saved: by its caption, which is public.

        The name that the file came with may tell who is in it, or where.
        """
        words = slugify(self.caption, allow_unicode=True)[:60].strip("-")
        return f"{words or self.kind}-{self.pk.hex[:8]}.{extension}"

    def stored_name(self, style: str, extension: str) -> str:
        """Return the name in the storage. Raises Http404 where there is no such rendition."""
        if not self.has_rendition(style, extension):
            raise Http404
        return self.rendition_path(style, extension)

    def open_rendition(self, style: str, extension: str) -> IO[bytes]:
        """Open a stored rendition. Raises FileNotFoundError where there is none."""
        return default_storage.open(self.rendition_path(style, extension))

    def rendition_response(self, style: str, extension: str) -> FileResponse:
        """Return a stored rendition as an answer. Raises Http404 where there is none.

        Whoever calls this has asked whether it may be seen.
        """
        if not self.has_rendition(style, extension):
            raise Http404
        try:
            file = self.open_rendition(style, extension)
        except FileNotFoundError:
            raise Http404 from None
        return FileResponse(
            file,
            content_type=CONTENT_TYPES[extension],
            as_attachment=not self.is_picture,
            filename=self.download_name(extension),
        )

    def stamped_rendition(self, style: str, extension: str, words: str) -> bytes:
        """Return a rendition with words across its foot and in its metadata.

        Raises Http404 where there is no such rendition.
        """
        if not self.is_picture or not self.has_rendition(style, extension):
            raise Http404
        with self.open_rendition(style, extension) as file:
            return sandbox.stamped(file, limits_of_renditions(), extension, words, self.rights())

    def rendition_path(self, style: str, extension: str) -> str:
        return f"{self.rendition_folder(self.version)}/{style}.{extension}"

    def rendition_folder(self, version: str) -> str:
        return "/".join(filter(None, ["renditions", str(self.pk), version]))

    def rights(self) -> pictures.Rights:
        return pictures.Rights(
            self.credit_line, self.creator, self.copyright_notice, self.usage_terms
        )

    @property
    def focus(self) -> tuple[float, float]:
        """The point that no cut loses, as shares of width and height from the top left."""
        return (self.focus_x, self.focus_y)

    def _made(self, style: str) -> dict[str, Any]:
        return self.renditions.get("styles", {}).get(style, {})

    def made_of(self) -> str:
        """Return a fingerprint of all that goes into the renditions."""
        if self.is_picture:
            everything = f"{pictures.RECIPE} {self.sha256} {self.rights()!r} {self.focus}"
        else:
            everything = f"{cleaning.RECIPE} {self.sha256} {self.as_is_at is not None}"
        return hashlib.sha256(everything.encode("utf-8", "replace")).hexdigest()

    def _digest(self) -> str:
        self.original.seek(0)
        digest = hashlib.file_digest(self.original.file, "sha256").hexdigest()
        self.original.seek(0)
        return digest

    def _read_upload(self) -> None:
        seen = inspect(self.original)
        self.kind, self.extension = seen.kind, seen.extension
        self.width, self.height = seen.width, seen.height
        self.found, self.notes = seen.found, seen.notes
        self.ai_made = self.ai_made or bool(seen.found.get("ai_made"))
        self.weight, self.sha256 = self.original.size, self._digest()
        self.original_name = self.original_name or safe_name(self.original.name or "")
