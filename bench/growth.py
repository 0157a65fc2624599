"""Measures how the processing time of untrusted texts grows with their size.

Each shape is pasted, saved, imported, searched for names or printed in three sizes. Each shape has
its own process, which is stopped after MAX_SECONDS of CPU time for all sizes together. The exponent
is the slope of the logarithm of the time over the logarithm of the size: 1 is linear, 2 is
quadratic. All times are CPU times. The CPU clock may have only 250 ticks a second. So if the
largest time is below FASTEST, the smallest is only one or two ticks, and no exponent is printed.
For a text that is rejected, the time is that until the error.

The largest size is GROWTH_SIZE characters (180,000 by default), just below the limit of a release.

    python bench/growth.py [WORD …]     only shapes with all of the words in their name
"""

import gc
import math
import multiprocessing
import os
import random
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pressroom.settings")

import django  # noqa: E402

django.setup()

from desk.pasting import clean_pasted  # noqa: E402
from importing import understand  # noqa: E402
from people.names import Name, NameIndex, letters  # noqa: E402
from releases.document import Document, clean, render_text  # noqa: E402

MAX_SECONDS = 60  # of CPU time per shape
RUNS = 3  # the best counts
FASTEST = 0.05  # seconds
MAX_EXPONENT = 1.2
WORDS = "The court said on Monday that the Government had detained eleven people in the north. "
SAID = "“We are free,” said Ana Brask. "
LEAD = "VALDRIA, 3 May 2021 — The court said on Monday that it had freed three people.\n\n"


