"""The sentences for what the importer notes: one for each code, for desk and command alike."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from releases.importing.notes import Note

# A sentence names its values as `%(name)s`. tests/test_import_words.py asks for each code.
SENTENCES: dict[str, str | Promise] = {
    "people_not_looked_for": _("People are not looked for in this script. Name them yourself."),
    # Formats: what reading text, Markdown, HTML and mail comes to.
    "links_lost": _(
        "%(count)s links lost the address and kept the words, because only full http, https, "
        "mailto and tel addresses lead anywhere: %(links)s"
    ),
    "tags_unwrapped": _("These tags have no place in a release; their words stayed: %(tags)s."),
    "quote_tags": _(
        "%(count)s <q> tags became quotation marks “…”. Check that they are the marks of the "
        "language."
    ),
    "table_too_large": _(
        "%(count)s tables have more than 500 rows or 50 columns: each row became a paragraph, the "
        "cells parted by “|”. Attach such a table as a document."
    ),
    "page_furniture": _(
        "%(words)s words of menus, headers, footers and boxes of the web page were left out. Check "
        "that none of them belongs to the release: %(texts)s"
    ),
    "hidden_words": _("%(words)s words that the page does not show were left out: %(texts)s"),
    "struck_out_words": _(
        "%(words)s struck-out words were left out. Check that the sentences are right without "
        "them: %(texts)s"
    ),
    "raw_html": _("HTML tags in the Markdown fell away; their words stayed: %(tags)s."),
    "emphasis_never_closed": _(
        "%(count)s paragraphs opened with ** or *** that never closed: the mark was left out."
    ),
    "too_many_marks": _(
        "%(count)s long paragraphs with very many marks were taken as they stand, without links "
        "and emphasis."
    ),
    "double_key": _(
        "The head of the file has “%(key)s” more than once: “%(used)s” was used, “%(other)s” was "
        "not."
    ),
    "footnote_again": _(
        "%(count)s marks lead to a footnote that already stands at an earlier mark: they were left "
        "out."
    ),
    "page_parted": _(
        "The file runs whole passages together on one line: wide gaps were taken for the ends of "
        "paragraphs. Check where paragraphs begin and end."
    ),
    "lines_joined": _(
        "The lines were wrapped at about %(width)s characters; they were joined into paragraphs."
    ),
    "hyphens_joined": _(
        "Words that were divided at the end of a line were joined. Check their hyphens: %(words)s"
    ),
    "quote_marks_removed": _(
        "The “>” of a quoted mail was taken off %(count)s lines. Check whose words they are."
    ),
    "lists_found": _(
        "Lines that begin with a bullet or a number became lists (%(count)s). Check them."
    ),
    "mail_read": _(
        "The file is a mail: its subject became the title, and its sender and addressees were not "
        "taken over."
    ),
    "mail_attachments": _(
        "The mail has attachments that were not imported: %(names)s. Save them and add them "
        "yourself."
    ),
    "mail_inside_mail": _("The release was read from the mail that is attached to this mail."),
    "mail_signature": _(
        "The signature of the mail was left out. Check that nothing of the release stands in it: "
        "%(texts)s"
    ),
    "mail_charset": _(
        "The mail does not say rightly how its characters are stored. Check accents and quotation "
        "marks."
    ),
    "mail_other_part": _("The mail has the text twice. The plain text was read, its HTML was not."),
    "mail_other_part_plain": _(
        "The mail has the text twice. The HTML was read because it has headings, lists or tables, "
        "the plain text was not."
    ),
    "too_many_parts": _(
        "“%(name)s” is a mail of far too many parts. Save the text of the release in a file of its "
        "own and import that."
    ),
    "mail_without_text": _(
        "“%(name)s” is a mail without text. If the release is attached to it, save the attachment "
        "and import that."
    ),
}


def sentence(note: Note) -> str:
    """Return what a note says, in the language that is active."""
    values = {
        name: ", ".join(value) if isinstance(value, tuple) else value
        for name, value in note.values.items()
    }
    return str(SENTENCES[note.code]) % values
