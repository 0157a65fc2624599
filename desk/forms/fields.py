"""Form fields that Django does not have, or that are stricter than Django's."""

from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from releases import language_tags, languages


class LanguageSelect(forms.Select):
    """Select of the common languages, with a text box for the tag or name of another language."""

    OTHER = "other"

    def __init__(self, attrs: Any = None, likely: tuple[str, ...] = ()) -> None:
        super().__init__(attrs)
        self.likely = likely

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        chosen = super().value_from_datadict(data, files, name)
        return data.get(f"{name}_other", "") if chosen == self.OTHER else chosen

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        value, typed = value or "", ""
        if value and not _is_tag(value):
            value, typed = self.OTHER, value
        common = sorted({*languages.COMMON, value} - {self.OTHER, ""}, key=language_tags.name)
        listed = [(tag, language_tags.label(tag)) for tag in common]
        likely = [(tag, language_tags.label(tag)) for tag in self.likely]
        self.choices = [
            *([] if value else [("", _("Choose the language"))]),
            *([(_("Likely"), likely)] if likely else []),
            *([(_("All"), listed)] if self.likely else listed),
            (self.OTHER, _("Another language …")),
        ]
        id_ = (attrs or {}).get("id", f"id_{name}")
        return format_html(
            '<span class="language-field">{}<span class="language-other"><label for="{}_other">{}'
            '</label><input type="text" name="{}_other" id="{}_other" value="{}" maxlength="60" '
            'autocapitalize="none" spellcheck="false"></span></span>',
            super().render(name, value, attrs, renderer),
            id_, _("Tag or name:"), name, id_, typed,
        )  # fmt: skip


class LanguageField(forms.CharField):
    """Any language by its tag (BCP 47) or its name. The value is the canonical tag."""

    widget = LanguageSelect

    def __init__(self, *, likely: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(widget=LanguageSelect(likely=likely), **kwargs)

    def to_python(self, value: Any) -> str:
        typed = super().to_python(value) or ""
        return language_tags.read(typed) if typed else ""


def parse_key(typed: str) -> int:
    """Return the integer primary key that a form sent, 0 (which no row has) if it is invalid."""
    is_key = typed.isascii() and typed.isdigit() and len(typed) < 10
    return int(typed) if is_key else 0


def _is_tag(value: str) -> bool:
    try:
        return languages.canonical(value) == value
    except languages.LanguageTagError:
        return False
