"""Lists the stored files to which the rows of pictures and documents refer."""

from collections.abc import Generator, Iterator
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from assets.models import MediaAsset

CHUNK = 500  # rows read at a time


class Role(StrEnum):
    """The role of a file for its row."""

    ORIGINAL = "original"
    EARLIER = "earlier original"  # of an earlier version of the row, which can be restored
    RENDITION = "rendition"


class NamedFile(NamedTuple):
    """A name in the storage, with the recorded size in bytes and digest; 0 and "" if unknown."""

    name: str
    role: Role
    size: int
    sha256: str


def named_files(*, with_renditions: bool = True) -> Generator[NamedFile, None, None]:
    """Yield every current and earlier original, and every rendition."""
    for _, files in rows():
        for file in files:
            if with_renditions or file.role is not Role.RENDITION:
                yield file


def rows() -> Iterator[tuple[MediaAsset, list[NamedFile]]]:
    """Yield each row with its files, in the order of ids. Rows are read in chunks."""
    last: UUID | None = None
    while True:
        wanted = MediaAsset.objects.order_by("pk").defer("embedded_metadata", "file_warnings")
        chunk = list((wanted.filter(pk__gt=last) if last else wanted)[:CHUNK])
        if not chunk:
            return
        yield from files_of(chunk)
        last = chunk[-1].pk


def files_of(assets: list[MediaAsset]) -> Iterator[tuple[MediaAsset, list[NamedFile]]]:
    """Yield each of the given rows with its files, without duplicate names."""
    known: dict[UUID, dict[str, NamedFile]] = {asset.pk: {} for asset in assets}
    versions = MediaAsset.history.filter(uuid__in=list(known)).exclude(original="")
    recorded = versions.order_by().values_list("uuid", "original", "size_in_bytes", "sha256")
    for pk, name, size, sha256 in recorded:
        known[pk][name] = NamedFile(name, Role.EARLIER, size, sha256)
    for asset in assets:
        files = known[asset.pk]
        if asset.original:
            name = str(asset.original)
            files[name] = NamedFile(name, Role.ORIGINAL, asset.size_in_bytes, asset.sha256)
        for style, stored in asset.renditions.get("styles", {}).items():
            for extension, size in stored["formats"].items():
                name = asset.rendition_path(style, extension)
                files[name] = NamedFile(name, Role.RENDITION, size, "")
        yield asset, list(files.values())
