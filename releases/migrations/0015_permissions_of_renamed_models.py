"""Rename the content types and permissions of models that 0013 renamed, so that grants stay.

Django does this only where a migration runs RenameModel by itself, and leaves the permissions.
"""

from django.db import migrations, transaction

RENAMED = [
    ("guess", "probe", "probe"),
    ("namefind", "namedisclosure", "name disclosure"),
]
RIGHTS = ("add", "change", "delete", "view")


def follow(apps, schema_editor):
    """Rename the rows of each model at once; a second run finds none."""
    alias = schema_editor.connection.alias
    types = apps.get_model("contenttypes", "ContentType").objects.using(alias)
    permissions = apps.get_model("auth", "Permission").objects.using(alias)
    types = types.filter(app_label="releases")
    for old, new, label in RENAMED:
        if types.filter(model=new).exists():
            continue
        with transaction.atomic(using=alias):
            for right in RIGHTS:
                permissions.filter(
                    content_type__app_label="releases",
                    content_type__model=old,
                    codename=f"{right}_{old}",
                ).update(codename=f"{right}_{new}", name=f"Can {right} {label}")
            types.filter(model=old).update(model=new)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("releases", "0014_labels"),
    ]

    operations = [
        migrations.RunPython(follow, migrations.RunPython.noop, elidable=True),
    ]
