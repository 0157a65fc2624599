"""Remove the full-text index of SQLite when migrating back: it is not a table of a model.

Forwards, `migrate` creates the indexes at its end (releases.search.storage).
"""

from django.db import migrations


def remove_index(apps, schema_editor):
    """Remove the index, so that no text stays in it; can run again."""
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TABLE IF EXISTS releases_searchindex")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("releases", "0019_search_entries")]

    operations = [migrations.RunPython(migrations.RunPython.noop, remove_index)]
