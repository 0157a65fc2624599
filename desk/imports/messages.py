"""The sentences for what the importer notes: one for each code, for desk and command alike."""

from datetime import date

from django.utils.dateformat import format as formatted
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from importing.notes import Note, Value

# A sentence names its values as `%(name)s`; a day has its weekday beside it, as
# `%(name_weekday)s`. tests/test_import_words.py asks for each code.
SENTENCES: dict[str, str | Promise] = {
    # ActionBlocked: the file is no text, or damaged
    "too_large": _(
        "“%(file)s” is larger than %(megabytes)s MB, far more than a release. Import the text of "
        "one release alone."
    ),
    "empty": _("“%(file)s” is empty. Import the file with the text of the release."),
    "too_damaged": _(
        "“%(file)s” is too damaged to be read: too many of its characters are not text. Ask for it "
        "again, or paste its words into a text file."
    ),
    "is_a_picture": _(
        "“%(file)s” is a picture (%(format)s), not a text. Add it to the media library, and import "
        "the words of the release."
    ),
    "is_a_recording": _(
        "“%(file)s” is a picture, a sound or a film, not a text. Add it to the media library, and "
        "import the words of the release."
    ),
    "is_a_pdf": _(
        "“%(file)s” is a PDF, not a text. Copy its words into a text file, or save it as text, and "
        "import that."
    ),
    "is_rtf": _(
        "“%(file)s” is an RTF file, not a text. Copy its words into a text file, or save it as "
        "text, and import that."
    ),
    "is_an_old_office_file": _(
        "“%(file)s” is an old Word or Office file, not a text. Copy its words into a text file, or "
        "save it as text, and import that."
    ),
    "is_a_word_file": _(
        "“%(file)s” is a Word file. Save it as text, or paste its words into a text file."
    ),
    "is_an_office_file": _(
        "“%(file)s” is a file of %(format)s. Copy its words into a text file, or save it as text, "
        "and import that."
    ),
    "is_gzip": _(
        "“%(file)s” is a compressed file (gzip), not a text. Unpack it and import what is in it."
    ),
    "is_a_zip": _("“%(file)s” is a ZIP archive. Unpack it and import what is in it."),
    "is_utf_16_without_mark": _(
        "“%(file)s” seems to be UTF-16 without its mark. Save it as UTF-8 and try again."
    ),
    "is_a_programs_own_file": _(
        "“%(file)s” is not a text but a program’s own file. Copy its words into a text file, or "
        "save it as text, and import that."
    ),
    # ActionBlocked: the file is a text, but no release that can be read
    "unknown_format": _("“%(format)s” is no format that is read. Choose %(formats)s."),
    "is_json": _(
        "“%(file)s” is JSON; the importer reads text, Markdown and HTML. Import the words of the "
        "release in one of these."
    ),
    "is_xml": _(
        "“%(file)s” is XML; the importer reads text, Markdown and HTML. Import the words of the "
        "release in one of these."
    ),
    "is_xml_of": _(
        "“%(file)s” is %(format)s (XML); the importer reads text, Markdown and HTML. Import the "
        "words of the release in one of these."
    ),
    "is_a_feed": _(
        "“%(file)s” is a feed (%(format)s, XML); the importer reads text, Markdown and HTML. Open "
        "the page of the release and import that."
    ),
    "is_a_wordpress_export": _(
        "“%(file)s” is an export of WordPress, with all its posts in one file; the importer reads "
        "one release at a time. Open the page of the release and import that, or paste its words."
    ),
    "too_many_lines": _(
        "“%(file)s” has far more lines than a release. Import the text of one release alone."
    ),
    "too_long": _(
        "“%(file)s” is too long: it has %(characters)s characters of text, and a release has at "
        "most %(most)s. Import the text of one release alone, or shorten it."
    ),
    "error_page": _(
        "“%(file)s” is what a server answered instead of a page: “%(words)s”. Open the page of the "
        "release in a browser and import that."
    ),
    "hardly_a_sentence": _(
        "“%(file)s” has no release in it: hardly a sentence of text was found. Import the file "
        "with the words of the release."
    ),
    "mostly_numbers": _(
        "“%(file)s” has no release in it: it is mostly numbers and signs. Import the file with the "
        "words of the release."
    ),
    "file_cannot_be_opened": _("%(file)s cannot be read: %(reason)s."),
    # What decoding notes
    "unreadable_characters": ngettext_lazy(
        "In one place a character could not be read; it stands as “\ufffd”.",
        "In %(count)s places a character could not be read; it stands as “\ufffd”.",
        "count",
    ),
    "control_characters_left_out": ngettext_lazy(
        "In one place an unprintable control character was left out.",
        "In %(count)s places an unprintable control character was left out.",
        "count",
    ),
    "wrongly_converted": ngettext_lazy(
        "In one place the text shows signs of a wrong conversion, at “%(example)s”: accents or "
        "quotation marks were lost before this file was made. Nothing was changed; correct it by "
        "hand.",
        "In %(count)s places the text shows signs of a wrong conversion, the first at "
        "“%(example)s”: accents or quotation marks were lost before this file was made. Nothing "
        "was changed; correct them by hand.",
        "count",
    ),
    "cut_off": _("The file ends in the middle of a character: it seems to be cut off."),
    "encoding_guessed": _(
        "The file is not UTF-8: it was read as %(encoding)s. Check accents and quotation marks."
    ),
    # Titles, lines above the text, and the rest of its parts
    "title_repeated": _("The title stood in the file more than once: it is kept once."),
    "title_guessed": _(
        "The title is a guess: nothing in the file says that this line is the title. Check it."
    ),
    "title_offered": _(
        "The file has no title. The first sentence is only offered as one, and stays in the text. "
        "Write a title."
    ),
    "title_in_capitals": _("The title is in capitals. Retype it in the style of the house."),
    "line_below_title": _(
        "“%(words)s” stands between the title and the text: it became a heading. Perhaps it is the "
        "standfirst."
    ),
    "embargo": _("The file speaks of an embargo: “%(words)s”. Set the time yourself."),
    "kind_assumed": _("Nothing says what kind of release it is: “press release” is the default."),
    "dateline_taken": _("“%(words)s” was taken from the front of the lead as its dateline."),
    "summary_repeats_lead": _(
        "The summary given in the file is the lead word for word: it stands once, in the body, and "
        "the standfirst is empty."
    ),
    "picture_has_alt_text": _("The picture’s alt text in the file is “%(words)s”."),
    "pull_quote_became_quotation": _(
        "The words of the pull quote stand nowhere else in the text: they became a quotation in it."
    ),
    "notes_to_editors_in_body": _(
        "Notes to editors stand in the body: move them to their own field."
    ),
    "contact_in_body": _("A press contact stands in the body: check whether it should."),
    "quotation_never_closes": _("A quotation never closes, the one that begins %(words)s"),
    "punctuation_lost": _(
        "The text has next to no full stops and commas: they were lost before this file was made. "
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
    "no_picture_alt_text": _("the alt text of the picture “%(picture)s”"),
    "no_picture_credit": _("the credit of the picture “%(picture)s”"),
    # People
    "people_not_looked_for": _("People are not looked for in this script. Name them yourself."),
    "too_many_people": _("Only the first %(most)s people are offered. Name the others yourself."),
    "people_looked_for_in_part": _(
        "People were looked for in the first %(characters)s characters alone."
    ),
    # Formats: what reading text, Markdown, HTML and mail comes to
    "links_lost": ngettext_lazy(
        "One link lost the address and kept the words, because only full http, https, mailto and "
        "tel addresses lead anywhere: %(links)s",
        "%(count)s links lost the address and kept the words, because only full http, https, "
        "mailto and tel addresses lead anywhere: %(links)s",
        "count",
    ),
    "tags_unwrapped": _("These tags have no place in a release; their words stayed: %(tags)s."),
    "raw_html": _("HTML tags in the Markdown fell away; their words stayed: %(tags)s."),
    "quote_tags": ngettext_lazy(
        "One <q> tag became quotation marks “…”. Check that they are the marks of the language.",
        "%(count)s <q> tags became quotation marks “…”. Check that they are the marks of the "
        "language.",
        "count",
    ),
    "table_too_large": ngettext_lazy(
        "One table has more than 500 rows or 50 columns, or is one of too many: each row became a "
        "paragraph, the cells parted by “|”. Attach such a table as a document.",
        "%(count)s tables have more than 500 rows or 50 columns, or are too many: each row became "
        "a paragraph, the cells parted by “|”. Attach such tables as documents.",
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
        "One paragraph opened with ** or *** that never closed: the mark was left out.",
        "%(count)s paragraphs opened with ** or *** that never closed: the marks were left out.",
        "count",
    ),
    "too_many_marks": ngettext_lazy(
        "One long paragraph with very many marks was taken as it stands, without links and "
        "emphasis.",
        "%(count)s long paragraphs with very many marks were taken as they stand, without links "
        "and emphasis.",
        "count",
    ),
    "double_key": _(
        "The head of the file has “%(key)s” more than once: “%(used)s” was used, “%(other)s” was "
        "not."
    ),
    "footnote_again": ngettext_lazy(
        "One mark leads to a footnote that already stands at an earlier mark: it was left out.",
        "%(count)s marks lead to footnotes that already stand at earlier marks: they were left "
        "out.",
        "count",
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
    "lists_found": ngettext_lazy(
        "Lines that begin with a bullet or a number became one list.",
        "Lines that begin with a bullet or a number became %(count)s lists.",
        "count",
    ),
    "mail_read": _(
        "The file is a mail: its subject was read as the title, and its sender and addressees "
        "were not taken over."
    ),
    "mail_text_read": _("The mail has its text twice. The plain text was read, the HTML was not."),
    "mail_html_read": _(
        "The mail has its text twice. The HTML was read because it has headings, lists or tables; "
        "the plain text was not."
    ),
    "mail_inside_mail": _("The release was read from the mail that is attached to this mail."),
    "mail_attachments": _(
        "The mail has attachments that were not imported: %(names)s. Save them and add them "
        "yourself."
    ),
    "mail_signature": _(
        "The signature of the mail was left out. Check that nothing of the release stands in it: "
        "%(texts)s"
    ),
    "mail_charset": _(
        "The encoding that the mail states does not fit its text. Check accents and quotation "
        "marks."
    ),
    "too_many_parts": _(
        "“%(file)s” is a mail of far too many parts. Save the text of the release in a file of its "
        "own and import that."
    ),
    "mail_without_text": _(
        "“%(file)s” is a mail without text. If the release is attached to it, save the attachment "
        "and import that."
    ),
}


def sentence(note: Note) -> str:
    """Return what a note says, in the language that is active."""
    values: dict[str, str | int] = {}
    for name, value in note.values.items():
        # The number that chooses singular or plural stays one.
        values[name] = value if name == "count" and isinstance(value, int) else _said(value)
        if isinstance(value, date):
            values[f"{name}_weekday"] = formatted(value, "l")
    return str(SENTENCES[note.code] % values)


def _said(value: Value) -> str:
    if isinstance(value, Note):
        return sentence(value)
    if isinstance(value, tuple):
        notes = any(isinstance(one, Note) for one in value)
        return ("; " if notes else ", ").join(_said(one) for one in value)
    if isinstance(value, date):
        return date_format(value, "j F Y")
    return number_format(value, force_grouping=True) if isinstance(value, int) else value
