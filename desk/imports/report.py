"""What an editor reads of an import: what was understood, guessed, found, missing and left out."""

from collections import Counter
from collections.abc import Iterator, Sequence
from textwrap import indent, wrap

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from desk.imports.comparing import left_out
from desk.imports.language_messages import language_words
from desk.imports.messages import sentence
from importing import Accounting, PersonSuggestion, Poster, Understood
from importing.accounting import Difference
from releases.document import Document, Quotation
from releases.document.blocks import flat
from releases.models import Release

_WIDTH = 96
_LABEL = 12
_LONGEST_PIECE = 200  # characters of a piece that is quoted
_MOST_PIECES = 200  # that are quoted of one kind

# What the parts of a file are called; `importing` knows them by these codes.
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
    "page furniture": gettext_lazy("page furniture"),
    "hidden words": gettext_lazy("hidden words"),
    "struck-out words": gettext_lazy("struck-out words"),
    "footnotes": gettext_lazy("footnotes"),
    "page title": gettext_lazy("title of the page"),
    "mail headers": gettext_lazy("mail headers"),
    "mail signature": gettext_lazy("signature of the mail"),
    "end mark": gettext_lazy("end mark"),
    "front matter": gettext_lazy("front matter"),
    "markup": gettext_lazy("markup"),
}


def report(understood: Understood, stored: Difference, remarks: Sequence[str] = ()) -> str:
    """Return the report of an import as plain text, for a terminal and the admin alike.

    `stored` is what the draft does not have in common with the file; `remarks` are further
    sentences on what the draft could not hold.
    """
    notes = [*(capfirst(sentence(note)) for note in understood.notes), *remarks]
    parts = [
        f"{understood.filename} ({understood.format}, {understood.encoding})",
        "\n".join(_understood(understood)),
        *_guessed(understood),
        *_people(understood),
        *_list(
            _("Called a prisoner of conscience, offered and not recorded"),
            [f"{one.name}: “{one.sentence.strip('“”')}”" for one in understood.designations],
        ),
        *_list(_("Missing"), [sentence(note) for note in understood.missing]),
        *_list(_("Please note"), notes),
        "\n".join(_accounting(understood, stored)),
    ]
    return "\n\n".join(parts) + "\n"


def poster_name(poster: Poster) -> str:
    return poster.name or _("a picture inside the file")


def _understood(understood: Understood) -> Iterator[str]:
    kind = str(Release.Kind(understood.kind).label)
    if understood.kicker:
        words = {"kind": kind.lower(), "kicker": understood.kicker}
        yield _row(_("kind"), _("%(kind)s, from the kicker “%(kicker)s”") % words)
    else:
        yield _row(_("kind"), _("%(kind)s, assumed") % {"kind": kind.lower()})
    yield _row(_("title"), _title(understood))
    if understood.standfirst:
        yield _row(_("standfirst"), understood.standfirst)
    if understood.dateline_place:
        yield _row(_("place"), understood.dateline_place)
    yield _row(_("language"), language_words(understood.language_guess))
    if lifted := understood.pull_quote:
        speaker = lifted.speaker or _("speaker not found")
        yield _row(_("pull quote"), f"“{lifted.text}” – {speaker}")
    for poster in understood.posters:
        yield _row(_("picture"), _picture(poster))
    yield from _text(understood)


def _title(understood: Understood) -> str:
    if understood.title_from == "guessed":
        return _("%(title)s (guessed)") % {"title": understood.title}
    if understood.title_from == "offered":
        offered = {"title": understood.offered_title}
        return _("none found; the first sentence is offered: “%(title)s”") % offered
    return understood.title or _("none found")


def _text(understood: Understood) -> Iterator[str]:
    document = Document(understood.body_html)
    tags = Counter(block.tag for block in document.walk())
    headings, quotations, tables = tags["h2"] + tags["h3"], tags["blockquote"], tags["table"]
    lists = tags["ul"] + tags["ol"]
    further = sum(block.tag == "p" for block in flat(document.blocks))
    blocks = [
        (headings, ngettext("%(count)s heading", "%(count)s headings", headings)),
        (quotations, ngettext("%(count)s quotation", "%(count)s quotations", quotations)),
        (lists, ngettext("%(count)s list", "%(count)s lists", lists)),
        (tables, ngettext("%(count)s table", "%(count)s tables", tables)),
        (
            further,
            ngettext("%(count)s further paragraph", "%(count)s further paragraphs", further),
        ),
    ]
    counted = ", ".join(words % {"count": count} for count, words in blocks if count)
    yield _row(_("text"), counted)
    for quotation in document.quotations:
        yield _row(_("quotation"), _quoted(quotation))


