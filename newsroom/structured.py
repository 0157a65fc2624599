"""Structured data of pages: schema.org's NewsArticle and ProfilePage as JSON-LD."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, cast

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django_countries.fields import Country

from newsroom.page import ReleasePage
from people.models import Person
from releases.models import Release

TYPES = {"media_advisory": "NewsArticle", "comment": "OpinionNewsArticle"}


def news_article(page: ReleasePage, origin: str, publisher: str) -> SafeString:
    """Return the JSON-LD of a release page, safe inside a script element.

    Only people with a public page get an identifier. This includes speakers of quotations.
    """
    release = page.release
    url = origin + release.get_absolute_url()
    organisation = {"@type": "NewsMediaOrganization", "name": publisher, "url": origin + "/"}
    article: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": TYPES.get(release.kind, "NewsArticle"),
        "@id": f"urn:uuid:{release.pk}",
        "url": url,
        "mainEntityOfPage": url,
        "headline": release.title,
        "description": page.description,
        "articleBody": page.text,
        "inLanguage": release.language,
        "datePublished": _published(release),
        "dateModified": modified(page),
        "dateline": release.dateline_place or None,
        "author": organisation,
        "publisher": organisation,
        "about": [{"@type": "Thing", "name": topic.name} for topic in release.topics.all()],
        "contentLocation": [
            {"@type": "Country", "name": country.name, "identifier": country.code}
            for country in cast("Iterable[Country]", release.countries)
        ],
        "mentions": [
            {
                "@type": "Person",
                "@id": f"urn:uuid:{person.pk}",
                "name": person.display_name,
                "url": origin + person.get_absolute_url(),
            }
            for person in page.people
        ],
        "hasPart": [
            {
                "@type": "Quotation",
                "text": quotation.text,
                "spokenByCharacter": {
                    "@type": "Person",
                    "name": speaker.name,
                    "jobTitle": speaker.title or None,
                    "@id": f"urn:uuid:{speaker.person.pk}" if speaker.person else None,
                },
            }
            for quotation in page.document.quotations
            if (speaker := page.attributions[quotation.position]).name
        ],
        "correction": [
            {
                "@type": "CorrectionComment",
                "text": correction.text,
                "datePublished": correction.at.isoformat(),
            }
            for correction in page.corrections
        ],
        "workTranslation": [
            {"@id": f"urn:uuid:{other.pk}", "inLanguage": other.language}
            for other in page.translations
        ],
    }
    if page.poster:
        width, height = page.poster.size("poster")
        article["image"] = {
            "@type": "ImageObject",
            "contentUrl": origin + page.poster.public_url("poster", "jpg"),
            "width": width,
            "height": height,
            "caption": page.poster.caption or None,
            "creditText": page.poster.credit_line,
            "copyrightNotice": page.poster.copyright_notice or None,
        }
    return _json_script(article)


def profile(person: Person, on: date, origin: str, at: datetime) -> SafeString:
    """Return the JSON-LD of a person's page, safe inside a script element.

    schema.org has no terms for a detention, so the description contains the newest status.
    """
    url = origin + person.get_absolute_url()
    portrait = person.portrait if person.portrait and person.portrait.is_usable(at) else None
    speaks = any(role.speaks_for_us and role.is_held_on(on) for role in person.roles.all())
    data = {
        "@context": "https://schema.org",
        "@type": "ProfilePage",
        "url": url,
        "mainEntity": {
            "@type": "Person",
            "@id": f"urn:uuid:{person.pk}",
            "name": person.display_name,
            "alternateName": [name.text for name in person.names.all() if name.printed],
            "url": url,
            "description": _description(person, on),
            "jobTitle": person.title_on(on) if speaks else None,
            "image": origin + portrait.versioned_url("portrait", "jpg") if portrait else None,
        },
    }
    return _json_script(data)


def _description(person: Person, on: date) -> str:
    """Return the newest status, the present designation and the source, from prefetched rows."""
    case = next(iter(person.cases.all()), None)
    if case is None:
        return ""
    status = {"group": case.group.label, "sentence": case.sentence()}
    parts = [_("%(group)s: %(sentence)s.") % status]
    if designation := case.designation_on(on):
        values = {"label": designation.label, "sentence": designation.sentence()}
        parts.append(_("%(label)s, %(sentence)s.") % values)
    if case.printed_source:
        parts.append(_("Source: %(source)s") % {"source": case.printed_source})
    return " ".join(parts)


def _json_script(data: Any) -> SafeString:
    text = json.dumps(filled(data), ensure_ascii=False, indent=1)
    return mark_safe(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _published(release: Release) -> str | None:
    if release.publish_at is None:
        return None
    return (release.day if release.day_only else release.publish_at).isoformat()


def modified(page: ReleasePage, to_the_day: bool = True) -> str | None:
    """Return when the printed text last changed, in ISO 8601.

    With `to_the_day`, it is only a date if the release has no correction and no known hour.
    """
    latest = max((correction.at for correction in page.corrections), default=None)
    if latest is None and to_the_day:
        return _published(page.release)
    latest = latest or page.release.publish_at
    return latest.isoformat() if latest else None


def filled(value: Any) -> Any:
    """Return JSON data without empty values."""
    if isinstance(value, dict):
        return {key: filled(item) for key, item in value.items() if item not in (None, "", [])}
    if isinstance(value, list):
        return [filled(item) for item in value]
    return value
