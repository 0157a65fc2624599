"""Help texts about case officers. No SQL runs."""

from django.conf import settings
from django.db import migrations, models

UNDER_18 = (
    "Only users with the role “Case officer” can make this person public. Marking someone at level "
    "2 or 3 lowers the level to 1 at once. A second person must approve that the mark is removed."
)


def under_18():
    return models.BooleanField(
        "under eighteen", default=False, db_default=False, help_text=UNDER_18
    )


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0011_case_officer_permission"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField("historicalperson", "under_18", under_18()),
        migrations.AlterField("person", "under_18", under_18()),
        migrations.AlterField(
            "person",
            "case_officers",
            models.ManyToManyField(
                settings.AUTH_USER_MODEL,
                verbose_name="case officers",
                blank=True,
                related_name="+",
                help_text="At level 0 only these users can see this record.",
            ),
        ),
    ]
