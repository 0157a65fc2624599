"""The sentences of the importer's notes, one for each code, for the desk and the command."""

from datetime import date

from django.utils.dateformat import format as formatted
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from importing.notes import Note, Value

# Values are `%(name)s`. For a date, `%(name_weekday)s` is its weekday.
# tests/test_import_words.py checks that each code has a sentence.
SENTENCES: dict[str, str | Promise] = {
    # Refused: the file is not a text, or is damaged
    "too_large": _(
        "“%(file)s” is larger than %(megabytes)s MB, far more than a release. Import one release "
        "at a time."
    ),
    "empty": _("“%(file)s” is empty. Import the file with the text of the release."),
    "too_damaged": _(
        "“%(file)s” is too damaged to be read: too many of its characters are not text. Ask for it "
        "again, or paste its text into a text file."
    ),
    "is_a_picture": _(
        "“%(file)s” is a picture (%(format)s), not a text. Add it to the library, and import "
        "the text of the release."
    ),
    "is_a_recording": _(
        "“%(file)s” is a picture, audio or video, not a text. Add it to the library, and "
        "import the text of the release."
    ),
    "is_a_pdf": _(
        "“%(file)s” is a PDF, not a text. Copy its text into a text file, or save it as text, and "
        "import that."
    ),
    "is_rtf": _(
        "“%(file)s” is an RTF file, not a text. Copy its text into a text file, or save it as "
        "text, and import that."
    ),
    "is_an_old_office_file": _(
        "“%(file)s” is an old Word or Office file, not a text. Copy its text into a text file, or "
        "save it as text, and import that."
    ),
    "is_a_word_file": _(
        "“%(file)s” is a Word file. Save it as text, or paste its text into a text file."
    ),
    "is_an_office_file": _(
        "“%(file)s” is a file of %(format)s. Copy its text into a text file, or save it as text, "
        "and import that."
    ),
    "is_gzip": _(
        "“%(file)s” is a compressed file (gzip), not a text. Unpack it and import what is in it."
    ),
    "is_a_zip": _("“%(file)s” is a ZIP archive. Unpack it and import what is in it."),
    "is_utf_16_without_mark": _(
        "“%(file)s” seems to be UTF-16 without a byte order mark. Save it as UTF-8 and try again."
    ),
    "is_a_programs_own_file": _(
        "“%(file)s” is the file of a program, not a text. Copy its text into a text file, or "
        "save it as text, and import that."
    ),
    # Refused: the file is a text, but not a release that can be read
    "unknown_format": _("“%(format)s” is not a known format. Choose %(formats)s."),
    "is_json": _(
        "“%(file)s” is JSON; the importer reads text, Markdown and HTML. Import the text of the "
        "release in one of these."
    ),
    "is_xml": _(
        "“%(file)s” is XML; the importer reads text, Markdown and HTML. Import the text of the "
        "release in one of these."
    ),
    "is_xml_of": _(
        "“%(file)s” is %(format)s (XML); the importer reads text, Markdown and HTML. Import the "
        "text of the release in one of these."
    ),
    "is_a_feed": _(
        "“%(file)s” is a feed (%(format)s, XML); the importer reads text, Markdown and HTML. Open "
        "the page of the release and import that."
    ),
    "is_a_wordpress_export": _(
        "“%(file)s” is an export of WordPress, with all its posts in one file; the importer reads "
        "one release at a time. Open the page of the release and import that, or paste its text."
    ),
    "too_many_lines": _(
        "“%(file)s” has far more lines than a release. Import one release at a time."
    ),
    "too_long": _(
        "“%(file)s” is too long: it has %(characters)s characters of text, and a release has at "
        "most %(most)s. Import one release at a time, or shorten it."
    ),
    "error_page": _(
        "“%(file)s” is a message of a server, not a page: “%(words)s”. Open the page of the "
        "release in a browser and import that."
    ),
    "hardly_a_sentence": _(
        "“%(file)s” has no release in it: it has almost no text. Import the file "
        "with the text of the release."
    ),
    "mostly_numbers": _(
        "“%(file)s” has no release in it: it is mostly numbers and signs. Import the file with the "
        "text of the release."
    ),
    "file_cannot_be_opened": _("%(file)s can’t be read: %(reason)s."),
    # Decoding
    "unreadable_characters": ngettext_lazy(
        "In one place a character could not be read; it appears as “\ufffd”.",
        "In %(count)s places a character could not be read; it appears as “\ufffd”.",
        "count",
    ),
    "control_characters_left_out": ngettext_lazy(
        "In one place an unprintable control character was left out.",
        "In %(count)s places an unprintable control character was left out.",
        "count",
    ),
    "wrongly_converted": ngettext_lazy(
        "In one place the text shows signs of a wrong conversion, at “%(example)s”: accents or "
        "quotation marks were lost before this file was made. Nothing was changed; correct it "
        "yourself.",
        "In %(count)s places the text shows signs of a wrong conversion, the first at "
        "“%(example)s”: accents or quotation marks were lost before this file was made. Nothing "
        "was changed; correct them yourself.",
        "count",
    ),
    "cut_off": _("The file ends in the middle of a character: it seems to be cut off."),
    "encoding_guessed": _(
        "The file is not UTF-8: it was read as %(encoding)s. Check accents and quotation marks."
    ),
    # Titles, lines above the text, and the rest of its parts
    "title_repeated": _("The title was in the file more than once: it is kept once."),
    "title_guessed": _(
        "The title is a guess: nothing in the file says that this line is the title. Check it."
    ),
    "title_offered": _(
        "The file has no title. The first sentence is suggested as the title, and stays in the "
        "text. Write a title."
    ),
    "title_in_capitals": _("The title is in capitals. Retype it in house style."),
    "line_below_title": _(
        "“%(words)s” is between the title and the text: it became a heading. Perhaps it is the "
        "standfirst."
    ),
    "embargo": _("The file mentions an embargo: “%(words)s”. Set the time yourself."),
    "kind_assumed": _(
        "The file does not state the kind of the release: “press release” is the default."
    ),
    "dateline_taken": _("“%(words)s” was taken from the start of the lead as the dateline."),
    "summary_repeats_lead": _(
        "The summary in the file is the same as the lead: it is kept once, in the text, and the "
        "standfirst is blank."
    ),
    "picture_has_alt_text": _("The picture’s alternative text in the file is “%(words)s”."),
    "pull_quote_became_quotation": _(
        "The pull quote was not in the text and was added as a quotation."
    ),
    "notes_to_editors_in_body": _(
        "Notes to editors are in the text: move them to their own field."
    ),
    "contact_in_body": _("A press contact is in the text: check whether it should be there."),
    "quotation_never_closes": _("The quotation that starts %(words)s is not closed."),
    "punctuation_lost": _(
        "The text has almost no full stops and commas: they were lost before this file was made. "
        "Compare it with the original."
    ),
    # The day of the release
    "where_file_states": _("the date given in the file"),
    "where_line_above": _("the line above the text"),
    "where_top": _("the text at its top"),
    "where_dateline": _("the dateline"),
    "date_stated": _("%(where)s says “%(words)s”"),
    "date_in_file_name": _("the file’s name says %(day)s"),
    "month_in_picture_path": _("the year and month come from the picture’s path “%(path)s”"),
    "year_in_picture_path": _("the year comes from the picture’s path “%(path)s”"),
    "text_says_day": _("the text says “%(words)s”"),
    "text_says_weekday": _("the text says “%(words)s”, and %(day)s was a %(day_weekday)s"),
    "date_because": _("%(day)s, because %(reasons)s"),
    "dates_contradict": _("Contradicting dates, so none was guessed: %(dates)s."),
    "weekday_is_wrong": _(
        "%(where)s says “%(words)s”, but that day was a %(day_weekday)s: the date was not guessed "
        "from it."
    ),
    "file_name_says_otherwise": _("The file’s name says %(day)s."),
    "day_without_year": _("The text says “%(words)s” without a year, and nothing gives the year."),
    "picture_path_does_not_fit": _(
        "The picture’s path says “%(path)s”, which does not fit “%(words)s” in the text."
    ),
    "picture_path_gives_wrong_weekday": _(
        "The picture’s path says “%(path)s” and the text says “%(words)s”, but %(day)s was a "
        "%(day_weekday)s: no date was guessed from them."
    ),
    # What is missing
    "no_title": _("the title"),
    "picture_inside": _("a picture inside the file"),
    "no_picture_file": _("the file of the picture “%(picture)s”"),
    "no_picture_alt_text": _("the alternative text of the picture “%(picture)s”"),
    "no_picture_credit": _("the credit of the picture “%(picture)s”"),
    # People
    "people_not_looked_for": _("People are not searched for in this script. Add them yourself."),
    "too_many_people": _("Only the first %(most)s people are suggested. Add the others yourself."),
    "people_looked_for_in_part": _(
        "People were searched for in the first %(characters)s characters only."
    ),
    # Formats: text, Markdown, HTML and e-mail
    "links_lost": ngettext_lazy(
        "One link lost its address and kept its text, because only full http, https, mailto and "
        "tel addresses are allowed: %(links)s",
        "%(count)s links lost their addresses and kept their text, because only full http, https, "
        "mailto and tel addresses are allowed: %(links)s",
        "count",
    ),
    "tags_unwrapped": _(
        "These tags are not allowed in a release; they were removed and their text kept: %(tags)s."
    ),
    "raw_html": _("HTML tags in the Markdown were removed and their text kept: %(tags)s."),
    "quote_tags": ngettext_lazy(
        "One <q> tag became quotation marks “…”. Check that they are the marks of the language.",
        "%(count)s <q> tags became quotation marks “…”. Check that they are the marks of the "
        "language.",
        "count",
    ),
    "table_too_large": ngettext_lazy(
        "One table has more than 500 rows or 50 columns, or is one of too many: each row became a "
        "paragraph, its cells separated by “|”. Attach such a table as a document.",
        "%(count)s tables have more than 500 rows or 50 columns, or are too many: each row became "
        "a paragraph, its cells separated by “|”. Attach such tables as documents.",
        "count",
    ),
    "page_furniture_left_out": ngettext_lazy(
        "One word of a menu, a footer or a box of the web page was left out. Check that it does "
        "not belong to the release: %(texts)s",
        "%(count)s words of menus, headers, footers and boxes of the web page were left out. Check "
        "that none of them belongs to the release: %(texts)s",
        "count",
    ),
    "hidden_words_left_out": ngettext_lazy(
        "One word that the page does not show was left out: %(texts)s",
        "%(count)s words that the page does not show were left out: %(texts)s",
        "count",
    ),
    "struck_out_words_left_out": ngettext_lazy(
        "One struck-out word was left out. Check that the sentence is right without it: %(texts)s",
        "%(count)s struck-out words were left out. Check that the sentences are right without "
        "them: %(texts)s",
        "count",
    ),
    "emphasis_never_closed": ngettext_lazy(
        "One paragraph opened with ** or *** that was never closed: the mark was left out.",
        "%(count)s paragraphs opened with ** or *** that were never closed: the marks were left "
        "out.",
        "count",
    ),
    "too_many_marks": ngettext_lazy(
        "One long paragraph with very many marks was imported as plain text, without links and "
        "emphasis.",
        "%(count)s long paragraphs with very many marks were imported as plain text, without links "
        "and emphasis.",
        "count",
    ),
    "double_key": _(
        "The head of the file has “%(key)s” more than once: “%(used)s” was used, “%(other)s” was "
        "not."
    ),
    "footnote_again": ngettext_lazy(
        "One mark leads to a footnote that an earlier mark already has: it was left out.",
        "%(count)s marks lead to footnotes that earlier marks already have: they were left out.",
        "count",
    ),
    "page_parted": _(
        "Several paragraphs are on one line of the file: wide gaps were read as the ends of "
        "paragraphs. Check where paragraphs begin and end."
    ),
    "lines_joined": _(
        "The lines were wrapped at about %(width)s characters; they were joined into paragraphs."
    ),
    "hyphens_joined": _(
        "Words that were divided at the end of a line were joined. Check their hyphens: %(words)s"
    ),
    "quote_marks_removed": ngettext_lazy(
        "The “>” of a quoted e-mail was removed from one line. Check who wrote it.",
        "The “>” of a quoted e-mail was removed from %(count)s lines. Check who wrote them.",
        "count",
    ),
    "lists_found": ngettext_lazy(
        "Lines that begin with a bullet or a number became one list.",
        "Lines that begin with a bullet or a number became %(count)s lists.",
        "count",
    ),
    "mail_read": _(
        "The file is an e-mail: its subject was read as the title, and its sender and recipients "
        "were not imported."
    ),
    "mail_text_read": _(
        "The e-mail has its text twice. The plain text was read, the HTML was not."
    ),
    "mail_html_read": _(
        "The e-mail has its text twice. The HTML was read because it has headings, lists or "
        "tables; the plain text was not."
    ),
    "mail_inside_mail": _("The release was read from the e-mail that is attached to this e-mail."),
    "mail_attachments": _(
        "The e-mail has attachments that were not imported: %(names)s. Save them and add them "
        "yourself."
    ),
    "mail_signature": _(
        "The signature of the e-mail was left out. Check that it has no part of the release: "
        "%(texts)s"
    ),
    "mail_charset": _(
        "The encoding that the e-mail states does not fit its text. Check accents and quotation "
        "marks."
    ),
    "too_many_parts": _(
        "“%(file)s” is an e-mail with far too many parts. Save the text of the release in a file "
        "of its own and import that."
    ),
    "mail_without_text": _(
        "“%(file)s” is an e-mail without text. If the release is attached to it, save the "
        "attachment and import that."
    ),
}


def sentence(note: Note) -> str:
    """Return the sentence of a note in the active language."""
    values: dict[str, str | int] = {}
    for name, value in note.values.items():
        # `count` must stay a number, because it selects singular or plural.
        values[name] = value if name == "count" and isinstance(value, int) else _format_value(value)
        if isinstance(value, date):
            values[f"{name}_weekday"] = formatted(value, "l")
    return str(SENTENCES[note.code] % values)


def _format_value(value: Value) -> str:
    if isinstance(value, Note):
        return sentence(value)
    if isinstance(value, tuple):
        notes = any(isinstance(item, Note) for item in value)
        return ("; " if notes else ", ").join(_format_value(item) for item in value)
    if isinstance(value, date):
        return date_format(value, "DATE_FORMAT")
    return number_format(value, force_grouping=True) if isinstance(value, int) else value
