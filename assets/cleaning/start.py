"""Chooses the cleaner for a file."""

from collections.abc import Callable
from typing import IO

from assets import documents
from assets.cleaning import films, pdf, recordings, word
from assets.cleaning.report import Cleaned, Report
from assets.messages import BadFileError
from assets.messages import message as _


def clean(file: IO[bytes]) -> Cleaned:
    """Return a document or recording without metadata. Raises BadFileError if it is damaged."""
    known = documents.recognise(file)
    if known is None:
        raise BadFileError(_("This is not a document or a recording."))
    return _CLEANERS[known.extension](file)


def _old_word(file: IO[bytes]) -> Cleaned:
    report = Report()
    report.problem("old_word")
    return report.cleaned()


_CLEANERS: dict[str, Callable[[IO[bytes]], Cleaned]] = {
    "pdf": pdf.clean,
    "docx": word.clean,
    "doc": _old_word,
    "mp3": recordings.mp3,
    "m4a": films.film,
    "wav": recordings.wave,
    "flac": recordings.flac,
    "ogg": recordings.ogg,
    "mp4": films.film,
    "mov": films.film,
    "webm": films.webm,
}
