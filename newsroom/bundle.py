"""All files of a release in one ZIP: pictures, documents, their captions and credits, the text.

The ZIP is streamed, so it needs constant memory. It is not compressed, because pictures are already
compressed. So its length is known before the download, and browsers can show the progress.
"""

from collections.abc import Iterator

from django.utils.text import slugify
from zipstream import ZipStream

from assets.models import MediaAsset
from newsroom.exports import as_text
from newsroom.page import ReleasePage

CHUNK = 1 << 16  # bytes


def media_zip(page: ReleasePage, origin: str, publisher: str) -> ZipStream:
    """Return the ZIP of a release. `len()` gives its bytes; it can be iterated over only once."""
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
