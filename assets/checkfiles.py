"""Compares stored files with the database, both ways: files without a row, and rows without a file.

Rows and listings are read side by side in the order of their ids, so a million files need no more
memory than a thousand, and a bucket is asked once for each 1000. What seems wrong is compared once
more, with the row and the listing of that moment: editors upload and delete meanwhile.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db.models import Max
from django.utils import timezone

from assets import storage
from assets.models import MediaAsset
from assets.named_files import NamedFile, Role, files_of, rows
from assets.storage import StoredFile

TOPS = ("originals", "renditions")
A_DAY = timedelta(hours=24)


class Kind(StrEnum):
    MISSING_ORIGINAL = "missing original"
    MISSING_EARLIER = "missing earlier original"
    MISSING_RENDITION = "missing rendition"
    DAMAGED_ORIGINAL = "damaged original"
    DAMAGED_EARLIER = "damaged earlier original"
    DAMAGED_RENDITION = "damaged rendition"
    ORPHAN = "orphan"
    TOO_NEW = "too new to be called an orphan"  # counted only


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one file; `record` is the id of its row, or what its path says it was."""

    kind: Kind
    record: str
    name: str
    size: int = 0  # of an orphan, in bytes


class Comparison:
    """One comparison; its counts are complete when `faults` has ended.

    A file that no row leads to is an orphan if it is `older_than` that, and older than the newest
    change of a picture that the database knows. Its row may still be coming; and if the database
    was restored from an old dump, files newer than the dump are somebody's work.
    """

    def __init__(
        self,
        *,
        digests: bool = False,
        older_than: timedelta = A_DAY,
        progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    ) -> None:
        self.digests = digests
        self.progress = progress
        self.records = self.originals = self.files = self.too_new = 0
        self.counts = dict.fromkeys(Kind, 0)
        newest = MediaAsset.history.aggregate(newest=Max("history_date"))["newest"]
        self._before = newest and min(newest, timezone.now() - older_than)

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong. Raises OSError where the storage does not answer."""
        storage.is_reachable()
        total = MediaAsset.objects.count()
        sources: Iterator[tuple[str, Any]] = merge(
            ((str(asset.pk), (asset, named)) for asset, named in rows()),
            *(((_record(file.name), file) for file in storage.listed(f"{top}/")) for top in TOPS),
            key=itemgetter(0),
        )
        for record, found in groupby(sources, key=itemgetter(0)):
            named: list[NamedFile] = []
            coming = ""
            files: dict[str, StoredFile] = {}
            for _, one in found:
                if isinstance(one, StoredFile):
                    files[one.name] = one
                else:
                    asset, named = one
                    coming = _coming(asset)
                    self.records += 1
                    self.originals += sum(file.role is Role.ORIGINAL for file in named)
            self.files += len(files)
            seeming = self._compare(record, named, coming, files)
            if seeming and _is_uuid(record):
                again = self._compare_now(record)
                seeming = [fault for fault in seeming if fault in again]
            for fault in seeming:
                if fault.kind is Kind.TOO_NEW:
                    self.too_new += 1
                    continue
                self.counts[fault.kind] += 1
                yield fault
            self.progress("records compared", self.records, total)

    def _compare(
        self,
        record: str,
        named: list[NamedFile],
        coming: str,
        files: dict[str, StoredFile],
    ) -> list[Fault]:
        faults = []
        for due in named:
            file = files.get(due.name)
            if file is None:
                faults.append(Fault(Kind(f"missing {due.role}"), record, due.name))
            elif (due.size and file.size != due.size) or self._is_altered(due):
                faults.append(Fault(Kind(f"damaged {due.role}"), record, due.name))
        expected = {due.name for due in named}
        for name, file in files.items():
            if name not in expected and not (coming and name.startswith(coming)):
                old = self._before is not None and file.modified < self._before
                kind = Kind.ORPHAN if old else Kind.TOO_NEW
                faults.append(Fault(kind, record if _is_uuid(record) else "", name, file.size))
        return faults

    def _compare_now(self, record: str) -> list[Fault]:
        """Compare one row with its files of this moment."""
        row = next(files_of(list(MediaAsset.objects.filter(pk=record))), None)
        named, coming = (row[1], _coming(row[0])) if row else ([], "")
        files = {file.name: file for top in TOPS for file in storage.listed(f"{top}/{record}/")}
        return self._compare(record, named, coming, files)

    def _is_altered(self, due: NamedFile) -> bool:
        if not (self.digests and due.sha256):
            return False
        try:
            with default_storage.open(due.name) as file:
                return hashlib.file_digest(file, "sha256").hexdigest() != due.sha256
        except FileNotFoundError:
            return False  # deleted since it was listed

    def why_keep_orphans(self) -> str:
        """Return why the orphans must not be removed, "" where they may. Ask it at the end."""
        if self.counts[Kind.MISSING_ORIGINAL] * 10 > self.originals:
            return (
                "More than a tenth of the originals is missing: database and storage do not seem "
                "to belong together. Check DATABASE_URL, MEDIA_ROOT and S3_BUCKET, and restore "
                "what is missing first."
            )
        if self.counts[Kind.ORPHAN] * 2 > self.files:
            return (
                "More than half of the stored files would go: database and storage do not seem to "
                "belong together. Check DATABASE_URL, MEDIA_ROOT and S3_BUCKET."
            )
        return ""


def _coming(asset: MediaAsset) -> str:
    """Return the folder of the renditions that are being made, "" where none are."""
    if asset.state not in (MediaAsset.State.WAITING, MediaAsset.State.MAKING):
        return ""
    return f"{asset.rendition_folder(asset.made_of()[:12])}/"


def _record(name: str) -> str:
    """Return the part of a path that is the id of a row, if it is one of ours."""
    return name.split("/")[1]


def _is_uuid(record: str) -> bool:
    try:
        return str(UUID(record)) == record
    except ValueError:
        return False
