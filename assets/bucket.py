"""A private S3-compatible bucket. It needs the extra `s3`, so it is only imported with S3_BUCKET.

See docs/decisions for which files pass through the application, and which are downloaded from here.
"""

import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import cached_property
from tempfile import SpooledTemporaryFile
from time import monotonic
from typing import IO, Any, Self

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    IncompleteReadError,
    ReadTimeoutError,
)
from django.conf import settings
from django.core.files.base import File
from django.core.files.utils import FileProxyMixin
from django.utils.encoding import filepath_to_uri
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from storages.backends.s3 import S3Storage
from urllib3.exceptions import HTTPError

from assets.breaker import Bulkhead, Call, CircuitBreaker
from assets.storage_basics import StorageError, StoredFile, is_in_background, max_waiting

MEGABYTE = 1024 * 1024
CHUNK_BYTES = 64 * 1024
FETCH_SECONDS = 10  # for a file, plus one second per megabyte


class BucketMissingError(StorageError):
    """There is no bucket with that name."""


LIBRARY_ERRORS = (BotoCoreError, Boto3Error, ClientError, HTTPError)


def _status(problem: ClientError) -> int:
    return int(problem.response["ResponseMetadata"]["HTTPStatusCode"])


def _explained(problem: Exception) -> OSError:
    values: dict[str, Any] = {
        "bucket": settings.S3_BUCKET,
        "endpoint": settings.S3_ENDPOINT_URL or "Amazon",
    }
    if not isinstance(problem, ClientError):
        return StorageError(
            _(
                "The bucket %(bucket)s at %(endpoint)s does not answer (%(error)s). Check "
                "S3_ENDPOINT_URL, and whether the storage is running."
            )
            % {**values, "error": type(problem).__name__}
        )
    code, status = problem.response["Error"]["Code"], _status(problem)
    values |= {"code": code, "status": status}
    if code == "NoSuchKey":
        return FileNotFoundError(
            _("The bucket %(bucket)s at %(endpoint)s has no such file.") % values
        )
    if code in ("404", "NoSuchBucket"):
        return BucketMissingError(
            _(
                "The bucket %(bucket)s at %(endpoint)s does not exist. Run manage.py checkstorage "
                "--prepare to create it."
            )
            % values
        )
    if status in (401, 403):
        return StorageError(
            _(
                "The bucket %(bucket)s at %(endpoint)s denies access (%(code)s). Check "
                "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, their permissions, and the clock of "
                "this machine."
            )
            % values
        )
    return StorageError(
        _(
            "The bucket %(bucket)s at %(endpoint)s failed (%(status)s %(code)s). Check S3_REGION, "
            "and what the storage reports."
        )
        % values
    )


class SentFile(FileProxyMixin):
    """A file that is being uploaded. Each read records progress: the bucket accepts data."""

    file: Any

    def __init__(self, content: Any, call: Call) -> None:
        self.file, self.call = content, call
        self.content_type = getattr(content, "content_type", None)

    def read(self, *args: Any) -> Any:
        self.call.made_progress()
        return self.file.read(*args)

    def close(self) -> None:
        self.file.close()


class FetchedFile(File):
    """A stored file that is downloaded completely before it is read.

    Up to 1 MB is in memory, a larger file on disk. If the bucket fails during the download, there
    is an error and no incomplete picture. A slow reader does not occupy a connection.
    """

    def __init__(self, bucket: "Bucket", name: str) -> None:
        self.bucket = bucket
        super().__init__(bucket.fetch(name), name)

    def open(self, mode: str | None = None, *args: Any, **kwargs: Any) -> Self:
        """Go to the start of the file; download it again if it was closed."""
        if self.closed:
            self.file = self.bucket.fetch(str(self.name))
        self.seek(0)
        return self


