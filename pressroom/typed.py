"""What an editor typed into a form of the desk that could not be saved, to give it back."""

import re
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe

from releases.document import UnreadableTextError, clean

# Values that nobody types as a text: of choices, dates, keys and countries.
_NO_TEXT = re.compile(r"[a-z0-9_.:/-]*|[A-Z]{2}|\[\]")
_NO_TEXT_FIELDS = {"csrfmiddlewaretoken", "rejected_names"}


def typed_fields(request: HttpRequest) -> tuple[list[tuple[str, str]], bool]:
    """Return the fields that an editor has sent, and whether there were files among them.

    Forms with a password, or with a code or a passkey of a second factor, are left out.
    """
    if request.method != "POST" or not request.path_info.startswith("/admin/"):
        return [], False
    if request.META.get("pressroom.unread"):  # the upload gate rejected it
        return [], True
    try:
        fields = [(name, value) for name, values in request.POST.lists() for value in values]
        files = bool(request.FILES) or "pressroom.left_out_files" in request.META
    except Exception:  # the request cannot be parsed
        return [], True
    if any("password" in name or name in ("code", "credential") for name, value in fields):
        return [], False
    return [(name, str(value)) for name, value in fields], files


@dataclass(frozen=True, slots=True)
class TypedText:
    """One text as it was typed. `page_html` is "" if the text is not HTML."""

    text: str
    page_html: SafeString

    @property
    def rows(self) -> int:
        """The height of its field in lines."""
        return min(12, 1 + len(self.text) // 80 + self.text.count("\n"))


def typed_texts(request: HttpRequest) -> list[TypedText]:
    """Return the texts among the fields that an editor has sent, in the order of the form."""
    fields, _files = typed_fields(request)
    return [
        TypedText(value, _as_page_html(value))
        for name, value in fields
        if name not in _NO_TEXT_FIELDS
        and not name.startswith("_")
        and not _NO_TEXT.fullmatch(value.strip())
    ]


def _as_page_html(text: str) -> SafeString:
    """Return cleaned HTML, to copy with its formatting. It contains nothing but what was typed."""
    if not text.lstrip().startswith("<"):
        return SafeString()
    try:
        return mark_safe(clean(text))
    except UnreadableTextError:
        return SafeString()
