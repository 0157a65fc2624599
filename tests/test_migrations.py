"""Every migration is safe while the previous code is still running.

The rules are in docs/decisions/0024. A migration that removes something from the schema names the
release whose code no longer uses it: `restrictive = "1.4"`.
"""

import ast
import inspect
import re
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.special import RunPython, RunSQL
from django.db.migrations.recorder import MigrationRecorder

from people.models import CaseStatus
from tests.make import make_prisoner

ROOT = Path(settings.BASE_DIR)
# The first version that newsrooms may have. Its migrations run on an empty database.
BASELINE = {(app, "0001_initial") for app in ("accounts", "assets", "people", "releases")}
TAKES_AWAY = (
    migrations.RemoveField, migrations.DeleteModel, migrations.RenameField, migrations.RenameModel,
    migrations.AlterModelTable, migrations.AlterUniqueTogether,
)  # fmt: skip
# Constraints that hold for all rows of the previous code, because it does not write these columns.
HOLDS_FOR_OLD_CODE = {
    "mediaasset_focus_is_inside": "the previous code never writes the focus, so it has its default",
    "user_left_is_not_active": "the previous code never writes when a user left",
}
# Row changes that are in one transaction with the schema.
FEW_ROWS = {
    ("people", "0005_match_exactly"): "it changes only names of one word, which are few",
}


def our_migrations(loader):
    """Return our migrations in the order in which they are applied."""
    apps = {path.parent.parent.name for path in ROOT.glob("*/migrations/__init__.py")}
    found: dict = {}
    for leaf in loader.graph.leaf_nodes():
        for key in loader.graph.forwards_plan(leaf):
            if key[0] in apps:
                found.setdefault(key, loader.graph.nodes[key])
    return found


def problems(migration, before, source=""):
    """Return a sentence for each unsafe operation of a migration.

    `before` has the fields of each model before the migration, by its app and name.
    """
    label, found = migration.app_label, []
    restrictive = getattr(migration, "restrictive", "")
    tables = set(before)
    for operation in migration.operations:
        what = f"{migration}: {operation.describe()}"
        table = (label, getattr(operation, "model_name", getattr(operation, "name", "")).lower())
        is_there = table in tables
        is_code = isinstance(operation, RunPython | RunSQL)
        if is_code and migration.atomic and (label, migration.name) not in FEW_ROWS:
            found.append(f"{what}: rows change outside of the transaction (atomic = False)")
        is_of_django = type(operation).__module__.startswith("django.db.migrations.")
        if not migration.atomic and is_of_django and not is_code:
            found.append(f"{what}: would be half done if it is killed, and cannot run again")
        if isinstance(operation, RunPython) and (names := imports_of_ours(source)):
            found.append(f"{what}: imports {', '.join(names)}, which will change")
        if not is_there or restrictive:
            continue
        if isinstance(operation, migrations.AddField):
            if wants_a_value(operation.field):
                found.append(f"{what}: needs db_default, or the previous code cannot insert a row")
        elif isinstance(operation, migrations.AlterField):
            old = before[table].get(operation.name)
            is_fixed = old is not None and not old.null
            if not operation.field.null and not is_fixed:
                found.append(f"{what}: NOT NULL is restrictive")
            elif wants_a_value(operation.field) and old is not None and old.has_db_default():
                found.append(f"{what}: takes a db_default away, which is restrictive")
            elif getattr(operation.field, "unique", False) and not getattr(old, "unique", False):
                found.append(f"{what}: unique is restrictive")
        elif isinstance(operation, migrations.AddConstraint):
            if operation.constraint.name not in HOLDS_FOR_OLD_CODE:
                found.append(f"{what}: a constraint is restrictive")
        elif isinstance(operation, TAKES_AWAY):
            found.append(f"{what}: is restrictive")
    if restrictive and not re.fullmatch(r"\d+\.\d+", str(restrictive)):
        found.append(
            f"{migration}: restrictive names the release whose code no longer uses it, as “1.4”"
        )
    return found


def wants_a_value(field):
    return not (field.null or field.many_to_many or field.has_db_default() or field.generated)


