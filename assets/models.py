"""Pictures: what a newsroom must know of each before it may be shown."""

import hashlib
import uuid
from datetime import datetime
from pathlib import PurePath
from typing import IO, Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models
from django.http import FileResponse, Http404
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from assets import pictures


def original_path(asset: "MediaAsset", filename: str) -> str:
    """Return where an original is stored: never public, never under the name it came with."""
    return f"originals/{asset.pk}/{uuid.uuid4().hex}"


def is_stored(file: Any) -> bool:
    """Whether a file is the one in the storage, and not an upload that is still to be stored."""
    return getattr(file, "_committed", False)


def check_picture(file: Any) -> None:
    """Refuse an upload that is no picture we can use, in a sentence that names the file."""
    if is_stored(file):
        return  # it was checked when it came
    limit = settings.MAX_PICTURE_MEGABYTES
    if file.size > limit * 1024 * 1024:
        raise ValidationError(
            f"{file.name} has {file.size / 1024 / 1024:.0f} MB; up to {limit} MB are taken. "
            "Save it smaller."
        )
    try:
        pictures.inspect(file)
    except pictures.BadPicture as problem:
        raise ValidationError(f"{file.name}: {problem}") from problem


class MediaAssetQuerySet(models.QuerySet["MediaAsset"]):
    def usable(self, at: datetime | None = None) -> Self:
        """Those that may be shown at a time, if a page shows them: a file, and a licence for it."""
        at = at or timezone.now()
        return self.exclude(original="").filter(
            models.Q(licence_expires=None) | models.Q(licence_expires__gt=at)
        )


class MediaAsset(models.Model):
    """A picture with the words and rights that belong to it.

    It may stand without its file: a release can arrive with the name of a picture only.
    Whether the public may fetch it depends on the releases and people that show it, so that
    rule is theirs (releases.visibility).
    """

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    original = models.FileField(
        "picture",
        upload_to=original_path,
        blank=True,
        max_length=200,
        validators=[check_picture],
        help_text="JPEG, PNG, WebP, AVIF, TIFF or GIF. The file as you upload it is never public.",
    )
    original_name = models.CharField(
        "file name", max_length=255, blank=True, help_text="As it came. For the library only."
    )
    alt_text = models.TextField(
        "alternative text",
        blank=True,
        help_text="What is to be seen, for readers who cannot see it. Needed before publication.",
    )
    caption = models.TextField(blank=True, help_text="Who, what, where, when: shown below it.")
    credit_line = models.CharField(
        max_length=255,
        blank=True,
        help_text="As it must be printed, such as “AFP via Getty Images”. Needed to publish.",
    )
    creator = models.CharField(max_length=255, blank=True, help_text="Who took or made it.")
    copyright_notice = models.CharField(max_length=255, blank=True)
    usage_terms = models.TextField(blank=True, help_text="What others may do with it.")
    licence_expires = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When our licence ends. From that second on the picture is shown nowhere.",
    )
    sha256 = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    width = models.PositiveIntegerField(default=0, editable=False)
    height = models.PositiveIntegerField(default=0, editable=False)
    renditions = models.JSONField(default=dict, editable=False)
    uploaded_at = models.DateTimeField(auto_now_add=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    objects = MediaAssetQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["renditions"])

    class Meta:
        verbose_name = "picture"
        ordering = ["-uploaded_at", "pk"]

    def __str__(self) -> str:
        return self.original_name or self.alt_text[:80] or "Picture without a name"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, and make every rendition where the picture or its rights are new.

        Raises assets.pictures.BadPicture where the new file cannot be used.
        """
        upload = self.original and not is_stored(self.original)
        if upload:
            self._read_upload()
        if self.original and self.renditions.get("of") != self._rendered_from():
            self._make_renditions()
        super().save(*args, **kwargs)

    def is_usable(self, at: datetime | None = None) -> bool:
        """Row twin of `MediaAsset.objects.usable`."""
        at = at or timezone.now()
        return bool(self.original) and (self.licence_expires is None or self.licence_expires > at)

    def described(self) -> str:
        """Return its caption and credit as they are printed in plain text."""
        return " ".join(filter(None, [self.caption, self.credit_line]))

    def missing(self) -> list[str]:
        """Return what the picture lacks before a release that shows it can be approved."""
        needs = {
            "its file": self.original,
            "an alternative text": self.alt_text.strip(),
            "a credit line": self.credit_line.strip(),
        }
        return [what for what, there in needs.items() if not there]

    def has_rendition(self, style: str, extension: str) -> bool:
        return extension in self.renditions.get("styles", {}).get(style, {}).get("formats", [])

    def size(self, style: str) -> tuple[int, int]:
        """Return a rendition's width and height in pixels, (0, 0) where it was never made."""
        made = self.renditions.get("styles", {}).get(style, {})
        return made.get("width", 0), made.get("height", 0)

    def rendition_url(self, style: str, extension: str) -> str:
        """Return the public address of a rendition; it works while the public may see it."""
        return reverse("rendition", args=[self.pk, style, extension])

    def preview_url(self, style: str, extension: str) -> str:
        """Return the admin's address of a rendition, for those who may see the picture there."""
        return reverse("admin:assets_mediaasset_rendition", args=[self.pk, style, extension])

    def open_rendition(self, style: str, extension: str) -> IO[bytes]:
        """Open a stored rendition. Raises FileNotFoundError where there is none."""
        return default_storage.open(self._rendition_path(style, extension))

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
        return FileResponse(file, content_type=pictures.CONTENT_TYPES[extension])

    def stamped_rendition(self, style: str, extension: str, words: str) -> bytes:
        """Return a rendition with words across its foot and in its metadata.

        Raises Http404 where there is no such rendition.
        """
        if not self.has_rendition(style, extension):
            raise Http404
        with self.open_rendition(style, extension) as file:
            return pictures.stamped(file, extension, words, self._rights())

    def _rendition_path(self, style: str, extension: str) -> str:
        return f"renditions/{self.pk}/{style}.{extension}"

    def _rights(self) -> pictures.Rights:
        return pictures.Rights(
            self.credit_line, self.creator, self.copyright_notice, self.usage_terms
        )

    def _rendered_from(self) -> str:
        """Return a fingerprint of all that goes into the renditions: the bytes and the rights."""
        return hashlib.sha256(f"{self.sha256}{self._rights()!r}".encode()).hexdigest()

    def _read_upload(self) -> None:
        self.width, self.height = pictures.inspect(self.original.file)
        self.original.seek(0)
        self.sha256 = hashlib.file_digest(self.original.file, "sha256").hexdigest()
        self.original.seek(0)
        self.original_name = self.original_name or PurePath(self.original.name or "").name[:255]

    def _make_renditions(self) -> None:
        styles: dict[str, dict[str, Any]] = {}
        file = self.original.open()
        for cut in pictures.renditions(file, self._rights()):
            path = self._rendition_path(cut.style, cut.extension)
            default_storage.delete(path)
            default_storage.save(path, ContentFile(cut.content))
            made = styles.setdefault(
                cut.style, {"width": cut.width, "height": cut.height, "formats": []}
            )
            made["formats"].append(cut.extension)
        if is_stored(self.original):
            file.close()
        else:
            file.seek(0)  # it is still to be stored, so it has to stay open
        self.renditions = {"of": self._rendered_from(), "styles": styles}
