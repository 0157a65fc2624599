"""Clipboard contents as Word, Google Docs and LibreOffice write them, for the tests of pasting."""

WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"
xmlns:w="urn:schemas-microsoft-com:office:word"><head><meta name=Generator
content="Microsoft Word 15"><!--[if gte mso 9]><xml><w:WordDocument></w:WordDocument></xml>
<![endif]--><style><!-- p.MsoNormal, li.MsoNormal {{margin:0cm;font-size:11.0pt}}
p.MsoListParagraph {{margin-left:36.0pt;}}
@list l0:level2 {{mso-level-number-format:alpha-lower;}} --></style></head>
<body lang=EN-GB><!--StartFragment-->{}<!--EndFragment--></body></html>"""
MARKER = (
    "<![if !supportLists]><span lang=EN-GB><span style='mso-list:\nIgnore'>{}<span "
    "style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp;&nbsp;\n</span></span></span><![endif]>"
)


def word(*blocks: str) -> str:
    """Return the HTML that Word puts on the clipboard for some blocks."""
    return WORD.format("\n\n".join(blocks))


def word_item(words: str, marker: str, level: int = 1, *, list_id: str = "l0", margin: float = 0):
    """Return a list paragraph of Word, with the number or bullet that Word writes before it."""
    return (
        f"<p class=MsoListParagraphCxSpMiddle style='margin-left:{margin}pt;mso-add-space:\nauto;"
        f"text-indent:-18.0pt;mso-list:{list_id} level{level} lfo1'>{MARKER.format(marker)}"
        f"<span lang=EN-GB>{words}<o:p></o:p></span></p>"
    )


def word_more(words: str, margin: float = 0) -> str:
    """Return an unnumbered paragraph in a list of Word."""
    return (
        f"<p class=MsoListParagraphCxSpMiddle style='margin-left:{margin}pt;mso-add-space:\nauto'>"
        f"<span lang=EN-GB>{words}<o:p></o:p></span></p>"
    )


def word_heading(words: str, level: int = 1, marker: str = "") -> str:
    """Return a heading of Word, with a number or bullet if one is given."""
    style = f" style='margin-left:36.0pt;mso-list:l4 level{level} lfo1'" if marker else ""
    typed = MARKER.format(marker) if marker else ""
    return f"<h{level}{style}>{typed}<span lang=EN-GB>{words}<o:p></o:p></span></h{level}>"


WORD_FOOTNOTES = word(
    "<p class=MsoNormal>He was tried.<a style='mso-footnote-id:ftn1' href=\"#_ftn1\" "
    'name="_ftnref1" title=""><span class=MsoFootnoteReference><span '
    "style='mso-special-character:footnote'><![if !supportFootnotes]>[1]<![endif]></span></span>"
    '</a> And freed.<a style=\'mso-footnote-id:ftn2\' href="#_ftn2" name="_ftnref2"><span '
    "class=MsoFootnoteReference>[2]</span></a></p>",
    "<div style='mso-element:footnote-list'><![if !supportFootnotes]><br clear=all>"
    "<hr align=left size=1 width=\"33%\"><![endif]><div style='mso-element:footnote' id=ftn1>"
    '<p class=MsoFootnoteText><a style=\'mso-footnote-id:ftn1\' href="#_ftnref1" name="_ftn1">'
    '<span class=MsoFootnoteReference>[1]</span></a> See <a href="https://example.org/law">the '
    "law</a>, <i>article</i> 5.<o:p></o:p></p><p class=MsoFootnoteText>And 6.</p></div>"
    "<div style='mso-element:footnote' id=ftn2><p class=MsoFootnoteText><a "
    'style=\'mso-footnote-id:ftn2\' href="#_ftnref2" name="_ftn2"><span '
    "class=MsoFootnoteReference>[2]</span></a> In May.</p></div></div>",
)
GOOGLE_FOOTNOTES = (
    '<p class="c4"><span>He was tried</span><sup class="c1"><a href="#ftnt1" id="ftnt_ref1">[1]'
    '</a></sup><span>&nbsp;in May.</span></p><hr class="c10"><div><p class="c5"><a '
    'href="#ftnt_ref1" id="ftnt1">[1]</a><span>&nbsp;By the court.</span></p></div>'
)
LIBRE_FOOTNOTES = (
    '<p>He was tried<a class="sdfootnoteanc" name="sdfootnote1anc" href="#sdfootnote1sym"><sup>1'
    '</sup></a> in May.</p><div id="sdfootnote1"><p class="sdfootnote"><a class="sdfootnotesym" '
    'name="sdfootnote1sym" href="#sdfootnote1anc">1</a>By the court.</p></div>'
)
WIKI_FOOTNOTES = (
    '<p>He was tried<sup id="cite_ref-1"><a href="#cite_note-1">[1]</a></sup> in May.</p><ol><li '
    'id="cite_note-1"><span><b><a href="#cite_ref-1">^</a></b></span> <span>By the court.</span>'
    "</li></ol>"
)
WORD_TABLE = word(
    "<table class=MsoTableGrid border=1><tr style='mso-yfti-irow:0;mso-yfti-firstrow:yes'>"
    "<td width=200 valign=top style='width:150pt'><p class=MsoNormal><b>Name<o:p></o:p></b></p>"
    "</td><td><p class=MsoNormal><b>Held since</b></p></td></tr><tr style='mso-yfti-irow:1;"
    "mso-yfti-lastrow:yes'><td><p class=MsoNormal>Anna Beispiel</p></td><td><p class=MsoNormal>"
    "2019</p></td></tr></table>",
)


def word_online_item(words: str, number: int = 0, level: int = 1) -> str:
    """Return a list item of Word for the web, with a bullet if it has no number."""
    tag, start = ("ol", f' start="{number}"') if number else ("ul", "")
    return (
        f'<div class="ListContainerWrapper BCX0"><{tag}{start} class="ListStyle1" role="list">'
        f'<li data-listid="5" data-aria-posinset="1" data-aria-level="{level}" role="listitem" '
        f'class="OutlineElement"><p class="Paragraph"><span class="TextRun">{words}</span><span '
        f'class="EOP" data-ccp-props="{{}}">&nbsp;</span></p></li></{tag}></div>'
    )


def google_item(words: str, sign: str = "decimal") -> str:
    """Return a list item of Google Docs; `sign` is the CSS list-style-type of its numbers."""
    return (
        f'<li dir="ltr" style="list-style-type:{sign};font-weight:400;text-decoration:none;'
        f'vertical-align:baseline;white-space:pre;" aria-level="1"><p dir="ltr"><span '
        f'style="font-weight:400;text-decoration:none;vertical-align:baseline">{words}</span></p>'
        "</li>"
    )
