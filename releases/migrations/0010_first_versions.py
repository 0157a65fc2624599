"""Record topics and contacts as they stand, as the first of their versions."""

from django.db import migrations
from django.utils import timezone

BATCH = 500


def record(apps, schema_editor):
    """Record each row that has no version yet. Can run again; skips what is done."""
    alias = schema_editor.connection.alias
    for name in ("Topic", "Contact"):
        rows = apps.get_model("releases", name)._default_manager.using(alias)
        versions = apps.get_model("releases", f"Historical{name}")._default_manager.using(alias)
        fields = [field.attname for field in rows.model._meta.concrete_fields]
        wanted = rows.exclude(pk__in=versions.values("id")).order_by("pk")
        found = list(wanted.values(*fields))
        for start in range(0, len(found), BATCH):
            versions.bulk_create(
                versions.model(**row, history_date=timezone.now(), history_type="+")
                for row in found[start : start + BATCH]
            )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("releases", "0009_versions_of_topics_and_contacts")]

    operations = [migrations.RunPython(record, migrations.RunPython.noop, elidable=True)]
