"""The report of an import: what was recognised, guessed, found, missing and left out."""

from collections import Counter
from collections.abc import Iterator, Sequence
from textwrap import indent, wrap

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from desk.imports.comparing import left_out
from desk.imports.language_messages import describe_language
from desk.imports.messages import sentence
from importing import Accounting, PersonSuggestion, Poster, Understood
from importing.accounting import Difference
from releases.document import Document, Quotation
from releases.document.blocks import without_sections
from releases.models import Release

_WIDTH = 96
_LABEL_WIDTH = 12
_MAX_PIECE_CHARACTERS = 200  # of a quoted piece of text
_MAX_PIECES = 200  # quoted pieces of one kind

# The labels of the parts of a file, by the codes that `importing` uses for them.
_PARTS: dict[str, str | Promise] = {
    "title": gettext_lazy("title"),
    "title label": gettext_lazy("label of the title"),
    "repeated title": gettext_lazy("repeated title"),
    "kicker": gettext_lazy("kicker"),
    "release line": gettext_lazy("release line"),
    "embargo line": gettext_lazy("embargo line"),
    "date line": gettext_lazy("date"),
    "dateline": gettext_lazy("dateline"),
    "standfirst": gettext_lazy("standfirst"),
    "repeated summary": gettext_lazy("repeated summary"),
    "pull quote": gettext_lazy("pull quote"),
    "speaker of the pull quote": gettext_lazy("speaker of the pull quote"),
    "speaker credit": gettext_lazy("speaker credit"),
    "lead": gettext_lazy("lead"),
    "paragraphs": gettext_lazy("paragraphs"),
    "headings": gettext_lazy("headings"),
    "quotations": gettext_lazy("quotations"),
    "lists": gettext_lazy("lists"),
    "tables": gettext_lazy("tables"),
    "picture lines": gettext_lazy("picture lines"),
    "repeated picture lines": gettext_lazy("repeated picture lines"),
    "page furniture": gettext_lazy("menus, headers and footers of the page"),
    "hidden words": gettext_lazy("hidden words"),
    "struck-out words": gettext_lazy("struck-out words"),
    "footnotes": gettext_lazy("footnotes"),
    "page title": gettext_lazy("title of the page"),
    "mail headers": gettext_lazy("e-mail headers"),
    "mail signature": gettext_lazy("signature of the e-mail"),
    "end mark": gettext_lazy("end mark"),
    "front matter": gettext_lazy("front matter"),
    "markup": gettext_lazy("markup"),
}


def report(understood: Understood, stored: Difference, warnings: Sequence[str] = ()) -> str:
    """Return the report of an import as plain text, for both the command and the admin.

    `stored` is the difference between the draft and the file. `warnings` are sentences about values
    that were too long for the draft.
    """
    notes = [*(capfirst(sentence(note)) for note in understood.notes), *warnings]
    parts = [
        f"{understood.filename} ({understood.format}, {understood.encoding})",
        "\n".join(_understood(understood)),
        *_guessed(understood),
        *_people(understood),
        *_list(
            _("Called a prisoner of conscience (suggested, not recorded)"),
            [
                f"{designation.name}: “{designation.sentence.strip('“”')}”"
                for designation in understood.designations
            ],
        ),
        *_list(_("Missing"), [sentence(note) for note in understood.missing]),
        *_list(_("Check these"), notes),
        "\n".join(_accounting(understood, stored)),
    ]
    return "\n\n".join(parts) + "\n"


def poster_name(poster: Poster) -> str:
    return poster.name or _("a picture inside the file")


