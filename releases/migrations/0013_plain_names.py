"""Plain names for models and fields. The database stays as it is: its tables and columns too."""

import django.db.models.deletion
from django.db import migrations, models

CORRECTION_HAS_TEXT = "correction_says_something"
ONE_ROW = "guess_one_row_for_each"


class Migration(migrations.Migration):
    dependencies = [("releases", "0012_any_language")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel("Guess", "Probe"),
                migrations.AlterModelTable("probe", "releases_guess"),
                migrations.RemoveConstraint("probe", ONE_ROW),
                migrations.RenameField("probe", "who", "sender_hash"),
                migrations.AlterField(
                    "probe", "sender_hash", models.CharField(max_length=64, db_column="who")
                ),
                migrations.AlterField(
                    "probe",
                    "release",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="probes",
                        to="releases.release",
                    ),
                ),
                migrations.AddConstraint(
                    "probe",
                    models.UniqueConstraint(
                        fields=["release", "what", "sender_hash"], name=ONE_ROW
                    ),
                ),
                migrations.RenameModel("NameFind", "NameDisclosure"),
                migrations.AlterModelTable("namedisclosure", "releases_namefind"),
                migrations.RemoveConstraint("correction", CORRECTION_HAS_TEXT),
                migrations.RenameField("correction", "words", "text"),
                migrations.AlterField(
                    "correction", "text", models.TextField(db_column="words")
                ),
                migrations.AddConstraint(
                    "correction",
                    models.CheckConstraint(
                        condition=~models.Q(text=""), name=CORRECTION_HAS_TEXT
                    ),
                ),
            ]
        ),
    ]
