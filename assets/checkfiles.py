"""Compares stored files with the database, both ways: files without a row, and rows without a file.

Rows and listings are merged in the order of their ids, so that a million files need no more memory
than a thousand, and a bucket needs one request per 1000 files. A difference is checked again with
the current row and listing, because editors upload and delete files during the comparison.
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
from django.utils.translation import gettext, gettext_lazy, ngettext

from assets import storage
from assets.models import MediaAsset
from assets.named_files import NamedFile, Role, files_of, rows
from assets.storage_basics import StoredFile

TOPS = ("originals", "renditions")
ORPHAN_AGE = timedelta(hours=24)


class Kind(StrEnum):
    MISSING_ORIGINAL = "missing original"
    MISSING_EARLIER = "missing earlier original"
    MISSING_RENDITION = "missing rendition"
    DAMAGED_ORIGINAL = "damaged original"
    DAMAGED_EARLIER = "damaged earlier original"
    DAMAGED_RENDITION = "damaged rendition"
    ORPHAN = "orphan"
    TOO_NEW = "too new to be an orphan"  # counted, but not a fault


LABELS = {
    Kind.MISSING_ORIGINAL: gettext_lazy("missing original"),
    Kind.MISSING_EARLIER: gettext_lazy("missing earlier original"),
    Kind.MISSING_RENDITION: gettext_lazy("missing rendition"),
    Kind.DAMAGED_ORIGINAL: gettext_lazy("damaged original"),
    Kind.DAMAGED_EARLIER: gettext_lazy("damaged earlier original"),
    Kind.DAMAGED_RENDITION: gettext_lazy("damaged rendition"),
    Kind.ORPHAN: gettext_lazy("orphan"),
}


def count_label(kind: Kind, count: int) -> str:
    """Return a number of faults of one kind, such as “2 missing renditions”."""
    match kind:
        case Kind.MISSING_ORIGINAL:
            text = ngettext("%(count)s missing original", "%(count)s missing originals", count)
        case Kind.MISSING_EARLIER:
            text = ngettext(
                "%(count)s missing earlier original", "%(count)s missing earlier originals", count
            )
        case Kind.MISSING_RENDITION:
            text = ngettext("%(count)s missing rendition", "%(count)s missing renditions", count)
        case Kind.DAMAGED_ORIGINAL:
            text = ngettext("%(count)s damaged original", "%(count)s damaged originals", count)
        case Kind.DAMAGED_EARLIER:
            text = ngettext(
                "%(count)s damaged earlier original", "%(count)s damaged earlier originals", count
            )
        case Kind.DAMAGED_RENDITION:
            text = ngettext("%(count)s damaged rendition", "%(count)s damaged renditions", count)
        case _:
            text = ngettext("%(count)s orphan", "%(count)s orphans", count)
    return text % {"count": f"{count:,}"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A difference in one file; `record` is the id of its row or, if there is none, in its path."""

    kind: Kind
    record: str
    name: str
    size: int = 0  # of an orphan, in bytes


