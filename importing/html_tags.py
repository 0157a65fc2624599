"""HTML tags by their effect on the text."""

BLOCK_TAGS = frozenset(
    [
        "p", "div", "section", "article", "main", "header", "footer", "aside", "nav", "address",
        "figure", "figcaption", "center", "hr", "blockquote", "ul", "ol", "li", "dl", "dt", "dd",
        "table", "caption", "thead", "tbody", "tfoot", "tr", "pre", "form", "fieldset", "body",
        "html", "head", "h1", "h2", "h3", "h4", "h5", "h6",
    ]
)  # fmt: skip
INLINE_TAGS = frozenset(
    [
        "a", "abbr", "acronym", "b", "base", "bgsound", "big", "br", "button", "cite", "code",
        "define-tag", "del", "dfn", "em", "embed", "font", "frame", "frameset", "i", "iframe",
        "img", "input", "ins", "kbd", "label", "layer", "link", "map", "mark", "meta", "noscript",
        "object", "q", "s", "samp", "script", "select", "small", "span", "strike", "strong",
        "style", "sub", "sup", "svg", "td", "textarea", "th", "time", "title", "tt", "u", "url",
        "var", "wbr",
    ]
)  # fmt: skip
STRONG_TAGS = frozenset(["b", "strong"])
EMPHASIS_TAGS = frozenset(["i", "em"])
# Tags that are not reported: an editor loses nothing if they are dropped.
IGNORED_TAGS = (
    STRONG_TAGS
    | EMPHASIS_TAGS
    | frozenset(
        [
            "a",
            "span",
            "font",
            "base",
            "meta",
            "link",
            "wbr",
            "sub",
            "sup",
            "s",
            "strike",
            "del",
            "time",
            "cite",
        ]
    )
)
# Tags that have no closing tag.
VOID_TAGS = frozenset(
    [
        "area", "base", "bgsound", "col", "embed", "frame", "input", "link", "meta", "param",
        "source", "wbr",
    ]
)  # fmt: skip
TABLE_TAGS = frozenset(["caption", "thead", "tbody", "tfoot", "tr", "td", "th"])
