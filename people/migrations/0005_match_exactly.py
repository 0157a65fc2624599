"""Which names are looked for in texts: full names always, others only where the record says so.

A name of one word that was looked for until now goes on being looked for, exactly as written.

Columns and rows change in one transaction: a killed migration must not leave some of the columns
behind. Few names have one word, so the tables are locked for a moment only.
"""

from django.db import migrations, models

BATCH = 500
MIN_LENGTH = 4
PLACEHOLDERS = {"unknown", "anonymous", "nobody", "somebody", "name withheld"}


def keep_single_names(apps, schema_editor):
    """Go on looking for names of one word."""
    for model, text, flag, looked_for in (
        ("Person", "display_name", "name_match_exactly", {}),
        ("PersonName", "text", "match_exactly", {"matchable": True}),
    ):
        rows = apps.get_model("people", model)._default_manager.using(schema_editor.connection.alias)
        wanted = rows.filter(**looked_for, **{flag: False}).exclude(**{f"{text}__contains": " "})
        found = [
            pk
            for pk, name in wanted.order_by("pk").values_list("pk", text)
            if len(name) >= MIN_LENGTH and name.casefold() not in PLACEHOLDERS
        ]
        for start in range(0, len(found), BATCH):
            rows.filter(pk__in=found[start : start + BATCH]).update(**{flag: True})


def looked_for():
    return models.BooleanField(
        "look for this name in texts",
        db_default=True,
        default=True,
        help_text="A full name is always looked for. Only those who may set levels can switch it "
        "off.",
    )


def exactly():
    return models.BooleanField(
        "look for it exactly as written",
        db_default=False,
        default=False,
        help_text="For a name of one part, initials or a code name: case and full stops count.",
    )


class Migration(migrations.Migration):
    dependencies = [("people", "0004_follow_what_is_there")]

    operations = [
        migrations.AddField("historicalperson", "name_matchable", looked_for()),
        migrations.AddField("historicalperson", "name_match_exactly", exactly()),
        migrations.AddField("person", "name_matchable", looked_for()),
        migrations.AddField("person", "name_match_exactly", exactly()),
        migrations.AddField("historicalpersonname", "match_exactly", exactly()),
        migrations.AddField("personname", "match_exactly", exactly()),
        *(
            migrations.AlterField(
                model,
                "matchable",
                models.BooleanField(
                    "look for it in texts",
                    default=True,
                    help_text="A full name is always looked for. Only those who may set levels "
                    "can switch it off.",
                ),
            )
            for model in ("historicalpersonname", "personname")
        ),
        migrations.RunPython(keep_single_names, migrations.RunPython.noop, elidable=True),
    ]
