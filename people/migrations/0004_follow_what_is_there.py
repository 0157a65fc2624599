"""What is there already gets what the new columns say: a first status of each case, the script
of each name, an address that says nothing for whoever has no page, pictures that are withheld.
"""

from datetime import UTC, datetime

from django.db import migrations

from people.models import script_of

NAMEABLE, PUBLIC = 2, 3


def follow(apps, schema_editor):
    Case, CaseStatus = apps.get_model("people", "Case"), apps.get_model("people", "CaseStatus")
    for case in Case.objects.filter(statuses=None).iterator():
        CaseStatus.objects.create(
            case=case, custody_status=case.custody_status, as_of=case.as_of, source=case.source
        )
    PersonName = apps.get_model("people", "PersonName")
    for name in PersonName.objects.filter(script="").iterator():
        name.script = script_of(name.text)
        name.save(update_fields=["script"])
    Person, MediaAsset = apps.get_model("people", "Person"), apps.get_model("assets", "MediaAsset")
    for person in Person.objects.filter(level__lt=PUBLIC).iterator():
        person.slug = person.pk.hex
        person.save(update_fields=["slug"])
    protected = Person.objects.filter(level__lt=NAMEABLE)
    for pictures in (
        MediaAsset.objects.filter(depicts__in=protected),
        MediaAsset.objects.filter(portrait_of__in=protected),
    ):
        ids = list(pictures.values_list("pk", flat=True))
        MediaAsset.objects.filter(pk__in=ids).update(
            withheld_from=datetime(1970, 1, 1, tzinfo=UTC)
        )


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0003_cases_consents_and_levels"),
        ("assets", "0004_withheld"),
    ]

    operations = [migrations.RunPython(follow, migrations.RunPython.noop)]
