"""Releases wait while a protected name stands in them; exceptions for every public text.

Clearance becomes NameException and keeps its table: the code before goes on using it. Its rows
are those of releases, which the database fills in.
"""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

VERBS = [
    ("created", "Created"),
    ("imported", "Imported"),
    ("submitted", "Submitted for approval"),
    ("returned", "Sent back to draft"),
    ("approved", "Approved"),
    ("published", "Published"),
    ("corrected", "Corrected"),
    ("amended", "Amended without a correction"),
    ("restored", "Went back to an earlier version"),
    ("rescheduled", "Embargo moved"),
    ("held", "Held"),
    ("let_go", "Let go"),
    ("withdrawn", "Withdrawn"),
    ("guessed", "Somebody is guessing at it"),
    ("deleted", "Deleted"),
    ("linked", "Preview links issued"),
    ("unlinked", "Preview links revoked"),
    ("cleared", "A protected name was allowed"),
    ("uncleared", "A name exception was taken back"),
    ("waits", "Does not go out: a protected name stands in it"),
    ("goes_out", "Goes out on time again"),
]


def names_allowed_until():
    return models.DateTimeField(
        blank=True,
        editable=False,
        help_text="The moment from which a name in it may no longer be published; empty for "
        "never. It follows levels, consents, names and texts until publish_at, and stays from "
        "then on.",
        null=True,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0008_photographs_need_consent"),
        ("releases", "0005_database_defaults"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("historicalrelease", "names_allowed_until", names_allowed_until()),
        migrations.AddField("release", "names_allowed_until", names_allowed_until()),
        migrations.AlterField("event", "verb", models.CharField(choices=VERBS, max_length=12)),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel("Clearance", "NameException"),
                migrations.AlterModelTable("nameexception", "releases_clearance"),
            ]
        ),
        migrations.AlterField(
            "nameexception",
            "release",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="name_exceptions",
                to="releases.release",
                help_text="The release, where the text is one.",
            ),
        ),
        migrations.AlterField(
            "nameexception",
            "name",
            models.CharField(help_text="As it is written in the text.", max_length=200),
        ),
        migrations.AddField(
            "nameexception",
            "table",
            models.CharField(
                db_default="releases.release", default="releases.release", max_length=40
            ),
        ),
        migrations.AddField(
            "nameexception",
            "row",
            models.CharField(
                db_default="", default="", help_text="The row; empty for a release.", max_length=36
            ),
        ),
        migrations.AddField("nameexception", "ended_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "nameexception",
            "ended_by",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RemoveConstraint("nameexception", "clearance_once_a_name"),
        migrations.AddConstraint(
            "nameexception",
            models.UniqueConstraint(
                fields=["release", "name"],
                condition=Q(ended_at=None),
                name="nameexception_once_a_name",
            ),
        ),
        migrations.AddConstraint(
            "nameexception",
            models.UniqueConstraint(
                fields=["table", "row", "name"],
                condition=Q(ended_at=None, release=None),
                name="nameexception_once_a_name_and_row",
            ),
        ),
        migrations.AlterField(
            "rejectedname",
            "name",
            models.CharField(help_text="As it is compared: see people.names", max_length=200),
        ),
        migrations.CreateModel(
            "FoldedText",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("table", models.CharField(max_length=40)),
                ("row", models.CharField(max_length=36)),
                ("letters", models.TextField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["table", "row"], name="foldedtext_once_a_row")
                ],
            },
        ),
        migrations.CreateModel(
            "NameFind",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("table", models.CharField(max_length=40)),
                ("row", models.CharField(max_length=36)),
                ("day", models.DateField(help_text="In the newsroom's zone.")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "place_shown",
                    models.BooleanField(
                        default=True,
                        help_text="Whether the place was shown, or only that there is such a name.",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="people.person",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["user", "person", "day", "table", "row"],
                        name="namefind_once_a_day",
                    )
                ],
            },
        ),
    ]
