"""Template tags for the preview links of a release at the desk."""

from datetime import datetime
from typing import Any

from django import template

from previews import openings
from previews.emails import emails_of, format_utc, links_that_accepted
from previews.models import PreviewLink
from releases.models import Release

register = template.Library()


@register.inclusion_tag("admin/previews/_links.html", takes_context=True)
def preview_links(context: Any, release: Release) -> dict[str, Any]:
    """Print the links of a release, with the buttons to issue and revoke links."""
    user = context["request"].user
    links = _links(release)
    invitations = emails_of(links)
    for link in links:
        link.invitation = invitations.get(link.pk)
    found = openings.of_links(links)
    return {
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
        "release": release,
        "links": links,
        "passed_on": {link.pk for link in links if openings.passed_on_hint(found.get(link.pk, []))},
        "may_issue": user.has_perm("previews.issue_previewlink") and not release.is_on_hold(),
        "may_revoke": user.has_perm("previews.issue_previewlink"),
        "press": release.is_scheduled(),
        "unpublished": release.status != Release.Status.WITHDRAWN and not release.is_public(),
    }


@register.inclusion_tag("admin/previews/_readers.html")
def preview_readers(release: Release) -> dict[str, Any]:
    """Print which readers accepted the terms of a link, what they opened, and from where."""
    links = _links(release)
    found = openings.of_links(links)
    opened = [(link, found[link.pk], openings.passed_on_hint(found[link.pk])) for link in links
              if link.pk in found]  # fmt: skip
    return {"links": links, "opened": opened}


@register.simple_tag
def accepting_readers(release: Release) -> list[str]:
    """Return the readers with an e-mail address who accepted an embargo of the release."""
    return list(dict.fromkeys(str(link) for link in links_that_accepted(release) if link.email))


@register.simple_tag
def utc_beside(moment: datetime) -> str:
    """Return a moment in UTC, "" if the time in the newsroom's time zone is the same."""
    return format_utc(moment)


def _links(release: Release) -> list[PreviewLink]:
    links = list(release.preview_links.prefetch_related("visits").order_by("name", "pk"))
    for link in links:
        link.release = release
    return links