def _quoted(quotation: Quotation) -> str:
    count = len(quotation.paragraphs)
    paragraphs = ngettext("%(count)s paragraph", "%(count)s paragraphs", count) % {"count": count}
    words = {
        "paragraphs": paragraphs,
        "speaker": ", ".join(filter(None, [quotation.name, quotation.title])),
        "start": " ".join(quotation.text.split()[:8]),
    }
    if words["speaker"]:
        return _("%(paragraphs)s by %(speaker)s: %(start)s …") % words
    return _("%(paragraphs)s, speaker not found: %(start)s …") % words


def _picture(poster: Poster) -> str:
    words = {"name": poster_name(poster), "credit": poster.credit_guess}
    if poster.occurrences > 1:
        words["name"] = _("%(name)s (%(times)s times in the file, kept once)") % {
            "name": words["name"],
            "times": poster.occurrences,
        }
    if poster.credit_guess:
        return _("%(name)s; credit “%(credit)s”, guessed from its name") % words
    return _("%(name)s; credit unknown") % words


def _guessed(understood: Understood) -> Iterator[str]:
    rows = []
    if guess := understood.date_guess:
        words = {
            "day": date_format(guess.date, "j F Y"),
            "reasons": "; ".join(sentence(reason) for reason in guess.reasons),
        }
        rows.append(_row(_("date"), _("%(day)s, because %(reasons)s") % words))
    if understood.relative_dates:
        dates = ", ".join(f"“{date}”" for date in understood.relative_dates)
        counts = ngettext(
            "%(dates)s counts from the day of the release",
            "%(dates)s count from the day of the release",
            len(understood.relative_dates),
        ) % {"dates": dates}
        rows.append(_row(_("in the text"), counts))
    if rows:
        heading = _("Guessed, and set nowhere") if understood.date_guess else _("No date found")
        yield "\n".join([heading, *rows])


def _people(understood: Understood) -> Iterator[str]:
    if understood.people:
        rows = [_row("", _person(person)) for person in understood.people]
        yield "\n".join([_("People found, suggested and not created"), *rows])


def _person(person: PersonSuggestion) -> str:
    words = person.title or person.descriptor
    pieces = [f"{person.name} – {words}" if words else person.name]
    if person.also:
        pieces.append(_("also %(names)s") % {"names": ", ".join(f"“{one}”" for one in person.also)})
    if person.speaker:
        pieces.append(_("is quoted"))
    return f"{', '.join(pieces)} ({person.count}×)"


def _accounting(understood: Understood, stored: Difference) -> Iterator[str]:
    accounting = understood.accounting
    words = {"total": accounting.total, "verdict": _verdict(accounting, stored)}
    yield _("Words: %(total)s in the file, %(verdict)s") % words
    yield _row("", ", ".join(f"{_called(part)} {count}" for part, count in accounting.parts))
    for label, quotes in (
        (_("lost"), stored.lost),
        (_("too often"), stored.doubled),
        (_("not read"), accounting.left_out),
    ):
        for quote in quotes[:_MOST_PIECES]:
            yield _row(label, f"“{quote}”")
        if (more := len(quotes) - _MOST_PIECES) > 0:
            yield _row(label, _and_more(more))
    dropped: dict[str, list[str]] = {}
    for part, text in left_out(understood):
        piece = text if len(text) <= _LONGEST_PIECE else text[: _LONGEST_PIECE - 1] + "…"
        dropped.setdefault(part, []).append(f"“{piece}”")
    if dropped:
        yield _("Left out of the draft on purpose")
        for part, pieces in dropped.items():
            more = len(pieces) - _MOST_PIECES
            said = [*pieces[:_MOST_PIECES], *([_and_more(more)] if more > 0 else [])]
            yield _row("", f"{_called(part)}: {', '.join(said)}")


def _and_more(count: int) -> str:
    words = ngettext("and %(count)s more piece", "and %(count)s more pieces", count)
    return words % {"count": number_format(count, force_grouping=True)}


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
    found = [sentences[what] % counts for what in sentences if counts[what]]
    if stored.moved:
        found.append(_("some stand in another order in the draft"))
    return ", ".join(found) or _("all accounted for in the draft")


def _called(part: str) -> str:
    return str(_PARTS.get(part, part))


def _list(heading: str, sentences: Sequence[str]) -> Iterator[str]:
    if sentences:
        yield "\n".join([heading, *(_row("", sentence) for sentence in sentences)])


def _row(label: str, words: str) -> str:
    """Return words, wrapped, beside their label; without one, a point of a list."""
    if not label:
        return indent("\n".join(wrap(words, _WIDTH - 4)), "    ").replace("    ", "  - ", 1)
    lines = wrap(words, _WIDTH - _LABEL - 2) or [""]
    first, *rest = lines
    return "\n".join([f"  {label:<{_LABEL}}{first}", *(" " * (_LABEL + 2) + line for line in rest)])
