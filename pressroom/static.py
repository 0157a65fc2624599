"""The storage of collected static files."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage, but compressed copies have the same permissions as other files.

    WhiteNoise writes them with the umask of the user who runs collectstatic. With 077, a server
    that runs as another user could not read them, and browsers that accept compressed files would
    get an error.
    """

    def create_compressor(self, **options: Any) -> Compressor:
        """Leave source maps as they are.

        Browsers fetch them only for a developer, and to compress them takes longer than all others.
        """
        options["extensions"] = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
        return super().create_compressor(**options)

    def compress_files(self, paths: Iterable[str]) -> Iterator[Any]:
        for name, compressed in super().compress_files(paths):
            Path(self.path(compressed)).chmod(self.file_permissions_mode)
            yield name, compressed
