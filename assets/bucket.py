"""Files in a private S3-compatible bucket; it needs the extra `s3`, so only S3_BUCKET brings it in.

See docs/decisions for which files pass through the application and which are fetched from here.
"""

import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cached_property
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Self

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.base import File
from django.utils.encoding import filepath_to_uri
from django.utils.http import content_disposition_header
from storages.backends.s3 import S3Storage

from assets.storage import StorageError

MEGABYTE = 1024 * 1024


class NoBucket(StorageError):
    """There is no bucket of that name."""


@contextmanager
def _in_words() -> Iterator[None]:
    """Say what went wrong at the bucket in a sentence, whatever the libraries call it."""
    try:
        yield
    except (BotoCoreError, Boto3Error, ClientError) as problem:
        raise _explained(problem) from problem


def _explained(problem: Exception) -> OSError:
    bucket = f"The bucket {settings.S3_BUCKET} at {settings.S3_ENDPOINT_URL or 'Amazon'}"
    if not isinstance(problem, ClientError):
        return StorageError(
            f"{bucket} does not answer ({type(problem).__name__}). "
            "Check S3_ENDPOINT_URL, and whether the storage is up."
        )
    code = problem.response["Error"]["Code"]
    status = problem.response["ResponseMetadata"]["HTTPStatusCode"]
    if code == "NoSuchKey":
        return FileNotFoundError(f"{bucket} has no such file.")
    if code in ("404", "NoSuchBucket"):
        return NoBucket(f"{bucket} is not there. Run manage.py checkstorage --prepare to make it.")
    if status in (401, 403):
        return StorageError(
            f"{bucket} refuses us ({code}). Check S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, what "
            "they are allowed to do, and the clock of this machine."
        )
    return StorageError(
        f"{bucket} failed ({status} {code}). Check S3_REGION, and what the storage reports."
    )


class FetchedFile(File):
    """A stored file, fetched whole before it is read: up to 1 MB in memory, beyond that on disk.

    So a bucket that fails half-way gives an error and not half a picture, and a slow reader keeps
    no connection to it.
    """

    def __init__(self, bucket: "Bucket", name: str) -> None:
        self.bucket = bucket
        super().__init__(bucket.fetch(name), name)

    def open(self, mode: str | None = None, *args: Any, **kwargs: Any) -> Self:
        """Go back to the beginning, for which a file that was closed is fetched again."""
        if self.closed:
            self.file = self.bucket.fetch(str(self.name))
        self.seek(0)
        return self


class Bucket(S3Storage):
    """A bucket from which nobody reads without our signature.

    A request waits 3 s for a connection and 10 s for an answer, twice: a bucket that hangs must not
    take the workers from the pages that need no file.
    """

    def get_default_settings(self) -> dict[str, Any]:
        """Take all that matters from Pressroom's settings, and keys from nowhere else."""
        return super().get_default_settings() | {
            "bucket_name": settings.S3_BUCKET,
            "endpoint_url": settings.S3_ENDPOINT_URL or None,
            "region_name": settings.S3_REGION or "us-east-1",
            "access_key": settings.S3_ACCESS_KEY_ID,
            "secret_key": settings.S3_SECRET_ACCESS_KEY,
            "security_token": None,
            "session_profile": None,
            "file_overwrite": False,
            "client_config": Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},  # everybody has it, Amazon too
                connect_timeout=3,
                read_timeout=10,
                retries={"mode": "standard", "total_max_attempts": 2},
                # Amazon's newest checksums are refused by others. Without them the signature
                # covers the content, so that what arrives is still what was sent.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
            # A file is one request: there, or not there at all.
            "transfer_config": TransferConfig(
                use_threads=False, multipart_threshold=1024 * MEGABYTE
            ),
        }

    @cached_property
    def connection(self) -> Any:
        """One for all threads, which boto's clients allow: each takes 0.2 s and 15 MB to make."""
        return super().connection

    def _open(self, name: str, mode: str = "rb") -> File:
        # The library would ask twice, and take more than twice the time.
        return super()._open(name, mode) if "w" in mode else FetchedFile(self, name)

    @_in_words()
    def fetch(self, name: str) -> IO[bytes]:
        """Return what is stored under a name. Raises FileNotFoundError where nothing is."""
        stored = self.bucket.Object(self._normalize_name(name)).get()["Body"]
        with closing(stored), ExitStack() as if_cut_short:
            copy = if_cut_short.enter_context(SpooledTemporaryFile(max_size=MEGABYTE))
            copyfileobj(stored, copy)
            copy.seek(0)
            if_cut_short.pop_all()
            return copy

    _save = _in_words()(S3Storage._save)
    delete = _in_words()(S3Storage.delete)
    exists = _in_words()(S3Storage.exists)
    listdir = _in_words()(S3Storage.listdir)
    size = _in_words()(S3Storage.size)

    def replace(self, name: str, content: File) -> None:
        """Store a file under a name, whatever was there."""
        self._save(name, content)

    def url(self, name: str, *args: Any, **kwargs: Any) -> str:
        """Return an address that leads nowhere, as that of a stored file in a folder does."""
        return filepath_to_uri(f"/{name}")

    def signed_address(
        self, name: str, *, filename: str, content_type: str, seconds: int | None = None
    ) -> str:
        """Return an address at which anybody gets a file, until it ends."""
        return super().url(
            name,
            parameters={
                "ResponseContentDisposition": content_disposition_header(True, _plain(filename)),
                "ResponseContentType": content_type,
                "ResponseCacheControl": "private, no-store",
            },
            expire=seconds or settings.S3_URL_SECONDS,
        )

    def prepare(self) -> None:
        """Make the bucket where there is none, and have it keep versions from now on."""
        try:
            self.ask("get_bucket_versioning")
        except NoBucket:
            elsewhere = self.region_name != "us-east-1"  # which cannot be named, only left out
            where = {"LocationConstraint": self.region_name}
            self.ask("create_bucket", **{"CreateBucketConfiguration": where} if elsewhere else {})
        self.ask("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"})

    @_in_words()
    def ask(self, verb: str, **what: Any) -> Any:
        """Ask what Django's storages have no word for, by the name it has in boto's client."""
        return getattr(self.connection.meta.client, verb)(Bucket=self.bucket_name, **what)


def _plain(filename: str) -> str:
    """Return a file name without what ends a header, leads into a folder or is not to be seen."""
    seen = "".join(c for c in filename if unicodedata.category(c)[0] != "C")
    return seen.replace("/", "-").replace("\\", "-").strip(". ") or "file"
