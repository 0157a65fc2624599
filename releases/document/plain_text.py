"""A document as plain text."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from releases.document.reading import Attribution, Document, text_of
from releases.document.schema import LISTS, uuid_in

if TYPE_CHECKING:
    from assets.models import MediaAsset


def render_text(
    document: Document,
    *,
    attributions: Mapping[int, Attribution],
    pictures: "Mapping[UUID, MediaAsset]",
) -> str:
    """Return a document as plain text, one paragraph a line, with a blank line between them."""
    parts: list[str] = []
    position = 0
    for node in document.root:
        if node.tag == "blockquote":
            position += 1
            parts += [text_of(p) for p in node.iterfind("p")]
            if (said := attributions.get(position)) and said.name:
                parts.append(f"– {', '.join(filter(None, [said.name, said.title]))}")
        elif node.tag == "figure":
            asset = uuid_in(node.get("data-asset"))
            if picture := pictures.get(asset) if asset else None:
                parts.append(f"[Picture: {picture.described()}]")
        elif node.tag in LISTS:
            numbered = node.tag == "ol"
            items = [text_of(item) for item in node.iterfind("li")]
            parts.append(
                "\n".join(
                    f"{f'{number}.' if numbered else '-'} {item}"
                    for number, item in enumerate(items, start=1)
                )
            )
        else:
            parts.append(text_of(node))
    return "\n\n".join(filter(None, parts))
