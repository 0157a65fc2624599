"""Give fields and labels plain names. Columns, values and constraints stay: nothing is altered."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def renamed(model, old, new, field):
    """Rename a field and keep its column."""
    return [
        migrations.RenameField(model, old, new),
        migrations.AlterField(model, new, field),
    ]


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("people", "0008_photographs_need_consent"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                *(
                    operation
                    for model in ("person", "historicalperson")
                    for old, new, label in (
                        ("named_until", "name_consent_until", "consent to be named until"),
                        ("shown_until", "photo_consent_until", "consent for photographs until"),
                    )
                    for operation in renamed(
                        model,
                        old,
                        new,
                        models.DateField(
                            label, blank=True, db_column=old, editable=False, null=True
                        ),
                    )
                ),
                migrations.RemoveConstraint("levelchange", "levelchange_two_people_and_a_basis"),
                *renamed(
                    "levelchange",
                    "asked_by",
                    "requested_by",
                    models.ForeignKey(
                        db_column="asked_by_id",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="requested by",
                    ),
                ),
                *renamed(
                    "levelchange",
                    "asked_at",
                    "requested_at",
                    models.DateTimeField(
                        "requested at", db_column="asked_at", default=django.utils.timezone.now
                    ),
                ),
                *renamed(
                    "levelchange",
                    "words",
                    "note",
                    models.TextField(
                        "note",
                        blank=True,
                        db_column="words",
                        help_text="Why it was rejected or lowered.",
                    ),
                ),
                migrations.AddConstraint(
                    "levelchange",
                    models.CheckConstraint(
                        condition=~models.Q(outcome="agreed")
                        | (
                            models.Q(decided_by__isnull=False)
                            & ~models.Q(decided_by=models.F("requested_by"))
                            & ~models.Q(basis="")
                        ),
                        name="levelchange_two_people_and_a_basis",
                    ),
                ),
            ]
        ),
    ]