@dataclass(frozen=True, slots=True)
class Shape:
    """A text that repeats one piece. `{}` in the piece is replaced by its number."""

    deed: str
    name: str
    piece: str
    before: str = ""
    after: str = ""
    closing: str = ""  # repeated as often as the piece, after all pieces
    max_pieces: int = 0

    def of(self, size: int) -> str:
        """Return the text with about `size` characters."""
        unit = len(self.piece.format(100_000)) + len(self.closing)
        number = max(size // unit, 1)
        number = min(number, self.max_pieces) if self.max_pieces else number
        pieces = "".join(self.piece.format(n) for n in range(number))
        return self.before + pieces + self.closing * number + self.after


def _shapes() -> list[Shape]:
    both = [
        ("nested div", "<div>", "x"),
        ("nested div, closed", "<div>", "x", "", "</div>"),
        ("nested quotations", "<blockquote>", "x"),
        ("nested lists", "<ul><li>", "x"),
        ("nested bold, each of its own class", '<b class="c{}">', "x"),
        ("nested tables", "<table><tr><td>", "x"),
        ("nesting hidden by closing tags", "<span><div></span></div>", "x"),
        ("nesting hidden in comments", "<div><!--</div>-->", "x"),
        ("nesting hidden in attributes", '<div title="</div>">', "x"),
        ("nested unknown tags", "<x{}>", "x"),
    ]
    shapes = [
        Shape(deed, name, piece, before=rest[1] if len(rest) > 1 else "", after=rest[0],
              closing=rest[2] if len(rest) > 2 else "")
        for deed in ("paste", "save")
        for name, piece, *rest in both
    ]  # fmt: skip
    html = [
        ("paragraphs", f"<p>{WORDS}</p>", "", ""),
        ("one paragraph", WORDS, "<p>", "</p>"),
        ("one run of spaces", " ", "<p>a", "b</p>"),
        ("spaces that do not break", "\u00a0", "<p>a", "b</p>"),
        ("line breaks", "<br>", "<p>a", "b</p>"),
        ("paragraphs in 90 levels", "<p>Some words.</p>", "<div>" * 90, "</div>" * 90),
        ("paragraphs in 90 bold levels", "<p>Some words.</p>", "<b>" * 90, "</b>" * 90),
        ("paragraphs in 45 quotations", "<p>Some words.</p>", "<blockquote>" * 45,
         "</blockquote>" * 45),
        ("items in 45 lists", "<li>Some words.</li>", "<ul><li>" * 45, "</li></ul>" * 45),
        ("bold that is reopened in each paragraph", "<p>x",
         "<p>" + "".join(f'<b class="c{n}">' for n in range(80)) + "</p>", ""),
        ("bold in 80 classes around divisions", "<div>x</div>",
         "<p>" + "".join(f'<b class="c{n}">' for n in range(80)), ""),
        ("lists in one list", "<ul><li>Some words.</li></ul>", "<ul><li>a</li>", "</ul>"),
        ("quotations in one list", "<li><blockquote>Some words.</blockquote></li>", "<ul>",
         "</ul>"),
        ("quotations", "<blockquote><p>“Some words.”</p></blockquote>", "", ""),
        ("bold words", "<b>a</b> b ", "<p>", "</p>"),
        ("bold and slanted words in turn", "<b><i>a</i></b><i><b>a</b></i>", "<p>", "</p>"),
        ("links", '<a href="https://a.example/{}">a</a> ', "<p>", "</p>"),
        ("attributes of one tag", " a{}=x", "<p", ">x</p>"),
        ("one attribute again and again", " style=x", "<p", ">x</p>"),
        ("classes of one tag", "c{} ", '<p class="', '">x</p>'),
        ("signs <", "<", "<p>", "</p>"),
        ("signs &", "&a", "<p>", "</p>"),
        ("comments that never close", "<!--", "<p>a", ""),
        ("cells", "<tr><td>a<td>b", "<table>", ""),
        ("empty paragraphs", "<p></p>", "", "<p>x</p>"),
        ("tables", "<table><tr><td>a<td>b</table>", "", ""),
        ("tables with wide cells", "<table><tr><td colspan=100 rowspan=100>a</table>", "", ""),
        ("one row of a table", "<td>a", "<table><tr>", ""),
        ("rows of one table", "<tr><td>a", "<table>", ""),
        ("tables in tables", "<table><tr><td>a</table>", "<table><tr><td>" * 20, ""),
        ("captions", "<table><caption>a</caption></table>", "", ""),
        ("footnotes", 'a<span data-footnote="{}">b</span>', "<p>", "</p>"),
        ("one footnote again and again", 'a<span data-footnote="1">b</span>', "<p>", "</p>"),
        ("blanks in bold", "<b> </b>", "<p>a", "b</p>"),
        ("blanks in bold in turn", "<b> </b>\u00a0", "<p>a", "b</p>"),
        ("background in background", '<section data-kind="background">a</section>',
         '<section data-kind="background">' * 45, "</section>" * 45),
        ("raised signs", "a<sup>1</sup>", "<p>", "</p>"),
        ("headings of the second level", "<h3>a</h3>", "", ""),
        ("one link around paragraphs", "<div>a</div>",
         f'<a href="https://a.example/{"a" * 1_900}">', "</a>"),
    ]  # fmt: skip
    shapes += [
        Shape(deed, name, piece, before, after)
        for deed in ("paste", "save")
        for name, piece, before, after in html
    ]
    shapes += [
        Shape("paste", "list paragraphs of Word", '<p style="mso-list:l0 level1 lfo1">'
              '<span style="mso-list:Ignore">1.</span>a</p>'),
        Shape("paste", "list paragraphs of Word in turn", '<p style="mso-list:l0 level1 lfo1">'
              '<span style="mso-list:Ignore">1.</span>a</p><p>b</p>'),
        Shape("paste", "list paragraphs of Word that go deeper",
              '<p style="mso-list:l0 level{} lfo1">a</p>'),
        Shape("paste", "hidden text", '<span style="display:none">a</span>b', "<p>", "</p>"),
        Shape("paste", "one long style", "font-weight :", '<p style="', '">x</p>'),
        Shape("paste", "blanks in a style", " ", '<p style="display:', 'x">x</p>'),
        Shape("paste", "bold by styles", '<span style="font-weight:bold">a</span>', "<p>", "</p>"),
        Shape("paste", "bold by styles, nested 90 deep", "<p>a</p>",
              '<div style="font-weight:bold">' * 90, "</div>" * 90),
    ]  # fmt: skip
    imports = [
        ("paragraphs", WORDS + "\n\n", LEAD),
        ("one paragraph", WORDS, LEAD),
        ("one paragraph of speakers", SAID, LEAD),
        ("one paragraph of “…,” said …", "“…,” said … ", LEAD),
        ("capitalised words", "Ana Brask ", LEAD),
        ("capitalised words that differ", "Ana B{}rask ", LEAD),
        ("capitalised names that differ", "the lawyer Ana Bra{}sk, ", LEAD),
        ("one word", "a", LEAD),
        ("one capitalised word", "Aa", LEAD),
        ("hyphens in one word", "Aa-", LEAD),
        ("full stops", ".", LEAD + "A word "),
        ("initials", "A.", LEAD),
        ("commas", ", ", LEAD + "Ana Brask"),
        ("quotation marks", "“", LEAD),
        ("quotation marks in turn", "“a” ", LEAD),
        ("straight quotation marks", '" ', LEAD),
        ("brackets", "[", LEAD),
        ("round brackets", "(", LEAD),
        ("links in brackets", "[a](", LEAD),
        ("pictures that never close", "![a", LEAD),
        ("pictures", "![a](b{}.jpg)\n\n", LEAD),
        ("stars", "*", LEAD + "a "),
        ("stars in turn", "*a **b ", LEAD),
        ("underscores", "_a ", LEAD),
        ("backticks", "`", LEAD + "a"),
        ("backticks in turn", "`a ``b ", LEAD),
        ("blanks", " ", LEAD + "a"),
        ("tabs and blanks in turn", "a   ", LEAD + "a"),
        ("line ends", "\n", LEAD + "a"),
        ("blanks and line ends in turn", " \n", LEAD + "a"),
        ("short lines", "a\n", LEAD),
        ("hashes", "#", LEAD + "a\n\n"),
        ("dashes", "-", LEAD + "a "),
        ("dashes in turn", "- ", LEAD + "a "),
        ("signs of a table", "-:|", LEAD + "a\n\n|"),
        ("digits", "1", LEAD + "a "),
        ("days", "3 May ", LEAD),
        ("months", "May ", LEAD + "3 "),
        ("dates of the week", "Monday, ", LEAD),
        ("items", "- a\n", LEAD),
        ("quoted lines", "> a\n", LEAD),
        ("prisoners of conscience", "The prisoner of conscience Ana Brask is ill. ", LEAD),
        ("statements", "Ana Brask made the following statement: ", LEAD),
        ("signs <", "<", LEAD + "a "),
        ("tags that never close", "<a b", LEAD + "a "),
        ("quotation marks in a tag", "<a b='", LEAD + "a "),
        ("comments", "<!-- a -->", LEAD + "a "),
        ("comments that never close", "<!--", LEAD + "a "),
        ("scripts that never close", "<script>", LEAD + "a "),
        ("scripts", "<script>a</script>", LEAD + "a "),
        ("scripts whose tag never closes", "<script ", LEAD + "a "),
        ("pictures in one paragraph", "![a](b{}.jpg)\n", LEAD),
        ("dates above the text", "3 May 2021\n", "# A title\n"),
        ("blanks in a heading", " ", LEAD + "# a", "b\n"),
        ("capitals in the words of a picture", "A", LEAD + '<p>a</p><img src="a.jpg" alt="', '">'),
        ("silent tags that close each other", "<svg></svg ", LEAD + "a "),
        ("character references", "&amp;", LEAD + "a "),
        ("signs &", "&a", LEAD + "a "),
        ("front matter", "a{}: b\n", "---\ntitle: A title\n"),
        ("front matter of one key", "  b\n", "---\ntitle: A title\n"),
        ("nested tags", "<b>", LEAD + "a "),
        ("nested tags, closed in turn", "<b><i>a</b>", LEAD + "a "),
        ("nested lists", "<ul><li>a", LEAD),
        ("nested quotations", "<blockquote>a", LEAD),
        ("line breaks", "<br>", LEAD + "a "),
        ("cells", "<tr><td>a<td>b", LEAD + "<table>"),
        ("a list item of many tags", "<p>", LEAD + "<ul><li>"),
        ("attributes of one tag", " a{}=x", LEAD + "<p", ">x</p>"),
        ("macros of WML", "#a\\\n", "#use wml::a\n"),
        ("JSON that never closes", '[{{"a": ', "", ""),
        ("capitals", "ANA BRASK ", LEAD),
        ("Chinese", "法院星期一表示政府拘留了十一人。", LEAD),
        ("Arabic", "قالت المحكمة يوم الاثنين ", LEAD),
        ("marks that combine", "\u0301", LEAD + "a"),
        ("signs of a wrong conversion", "â€œ", LEAD + "a "),
    ]
    shapes += [
        Shape(f"import {format}", name, piece, *rest)
        for format in ("text", "markdown", "html")
        for name, piece, *rest in imports
    ]
    searched = [
        ("words", WORDS), ("one name", "Ana Brask "), ("names that differ", "Ana B{}rask "),
        ("single letters", "A "), ("initials", "A. "), ("initials of one name", "A.B."),
        ("apostrophes", "A’"), ("commas", "Brask, "), ("quotation marks", "“a "),
        ("brackets", "("), ("hashtags", "#AnaBrask"), ("one hashtag", "Ana"), ("Chinese", "安娜布"),
        ("Chinese apart", "安 "), ("marks that combine", "\u0301"), ("joiners", "\u200d"),
        ("escaped blanks", "%20a"), ("titles", "Dr "), ("parts of a name", "Ana "),
        ("exact names", "Falcon "), ("last names with initials", "J. Brask "),
        ("both forms of one name", "Ana Brask, A. Brask, "),
        ("Chinese names apart", "安娜布 “安” "),
        ("Hangul", "\u1100\u1161"), ("letters that look Latin", "Аnа Вrаsk "),
    ]  # fmt: skip
    shapes += [Shape("names", name, piece) for name, piece in searched]
    printed = [
        ("paragraphs", f"<p>{WORDS}</p>\n"), ("bold words", "<strong>a</strong> b "),
        ("quotations", "<blockquote><p>“Some words.”</p></blockquote>\n"),
        ("sections", "<h2>A heading</h2>\n<p>Some words.</p>\n"),
        ("items", "<ul><li><p>Some words.</p></li></ul>\n"),
        ("footnotes", 'a<span data-footnote="1">b</span>c'),
        ("tables", "<table><tbody><tr><td><p>a</p></td></tr></tbody></table>\n"),
        ("raised signs", "a<sup>1</sup>"),
    ]  # fmt: skip
    return [*shapes, *(Shape("print", name, piece) for name, piece in printed)]


SHAPES = _shapes()


def _index() -> NameIndex:
    index = NameIndex()
    chance = random.Random(1)  # noqa: S311  # the same each time
    for number in range(300):
        name = "".join(chance.choice(["ba", "ke", "lo", "mi", "ra"]) for _ in range(3)).capitalize()
        index.add(UUID(int=number), [f"Ana {name}"])
    index.add(UUID(int=1_000), ["Ana Brask"])
    index.add(UUID(int=1_001), ["安娜布"])
    index.add(UUID(int=1_002), [Name("Falcon", exact=True)])
    return index


INDEX = _index()


def _imported(text: str, format: str) -> None:
    understand(text.encode(), "a", format)


def _searched(text: str) -> None:
    INDEX.matches(text)
    INDEX.find([text])
    letters(text)


def _printed(text: str) -> None:
    from releases.document.page_html import _OnPage

    document = Document(text)
    _OnPage().print(document)
    render_text(document, attributions={}, pictures={})
    document.find_pull_quote("Some words that are not in the text")


DEEDS: dict[str, Callable[[str], object]] = {
    "paste": clean_pasted,
    "save": clean,
    "import text": lambda text: _imported(text, "text"),
    "import markdown": lambda text: _imported(text, "markdown"),
    "import html": lambda text: _imported(text, "html"),
    "names": _searched,
    "print": _printed,
}


def timed(shape: Shape, size: int, runs: int = 1) -> tuple[float, str]:
    """Return the CPU seconds of a shape, and the name of the error if it was rejected."""
    text, best, refused = shape.of(size), math.inf, ""
    for _ in range(runs):
        began = time.process_time()
        try:
            DEEDS[shape.deed](text)
        except ValueError as problem:  # UnreadableTextError, NotAReleaseError
            refused = type(problem).__name__
        best = min(best, time.process_time() - began)
    return best, refused


def exponent(sizes: list[int], times: list[float]) -> float:
    """Return the slope of the regression of log time over log size."""
    xs, ys = [math.log(size) for size in sizes], [math.log(max(t, 1e-5)) for t in times]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return slope / sum((x - mean_x) ** 2 for x in xs)


def _in_a_process(shape: Shape, sizes: list[int], pipe) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    gc.disable()  # its time depends on all objects in this process
    for size in sizes:
        pipe.send(timed(shape, size, RUNS))


def measured(shape: Shape, sizes: list[int]) -> list[tuple[float, str]]:
    """Return the result of `timed()` for each size, up to the size at which it was stopped."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(
        target=_in_a_process, args=(shape, sizes, there)
    )
    process.start()
    there.close()
    found = []
    try:
        while len(found) < len(sizes):
            found.append(here.recv())
    except EOFError:
        pass
    process.join()
    return found


def main() -> None:
    largest = int(os.environ.get("GROWTH_SIZE", "180000"))
    sizes = [largest // 4, largest // 2, largest]
    wanted = [s for s in SHAPES if all(w in f"{s.deed} {s.name}" for w in sys.argv[1:])]
    print(f"{'':58}" + "".join(f"{size:>10,}" for size in sizes) + "  exponent")
    worst = 0.0
    for shape in wanted:
        found = measured(shape, sizes)
        times = [took for took, _ in found]
        name = f"{shape.deed}: {shape.name}"
        row = "".join(f"{took:9.3f}s" for took in times)
        if len(times) < len(sizes):
            print(f"{name:58}{row}   stopped after {MAX_SECONDS} s", flush=True)
            worst = math.inf
            continue
        slope = exponent(sizes, times)
        shown = f"{slope:8.2f}" if times[-1] >= FASTEST else "        "
        worst = max(worst, slope if times[-1] >= FASTEST else 0)
        mark = " <<<" if times[-1] >= FASTEST and slope > MAX_EXPONENT else ""
        print(f"{name:58}{row}{shown}  {found[-1][1]}{mark}", flush=True)
    print(f"{len(wanted)} shapes; the largest exponent is {worst:.2f}")


if __name__ == "__main__":
    main()
