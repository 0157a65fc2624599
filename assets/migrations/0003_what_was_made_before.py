"""Pictures that the code before 0002 made renditions of get the new shape, and are made again.

The old code may write the old shape until it is stopped, so `migrate` repeats this.
"""

from django.db import migrations, transaction

BATCH = 200


def in_batches(rows, alias, change):
    """Give all rows to a function, a locked batch at a time; return the sum of what it returns.

    Each batch is a transaction of its own: first what nobody else holds, then the others one by
    one. This never waits while it holds a row, so that it is in no deadlock.
    """
    last, done = None, 0
    while True:
        page = rows.order_by("pk") if last is None else rows.order_by("pk").filter(pk__gt=last)
        keys = list(page.values_list("pk", flat=True)[:BATCH])
        if not keys:
            return done
        last = keys[-1]
        with transaction.atomic(using=alias):
            free = list(rows.filter(pk__in=keys).select_for_update(skip_locked=True))
            done += change(free)
        for key in set(keys) - {row.pk for row in free}:
            with transaction.atomic(using=alias):
                done += change(list(rows.filter(pk=key).select_for_update()))


def is_old(asset):
    """Whether the old code wrote the row last: the new code writes a state, and sizes by format."""
    styles = asset.renditions.get("styles", {}).values()
    return asset.state == "" or any(isinstance(made["formats"], list) for made in styles)


def field_of(model, column):
    """Return the name of the field of a column: later migrations renamed some."""
    return next(field.name for field in model._meta.concrete_fields if field.column == column)


def make_again(apps, schema_editor):
    """Let what was made before stand under its old names until it is made anew."""
    alias = schema_editor.connection.alias
    assets = apps.get_model("assets", "MediaAsset").objects.using(alias)
    error = field_of(assets.model, "problem")

    def change(rows):
        old = [asset for asset in rows if is_old(asset)]
        for asset in old:
            styles = asset.renditions.get("styles", {})
            for made in styles.values():
                made["formats"] = dict.fromkeys(made["formats"], 0)
            assets.filter(pk=asset.pk).update(
                renditions={"styles": styles} if styles else {},
                state="waiting",
                claimed_at=None,
                **{error: ""},
            )
        return len(old)

    pictures = assets.filter(kind="image").exclude(original="")
    return in_batches(pictures.only("renditions", "state"), alias, change)


class Migration(migrations.Migration):
    atomic = False  # rows change in batches, and readers and editors go on
    repeat = staticmethod(make_again)

    dependencies = [("assets", "0002_documents_and_renditions")]

    # Going back loses no picture, since renditions can be made.
    operations = [migrations.RunPython(make_again, migrations.RunPython.noop)]
