"""Which cleaner is for which file."""

from collections.abc import Callable
from typing import IO

from assets import documents
from assets.cleaning import pdf, recordings, word
from assets.cleaning.report import Cleaned, Report
from assets.pictures import BadFile


def clean(file: IO[bytes]) -> Cleaned:
    """Return a document or recording without what it says besides its content.

    Raises BadFile where it is damaged.
    """
    known = documents.recognised(file)
    if known is None:
        raise BadFile("This is no document and no recording.")
    return _CLEANERS[known.extension](file)


def _old_word(file: IO[bytes]) -> Cleaned:
    report = Report()
    report.cannot("old_word")
    return report.cleaned()


_CLEANERS: dict[str, Callable[[IO[bytes]], Cleaned]] = {
    "pdf": pdf.clean,
    "docx": word.clean,
    "doc": _old_word,
    "mp3": recordings.mp3,
    "m4a": recordings.film,
    "wav": recordings.wave,
    "flac": recordings.flac,
    "ogg": recordings.ogg,
    "mp4": recordings.film,
    "mov": recordings.film,
    "webm": recordings.webm,
}
