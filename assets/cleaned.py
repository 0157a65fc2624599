"""Describes to editors what was removed from a document, or why it can't be cleaned."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# Labels by the code of a finding. Its values are added after a colon.
REMOVED = {
    "author": _("The name of the author"),
    "last_editor": _("The person who last changed it"),
    "company": _("The name of a company"),
    "manager": _("The name of a manager"),
    "program": _("The program that wrote it"),
    "title": _("The title in its properties"),
    "template": _("The template it was made from"),
    "properties": _("Text in its properties"),
    "comments": _("Comments"),
    "changes": _("Tracked changes"),
    "deleted": _("Text that was deleted while changes were tracked"),
    "hidden": _("Hidden text"),
    "picture": _("Metadata of a picture"),
    "picture_place": _("The place where a picture was taken"),
    "picture_name": _("The file name of a picture"),
    "linked_picture": _("A link to a picture outside the file"),
    "link": _("A link to an address that is not on the web"),
    "link_words": _("A name or a password in a link; the link stays"),
    "other_picture": _("Another version of a picture, only for print"),
    "field": _("A field; its text stays"),
    "variables": _("Variables of the document"),
    "mail_merge": _("A list of addresses for letters"),
    "custom_xml": _("Data that a program keeps in the file"),
    "glossary": _("Building blocks that are not in the text"),
    "printer": _("The settings of a printer"),
    "thumbnail": _("A small picture of a page"),
    "chart_table": _("The table of a chart; the chart stays"),
    "note": _("A footnote whose number was deleted"),
    "xmp": _("The description of the file (XMP)"),
    "attachment": _("An attached file"),
    "script": _("A script or an action"),
    "film": _("Video or audio on a page"),
    "form_program": _("The program of a form; its fields stay"),
    "versions": _("Earlier versions of the file"),
    "tags": _("Metadata of the recording"),
}
# Reasons why a document can't be cleaned, by code. The values are added in brackets.
PROBLEMS = {
    "old_word": _(
        "Old Word files (.doc) contain names and earlier versions of the text that can’t be "
        "removed. Save it as .docx or as a PDF, and upload that."
    ),
    "encrypted": _("It is encrypted and can’t be cleaned. Save it without a password."),
    "repaired": _(
        "It is damaged, and parts of it may be missing. Save it as a PDF again, and check every "
        "page."
    ),
    "signed": _("It has a digital signature, which is not valid for a cleaned copy."),
    "embedded": _(
        "Another file is embedded in it, which may contain more than it shows. Paste it as a "
        "picture."
    ),
    "portfolio": _("It is a portfolio of several files. Upload each of them separately."),
    "redactions": _(
        "It has redactions that were not applied: the text below them can still be read. Apply "
        "them, and save it again."
    ),
    "layers": _("It has hidden layers, which may contain more."),
    "picture": _(
        "A picture in it is damaged or of a kind that can’t be cleaned. Paste it as JPEG or PNG."
    ),
    "unknown_part": _("It contains a part of an unknown kind."),
    "hiding_style": _(
        "A style in it hides text. Remove the hidden text or the style in Word, and save it again."
    ),
    "fields": _("Its fields are damaged. Save it as a PDF, and upload that."),
    "tags": _("Its metadata can’t be removed. Export it as MP4 or MP3."),
    "data_track": _(
        "It has a data track beside picture and sound, which may contain the location. Export it "
        "without that track."
    ),
}


def removed_sentences(renditions: Mapping[str, Any]) -> list[str]:
    """Return the metadata that cleaning removed, one sentence each.

    A document that is published as it is still contains it.
    """
    return [
        gettext("%(what)s: %(values)s") % {"what": label, "values": values} if values else label
        for label, values in _described(REMOVED, renditions.get("removed", ()))
    ]


def problem_sentences(renditions: Mapping[str, Any]) -> list[str]:
    """Return the reasons why a document can't be cleaned, one sentence each."""
    return [
        gettext("%(problem)s (%(values)s)") % {"problem": problem, "values": values}
        if values
        else problem
        for problem, values in _described(PROBLEMS, renditions.get("cannot", ()))
    ]


def problem_text(renditions: Mapping[str, Any]) -> str:
    """Return the reasons why a document can't be cleaned as one text."""
    return " ".join(problem_sentences(renditions))


def _described(sentences: Mapping[str, Any], findings: Iterable[Any]) -> list[tuple[str, str]]:
    """Return the sentence for each kind of finding, and all values of that kind."""
    values: dict[str, list[str]] = {}
    for code, value in findings:
        known = values.setdefault(code, [])
        if value and value not in known:
            known.append(value)
    return [(str(sentences.get(code, code)), ", ".join(known)) for code, known in values.items()]
