"""Where `manage.py namecheck` read protected names on the public site, for the desk."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0004_follow_what_is_there"),
        ("releases", "0006_protected_names_everywhere"),
    ]

    operations = [
        migrations.CreateModel(
            "NameCheckFind",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("address", models.TextField(help_text="Path and query of what printed the name.")),
                ("kind", models.CharField(help_text="Page, feed, export, document, …", max_length=20)),
                (
                    "place",
                    models.CharField(
                        help_text="Where in it: the title, the caption, …", max_length=120
                    ),
                ),
                (
                    "table",
                    models.CharField(
                        blank=True,
                        help_text="The table of the row whose text it is, where known.",
                        max_length=40,
                    ),
                ),
                ("row", models.CharField(blank=True, max_length=36)),
                (
                    "accepted",
                    models.BooleanField(
                        default=False,
                        help_text="A publisher has allowed the name there, with a reason.",
                    ),
                ),
                (
                    "warned",
                    models.BooleanField(
                        default=False,
                        help_text="The spelling may as well be the name of somebody else.",
                    ),
                ),
                ("at", models.DateTimeField(help_text="When the run began.")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="people.person",
                    ),
                ),
            ],
            options={"ordering": ["address", "pk"]},
        ),
    ]
