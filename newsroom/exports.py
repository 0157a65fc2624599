"""A release as plain text and as ninjs 3.1 (IPTC). Both contain what the page prints."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, cast

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django_countries.fields import Country

from assets.models import CONTENT_TYPES, MediaAsset
from newsroom.page import ReleasePage
from newsroom.structured import filled, modified
from releases.document import Document, render_text
from releases.models import Correction, Release
from storing.texts import clean_text

NINJS_TYPES = {"image": "picture", "document": "component", "audio": "audio", "video": "video"}
STANDARD = {
    "name": "ninjs",
    "version": "3.1",
    "schema": "https://www.iptc.org/std/ninjs/ninjs-schema_3.1.json",
}


def as_text(page: ReleasePage, origin: str, publisher: str) -> str:
    """Return a release as plain text in the order of its page, one paragraph per line."""
    parts = [
        *(line for _style, line in header_lines(page, publisher)),
        page.text,
    ]
    for heading, content in footer_sections(page, origin):
        parts.append(heading)
        parts.append(_as_plain(content) if isinstance(content, Document) else "\n".join(content))
    return clean_text("\n\n".join(filter(None, parts)), multiline=True) + "\n"


def withdrawn_text(release: Release) -> str:
    """Return the notice that replaces every file of a withdrawn release."""
    notice = _("This release was withdrawn.")
    return f"{notice}\n\n{release.withdrawal_reason}\n"


def ninjs(page: ReleasePage, origin: str, publisher: str) -> str:
    """Return a public release as ninjs.

    Each correction increases the version and appears in `edNote`.
    """
    release = page.release
    places = [
        {"name": str(country.name), "rel": "about", "literal": country.code}
        for country in cast("Iterable[Country]", release.countries)
    ]
    others = [asset for asset in page.downloadable_assets if asset != page.poster]
    pictures = [("mainpicture", page.poster)] if page.poster else []
    pictures += [(f"{asset.kind}{n}", asset) for n, asset in enumerate(others, start=1)]
    return _json(
        {
            "uri": f"urn:uuid:{release.pk}",
            "type": "text",
            "representationType": "full",
            "profile": release.get_kind_display(),
            "version": str(1 + len(page.corrections)),
            "firstCreated": release.publish_at and release.publish_at.isoformat(),
            "versionCreated": modified(page, to_the_day=False),
            "pubStatus": "usable",
            "edNote": " ".join([*map(correction_line, page.corrections), *_updates(page)]),
            "language": release.language,
            "headlines": _texts("main", release.title),
            "descriptions": [
                *_texts("summary", page.description),
                *_texts("pull quote", _quoted_pull_quote(page)),
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


def withdrawn_ninjs(release: Release) -> str:
    """Return the ninjs of a withdrawn release, with the time and the reason of the withdrawal."""
    at = release.withdrawn_at.isoformat() if release.withdrawn_at else ""
    return _json(
        {
            "uri": f"urn:uuid:{release.pk}",
            "type": "text",
            "versionCreated": at,
            "pubStatus": "canceled",
            "edNote": release.withdrawal_reason,
            "standard": STANDARD,
        }
    )


def header_lines(page: ReleasePage, publisher: str) -> Iterator[tuple[str, str]]:
    """Yield the lines above the text as pairs: the name of a Word style, and the line."""
    release = page.release
    yield "Normal", f"{release.get_kind_display()} · {publisher}"
    if dateline := " · ".join(filter(None, [release.dateline_place, _date_of(release)])):
        yield "Normal", dateline
    yield "Title", release.title
    if release.standfirst:
        yield "Subtitle", release.standfirst
    if quotation := _quoted_pull_quote(page):
        yield "Intense Quote", quotation
    if page.poster:
        yield "Normal", _("[Picture: %s]") % page.poster.plain_text_caption()


def footer_sections(page: ReleasePage, origin: str) -> Iterator[tuple[str, list[str] | Document]]:
    """Yield the sections below the text as pairs: a heading, and a document or lines."""
    release = page.release
    if release.notes_to_editors:
        yield _("Notes to editors"), Document(release.notes_to_editors)
    if page.corrections:
        yield _("Corrections"), [correction_line(each) for each in page.corrections]
    if page.updates_about_people:
        yield _("Updates since publication"), _updates(page)
    contacts = [
        ", ".join(filter(None, [contact.name, contact.phone, contact.email, contact.hours]))
        for contact in release.shown_contacts
    ]
    if contacts:
        yield _("Press contact"), contacts
    if not page.preview:
        release_id = _("Release ID: %(id)s") % {"id": release.pk}
        yield "", [f"{origin}{release.readable_path}", release_id]


def _texts(role: str, value: str, content_type: str = "text/plain") -> list[dict[str, str]]:
    """Return a text as a ninjs list of texts.

    The list of an empty text is empty, because the schema forbids empty values.
    """
    return [{"role": role, "contentType": content_type, "value": value}] if value else []


def _speaker(page: ReleasePage) -> list[dict[str, str | None]]:
    """Return the speaker of the pull quote in a list, empty if the page does not print the name."""
    speaker = page.pull_quote
    if speaker is None or not speaker.name or speaker is page.name_withheld:
        return []
    uri = f"urn:uuid:{speaker.person.pk}" if speaker.person else None
    return [{"name": speaker.name, "rel": "speaker", "uri": uri}]


def _mentioned(page: ReleasePage) -> list[dict[str, str | None]]:
    return [
        {"name": person.display_name, "rel": "mentions", "uri": f"urn:uuid:{person.pk}"}
        for person in page.people
    ]


def _as_plain(document: Document) -> str:
    return render_text(document, attributions={}, pictures={})


def _updates(page: ReleasePage) -> list[str]:
    """Return one sentence per person whose case changed after publication."""
    return [
        _("%(person)s: %(event)s.") % {"person": person.display_name, "event": event}
        for person, event in page.updates_about_people.items()
    ]


def _date_of(release: Release) -> str:
    if release.publish_at is None:
        return ""
    if release.day_only:
        return date_format(timezone.localtime(release.publish_at), "DATE_FORMAT")
    return _local_time(release.publish_at)


def _local_time(moment: datetime) -> str:
    """Return a moment in the newsroom's time zone, with the name of the zone."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def _quoted_pull_quote(page: ReleasePage) -> str:
    speaker = page.pull_quote
    if speaker is None:
        return ""
    names = ", ".join(filter(None, [speaker.name, speaker.title]))
    return f"{page.release.pull_quote}\n– {names}"


def correction_line(correction: Correction) -> str:
    """Return a correction as one line, with its time and time zone."""
    values = {"time": _local_time(correction.at), "text": correction.text}
    return _("Correction, %(time)s: %(text)s") % values


def _picture(name: str, picture: MediaAsset, page: ReleasePage, origin: str) -> dict[str, Any]:
    renditions = picture.renditions.get("styles", {}) or {
        style: {"width": 0, "height": 0, "formats": {extension: picture.size_in_bytes}}
        for style, extension in [picture.download_rendition]
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
            for style, size in renditions.items()
            for extension in size["formats"]
        ],
    }


def _json(data: dict[str, Any]) -> str:
    return json.dumps(_printable(data), cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)


def _printable(value: Any) -> Any:
    """Return JSON data without empty values and without characters that other formats forbid."""
    filtered = filled(value)
    if isinstance(filtered, dict):
        return {key: _printable(item) for key, item in filtered.items()}
    if isinstance(filtered, list):
        return [_printable(item) for item in filtered]
    return clean_text(filtered, multiline=True) if isinstance(filtered, str) else filtered
