"""The proof that stored files are kept as they must be, tried on the storage that is set.

It writes two files where pictures lie, and takes them away again with every version of them.
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

from assets import storage

if TYPE_CHECKING:
    from assets.bucket import Bucket

# What must be true, and what tries it: returns what is wrong and what to do, or nothing, and raises
# OSError where nothing further can be tried.
Claim = tuple[str, Callable[[], str]]

WRITTEN, WRITTEN_OVER = b"Written by checkstorage", b"Written over by checkstorage"
UNFIT = "Do not use this storage."


class Check:
    """What must be true of any storage; that of a folder and that of a bucket add their own."""

    place: str

    def __init__(self) -> None:
        # Called as pictures are: somebody may have opened one of the two folders to the public.
        self.names = [f"{top}/{uuid4()}/{uuid4().hex}" for top in ("originals", "renditions")]
        self.written: list[str] = []

    def results(self) -> Iterator[tuple[str, str]]:
        """Try each claim, and yield it with what is wrong about it, empty where nothing is."""
        try:
            for claim, tried in self.claims():
                try:
                    yield claim, tried()
                except OSError as problem:
                    yield claim, f"{problem} Nothing further was tried."
                    break
        finally:
            left = self.leftovers()
        yield "This check leaves nothing behind.", left

    def claims(self) -> list[Claim]:
        return [
            ("The storage answers.", self.answers),
            ("What is written comes back as it was.", self.comes_back),
            ("It is listed.", self.is_listed),
            *self.own_claims(),
            ("What is deleted is gone.", self.is_gone),
        ]

    def own_claims(self) -> list[Claim]:
        raise NotImplementedError

    def answers(self) -> str:
        storage.is_reachable()
        return ""

    def comes_back(self) -> str:
        for name in self.names:
            self.written.append(name)
            storage.replace(name, ContentFile(WRITTEN))
            with default_storage.open(name) as file:
                if file.read() != WRITTEN:
                    return f"It comes back changed. {UNFIT}"
        return ""

    def is_listed(self) -> str:
        for name in self.names:
            folder, _, file = name.rpartition("/")
            if default_storage.listdir(folder) != ([], [file]):
                return f"It is not. {UNFIT}"
        return ""

    def is_gone(self) -> str:
        for name in self.names:
            default_storage.delete(name)
            if default_storage.exists(name):
                return f"It is still there. {UNFIT}"
        return ""

    def leftovers(self) -> str:
        """Take away what was written, and return what could not be."""
        try:
            for name in self.written:
                self.remove(name)
        except OSError as problem:
            return f"{problem} Remove it by hand: {', '.join(self.written)}"
        return ""

    def remove(self, name: str) -> None:
        raise NotImplementedError


class FolderCheck(Check):
    def __init__(self) -> None:
        super().__init__()
        self.root = Path(settings.MEDIA_ROOT)
        self.place = f"the folder {self.root}"

    def own_claims(self) -> list[Claim]:
        return [
            ("Other users of this machine cannot read it.", self.is_closed),
            ("It does not lie among the static files.", self.is_not_static),
        ]

    def is_closed(self) -> str:
        def is_open(path: Path) -> bool:
            return bool(path.stat().st_mode & 0o077)

        tops = [self.root / Path(name).parts[0] for name in self.names]
        if is_open(self.root) and any(map(is_open, tops)):
            return f"They can. Run: chmod -R go-rwx {self.root}"
        return ""

    def is_not_static(self) -> str:
        for static in map(Path, (settings.STATIC_ROOT, *settings.STATICFILES_DIRS)):
            if self.root.resolve().is_relative_to(static.resolve()):
                return f"{static} is served to everybody. Move the files, and set MEDIA_ROOT."
        return ""

    def remove(self, name: str) -> None:
        if default_storage.exists(name):
            default_storage.delete(name)
        for folder in list(Path(name).parents)[:2]:
            with suppress(OSError):  # there are pictures in it
                (self.root / folder).rmdir()


class BucketCheck(Check):
    def __init__(self, bucket: "Bucket") -> None:
        super().__init__()
        self.bucket = bucket
        self.place = f"the bucket {bucket.bucket_name} at {settings.S3_ENDPOINT_URL or 'Amazon'}"

    def own_claims(self) -> list[Claim]:
        return [
            ("Nobody reads or lists it without a signature.", self.is_private),
            ("A signed address gives it.", self.is_signed),
            ("A forged signature is refused.", self.is_not_forged),
            ("A signed address is refused after its end.", self.ends),
            ("The bucket keeps versions.", self.has_versions),
            ("What was written over and deleted can be got back.", self.can_be_got_back),
        ]

    def answers(self) -> str:
        # Other than the quick question of a probe, this one is answered with the reason for a no.
        self.bucket.ask("list_objects_v2", MaxKeys=1)
        return ""

    def is_private(self) -> str:
        seen = []
        for name in self.names:
            plain = self._address(name).partition("?")[0]
            if _fetch(plain) == WRITTEN:
                seen.append(f"Anybody can read {plain}.")
            if name.encode() in _fetch(f"{plain.removesuffix(name)}?prefix={name}"):
                seen.append(f"Anybody can list {name}.")
        return " ".join([*seen, "Close the bucket to the public."]) if seen else ""

    def is_signed(self) -> str:
        return "" if _fetch(self._address(self.names[0])) == WRITTEN else f"It does not. {UNFIT}"

    def is_not_forged(self) -> str:
        address = self._address(self.names[0])
        forged = address[:-1] + ("0" if address[-1] != "0" else "1")
        return f"It is taken. {UNFIT}" if _fetch(forged) == WRITTEN else ""

    def ends(self) -> str:
        address = self._address(self.names[0], seconds=1)
        time.sleep(2.2)
        if _fetch(address) != WRITTEN:
            return ""
        return f"It still works. Is the clock of this machine right? If so: {UNFIT}"

    def has_versions(self) -> str:
        kept = self.bucket.ask("get_bucket_versioning").get("Status") == "Enabled"
        return "" if kept else "It does not. Run manage.py checkstorage --prepare"

    def can_be_got_back(self) -> str:
        name = self.names[0]
        storage.replace(name, ContentFile(WRITTEN_OVER))
        default_storage.delete(name)
        for version in self._versions(name)["Versions"]:
            stored = self.bucket.ask("get_object", Key=name, VersionId=version["VersionId"])
            if stored["Body"].read() == WRITTEN:
                return ""
        return "It cannot: the bucket has to keep versions."

    def remove(self, name: str) -> None:
        for versions in self._versions(name).values():
            for version in versions:
                self.bucket.ask("delete_object", Key=name, VersionId=version["VersionId"])

    def _versions(self, name: str) -> dict[str, list[dict[str, str]]]:
        found = self.bucket.ask("list_object_versions", Prefix=name)
        return {kind: found.get(kind, []) for kind in ("Versions", "DeleteMarkers")}

    def _address(self, name: str, seconds: int | None = None) -> str:
        return self.bucket.signed_address(
            name, filename="checkstorage", content_type="text/plain", seconds=seconds
        )


def _fetch(address: str) -> bytes:
    """Return what a stranger gets at an address: nothing where that is refused."""
    try:
        with build_opener().open(address, timeout=10) as answer:
            return bytes(answer.read())
    except HTTPError as refusal:
        refusal.close()
        return b""
