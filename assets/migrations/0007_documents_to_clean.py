"""Documents that the code before 0006 gave out as they came wait to be cleaned.

What was noted of them is of the original, and not true of the cleaned copy. The old code may take
documents until it is stopped, so `migrate` repeats this.
"""

from django.db import migrations


def let_clean(apps, schema_editor):
    """Let each document wait for its cleaned copy."""
    alias = schema_editor.connection.alias
    assets = apps.get_model("assets", "MediaAsset").objects.using(alias)
    old = assets.exclude(kind="image").exclude(original="").filter(state="")
    fresh = {"state": "waiting", "problem": "", "claimed_at": None, "renditions": {}, "notes": []}
    # One row at a time: documents are few, and this holds none while it waits for another.
    keys = list(old.order_by("pk").values_list("pk", flat=True))
    return sum(assets.filter(pk=key, state="").update(**fresh) for key in keys)


class Migration(migrations.Migration):
    atomic = False  # rows change in batches, and readers and editors go on
    repeat = staticmethod(let_clean)

    dependencies = [("assets", "0006_as_is")]

    # Going back, the code before gives out the originals.
    operations = [migrations.RunPython(let_clean, migrations.RunPython.noop)]