def imports_of_ours(source):
    """Return the modules of the project that a migration imports."""
    tree = ast.parse(source)
    named = [
        node.module if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    packages = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    return sorted({name for name in named if name and name.split(".")[0] in packages})


def columns(state):
    return {key: model.fields for key, model in state.models.items()}


def test_every_migration_is_safe_while_the_previous_code_runs():
    loader = MigrationLoader(None)
    found = our_migrations(loader)
    assert found.keys() > BASELINE
    checked = 0
    for key, migration in found.items():
        if key in BASELINE:
            continue
        state = loader.project_state([key], at_end=False)
        source = inspect.getsource(sys.modules[migration.__module__])
        assert problems(migration, columns(state), source) == []
        checked += 1
    assert checked > 8


def test_each_app_has_one_line_of_migrations():
    loader = MigrationLoader(None)
    assert loader.detect_conflicts() == {}
    for app, name in our_migrations(loader):
        children = [key for key in loader.graph.node_map[app, name].children if key.key[0] == app]
        assert len(children) <= 1, f"{app}.{name} is followed by {children}"


@pytest.mark.django_db
def test_the_models_match_the_migrations():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_only_row_changes_are_repeated_by_migrate():
    loader = MigrationLoader(None)
    repeated = {
        key for key, migration in our_migrations(loader).items() if hasattr(migration, "repeat")
    }
    assert repeated == {
        ("assets", "0003_what_was_made_before"), ("people", "0004_follow_what_is_there"),
        ("people", "0008_photographs_need_consent"),
        ("previews", "0004_browser_families"),
    }  # fmt: skip
    assert not any(our_migrations(loader)[key].atomic for key in repeated)


# --- Each rule can fail --------------------------------------------------------------------------

BEFORE = {("people", "person"): {"name": models.CharField(), "age": models.IntegerField(null=True)}}


def made(*operations, **attributes):
    migration = type("Migration", (migrations.Migration,), attributes)("0099_made", "people")
    migration.operations = list(operations)
    return migration


BAD = {
    "needs db_default": made(migrations.AddField("person", "x", models.TextField(default=""))),
    "is restrictive": made(migrations.RemoveField("person", "name")),
    "Delete model": made(migrations.DeleteModel("Person")),
    "Rename field": made(migrations.RenameField("person", "name", "called")),
    "NOT NULL": made(migrations.AlterField("person", "age", models.IntegerField())),
    "takes a db_default away": made(migrations.AlterField("person", "kind", models.TextField())),
    "unique": made(migrations.AlterField("person", "name", models.CharField(unique=True))),
    "a constraint": made(
        migrations.AddConstraint(
            "person", models.CheckConstraint(condition=models.Q(age=1), name="person_is_one")
        )
    ),
    "atomic = False": made(migrations.RunPython(lambda apps, editor: None)),
    "half done": made(
        migrations.AddField("person", "x", models.TextField(null=True)), atomic=False
    ),
    "SQL": made(migrations.RunSQL("UPDATE people_person SET age = 1")),
    "names the release": made(migrations.RemoveField("person", "name"), restrictive=True),
}


@pytest.mark.parametrize("sentence", BAD)
def test_unsafe_migrations_are_found(sentence):
    before = {
        ("people", "person"): BEFORE["people", "person"] | {"kind": models.TextField(db_default="")}
    }
    (found,) = problems(BAD[sentence], before)
    assert sentence in found


def test_a_row_change_that_imports_the_project_is_found():
    row_change = made(migrations.RunPython(lambda apps, editor: None), atomic=False)
    assert problems(row_change, BEFORE, "import re\nfrom django.db import models") == []
    for source in ("from people.models import script_of", "import people.models as p"):
        assert "imports people.models" in problems(row_change, BEFORE, source)[0]


def test_safe_migrations_are_accepted():
    safe = made(
        migrations.AddField("person", "x", models.TextField(default="", db_default="")),
        migrations.AddField("person", "y", models.DateField(null=True)),
        migrations.CreateModel("Other", [("id", models.BigAutoField(primary_key=True))]),
        migrations.AddField("other", "z", models.TextField(default="")),
        migrations.AlterField("person", "name", models.CharField(max_length=3)),
    )
    assert problems(safe, BEFORE) == []
    assert problems(made(migrations.RemoveField("person", "name"), restrictive="1.4"), BEFORE) == []


# --- The command ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_fails_leaves_neither_change_nor_record(monkeypatch):
    """The record is in the same transaction, so a process that is interrupted leaves nothing."""
    before = columns_of("previews_visit")
    call_command("migrate", "previews", "zero", verbosity=0)
    assert columns_of("previews_visit") == []

    def interrupt(self, app, name):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(MigrationRecorder, "record_applied", interrupt)
        with pytest.raises(KeyboardInterrupt):
            call_command("migrate", "previews", verbosity=0)
    assert columns_of("previews_visit") == []
    call_command("migrate", verbosity=0)
    assert columns_of("previews_visit") == before != []


CHANGE_NO_TABLE = [
    ("people", "0010_labels"), ("previews", "0005_embargo_ends_and_labels"),
    ("releases", "0014_labels"), ("releases", "0015_permissions_of_renamed_models"),
    ("releases", "0016_labels_of_derived_rows"),
]  # fmt: skip


def unapply_later_migrations():
    """Undo the migrations after those in CHANGE_NO_TABLE, which change tables."""
    for app, name in [
        ("people", "0010_labels"), ("previews", "0005_embargo_ends_and_labels"),
        ("releases", "0016_labels_of_derived_rows"),
    ]:  # fmt: skip
        call_command("migrate", app, name, verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_rows_of_old_code_are_converted_after_new_labels(capsys):
    """Such migrations change no table, so a database from before them lacks only their records.

    Django reloads their models late. A repeated row change must not mix models from before and
    after: they cannot query each other.
    """
    make_prisoner()
    CaseStatus.objects.all().delete()  # the old code writes none
    unapply_later_migrations()
    for app, name in CHANGE_NO_TABLE:
        MigrationRecorder(connection).migration_qs.get(app=app, name=name).delete()
    call_command("migrate")
    output = capsys.readouterr().out
    assert "people.0010_labels... OK" in output
    assert "people.0004_follow_what_is_there: converted 1 row that was written since" in output
    assert CaseStatus.objects.get().custody_status == "imprisoned"
    call_command("migrate")
    assert "converted" not in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("new_rows_exist", [False, True])
def test_grants_of_renamed_models_stay(editor, new_rows_exist):
    """Django makes rows for the new names if `migrate` ended between the rename and 0015."""
    unapply_later_migrations()
    new = Permission.objects.get(codename="view_probe")
    group = Group.objects.create(name="Own group")
    if new_rows_exist:
        old_type = ContentType.objects.create(app_label="releases", model="guess")
        old = Permission.objects.create(content_type=old_type, codename="view_guess", name="x")
    else:
        ContentType.objects.filter(pk=new.content_type_id).update(model="guess")
        Permission.objects.filter(pk=new.pk).update(codename="view_guess", name="Can view guess")
        old = new
    group.permissions.add(old)
    editor.user_permissions.add(old)
    after = [("releases", "0015_permissions_of_renamed_models"),
             ("releases", "0016_labels_of_derived_rows")]  # fmt: skip
    for app, name in after:
        MigrationRecorder(connection).migration_qs.get(app=app, name=name).delete()
    call_command("migrate", verbosity=0)
    new.refresh_from_db()
    assert (new.codename, new.name) == ("view_probe", "Can view probe")
    assert new.content_type.model == "probe"
    assert group.permissions.filter(codename="view_probe").exists()
    assert editor.user_permissions.filter(codename="view_probe").exists()


def columns_of(table):
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return []
        return [row.name for row in connection.introspection.get_table_description(cursor, table)]


def test_migrate_help_explains_its_options(capsys):
    with pytest.raises(SystemExit):
        call_command("migrate", "--help")
    output = " ".join(capsys.readouterr().out.split())
    assert "again after the old code has stopped" in output
    assert "--give-up-after SECONDS" in output
