"""The editor on the page of a release: what it offers, and what its script needs to know."""

from django.urls import reverse
from django.utils.html import json_script
from django.utils.safestring import SafeString

from accounts.models import User
from people.models import Person
from releases.models import Release
from storing.links import SCHEMES

# The schema of releases.document, piece by piece.
WRITING = {
    "Bold": True,
    "Italic": True,
    "Strike": True,
    "Subscript": True,
    "Superscript": True,
    "BulletList": True,
    "OrderedList": True,
    "ListItem": True,
    "HardBreak": True,
    "Link": {"enableTarget": False, "protocols": sorted(SCHEMES)},
    "Heading": {"levels": [2, 3]},
    "Table": True,
    "TableRow": True,
    "TableHeader": True,
    "TableCell": True,
    "Footnote": True,
    "Background": True,
    "CleanPaste": True,
}
BODY = WRITING | {"Quotation": True, "Mention": True, "LibraryPicture": True}
# Notes to editors have no people and no pictures, so their bar offers less. The server keeps the
# rest of what was pasted or imported.
NOTES = WRITING | {
    "Quotation": {"asks": False},
    "Menu": {
        "groups": [{"group": name} for name in ("lists", "marks", "link", "history", "table")]
    },
}


def editor_context(release: Release | None, user: User) -> SafeString:
    """Return the script element that static/js/editor.js reads: addresses, names behind the IDs.

    A person whose record the user may not see has no name in it.
    """
    people: dict[str, str] = {}
    pictures: dict[str, dict[str, str]] = {}
    poster = None
    if release:
        document = release.document
        if release.poster and not release.poster.original:
            poster = {"id": str(release.poster.pk), "text": str(release.poster)}
        ids = {quote.speaker for quote in document.quotations if quote.speaker}
        ids |= {person for person, _ in document.mentions}
        visible = Person.objects.visible_to(user).in_bulk(ids)
        people = {str(pk): str(person) for pk, person in visible.items()}
        for illustration in release.illustrations.select_related("asset"):
            asset = illustration.asset
            picture = asset.admin_url("teaser", "jpg") if asset.original else ""
            pictures[str(asset.pk)] = {"text": str(asset), "picture": picture}
    return json_script(
        {
            "search": reverse("admin:autocomplete"),
            "paste": reverse("admin:releases_release_paste"),
            "names": reverse("admin:releases_release_names"),
            "release": str(release.pk) if release else "",
            "people": people,
            "pictures": pictures,
            "posterWithoutFile": poster,
        },
        "newsroom-editor",
    )