def _understood(understood: Understood) -> Iterator[str]:
    kind = str(Release.Kind(understood.kind).label)
    if understood.kicker:
        values = {"kind": kind, "kicker": understood.kicker}
        yield _row(_("kind"), _("%(kind)s, from the kicker “%(kicker)s”") % values)
    else:
        yield _row(_("kind"), _("%(kind)s, assumed") % {"kind": kind})
    yield _row(_("title"), _title(understood))
    if understood.standfirst:
        yield _row(_("standfirst"), understood.standfirst)
    if understood.dateline_place:
        yield _row(_("place"), understood.dateline_place)
    yield _row(_("language"), describe_language(understood.language_guess))
    if pull_quote := understood.pull_quote:
        speaker = pull_quote.speaker or _("speaker not found")
        yield _row(_("pull quote"), f"“{pull_quote.text}” – {speaker}")
    for poster in understood.posters:
        yield _row(_("picture"), _picture(poster))
    yield from _text(understood)


def _title(understood: Understood) -> str:
    if understood.title_from == "guessed":
        return _("%(title)s (guessed)") % {"title": understood.title}
    if understood.title_from == "offered":
        offered = {"title": understood.offered_title}
        return _("none found; the first sentence is suggested: “%(title)s”") % offered
    return understood.title or _("none found")


def _text(understood: Understood) -> Iterator[str]:
    document = Document(understood.body_html)
    tags = Counter(block.tag for block in document.walk())
    headings, quotations, tables = tags["h2"] + tags["h3"], tags["blockquote"], tags["table"]
    lists = tags["ul"] + tags["ol"]
    paragraphs = sum(block.tag == "p" for block in without_sections(document.blocks))
    blocks = [
        (headings, ngettext("%(count)s heading", "%(count)s headings", headings)),
        (quotations, ngettext("%(count)s quotation", "%(count)s quotations", quotations)),
        (lists, ngettext("%(count)s list", "%(count)s lists", lists)),
        (tables, ngettext("%(count)s table", "%(count)s tables", tables)),
        (
            paragraphs,
            ngettext("%(count)s other paragraph", "%(count)s other paragraphs", paragraphs),
        ),
    ]
    counted = ", ".join(pattern % {"count": count} for count, pattern in blocks if count)
    yield _row(_("text"), counted)
    for quotation in document.quotations:
        yield _row(_("quotation"), _quoted(quotation))


def _quoted(quotation: Quotation) -> str:
    count = len(quotation.paragraphs)
    paragraphs = ngettext("%(count)s paragraph", "%(count)s paragraphs", count) % {"count": count}
    values = {
        "paragraphs": paragraphs,
        "speaker": ", ".join(filter(None, [quotation.name, quotation.title])),
        "start": " ".join(quotation.text.split()[:8]),
    }
    if values["speaker"]:
        return _("%(paragraphs)s by %(speaker)s: %(start)s …") % values
    return _("%(paragraphs)s, speaker not found: %(start)s …") % values


def _picture(poster: Poster) -> str:
    values = {"name": poster_name(poster), "credit": poster.credit_guess}
    if poster.occurrences > 1:
        pattern = ngettext(
            "%(name)s (%(times)s time in the file, kept once)",
            "%(name)s (%(times)s times in the file, kept once)",
            poster.occurrences,
        )
        values["name"] = pattern % {"name": values["name"], "times": poster.occurrences}
    if poster.credit_guess:
        return _("%(name)s; credit “%(credit)s”, guessed from its name") % values
    return _("%(name)s; credit unknown") % values


def _guessed(understood: Understood) -> Iterator[str]:
    rows = []
    if guess := understood.date_guess:
        values = {
            "day": date_format(guess.date, "DATE_FORMAT"),
            "reasons": "; ".join(sentence(reason) for reason in guess.reasons),
        }
        rows.append(_row(_("date"), _("%(day)s, because %(reasons)s") % values))
    if understood.relative_dates:
        dates = ", ".join(f"“{date}”" for date in understood.relative_dates)
        counts = ngettext(
            "%(dates)s depends on the day of the release",
            "%(dates)s depend on the day of the release",
            len(understood.relative_dates),
        ) % {"dates": dates}
        rows.append(_row(_("in the text"), counts))
    if rows:
        heading = _("Guessed, not set") if understood.date_guess else _("No date found")
        yield "\n".join([heading, *rows])


