"""Everything of a release in one ZIP: pictures, documents, their captions and credits, the text.

It is written while it is read, in constant memory. Pictures are packed already, so it is stored as
it is; that gives its length beforehand, and the reader's browser can show how far it is.
"""

from collections.abc import Iterator

from django.utils.text import slugify
from zipstream import ZipStream

from assets.models import MediaAsset
from newsroom.exports import as_text
from newsroom.page import ReleasePage

PIECE = 1 << 16  # bytes


def media_zip(page: ReleasePage, origin: str, publisher: str) -> ZipStream:
    """Return the archive of a release, with a length, to be iterated over once."""
    archive = ZipStream(sized=True)
    folder = page.release.slug
    captions = []
    for number, asset in enumerate(page.offered, start=1):
        style, extension = asset.press
        words = slugify(asset.caption, allow_unicode=True)[:60].strip("-")
        name = f"{number:02}-{words or asset.kind}.{extension}"
        size = asset.bytes_of(style, extension)
        archive.add(_pieces(asset, style, extension), f"{folder}/{name}", size=size)
        captions.append("\n".join([name, *(f"{what}: {said}" for what, said in asset.facts())]))
    archive.add(as_text(page, origin, publisher), f"{folder}/release.txt")
    if captions:
        archive.add("\n\n".join(captions) + "\n", f"{folder}/captions and credits.txt")
    return archive


def _pieces(asset: MediaAsset, style: str, extension: str) -> Iterator[bytes]:
    with asset.open_rendition(style, extension) as file:
        while piece := file.read(PIECE):
            yield piece
