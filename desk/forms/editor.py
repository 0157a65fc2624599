"""The settings of the editor on the page of a release, and the data for its script."""

from django.urls import reverse
from django.utils.html import json_script
from django.utils.safestring import SafeString

from accounts.models import User
from people.models import Person
from releases.models import Release
from storing.links import SCHEMES

# The extensions of the editor. They correspond to the schema of releases.document.
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
# Notes to editors have no people and no pictures, so their menu has fewer buttons. The server keeps
# other formatting of pasted or imported notes.
NOTES = WRITING | {
    "Quotation": {"asks": False},
    "Menu": {
        "groups": [{"group": name} for name in ("lists", "marks", "link", "history", "table")]
    },
}


def editor_context(release: Release | None, user: User) -> SafeString:
    """Return the script element for static/js/editor.js, with URLs and the names of all IDs.

    It does not contain the names of people whose records the user may not see.
    """
    people: dict[str, str] = {}
    pictures: dict[str, dict[str, str]] = {}
    poster = None
    if release:
        document = release.document
        if release.poster and not release.poster.original:
            poster = {"id": str(release.poster.pk), "text": str(release.poster)}
        visible = Person.objects.visible_to(user).in_bulk(document.people)
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
