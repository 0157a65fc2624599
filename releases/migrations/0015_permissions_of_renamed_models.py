"""Rename the content types and permissions of models that 0013 renamed, so that grants stay.

Django does this only where a migration runs RenameModel by itself, and leaves the permissions.
"""

from django.conf import settings
from django.db import migrations, transaction

RENAMED = [
    ("guess", "probe", "probe"),
    ("namefind", "namedisclosure", "name disclosure"),
]
RIGHTS = ("add", "change", "delete", "view")


def follow(apps, schema_editor):
    """Rename the rows of each model at once; a second run finds none.

    If a run of `migrate` ended after 0013 or 0014, Django has already made rows for the new name.
    Then the new permissions are granted to the groups and users who have the old ones.
    """
    alias = schema_editor.connection.alias
    types = apps.get_model("contenttypes", "ContentType").objects.using(alias)
    permissions = apps.get_model("auth", "Permission").objects.using(alias)
    types = types.filter(app_label="releases")
    for old, new, label in RENAMED:
        of_releases = permissions.filter(content_type__app_label="releases")
        with transaction.atomic(using=alias):
            if types.filter(model=new).exists():
                for right in RIGHTS:
                    before = of_releases.filter(codename=f"{right}_{old}").first()
                    after = of_releases.filter(codename=f"{right}_{new}").first()
                    if before and after:
                        after.group_set.add(*before.group_set.all())
                        after.user_set.add(*before.user_set.all())
                continue
            for right in RIGHTS:
                of_releases.filter(content_type__model=old, codename=f"{right}_{old}").update(
                    codename=f"{right}_{new}", name=f"Can {right} {label}"
                )
            types.filter(model=old).update(model=new)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("releases", "0014_labels"),
    ]

    operations = [
        migrations.RunPython(follow, migrations.RunPython.noop, elidable=True),
    ]