class Comparison:
    """One comparison; its counts are complete when `faults` has ended.

    A file without a row is an orphan if its age is more than `older_than`, and it is older than the
    newest change of a picture in the database. Newer files are kept, because their row may not be
    written yet, or the database may have been restored from an old dump.
    """

    def __init__(
        self,
        *,
        digests: bool = False,
        older_than: timedelta = ORPHAN_AGE,
        progress: Callable[[str, int, int], None] = lambda label, done, total: None,
    ) -> None:
        self.digests = digests
        self.progress = progress
        self.records = self.originals = self.files = self.too_new = 0
        self.counts = dict.fromkeys(Kind, 0)
        newest = MediaAsset.history.aggregate(newest=Max("history_date"))["newest"]
        self._before = newest and min(newest, timezone.now() - older_than)

    def faults(self) -> Iterator[Fault]:
        """Yield the differences. Raises OSError if the storage does not answer."""
        storage.check_reachable()
        total = MediaAsset.objects.count()
        sources: Iterator[tuple[str, Any]] = merge(
            ((str(asset.pk), (asset, named)) for asset, named in rows()),
            *(((_record(file.name), file) for file in storage.listed(f"{top}/")) for top in TOPS),
            key=itemgetter(0),
        )
        for record, entries in groupby(sources, key=itemgetter(0)):
            named: list[NamedFile] = []
            folder = ""
            files: dict[str, StoredFile] = {}
            for _record_id, entry in entries:
                if isinstance(entry, StoredFile):
                    files[entry.name] = entry
                else:
                    asset, named = entry
                    folder = _folder_being_made(asset)
                    self.records += 1
                    self.originals += sum(file.role is Role.ORIGINAL for file in named)
            self.files += len(files)
            faults = self._compare(record, named, folder, files)
            if faults and _is_uuid(record):
                again = self._compare_now(record)
                faults = [fault for fault in faults if fault in again]
            for fault in faults:
                if fault.kind is Kind.TOO_NEW:
                    self.too_new += 1
                    continue
                self.counts[fault.kind] += 1
                yield fault
            self.progress(gettext("records compared"), self.records, total)

    def _compare(
        self,
        record: str,
        named: list[NamedFile],
        folder_being_made: str,
        files: dict[str, StoredFile],
    ) -> list[Fault]:
        faults = []
        for expected in named:
            file = files.get(expected.name)
            if file is None:
                faults.append(Fault(Kind(f"missing {expected.role}"), record, expected.name))
            elif (expected.size and file.size != expected.size) or self._is_altered(expected):
                faults.append(Fault(Kind(f"damaged {expected.role}"), record, expected.name))
        names = {expected.name for expected in named}
        for name, file in files.items():
            is_expected = folder_being_made and name.startswith(folder_being_made)
            if name not in names and not is_expected:
                old = self._before is not None and file.modified < self._before
                kind = Kind.ORPHAN if old else Kind.TOO_NEW
                faults.append(Fault(kind, record if _is_uuid(record) else "", name, file.size))
        return faults

    def _compare_now(self, record: str) -> list[Fault]:
        """Compare the current row with its current files."""
        row = next(files_of(list(MediaAsset.objects.filter(pk=record))), None)
        named, folder = (row[1], _folder_being_made(row[0])) if row else ([], "")
        files = {file.name: file for top in TOPS for file in storage.listed(f"{top}/{record}/")}
        return self._compare(record, named, folder, files)

    def _is_altered(self, expected: NamedFile) -> bool:
        if not (self.digests and expected.sha256):
            return False
        try:
            with default_storage.open(expected.name) as file:
                return hashlib.file_digest(file, "sha256").hexdigest() != expected.sha256
        except FileNotFoundError:
            return False  # deleted since it was listed

    def why_keep_orphans(self) -> str:
        """Return the reason why orphans must not be removed, or "". Call it after `faults`."""
        if self.counts[Kind.MISSING_ORIGINAL] * 10 > self.originals:
            return gettext(
                "More than a tenth of the originals are missing: database and storage do not seem "
                "to belong together. Check DATABASE_URL, MEDIA_ROOT and S3_BUCKET, and restore "
                "the missing files first."
            )
        if self.counts[Kind.ORPHAN] * 2 > self.files:
            return gettext(
                "More than half of the stored files would be removed: database and storage do not "
                "seem to belong together. Check DATABASE_URL, MEDIA_ROOT and S3_BUCKET."
            )
        return ""


def _folder_being_made(asset: MediaAsset) -> str:
    """Return the folder of the renditions that are being made, or "" if there are none."""
    if asset.state not in (MediaAsset.State.WAITING, MediaAsset.State.PROCESSING):
        return ""
    return f"{asset.rendition_folder(asset.source_fingerprint()[:12])}/"


def _record(name: str) -> str:
    """Return the second part of a path, which is the id of a row if the file is ours."""
    return name.split("/")[1]


def _is_uuid(record: str) -> bool:
    try:
        return str(UUID(record)) == record
    except ValueError:
        return False
