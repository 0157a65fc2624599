"""Users who are named on a record at level 0 get the role “Case officer”.

Until now every user could be named. Such users keep their access, and can be named again. The role
is a group, which `migrate` gives its permissions at the end.
"""

from django.db import migrations


def give_role(apps, schema_editor):
    """Add the active case officers of records at level 0 to the group, and record it."""
    using = schema_editor.connection.alias
    Person = apps.get_model("people", "Person")
    Group = apps.get_model("auth", "Group")
    User = apps.get_model("accounts", "User")
    AccessEvent = apps.get_model("accounts", "AccessEvent")
    named = Person.case_officers.through.objects.using(using).filter(person__level=0)
    users = User.objects.using(using).filter(
        pk__in=named.values("user"), is_active=True, is_staff=True
    )
    if not users.exists():
        return
    group, _created = Group.objects.using(using).get_or_create(name="Case officer")
    for user in users.exclude(groups=group).order_by("pk"):
        user.groups.add(group)
        AccessEvent.objects.using(using).create(
            verb="roles_changed", subject_id=user.pk, detail={"added": ["Case officer"]}
        )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("accounts", "0002_team_sign_in_and_record"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("people", "0012_case_officers_help"),
    ]

    operations = [migrations.RunPython(give_role, migrations.RunPython.noop, elidable=True)]