def _people(understood: Understood) -> Iterator[str]:
    if understood.people:
        rows = [_row("", _person(person)) for person in understood.people]
        yield "\n".join([_("People found (suggested, not created)"), *rows])


def _person(person: PersonSuggestion) -> str:
    role = person.title or person.descriptor
    pieces = [f"{person.name} – {role}" if role else person.name]
    if person.also:
        names = ", ".join(f"“{name}”" for name in person.also)
        pieces.append(_("also %(names)s") % {"names": names})
    if person.speaker:
        pieces.append(_("is quoted"))
    return f"{', '.join(pieces)} ({person.count}×)"


def _accounting(understood: Understood, stored: Difference) -> Iterator[str]:
    accounting = understood.accounting
    values = {"total": accounting.total, "verdict": _verdict(accounting, stored)}
    yield _("Words: %(total)s in the file, %(verdict)s") % values
    yield _row("", ", ".join(f"{_part_label(part)} {count}" for part, count in accounting.parts))
    for label, quotes in (
        (_("lost"), stored.lost),
        (_("too often"), stored.doubled),
        (_("not read"), accounting.left_out),
    ):
        for quote in quotes[:_MAX_PIECES]:
            yield _row(label, f"“{quote}”")
        if (more := len(quotes) - _MAX_PIECES) > 0:
            yield _row(label, _and_more(more))
    dropped: dict[str, list[str]] = {}
    for part, text in left_out(understood):
        piece = (
            text if len(text) <= _MAX_PIECE_CHARACTERS else text[: _MAX_PIECE_CHARACTERS - 1] + "…"
        )
        dropped.setdefault(part, []).append(f"“{piece}”")
    if dropped:
        yield _("Left out of the draft on purpose")
        for part, pieces in dropped.items():
            more = len(pieces) - _MAX_PIECES
            listed = [*pieces[:_MAX_PIECES], *([_and_more(more)] if more > 0 else [])]
            yield _row("", f"{_part_label(part)}: {', '.join(listed)}")


def _and_more(count: int) -> str:
    pattern = ngettext("and %(count)s more piece", "and %(count)s more pieces", count)
    return pattern % {"count": number_format(count, force_grouping=True)}


def _verdict(accounting: Accounting, stored: Difference) -> str:
    counts = {
        "lost": sum(len(quote.split()) for quote in stored.lost),
        "doubled": sum(len(quote.split()) for quote in stored.doubled),
        "unread": sum(len(quote.split()) for quote in accounting.left_out),
    }
    sentences = {
        "lost": ngettext(
            "%(lost)s of them is not in the draft",
            "%(lost)s of them are not in the draft",
            counts["lost"],
        ),
        "doubled": ngettext(
            "%(doubled)s is in the draft too often",
            "%(doubled)s are in the draft too often",
            counts["doubled"],
        ),
        "unread": ngettext(
            "%(unread)s was not read",
            "%(unread)s were not read",
            counts["unread"],
        ),
    }
    differences = [sentences[kind] % counts for kind in sentences if counts[kind]]
    if stored.moved:
        differences.append(_("some are in another order in the draft"))
    return ", ".join(differences) or _("all used or left out on purpose")


def _part_label(part: str) -> str:
    return str(_PARTS.get(part, part))


def _list(heading: str, sentences: Sequence[str]) -> Iterator[str]:
    if sentences:
        yield "\n".join([heading, *(_row("", sentence) for sentence in sentences)])


def _row(label: str, text: str) -> str:
    """Return a wrapped text beside its label, or as a list item if the label is empty."""
    if not label:
        return indent("\n".join(wrap(text, _WIDTH - 4)), "    ").replace("    ", "  - ", 1)
    lines = wrap(text, _WIDTH - _LABEL_WIDTH - 2) or [""]
    first, *rest = lines
    return "\n".join(
        [f"  {label:<{_LABEL_WIDTH}}{first}", *(" " * (_LABEL_WIDTH + 2) + line for line in rest)]
    )
