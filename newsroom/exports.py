"""A release as a file: plain text, and ninjs 3.1 of the IPTC. Both print what the page prints."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from django.utils import timezone
from django.utils.formats import date_format
from django_countries.fields import Country

from assets.models import CONTENT_TYPES, MediaAsset
from newsroom.page import WITHHELD, ReleasePage
from newsroom.structured import filled, modified
from releases.document import Attribution, Document, render_text
from releases.models import Correction, Release
from storing.texts import clean_text

NINJS_TYPES = {"image": "picture", "document": "component", "audio": "audio", "video": "video"}
STANDARD = {
    "name": "ninjs",
    "version": "3.1",
    "schema": "https://www.iptc.org/std/ninjs/ninjs-schema_3.1.json",
}


def as_text(page: ReleasePage, origin: str, publisher: str) -> str:
    """Return a release as plain text, in the order of its page, one paragraph a line."""
    parts = [
        *(words for _, words in lines_above(page, publisher)),
        page.text,
    ]
    for heading, below in sections_below(page, origin):
        parts.append(heading)
        parts.append(_as_plain(below) if isinstance(below, Document) else "\n".join(below))
    return clean_text("\n\n".join(filter(None, parts)), multiline=True) + "\n"


def as_ninjs(page: ReleasePage, origin: str, publisher: str) -> dict[str, Any]:
    """Return a public release as ninjs; a correction raises the version and stands in the note."""
    release = page.release
    places = [
        {"name": str(country.name), "rel": "about", "literal": country.code}
        for country in cast("Iterable[Country]", release.countries)
    ]
    further = [asset for asset in page.offered if asset != page.poster]
    pictures = [("mainpicture", page.poster)] if page.poster else []
    pictures += [(f"{asset.kind}{n}", asset) for n, asset in enumerate(further, start=1)]
    return _printable(
        {
            "uri": f"urn:uuid:{release.pk}",
            "type": "text",
            "representationType": "full",
            "profile": release.get_kind_display(),
            "version": str(1 + len(page.corrections)),
            "firstCreated": release.publish_at and release.publish_at.isoformat(),
            "versionCreated": modified(page, to_the_day=False),
            "pubStatus": "usable",
            "edNote": " ".join([*map(corrected, page.corrections), *_since(page)]),
            "language": release.language,
            "headlines": _texts("main", release.title),
            "descriptions": [
                *_texts("summary", page.description),
                *_texts("pull quote", _pulled(release.pull_quote, page.pull_quote)),
            ],
            "bodies": [
                *_texts("main", page.text),
                *_texts("main", str(page.release_html(origin)), "text/html"),
                *_texts("notes to editors", _as_plain(Document(release.notes_to_editors))),
            ],
            "by": publisher,
            "located": release.dateline_place,
            "people": [*_speaker(page), *_mentioned(page)],
            "places": places,
            "subjects": [{"name": topic.name, "rel": "about"} for topic in release.topics.all()],
            "copyrightHolder": publisher,
            "altIds": [{"role": "web", "value": origin + release.get_absolute_url()}],
            "associations": [_picture(name, shown, page, origin) for name, shown in pictures],
            "standard": STANDARD,
        }
    )


def withdrawn_ninjs(release: Release) -> dict[str, Any]:
    """Return what ninjs says of a withdrawn release: that it is, since when and why."""
    at = release.withdrawn_at.isoformat() if release.withdrawn_at else ""
    return _printable(
        {
            "uri": f"urn:uuid:{release.pk}",
            "type": "text",
            "versionCreated": at,
            "pubStatus": "canceled",
            "edNote": release.withdrawal_reason,
            "standard": STANDARD,
        }
    )


def lines_above(page: ReleasePage, publisher: str) -> Iterator[tuple[str, str]]:
    """Yield what stands above the text: the name of a style of Word, and the words."""
    release = page.release
    yield "Normal", f"{release.get_kind_display()} · {publisher}"
    if when := " · ".join(filter(None, [release.dateline_place, _when(release)])):
        yield "Normal", when
    yield "Title", release.title
    if release.standfirst:
        yield "Subtitle", release.standfirst
    if pulled := _pulled(release.pull_quote, page.pull_quote):
        yield "Intense Quote", pulled
    if page.poster:
        yield "Normal", f"[Picture: {page.poster.described()}]"


def sections_below(page: ReleasePage, origin: str) -> Iterator[tuple[str, list[str] | Document]]:
    """Yield what stands below the text: a heading, and a document or lines."""
    release = page.release
    if release.notes_to_editors:
        yield "Notes to editors", Document(release.notes_to_editors)
    if page.corrections:
        yield "Corrections", [corrected(one) for one in page.corrections]
    if page.since:
        yield "Since this was published", _since(page)
    contacts = [
        ", ".join(filter(None, [contact.name, contact.phone, contact.email, contact.hours]))
        for contact in release.shown_contacts
    ]
    if contacts:
        yield "Press contact", contacts
    if not page.preview:
        yield "", [f"{origin}{release.readable_path}", f"Release {release.pk}"]


def _texts(role: str, value: str, content_type: str = "text/plain") -> list[dict[str, str]]:
    """Return a text as ninjs lists them; none where it is empty, which the schema refuses."""
    return [{"role": role, "contentType": content_type, "value": value}] if value else []


def _speaker(page: ReleasePage) -> list[dict[str, str | None]]:
    """Return whose words the pull quote are, as far as the page prints a name."""
    said = page.pull_quote
    if said is None or not said.name or said == WITHHELD:
        return []
    uri = f"urn:uuid:{said.person.pk}" if said.person else None
    return [{"name": said.name, "rel": "speaker", "uri": uri}]


def _mentioned(page: ReleasePage) -> list[dict[str, str | None]]:
    return [
        {"name": person.display_name, "rel": "mentions", "uri": f"urn:uuid:{person.pk}"}
        for person in page.people
    ]


def _as_plain(document: Document) -> str:
    return render_text(document, attributions={}, pictures={})


def _since(page: ReleasePage) -> list[str]:
    """Return what became of people in the release, a sentence each."""
    return [f"{person.display_name}: {words}." for person, words in page.since.items()]


def _when(release: Release) -> str:
    if release.publish_at is None:
        return ""
    local = timezone.localtime(release.publish_at)
    if release.day_only:
        return date_format(local, "j F Y")
    return f"{date_format(local, 'j F Y, H:i')} {local.tzname()}"


def _pulled(words: str, said: Attribution | None) -> str:
    if said is None:
        return ""
    return f"{words}\n– {', '.join(filter(None, [said.name, said.title]))}"


def corrected(correction: Correction) -> str:
    """Return a correction as one line, with its time and zone."""
    local = timezone.localtime(correction.at)
    when = f"{date_format(local, 'j F Y, H:i')} {local.tzname()}"
    return f"Correction, {when}: {correction.text}"


def _picture(name: str, picture: MediaAsset, page: ReleasePage, origin: str) -> dict[str, Any]:
    made = picture.renditions.get("styles", {}) or {
        style: {"width": 0, "height": 0, "formats": {extension: picture.weight}}
        for style, extension in [picture.press]
    }
    return {
        "name": name,
        "uri": f"urn:uuid:{picture.pk}",
        "type": NINJS_TYPES[picture.kind],
        "headlines": _texts("alternative", picture.alt_text),
        "descriptions": _texts("caption", picture.caption),
        "by": picture.credit_line,
        "copyrightNotice": picture.copyright_notice,
        "usageTerms": picture.usage_terms,
        "renditions": [
            {
                "name": style,
                "href": origin + page.picture_url(picture, style, extension),
                "contentType": CONTENT_TYPES[extension],
                "width": size["width"] or None,
                "height": size["height"] or None,
                "sizeInBytes": size["formats"][extension] or None,
            }
            for style, size in made.items()
            for extension in size["formats"]
        ],
    }


def _printable(value: Any) -> Any:
    """Return JSON data without what is empty, and without what no other format could hold."""
    filtered = filled(value)
    if isinstance(filtered, dict):
        return {key: _printable(item) for key, item in filtered.items()}
    if isinstance(filtered, list):
        return [_printable(item) for item in filtered]
    return clean_text(filtered, multiline=True) if isinstance(filtered, str) else filtered
