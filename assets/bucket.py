"""Files in a private S3-compatible bucket. It needs the extra `s3`, so only S3_BUCKET imports it.

See docs/decisions for which files pass through the application and which are fetched from here.
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
FETCH_SECONDS = 10  # for a file, and one more for each megabyte


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
    """A file that is being stored; each chunk that the bucket accepts shows that it works."""

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
    """A stored file, fetched whole before it is read: up to 1 MB in memory, beyond that on disk.

    So a bucket that fails half-way causes an error and not half a picture, and a slow reader keeps
    no connection to it.
    """

    def __init__(self, bucket: "Bucket", name: str) -> None:
        self.bucket = bucket
        super().__init__(bucket.fetch(name), name)

    def open(self, mode: str | None = None, *args: Any, **kwargs: Any) -> Self:
        """Go back to the start; a closed file is fetched again."""
        if self.closed:
            self.file = self.bucket.fetch(str(self.name))
        self.seek(0)
        return self


class Bucket(S3Storage):
    """A bucket that nobody can read without our signature.

    A bucket that hangs must not slow the pages that need no file. So a request waits 2 s for a
    connection and 5 s for an answer, twice; at most half of the web threads wait at a time; and
    after two failures the bucket is not asked for a while. See docs/decisions/0027.
    """

    def __init__(self, **own: Any) -> None:
        super().__init__(**own)
        self.has_answered = False
        name = f"{settings.S3_BUCKET} at {settings.S3_ENDPOINT_URL or 'Amazon'}"
        self.breaker = CircuitBreaker(name)
        self._for_readers = Bulkhead(name, max_waiting)
        self._in_background = Bulkhead(name, lambda: 1)

    @contextmanager
    def asking(self, *, in_turn: bool = True) -> Iterator[Call]:
        """Ask the bucket something. Raises OSError with a sentence if it fails.

        A call that is not `in_turn` waits for no other, and no other waits for it. StorageBusyError
        means that the bucket is not asked, because it does not answer others.
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
        """Take every option from Pressroom's settings, and keys only from there."""
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
                s3={"addressing_style": "path"},  # supported everywhere, by Amazon too
                connect_timeout=2,
                read_timeout=5,
                max_pool_connections=50,  # more than ever ask at the same time
                retries={"mode": "standard", "total_max_attempts": 2},
                # Other services refuse Amazon's newest checksums. Without them the signature covers
                # the content, so that a changed file is still refused.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
            # A file is one request: it is complete, or missing.
            "transfer_config": TransferConfig(
                use_threads=False, multipart_threshold=1024 * MEGABYTE
            ),
        }

    @cached_property
    def connection(self) -> Any:
        """One for all threads, which boto's clients allow: each takes 0.2 s and 15 MB to create."""
        connection = super().connection
        events = connection.meta.client.meta.events
        events.register_first("needs-retry.s3.HeadBucket", _no_retry)
        return connection

    def _open(self, name: str, mode: str = "rb") -> File:
        # The library would ask twice, and take more than twice the time.
        return super()._open(name, mode) if "w" in mode else FetchedFile(self, name)

    def fetch(self, name: str) -> IO[bytes]:
        """Return what is stored under a name. Raises FileNotFoundError where nothing is."""
        with self.asking() as call, ExitStack() as if_cut_short:
            answer = self.bucket.Object(self._normalize_name(name)).get()
            size = answer["ContentLength"]
            ends = monotonic() + FETCH_SECONDS + size / MEGABYTE
            copy = if_cut_short.enter_context(SpooledTemporaryFile(max_size=MEGABYTE))
            with answer["Body"] as stored:
                while piece := stored.read1(CHUNK_BYTES):  # what has arrived, even a single byte
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
        with self.asking() as call:
            return str(super()._save(name, SentFile(content, call)))

    def delete(self, name: str) -> None:
        with self.asking():
            super().delete(name)

    def exists(self, name: str) -> bool:
        with self.asking():
            return bool(super().exists(name))

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with self.asking():
            folders, files = super().listdir(path)
            return folders, files

    def size(self, name: str) -> int:
        with self.asking():
            return int(super().size(name))

    def listed(self, prefix: str) -> Iterator[StoredFile]:
        """Yield every file whose name starts so, in the order of the bucket, usually by name."""
        more: dict[str, Any] = {}
        while True:
            page = self.ask("list_objects_v2", Prefix=prefix, **more)
            for entry in page.get("Contents", ()):
                if not entry["Key"].endswith("/"):  # it stands for an empty folder
                    yield StoredFile(entry["Key"], entry["Size"], entry["LastModified"])
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def replace(self, name: str, content: File) -> None:
        """Store a file under a name, in place of an old one."""
        self._save(name, content)

    def url(self, name: str, *args: Any, **kwargs: Any) -> str:
        """Return an address that does not work, like that of a file in a folder."""
        return filepath_to_uri(f"/{name}")

    def signed_address(
        self, name: str, *, filename: str, content_type: str, seconds: int | None = None
    ) -> str:
        """Return an address at which anyone gets a file, for some seconds."""
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
        """Create the bucket if there is none, and let it keep versions from now on."""
        try:
            self.ask("get_bucket_versioning")
        except BucketMissingError:
            elsewhere = self.region_name != "us-east-1"  # which can't be named, only left out
            where = {"LocationConstraint": self.region_name}
            self.ask("create_bucket", **{"CreateBucketConfiguration": where} if elsewhere else {})
        self.ask("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"})

    def ask(self, method: str, **arguments: Any) -> Any:
        """Call a method of boto's client that Django's storages don't offer."""
        with self.asking():
            return getattr(self.connection.meta.client, method)(
                Bucket=self.bucket_name, **arguments
            )

    def check_reachable(self) -> None:
        """Check that the bucket answers, out of turn. Raises StorageError if it does not."""
        with self.asking(in_turn=False):
            self.connection.meta.client.head_bucket(Bucket=self.bucket_name)


def _no_retry(caught_exception: Exception | None = None, **event: Any) -> None:
    """Stop boto from repeating the question that a health check waits for."""
    if caught_exception is not None:
        raise caught_exception


def _plain(filename: str) -> str:
    """Return a file name without control characters and slashes."""
    visible = "".join(c for c in filename if unicodedata.category(c)[0] != "C")
    return visible.replace("/", "-").replace("\\", "-").strip(". ") or "file"
