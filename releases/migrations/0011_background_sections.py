"""Mark the background that pages have printed, in releases and in their versions.

Until now a page set off the last heading and what followed, unless a quotation did. A background is
part of the text from now on, so each text gets the one that its page has printed.
"""

from django.db import migrations

BATCH = 100
TRIES = 3
HEADING, QUOTATION = "<h2>", "<blockquote"
START, END = '<section data-kind="background">', "</section>"


def mark(apps, schema_editor):
    """Mark the backgrounds; return how many texts were changed. Can run again.

    A text changes only if it is still as it was read: somebody may save it meanwhile. Neither the
    version nor the time of the last change moves, since nothing is printed differently.
    """
    alias = schema_editor.connection.alias
    releases = apps.get_model("releases", "Release")._default_manager.using(alias)
    versions = apps.get_model("releases", "HistoricalRelease")._default_manager.using(alias)
    return sum(_mark_all(rows) for rows in (releases, versions))


def _mark_all(rows):
    wanted = rows.filter(body__contains=HEADING).order_by("pk")
    last, done = None, 0
    while True:
        page = wanted if last is None else wanted.filter(pk__gt=last)
        batch = list(page.values_list("pk", "body")[:BATCH])
        if not batch:
            return done
        last = batch[-1][0]
        done += sum(_mark_one(rows, key, body) for key, body in batch)


def _mark_one(rows, key, body):
    for _try in range(TRIES):
        new = marked(body)
        if new == body:
            return 0
        if rows.filter(pk=key, body=body).update(body=new):
            return 1
        body = rows.filter(pk=key).values_list("body", flat=True).first() or ""
    return 0


def marked(body):
    """Return a text with its last section as background, where the page printed it so.

    Signs in words and attributes are escaped: what looks like a tag is one.
    """
    start = body.rfind(HEADING)
    if start < 0 or START in body or QUOTATION in body[start:]:
        return body
    return f"{body[:start]}{START}{body[start:]}{END}"


class Migration(migrations.Migration):
    atomic = False  # texts change one by one, and readers and editors go on

    dependencies = [("releases", "0010_first_versions")]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop, elidable=True)]
