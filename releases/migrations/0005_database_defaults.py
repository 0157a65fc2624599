"""Give the database the defaults of the models, where an earlier form of 0002 to 0004 left them out.

Code that does not know a column can only insert a row if the database fills the column in.
"""

from django.db import migrations, transaction
from django.db.models import NOT_PROVIDED

APPS = ("assets", "people", "releases")


class SetDatabaseDefaults(migrations.operations.base.Operation):
    """Set every default that the models have and the database lacks, a table at a time."""

    reversible = True

    def state_forwards(self, app_label, state):
        pass

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        connection = schema_editor.connection
        for label in APPS:
            for model in to_state.apps.get_app_config(label).get_models(include_auto_created=True):
                with transaction.atomic(using=connection.alias):  # one table, so one lock
                    self._set(schema_editor, model)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        pass  # a default too many disturbs no code

    def describe(self):
        return "Set the database defaults of columns that were added since the first version"

    def _set(self, schema_editor, model):
        with schema_editor.connection.cursor() as cursor:
            columns = schema_editor.connection.introspection.get_table_description(
                cursor, model._meta.db_table
            )
        without = {column.name for column in columns if column.default is None}
        for field in model._meta.local_concrete_fields:
            if field.has_db_default() and field.column in without:
                before = field.clone()
                before.db_default = NOT_PROVIDED
                before.model = model
                before.set_attributes_from_name(field.name)
                schema_editor.alter_field(model, before, field)


class Migration(migrations.Migration):
    atomic = False  # each table in a transaction of its own

    dependencies = [
        ("releases", "0004_names_let_through_and_rejected"),
        ("people", "0004_follow_what_is_there"),
        ("assets", "0004_withheld"),
    ]

    operations = [SetDatabaseDefaults()]
