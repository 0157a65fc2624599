"""What was found in a document while it was cleaned, in sentences for the desk."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# By the code of a finding; the values that were found follow.
REMOVED = {
    "author": _("The name of the author"),
    "last_editor": _("Who changed it last"),
    "company": _("The name of a company"),
    "manager": _("The name of a manager"),
    "program": _("The program that wrote it"),
    "title": _("The title in its properties"),
    "template": _("The template that it was made from"),
    "properties": _("Words in its properties"),
    "comments": _("Comments"),
    "changes": _("Marks of tracked changes"),
    "deleted": _("Text that was deleted while changes were tracked"),
    "hidden": _("Hidden text"),
    "picture": _("What a camera or a program wrote into a picture"),
    "picture_place": _("The place where a picture was taken"),
    "picture_name": _("The name of a picture on a computer"),
    "linked_picture": _("A link to a picture outside of the file"),
    "link": _("A link to an address that is not on the web"),
    "link_words": _("A name or a password in a link; the link stays"),
    "other_picture": _("Another version of a picture, for print alone"),
    "field": _("A field; its text stays"),
    "variables": _("Variables of the document"),
    "mail_merge": _("A list of addresses for letters"),
    "custom_xml": _("Data that a program keeps in the file"),
    "glossary": _("Building blocks that are not in the text"),
    "printer": _("The settings of a printer"),
    "thumbnail": _("A small picture of a page"),
    "chart_table": _("The table behind a chart; the chart stays"),
    "note": _("A footnote whose place was deleted"),
    "xmp": _("The description of the file (XMP)"),
    "attachment": _("An attached file"),
    "script": _("A script or an action"),
    "film": _("A film or a sound on a page"),
    "form_program": _("The program of a form; its fields stay"),
    "versions": _("Earlier versions of the file"),
    "tags": _("What the recording says of itself"),
}
# Why a document cannot be cleaned; the values that were found follow in brackets.
CANNOT = {
    "old_word": _(
        "Old Word files (.doc) keep names and earlier wordings that cannot be taken out. Save it "
        "as .docx or as a PDF, and upload that."
    ),
    "encrypted": _("It is encrypted, so that it cannot be cleaned. Save it without a password."),
    "repaired": _(
        "It is damaged, and parts of it may be missing. Save it as a PDF again, and look at every "
        "page."
    ),
    "signed": _("It has a digital signature, which does not hold for a cleaned copy."),
    "embedded": _(
        "Another file is embedded in it, which may hold more than it shows. Paste it as a picture."
    ),
    "portfolio": _("It is a portfolio of several files. Upload each by itself."),
    "redactions": _(
        "It has marks for redactions that were not applied: the text below them can still be "
        "read. Apply them, and save it again."
    ),
    "layers": _("It has layers that are not shown, and may hold more."),
    "picture": _(
        "A picture in it is damaged or of a kind that cannot be cleaned. Paste it as JPEG or PNG."
    ),
    "unknown_part": _("It holds a part that we do not know."),
    "hiding_style": _(
        "A style in it hides text. Remove the hidden text or the style in Word, and save it again."
    ),
    "fields": _("Its fields are damaged. Save it as a PDF, and upload that."),
    "tags": _("What it says of itself cannot be taken out. Export it as MP4 or MP3."),
    "data_track": _(
        "It holds a track of data beside picture and sound, which may say where it was made. "
        "Export it without."
    ),
}


def removed(renditions: Mapping[str, Any]) -> list[str]:
    """Return what was taken out of a document, a line each; what it holds where it goes out so."""
    return [
        gettext("%(what)s: %(values)s") % {"what": what, "values": values} if values else what
        for what, values in _found(REMOVED, renditions.get("removed", ()))
    ]


def cannot(renditions: Mapping[str, Any]) -> list[str]:
    """Return why a document cannot be cleaned, a sentence each."""
    return [
        f"{why} ({values})" if values else why
        for why, values in _found(CANNOT, renditions.get("cannot", ()))
    ]


def why_not(renditions: Mapping[str, Any]) -> str:
    """Return in one text why a document cannot be cleaned."""
    return " ".join(cannot(renditions))


def _found(sentences: Mapping[str, Any], findings: Iterable[Any]) -> list[tuple[str, str]]:
    """Return the sentence for each kind of finding, and all values of that kind."""
    values: dict[str, list[str]] = {}
    for code, value in findings:
        known = values.setdefault(code, [])
        if value and value not in known:
            known.append(value)
    return [(str(sentences.get(code, code)), ", ".join(known)) for code, known in values.items()]
