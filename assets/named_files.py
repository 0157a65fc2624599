"""Which files in the storage the rows of pictures and documents name."""

from collections.abc import Generator
from typing import NamedTuple

from django.db.models import QuerySet

from assets.models import MediaAsset


class NamedFile(NamedTuple):
    """A name in the storage, and what is known of the file: 0 and "" where nothing is."""

    name: str
    size: int
    sha256: str


def named_files(*, with_renditions: bool = True) -> Generator[NamedFile, None, None]:
    """Yield every original, current and former, and every rendition; some more than once.

    A former original is named by a version of its picture, which can be brought back.
    """
    known = ("original", "weight", "sha256")
    former = MediaAsset.history.model.objects.filter(uuid__in=MediaAsset.objects.values("pk"))
    sets: tuple[QuerySet, ...] = (MediaAsset.objects.all(), former)
    for rows in sets:
        originals = rows.exclude(original="").order_by().values_list(*known).distinct()
        for name, size, digest in originals.iterator():
            yield NamedFile(str(name), size, digest)
    if not with_renditions:
        return
    pictures = MediaAsset.objects.filter(kind=MediaAsset.Kind.IMAGE, renditions__has_key="styles")
    for picture in pictures.order_by().only("kind", "renditions").iterator():
        for style, made in picture.renditions["styles"].items():
            for extension, size in made["formats"].items():
                yield NamedFile(picture.rendition_path(style, extension), size, "")
