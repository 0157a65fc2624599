"""Hide the pictures of people whose recorded consents all leave photographs out.

The old code shows them, and writes so with each consent that it saves, so `migrate` repeats this.
"""

from datetime import UTC, date, datetime

from django.db import migrations, transaction

BATCH = 500
NAMEABLE = 2
NEVER = date.min
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


def field_of(model, column):
    """Return the name of the field of a column: later migrations renamed some."""
    return next(field.name for field in model._meta.concrete_fields if field.column == column)


def follow(apps, schema_editor):
    """Write to people and their pictures what follows; return how many people were changed.

    Each person is a transaction of its own, with the pictures by primary key: people are locked
    before pictures, as everywhere.
    """
    alias = schema_editor.connection.alias
    people = apps.get_model("people", "Person").objects.using(alias)
    consents = apps.get_model("people", "Consent").objects.using(alias)
    pictures = apps.get_model("assets", "MediaAsset").objects.using(alias)
    asked = consents.exclude(basis="public").values("person")
    covered = consents.filter(covers_photo=True).values("person")
    lacking = people.filter(pk__in=asked).exclude(pk__in=covered).exclude(
        **{field_of(people.model, "shown_until"): NEVER}
    )
    lacking = people.filter(pk__in=list(lacking.values_list("pk", flat=True)))
    last, done = None, 0
    while True:
        page = lacking.order_by("pk") if last is None else lacking.order_by("pk").filter(pk__gt=last)
        keys = list(page.values_list("pk", flat=True)[:BATCH])
        if not keys:
            return done
        last = keys[-1]
        for key in keys:
            with transaction.atomic(using=alias):
                done += _hide(people, consents, pictures, key)


def _hide(people, consents, pictures, key):
    person = people.filter(pk=key).select_for_update().first()
    theirs = list(consents.filter(person=key))
    asked = any(consent.basis != "public" for consent in theirs)
    if person is None or not asked or any(consent.covers_photo for consent in theirs):
        return 0  # somebody recorded another consent meanwhile
    people.filter(pk=key).update(**{field_of(people.model, "shown_until"): NEVER})
    if person.level >= NAMEABLE:  # the others are hidden already
        shown = {person.portrait_id, *person.depicted_in.values_list("pk", flat=True)} - {None}
        locked = pictures.filter(pk__in=shown).order_by("pk").select_for_update()
        pictures.filter(pk__in=[picture.pk for picture in locked]).update(
            **{field_of(pictures.model, "withheld_from"): ALWAYS}
        )
    return 1


class Migration(migrations.Migration):
    atomic = False  # people change one by one, and readers and editors go on
    repeat = staticmethod(follow)

    dependencies = [
        ("people", "0007_case_statuses"),
        ("assets", "0004_withheld"),
    ]

    operations = [migrations.RunPython(follow, migrations.RunPython.noop)]
