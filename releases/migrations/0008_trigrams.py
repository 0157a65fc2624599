"""Let PostgreSQL find letters inside the folded texts by an index of trigrams.

pg_trgm comes with PostgreSQL, and the owner of a database may create it. Where that is not
allowed, names are found without the index, only slower.
"""

from django.db import DatabaseError, migrations


def make_index(apps, schema_editor):
    """Make the index; can run again. The table is new, so nobody waits for it."""
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        try:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except DatabaseError:
            return
        cursor.execute(
            "CREATE INDEX IF NOT EXISTS foldedtext_trigrams ON releases_foldedtext"
            " USING gin (letters gin_trgm_ops)"
        )


class Migration(migrations.Migration):
    atomic = False  # an extension that may not be created ends no transaction

    dependencies = [("releases", "0007_name_check_finds")]

    operations = [migrations.RunPython(make_index, migrations.RunPython.noop, elidable=True)]
