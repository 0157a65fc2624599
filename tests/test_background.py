"""The writer chooses background sections; the upgrade marks those that pages printed before."""

from importlib import import_module
from types import SimpleNamespace

import lxml.html
import pytest
from django.db import connection

from releases import approval, workflow
from releases.models import Release
from releases.versions import compare, compare_printed, restore_text
from tests.make import (
    historical_apps,
    make_chief,
    make_person,
    make_picture,
    make_release,
    quotation,
    unguarded,
)

pytestmark = pytest.mark.django_db

migration = import_module("releases.migrations.0011_background_sections")
BODY = (
    "<p>Lead.</p>\n<h2>Findings</h2>\n<p>One.</p>\n<h2>Background</h2>\n<p>Two.</p>\n<p>Three.</p>"
)
START = '<section data-kind="background">'
MARKED = BODY.replace("<h2>Background", f"{START}<h2>Background") + "</section>"


def upgrade() -> int:
    return migration.mark(historical_apps(), SimpleNamespace(connection=connection))


def background_of(client, release) -> list[str]:
    root = lxml.html.fromstring(client.get(release.get_absolute_url()).content)
    (text,) = root.xpath("//div[@class='text']")
    return [
        " ".join(node.text_content().split())
        for node in text.xpath(".//section[@class='background']")
    ]


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        (BODY, MARKED),
        ("<h2>Only</h2>\n<p>One.</p>", f"{START}<h2>Only</h2>\n<p>One.</p></section>"),
        ("<p>No heading.</p>\n<h3>Small</h3>", "<p>No heading.</p>\n<h3>Small</h3>"),
        (MARKED, MARKED),
        ("<h2>A</h2>\n<blockquote><p>“B.”</p></blockquote>",) * 2,
        (
            '<p>&lt;h2&gt;</p>\n<blockquote data-name="&lt;h2&gt;"><p>“A.”</p></blockquote>',
        ) * 2,
    ],
)  # fmt: skip
def test_the_upgrade_marks_text_that_was_printed_as_background(body, stored):
    release = make_release("draft")
    unguarded(Release.objects.all()).update(body=body)
    unguarded(Release.history.all()).update(body=body)
    upgrade()
    release.refresh_from_db()
    assert release.body == stored
    assert {version.body for version in release.history.all()} == {stored}
    assert upgrade() == 0
    release.save()
    assert release.body == stored.replace("<h3>Small</h3>", "<h2>Small</h2>")


@pytest.mark.parametrize("state", ["in_review", "scheduled", "published"])
def test_the_upgrade_does_not_count_as_a_change_of_an_approved_or_read_release(client, state):
    chief, picture = make_chief(), make_picture()
    body = f'{BODY}\n<figure data-asset="{picture.pk}"></figure>'
    release = make_release(state, body=body, by=chief)
    read, version = approval.printed_fingerprints(release), release.version
    before = release.updated_at
    assert upgrade() > 0
    release = Release.objects.get()
    assert (release.version, release.updated_at) == (version, before)
    assert approval.changes_since_read(read, release) == []
    assert approval.unread_changes(release, chief)[1] == []
    assert compare_printed(release, since=1) == []
    first = release.history.order_by("history_id").first()
    changed = {change.label for change in compare(first, release.history.first(), chief)}
    assert "Text" not in changed
    restored = Release.objects.get()
    restore_text(restored, first)
    assert restored.body.count(START) == 1  # a restored text is printed as before
    if state == "in_review":
        release = workflow.publish(Release.objects.get(), by=chief)
    if state != "scheduled":
        (background,) = background_of(client, release)
        assert background.startswith("Background Two. Three.")


def test_a_text_that_is_saved_during_the_upgrade_is_kept():
    release = make_release("draft")
    rows = unguarded(Release.objects.all())
    rows.update(body=BODY.replace("Three", "Four"))
    assert migration._mark_one(rows, release.pk, BODY) == 1
    release.refresh_from_db()
    assert release.body == MARKED.replace("Three", "Four")


def test_the_page_sets_off_only_the_sections_that_the_writer_chose(client):
    person = make_person("Ann")
    chosen = f"{START}<h2>Then</h2><p>One.</p>{quotation(person, '“Two.”')}</section>"
    release = make_release(body=f"<p>Lead.</p>{chosen}<h2>Last</h2><p>Words.</p>")
    (background,) = background_of(client, release)
    assert background.startswith("Then One. “Two.” Ann")
    assert "Words." not in background
    assert [quote.text for quote in release.quotes.all()] == ["“Two.”"]
    assert background_of(client, make_release(body="<h2>Background</h2><p>Words.</p>")) == []
