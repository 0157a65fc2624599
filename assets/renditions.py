"""The files of a picture or document: its renditions, their addresses and names."""

import hashlib
from typing import IO, Any

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404
from django.urls import reverse
from django.utils.text import slugify

from accounts.desk_addresses import desk_address
from assets import cleaning, documents, pictures, sandbox
from assets.uploads import limits_of_renditions

CONTENT_TYPES = pictures.CONTENT_TYPES | documents.CONTENT_TYPES


class Renditions:
    """The part of `MediaAsset` that finds and opens its renditions."""

    pk: Any
    kind: Any
    extension: Any
    sha256: Any
    renditions: Any
    caption: Any
    credit_line: Any
    creator: Any
    copyright_notice: Any
    usage_terms: Any
    focus_x: Any
    focus_y: Any
    as_is_at: Any

    @property
    def is_picture(self) -> bool:
        return bool(self.kind == "image")

    @property
    def version(self) -> str:
        """Return a text that changes whenever its renditions change."""
        return str(self.renditions.get("of", ""))[:12]

    @property
    def download_rendition(self) -> tuple[str, str]:
        """The style and extension that journalists download."""
        return ("press", "jpg") if self.is_picture else ("file", self.extension)

    def has_rendition(self, style: str, extension: str) -> bool:
        return extension in self._stored(style).get("formats", {})

    def size(self, style: str) -> tuple[int, int]:
        """Return a rendition's width and height in pixels, (0, 0) if there is none."""
        stored = self._stored(style)
        return stored.get("width", 0), stored.get("height", 0)

    def bytes_of(self, style: str, extension: str) -> int:
        """Return the size of a rendition in bytes, 0 if there is none."""
        known = self._stored(style).get("formats", {}).get(extension)
        if known != 0:
            return known or 0
        # 0 means that the rendition was made before sizes were stored. Ask the storage.
        try:
            return default_storage.size(self.rendition_path(style, extension))
        except FileNotFoundError:
            return 0

    def public_url(self, style: str, extension: str) -> str:
        """Return the public address of a rendition; it works while the picture is public.

        It stays the same when the picture is replaced.
        """
        return reverse("rendition", args=[self.pk, style, extension])

    def versioned_url(self, style: str, extension: str) -> str:
        """Return an address that browsers may cache: it changes with the picture."""
        return f"{self.public_url(style, extension)}?v={self.version}"

    def admin_url(self, style: str, extension: str) -> str:
        """Return the admin's address of a rendition, for users who may see the picture."""
        address = desk_address(self, "rendition", style, extension)
        return f"{address}?v={self.version}"

    def download_name(self, extension: str) -> str:
        """Return a file name made from the caption, which is public.

        The original file name may contain names of people or places.
        """
        slug = slugify(self.caption, allow_unicode=True)[:60].strip("-")
        return f"{slug or self.kind}-{self.pk.hex[:8]}.{extension}"

    def stored_name(self, style: str, extension: str) -> str:
        """Return the name in the storage. Raises Http404 if there is no such rendition."""
        if not self.has_rendition(style, extension):
            raise Http404
        return self.rendition_path(style, extension)

    def open_rendition(self, style: str, extension: str) -> IO[bytes]:
        """Open a stored rendition. Raises FileNotFoundError if there is none."""
        return default_storage.open(self.rendition_path(style, extension))

    def rendition_response(self, style: str, extension: str) -> FileResponse:
        """Return a stored rendition as a response. Raises Http404 if there is none.

        The caller must have checked that the reader may see it.
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

    def watermarked_rendition(self, style: str, extension: str, text: str) -> bytes:
        """Return a rendition with a text on a strip at the bottom and in its metadata.

        Raises Http404 if there is no such rendition.
        """
        if not self.is_picture or not self.has_rendition(style, extension):
            raise Http404
        with self.open_rendition(style, extension) as file:
            return sandbox.watermarked(file, limits_of_renditions(), extension, text, self.rights())

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
        """The point that every crop keeps, as shares of width and height from the top left."""
        return (self.focus_x, self.focus_y)

    def _stored(self, style: str) -> dict[str, Any]:
        return self.renditions.get("styles", {}).get(style, {})

    def source_fingerprint(self) -> str:
        """Return a fingerprint of everything that determines the renditions."""
        if self.is_picture:
            source = f"{pictures.RECIPE} {self.sha256} {self.rights()!r} {self.focus}"
        else:
            source = f"{cleaning.RECIPE} {self.sha256} {self.as_is_at is not None}"
        return hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()
