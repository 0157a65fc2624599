"""What was found in a document while it was cleaned, in sentences for the desk."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# By the code of a finding: the sentence for each value that was found.
REMOVED = {
    "author": _("The name of the author: %(value)s"),
    "last_editor": _("Who changed it last: %(value)s"),
    "company": _("The name of a company: %(value)s"),
    "manager": _("The name of a manager: %(value)s"),
    "program": _("The program that wrote it: %(value)s"),
    "title": _("The title in its properties: %(value)s"),
    "template": _("The template that it was made from: %(value)s"),
    "properties": _("Words in its properties: %(value)s"),
    "comments": _("Comments by: %(value)s"),
    "changes": _("Marks of tracked changes by: %(value)s"),
    "deleted": _("Text that was deleted while changes were tracked, by: %(value)s"),
    "hidden": _("Hidden text: %(value)s"),
    "picture": _("What a camera or a program wrote into the picture %(value)s"),
    "picture_place": _("The place where a picture was taken: %(value)s"),
    "picture_name": _("The name of a picture on a computer: %(value)s"),
    "linked_picture": _("A link to a picture outside of the file: %(value)s"),
    "link": _("A link to an address that is not on the web: %(value)s"),
    "field": _("A field; its text stays: %(value)s"),
    "variables": _("Variables of the document: %(value)s"),
    "mail_merge": _("A list of addresses for letters"),
    "custom_xml": _("Data that a program keeps in the file"),
    "glossary": _("Building blocks that are not in the text"),
    "printer": _("The settings of a printer"),
    "thumbnail": _("A small picture of a page"),
    "chart_table": _("The table behind a chart; the chart stays"),
    "note": _("A footnote whose place was deleted"),
    "xmp": _("The description of the file (XMP)"),
    "attachment": _("An attached file: %(value)s"),
    "script": _("A script or an action: %(value)s"),
    "film": _("A film or a sound on a page"),
    "form_program": _("The program of a form; its fields stay"),
    "versions": _("Earlier versions of the file"),
    "tags": _("What the recording says of itself: %(value)s"),
}
# Why a document cannot be cleaned.
CANNOT = {
    "old_word": _(
        "Old Word files (.doc) keep names and earlier wordings that cannot be taken out. Save it "
        "as .docx or as a PDF, and upload that."
    ),
    "encrypted": _("It is encrypted, so that it cannot be cleaned. Save it without a password."),
    "signed": _("It has a digital signature, which does not hold for a cleaned copy."),
    "embedded": _(
        "Another file is embedded in it, which may hold more than it shows: %(value)s. Paste it "
        "as a picture."
    ),
    "portfolio": _("It is a portfolio of several files. Upload each by itself."),
    "redactions": _(
        "It has marks for redactions that were not applied: the text below them can still be "
        "read. Apply them, and save it again."
    ),
    "layers": _("It has layers that are not shown, and may hold more: %(value)s."),
    "picture": _(
        "A picture in it is damaged or of a kind that cannot be cleaned: %(value)s. Paste it as "
        "JPEG or PNG."
    ),
    "unknown_part": _("It holds a part that we do not know: %(value)s."),
    "fields": _("Its fields are damaged. Save it as a PDF, and upload that."),
    "tags": _("What it says of itself cannot be taken out. Export it as MP4 or MP3."),
    "data_track": _(
        "It holds a track of data beside picture and sound, which may say where it was made: "
        "%(value)s. Export it without."
    ),
}


def removed(renditions: Mapping[str, Any]) -> list[str]:
    """Return what was taken out of a document, a line each; what it holds where it goes out so."""
    return _lines(REMOVED, renditions.get("removed", ()))


def cannot(renditions: Mapping[str, Any]) -> list[str]:
    """Return why a document cannot be cleaned, a sentence each."""
    return _lines(CANNOT, renditions.get("cannot", ()))


def why_not(renditions: Mapping[str, Any]) -> str:
    """Return in one text why a document cannot be cleaned."""
    return " ".join(cannot(renditions))


def _lines(sentences: Mapping[str, Any], findings: Iterable[Any]) -> list[str]:
    """Return a sentence for each kind of finding, with all values of that kind."""
    values: dict[str, list[str]] = {}
    for code, value in findings:
        known = values.setdefault(code, [])
        if value and value not in known:
            known.append(value)
    lines = []
    for code, said in values.items():
        sentence = str(sentences.get(code, code))
        shown = ", ".join(said) or gettext("not named")
        lines.append(sentence % {"value": shown} if "%(value)s" in sentence else sentence)
    return lines
