"""What the release's own pages at the desk show of its preview links."""

from datetime import datetime
from typing import Any

from django import template

from previews import openings
from previews.emails import accepted, emails_of, in_utc
from previews.models import PreviewLink
from releases.models import Release

register = template.Library()


@register.inclusion_tag("admin/previews/_links.html", takes_context=True)
def preview_links(context: Any, release: Release) -> dict[str, Any]:
    """Print the links beside the release, and the ways to issue and revoke."""
    user = context["request"].user
    links = _links(release)
    written = emails_of(links)
    for link in links:
        link.invitation = written.get(link.pk)
    found = openings.of_links(links)
    return {
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
        "release": release,
        "links": links,
        "passed_on": {link.pk for link in links if openings.hint(found.get(link.pk, []))},
        "may_issue": user.has_perm("previews.issue_previewlink") and not release.is_on_hold(),
        "may_revoke": user.has_perm("previews.issue_previewlink"),
        "press": release.is_scheduled(),
        "unpublished": release.status != Release.Status.WITHDRAWN and not release.is_public(),
    }


@register.inclusion_tag("admin/previews/_readers.html")
def preview_readers(release: Release) -> dict[str, Any]:
    """Print who accepted the terms of a link, and what was opened from where."""
    links = _links(release)
    found = openings.of_links(links)
    opened = [(link, found[link.pk], openings.hint(found[link.pk])) for link in links
              if link.pk in found]  # fmt: skip
    return {"links": links, "opened": opened}


@register.simple_tag
def accepted_by(release: Release) -> list[str]:
    """Return who has accepted an embargo of the release and has an e-mail address."""
    return list(dict.fromkeys(str(link) for link in accepted(release) if link.email))


@register.simple_tag
def utc_beside(moment: datetime) -> str:
    """Return a moment as UTC has it, where the newsroom's clock shows another."""
    return in_utc(moment)


def _links(release: Release) -> list[PreviewLink]:
    links = list(release.preview_links.prefetch_related("visits").order_by("name", "pk"))
    for link in links:
        link.release = release
    return links