class Bucket(S3Storage):
    """A bucket that nobody can read without our signature.

    A bucket that hangs must not slow down pages that need no file. Therefore a request waits at
    most 2 s for a connection and 5 s for an answer, and is retried once. At most half of the web
    threads wait at the same time. After two failures, calls are refused for a while. See
    docs/decisions/0027.
    """

    def __init__(self, **own: Any) -> None:
        super().__init__(**own)
        self.has_answered = False
        name = f"{settings.S3_BUCKET} at {settings.S3_ENDPOINT_URL or 'Amazon'}"
        self.breaker = CircuitBreaker(name)
        self._for_readers = Bulkhead(name, max_waiting)
        self._in_background = Bulkhead(name, lambda: 1)

    @contextmanager
    def calling(self, *, in_turn: bool = True) -> Iterator[Call]:
        """Wrap a call to the bucket. Raises OSError with a message if it fails.

        A call with `in_turn=False` needs no slot, so it does not wait for other calls. Raises
        StorageBusyError, without a call, if the bucket does not answer other calls.
        """
        self.breaker.refuse_if_open()
        bulkhead = self._in_background if is_in_background() else self._for_readers
        with bulkhead.turn() if in_turn else nullcontext(Call()) as call, self.breaker.attempt():
            try:
                yield call
            except LIBRARY_ERRORS as problem:
                if isinstance(problem, ClientError) and _status(problem) < 500:
                    self.breaker.answered()
                else:
                    self.breaker.failed()
                raise _explained(problem) from problem
            self.breaker.answered()
        self.has_answered = True

    def get_default_settings(self) -> dict[str, Any]:
        """Return the options from Pressroom's settings; keys must not come from anywhere else."""
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
                s3={"addressing_style": "path"},  # supported by all services, Amazon included
                connect_timeout=2,
                read_timeout=5,
                max_pool_connections=50,  # more than the possible number of concurrent calls
                retries={"mode": "standard", "total_max_attempts": 2},
                # Other services refuse Amazon's newest checksums. Without them the signature covers
                # the content, so that a changed file is still refused.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
            # Upload a file in one request, so that it is either complete or missing.
            "transfer_config": TransferConfig(
                use_threads=False, multipart_threshold=1024 * MEGABYTE
            ),
        }

    @cached_property
    def connection(self) -> Any:
        """One connection for all threads, as boto allows: it takes 0.2 s and 15 MB to create."""
        connection = super().connection
        events = connection.meta.client.meta.events
        events.register_first("needs-retry.s3.HeadBucket", _no_retry)
        return connection

    def _open(self, name: str, mode: str = "rb") -> File:
        # django-storages would send two requests, which takes more than twice the time.
        return super()._open(name, mode) if "w" in mode else FetchedFile(self, name)

    def fetch(self, name: str) -> IO[bytes]:
        """Download a file. Raises FileNotFoundError if there is none with that name."""
        with self.calling() as call, ExitStack() as if_cut_short:
            answer = self.bucket.Object(self._normalize_name(name)).get()
            size = answer["ContentLength"]
            ends = monotonic() + FETCH_SECONDS + size / MEGABYTE
            copy = if_cut_short.enter_context(SpooledTemporaryFile(max_size=MEGABYTE))
            with answer["Body"] as stored:
                while piece := stored.read1(CHUNK_BYTES):  # does not wait for a full chunk
                    copy.write(piece)
                    call.made_progress()
                    if monotonic() > ends:
                        raise ReadTimeoutError(endpoint_url=settings.S3_ENDPOINT_URL)
            if copy.tell() < size:
                raise IncompleteReadError(actual_bytes=copy.tell(), expected_bytes=size)
            copy.seek(0)
            if_cut_short.pop_all()
            return copy

    def _save(self, name: str, content: File) -> str:
        with self.calling() as call:
            return str(super()._save(name, SentFile(content, call)))

    def delete(self, name: str) -> None:
        with self.calling():
            super().delete(name)

    def exists(self, name: str) -> bool:
        with self.calling():
            return bool(super().exists(name))

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with self.calling():
            folders, files = super().listdir(path)
            return folders, files

    def size(self, name: str) -> int:
        with self.calling():
            return int(super().size(name))

    def listed(self, prefix: str) -> Iterator[StoredFile]:
        """Yield every file whose name starts with `prefix`.

        The order is that of the bucket, usually by name.
        """
        more: dict[str, Any] = {}
        while True:
            page = self.call_client("list_objects_v2", Prefix=prefix, **more)
            for entry in page.get("Contents", ()):
                if not entry["Key"].endswith("/"):  # a placeholder for an empty folder
                    yield StoredFile(entry["Key"], entry["Size"], entry["LastModified"])
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def replace(self, name: str, content: File) -> None:
        """Store a file under a name and replace the existing file."""
        self._save(name, content)

    def url(self, name: str, *args: Any, **kwargs: Any) -> str:
        """Return an address that does not work, like that of a file in a folder."""
        return filepath_to_uri(f"/{name}")

    def signed_address(
        self, name: str, *, filename: str, content_type: str, seconds: int | None = None
    ) -> str:
        """Return an address where anyone can download a file for `seconds` (or S3_URL_SECONDS)."""
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
        """Create the bucket if there is none, and turn on versioning."""
        try:
            self.call_client("get_bucket_versioning")
        except BucketMissingError:
            elsewhere = self.region_name != "us-east-1"  # the request must not name this region
            where = {"LocationConstraint": self.region_name}
            self.call_client(
                "create_bucket", **{"CreateBucketConfiguration": where} if elsewhere else {}
            )
        self.call_client("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"})

    def call_client(self, method: str, **arguments: Any) -> Any:
        """Call a method of boto's client that django-storages does not offer."""
        with self.calling():
            return getattr(self.connection.meta.client, method)(
                Bucket=self.bucket_name, **arguments
            )

    def check_reachable(self) -> None:
        """Check that the bucket answers, without a slot. Raises StorageError if it does not."""
        with self.calling(in_turn=False):
            self.connection.meta.client.head_bucket(Bucket=self.bucket_name)


def _no_retry(caught_exception: Exception | None = None, **event: Any) -> None:
    """Stop boto from retrying a request that a health check waits for."""
    if caught_exception is not None:
        raise caught_exception


def _plain(filename: str) -> str:
    """Return a file name without control characters and slashes."""
    visible = "".join(c for c in filename if unicodedata.category(c)[0] != "C")
    return visible.replace("/", "-").replace("\\", "-").strip(". ") or "file"
