"""Checks that the configured storage keeps files safely.

It writes two files next to the pictures, and removes them again with all their versions.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import build_opener
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from assets import storage

if TYPE_CHECKING:
    from assets.bucket import Bucket

# A statement that must be true, and its check. The check returns the problem and what to do, or "".
# It raises OSError if the other checks can't be made either.
Claim = tuple[str, Callable[[], str]]

WRITTEN, WRITTEN_OVER = b"Written by checkstorage", b"Written over by checkstorage"


class Check:
    """The checks for every storage; the subclasses add checks of a folder or a bucket."""

    place: str

    def __init__(self) -> None:
        # Use both folders of pictures, because only one of them may be public by mistake.
        self.names = [f"{top}/{uuid4()}/{uuid4().hex}" for top in ("originals", "renditions")]
        self.written: list[str] = []

    def results(self) -> Iterator[tuple[str, str]]:
        """Check each claim, and yield it with its problem, or "" if it is true."""
        try:
            for claim, check in self.claims():
                try:
                    yield claim, check()
                except OSError as problem:
                    yield (
                        claim,
                        _("%(problem)s The other checks were skipped.") % {"problem": problem},
                    )
                    break
        finally:
            left = self.leftovers()
        yield _("This check leaves nothing behind."), left

    def claims(self) -> list[Claim]:
        return [
            (_("The storage answers."), self.answers),
            (_("Written files are read back unchanged."), self.comes_back),
            (_("Written files are listed."), self.is_listed),
            *self.own_claims(),
            (_("Deleted files are gone."), self.is_gone),
        ]

    def own_claims(self) -> list[Claim]:
        raise NotImplementedError

    def answers(self) -> str:
        storage.check_reachable()
        return ""

    def comes_back(self) -> str:
        for name in self.names:
            self.written.append(name)
            storage.replace(name, ContentFile(WRITTEN))
            with default_storage.open(name) as file:
                if file.read() != WRITTEN:
                    return _("A file was changed. Do not use this storage.")
        return ""

    def is_listed(self) -> str:
        for name in self.names:
            folder, _slash, file = name.rpartition("/")
            if default_storage.listdir(folder) != ([], [file]):
                return _("A file is missing from the list. Do not use this storage.")
        return ""

    def is_gone(self) -> str:
        for name in self.names:
            default_storage.delete(name)
            if default_storage.exists(name):
                return _("A file is still there. Do not use this storage.")
        return ""

    def leftovers(self) -> str:
        """Remove the written files; return a message if some could not be removed, or ""."""
        try:
            for name in self.written:
                self.remove(name)
        except OSError as problem:
            return _("%(problem)s Remove these files yourself: %(files)s") % {
                "problem": problem,
                "files": ", ".join(self.written),
            }
        return ""

    def remove(self, name: str) -> None:
        raise NotImplementedError


class FolderCheck(Check):
    def __init__(self) -> None:
        super().__init__()
        self.root = Path(settings.MEDIA_ROOT)
        self.place = _("the folder %(path)s") % {"path": self.root}

    def own_claims(self) -> list[Claim]:
        return [
            (_("Other users of this machine can’t read it."), self.is_closed),
            (_("It is not inside the static files."), self.is_not_static),
        ]

    def is_closed(self) -> str:
        def is_open(path: Path) -> bool:
            return bool(path.stat().st_mode & 0o077)

        tops = [self.root / Path(name).parts[0] for name in self.names]
        if is_open(self.root) and any(map(is_open, tops)):
            return _("Other users can read it. Run: chmod -R go-rwx %(path)s") % {"path": self.root}
        return ""

    def is_not_static(self) -> str:
        for static in map(Path, (settings.STATIC_ROOT, *settings.STATICFILES_DIRS)):
            if self.root.resolve().is_relative_to(static.resolve()):
                return _("%(path)s is public. Move the files, and set MEDIA_ROOT.") % {
                    "path": static
                }
        return ""

    def remove(self, name: str) -> None:
        if default_storage.exists(name):
            default_storage.delete(name)
        for folder in list(Path(name).parents)[:2]:
            with suppress(OSError):  # the folder contains pictures
                (self.root / folder).rmdir()


class BucketCheck(Check):
    def __init__(self, bucket: "Bucket") -> None:
        super().__init__()
        self.bucket = bucket
        self.place = _("the bucket %(bucket)s at %(endpoint)s") % {
            "bucket": bucket.bucket_name,
            "endpoint": settings.S3_ENDPOINT_URL or "Amazon",
        }

    def own_claims(self) -> list[Claim]:
        return [
            (_("Nobody can read or list it without a signature."), self.is_private),
            (_("A signed address works."), self.is_signed),
            (_("A forged signature is refused."), self.is_not_forged),
            (_("A signed address is refused after it has expired."), self.expires),
            (_("The bucket keeps versions."), self.has_versions),
            (_("Overwritten and deleted files can be restored."), self.can_be_restored),
        ]

    def answers(self) -> str:
        # Unlike the quick request of a health check, this one returns the reason for a refusal.
        self.bucket.call_client("list_objects_v2", MaxKeys=1)
        return ""

    def is_private(self) -> str:
        problems = []
        for name in self.names:
            plain = self._address(name).partition("?")[0]
            if fetch(plain) == WRITTEN:
                problems.append(_("Anyone can read %(address)s.") % {"address": plain})
            if name.encode() in fetch(f"{plain.removesuffix(name)}?prefix={name}"):
                problems.append(_("Anyone can list %(name)s.") % {"name": name})
        return " ".join([*problems, _("Make the bucket private.")]) if problems else ""

    def is_signed(self) -> str:
        if fetch(self._address(self.names[0])) == WRITTEN:
            return ""
        return _("The signed address does not work. Do not use this storage.")

    def is_not_forged(self) -> str:
        address = self._address(self.names[0])
        forged = address[:-1] + ("0" if address[-1] != "0" else "1")
        if fetch(forged) != WRITTEN:
            return ""
        return _("The forged signature was accepted. Do not use this storage.")

    def expires(self) -> str:
        address = self._address(self.names[0], seconds=1)
        time.sleep(2.2)
        if fetch(address) != WRITTEN:
            return ""
        return _(
            "The expired address still works. Check the clock of this machine. If it is right, "
            "do not use this storage."
        )

    def has_versions(self) -> str:
        if self.bucket.call_client("get_bucket_versioning").get("Status") == "Enabled":
            return ""
        return _("It keeps no versions. Run manage.py checkstorage --prepare")

    def can_be_restored(self) -> str:
        name = self.names[0]
        storage.replace(name, ContentFile(WRITTEN_OVER))
        default_storage.delete(name)
        for version in self._versions(name)["Versions"]:
            stored = self.bucket.call_client("get_object", Key=name, VersionId=version["VersionId"])
            if stored["Body"].read() == WRITTEN:
                return ""
        return _("The earlier version was lost. The bucket must keep versions.")

    def remove(self, name: str) -> None:
        for versions in self._versions(name).values():
            for version in versions:
                self.bucket.call_client("delete_object", Key=name, VersionId=version["VersionId"])

    def _versions(self, name: str) -> dict[str, list[dict[str, str]]]:
        listed = self.bucket.call_client("list_object_versions", Prefix=name)
        return {kind: listed.get(kind, []) for kind in ("Versions", "DeleteMarkers")}

    def _address(self, name: str, seconds: int | None = None) -> str:
        return self.bucket.signed_address(
            name, filename="checkstorage", content_type="text/plain", seconds=seconds
        )


def fetch(address: str) -> bytes:
    """Return the content that anyone gets at an address, or b"" if access is refused."""
    try:
        with build_opener().open(address, timeout=10) as answer:
            return bytes(answer.read())
    except HTTPError as refusal:
        refusal.close()
        return b""
