"""All files of a release in one ZIP: pictures, documents, their captions and credits, the text.

It is streamed in constant memory. Pictures are compressed already, so nothing is compressed again:
its length is known beforehand, and browsers can show the progress.
"""

from collections.abc import Iterator

from django.utils.text import slugify
from zipstream import ZipStream

from assets.models import MediaAsset
from newsroom.exports import as_text
from newsroom.page import ReleasePage

CHUNK = 1 << 16  # bytes


def media_zip(page: ReleasePage, origin: str, publisher: str) -> ZipStream:
    """Return the archive of a release, with a length. It can be iterated over once."""
    archive = ZipStream(sized=True)
    folder = page.release.slug
    captions = []
    for number, asset in enumerate(page.downloadable_assets, start=1):
        style, extension = asset.download_rendition
        slug = slugify(asset.caption, allow_unicode=True)[:60].strip("-")
        name = f"{number:02}-{slug or asset.kind}.{extension}"
        size = asset.bytes_of(style, extension)
        archive.add(_chunks(asset, style, extension), f"{folder}/{name}", size=size)
        captions.append(
            "\n".join([name, *(f"{label}: {value}" for label, value in asset.printed_facts())])
        )
    archive.add(as_text(page, origin, publisher), f"{folder}/release.txt")
    if captions:
        archive.add("\n\n".join(captions) + "\n", f"{folder}/captions and credits.txt")
    return archive


def _chunks(asset: MediaAsset, style: str, extension: str) -> Iterator[bytes]:
    with asset.open_rendition(style, extension) as file:
        while chunk := file.read(CHUNK):
            yield chunk
