"""Lists what a restore would delete: everything that a newly migrated site does not have.

Indexes and constraints that somebody added to our tables are not listed.
"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.auth import get_permission_codename
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import triggers
from accounts.models import User
from accounts.roles import ROLES
from assets import storage
from assets.models import MediaAsset
from people.models import Person
from pressroom.backups import databases
from pressroom.backups.contents import MEDIA, MEDIA_FOLDERS, Backup, Sums, counted_rows, list_first
from previews.models import PreviewLink
from releases.models import Release
from releases.search import storage as search

MAIN = (User, Release, Person, MediaAsset, PreviewLink)
# Tables that migrations fill. _added() finds the rows that people added to them.
ALWAYS_THERE = {"django_migrations", "django_content_type", "auth_permission", "auth_group",
                "auth_group_permissions", "django_session"}  # fmt: skip
# The objects that PostgreSQL drops together with tables. The last column is whether to list an
# object: only the kinds that people create are listed.
DROPPED_WITH = """
    WITH RECURSIVE gone(classid, objid, objsubid) AS (
        SELECT 'pg_class'::regclass::oid, oid, 0 FROM pg_class
        WHERE pg_table_is_visible(oid) AND relname = ANY(%s)
        UNION
        SELECT more.* FROM gone, LATERAL (
            SELECT classid, objid, objsubid FROM pg_depend
            WHERE refclassid = gone.classid AND refobjid = gone.objid
            AND (gone.objsubid = 0 OR refobjsubid = gone.objsubid)
            UNION ALL  -- dropping a part, such as the rule of a view, drops the whole
            SELECT refclassid, refobjid, refobjsubid FROM pg_depend
            WHERE classid = gone.classid AND objid = gone.objid AND deptype = 'i'
            AND gone.objsubid = 0
        ) AS more
    )
    SELECT classid::regclass::text, objid, objsubid,
           pg_describe_object(classid, objid, objsubid), relkind, relname,
           pg_table_is_visible(objid), objid::regclass::text,
    CASE classid::regclass::text
        WHEN 'pg_class' THEN CASE
            WHEN objsubid <> 0 THEN NOT EXISTS (
                SELECT FROM gone AS whole
                WHERE (whole.classid, whole.objid, whole.objsubid) = (gone.classid, gone.objid, 0))
            WHEN relkind = 'S' THEN NOT EXISTS (
                SELECT FROM pg_depend AS owned WHERE owned.classid = 'pg_class'::regclass
                AND owned.objid = gone.objid AND owned.deptype IN ('a', 'i'))
            ELSE relkind IN ('r', 'p', 'f', 'v', 'm') END
        WHEN 'pg_proc' THEN true
        WHEN 'pg_policy' THEN true
        WHEN 'pg_type' THEN EXISTS (
            SELECT FROM pg_type WHERE oid = objid AND typtype IN ('d', 'e', 'r'))
        WHEN 'pg_trigger' THEN EXISTS (
            SELECT FROM pg_trigger WHERE oid = objid AND NOT tgisinternal AND tgname <> %s)
        WHEN 'pg_rewrite' THEN EXISTS (
            SELECT FROM pg_rewrite WHERE oid = objid AND rulename <> '_RETURN')
        WHEN 'pg_constraint' THEN EXISTS (
            SELECT FROM pg_constraint WHERE oid = objid AND conrelid <> 0
            AND conrelid NOT IN (SELECT whole.objid FROM gone AS whole
                                 WHERE whole.classid = 'pg_class'::regclass
                                 AND whole.objsubid = 0))
        ELSE false END
    FROM gone LEFT JOIN pg_class ON classid = 'pg_class'::regclass AND oid = objid
    ORDER BY 4
    """
# By kind of object: its catalog, and the query that finds it by the name in a dump.
_RELATION = ("pg_class", "SELECT to_regclass(%s)::oid")
_TYPE = ("pg_type", "SELECT to_regtype(%s)::oid")
_ROUTINE = (
    "pg_proc",
    "SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE %s = "
    "format('%%I.%%I(%%s)', nspname, proname, pg_get_function_identity_arguments(p.oid))",
)
FINDERS = {
    **dict.fromkeys(("TABLE", "FOREIGN TABLE", "VIEW", "MATERIALIZED VIEW", "SEQUENCE"), _RELATION),
    **dict.fromkeys(("FUNCTION", "PROCEDURE", "AGGREGATE"), _ROUTINE),
    **dict.fromkeys(("TYPE", "DOMAIN"), _TYPE),
    "SCHEMA": ("pg_namespace", "SELECT to_regnamespace(%s)::oid"),
}


def restore_blockers(backup: Backup, sums: Sums) -> list[str]:
    """Return what this site has and a restore would delete, as phrases."""
    known = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    found, more = [], 0
    for table, number in databases.row_counts(connection).items():
        model = known.get(table)
        if model in MAIN and number:
            one, many = model._meta.verbose_name, model._meta.verbose_name_plural
            found.append(f"{number} {one if number == 1 else many}")
        elif model is not None and table not in ALWAYS_THERE:
            more += number
    if more:
        text = ngettext("%(number)d other row", "%(number)d other rows", more)
        found.append(text % {"number": more})
    ours = {*known, "django_migrations"}
    found += _added()
    found += _unknown_in_postgres(backup, ours) if connection.vendor == "postgresql" else []
    found += _unknown_in_sqlite(ours) if connection.vendor == "sqlite" else []
    unknown = sum(1 for name in stored() if f"{MEDIA}/{name}" not in sums)
    if unknown:
        text = ngettext(
            "%(number)d stored file that the backup does not have",
            "%(number)d stored files that the backup does not have",
            unknown,
        )
        found.append(text % {"number": unknown})
    return found


def stored() -> Iterator[str]:
    """Yield the name of every stored file, in the folders that are backed up."""
    for folder in MEDIA_FOLDERS:
        yield from (file.name for file in storage.listed(folder))


def _added() -> list[str]:
    """Return phrases for the rows that people added to the tables that migrations fill."""
    there = set(databases.tables(connection))
    models = apps.get_models()
    types = {(model._meta.app_label, model._meta.model_name) for model in models}
    rights = {
        (model._meta.app_label, model._meta.model_name, codename)
        for model in models
        for codename in (
            *(
                get_permission_codename(each, model._meta)
                for each in model._meta.default_permissions
            ),
            *(codename for codename, _ in model._meta.permissions),
        )
    }
    found = []
    with connection.cursor() as cursor:

        def rows_except(table: str, query: str, known: set[Any]) -> list[tuple[Any, ...]]:
            if table not in there:
                return []
            cursor.execute(query)
            return [row for row in cursor.fetchall() if row not in known]

        groups = "SELECT name FROM auth_group ORDER BY name"
        if names := rows_except("auth_group", groups, {(name,) for name in ROLES}):
            text = ngettext("the group %(names)s", "%(number)d groups: %(names)s", len(names))
            shown = list_first([f"“{name}”" for (name,) in names])
            found.append(text % {"number": len(names), "names": shown})
        permissions = (
            "SELECT app_label, model, codename FROM auth_permission "
            "JOIN django_content_type ON django_content_type.id = content_type_id"
        )
        if added := rows_except("auth_permission", permissions, rights):
            text = ngettext(
                "%(number)d permission that no migration made",
                "%(number)d permissions that no migration made",
                len(added),
            )
            found.append(text % {"number": len(added)})
        content_types = "SELECT app_label, model FROM django_content_type"
        if added := rows_except("django_content_type", content_types, types):
            text = ngettext(
                "%(number)d kind of record that this version does not know",
                "%(number)d kinds of records that this version does not know",
                len(added),
            )
            found.append(text % {"number": len(added)})
        migrations = "SELECT app, name FROM django_migrations"
        if added := rows_except("django_migrations", migrations, databases.known_migrations()):
            text = ngettext(
                "%(number)d record of a migration that this version does not know",
                "%(number)d records of migrations that this version does not know",
                len(added),
            )
            found.append(text % {"number": len(added)})
    return found


def _unknown_in_sqlite(ours: set[str]) -> list[str]:
    """Return phrases for other objects in the SQLite file, because the whole file is replaced."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view', 'trigger') "
            "AND name NOT LIKE 'sqlite\\_%%' ESCAPE '\\' ORDER BY type, name",
            [],
        )
        for kind, name in cursor.fetchall():
            if (
                name == search.INDEX
                or name.startswith(f"{search.INDEX}_")
                or name in search.TRIGGERS
            ):
                continue
            if kind == "table" and name not in ours:
                rows = _rows(cursor, connection.ops.quote_name(name))
                found.append(_("the table %(name)s (%(rows)s)") % {"name": name, "rows": rows})
            elif kind != "table" and name not in triggers.SQLITE:
                found.append(_("the %(kind)s %(name)s") % {"kind": kind, "name": name})
    return found


def _unknown_in_postgres(backup: Backup, ours: set[str]) -> list[str]:
    """Return phrases for what is dropped with our tables, and what else the dump replaces."""
    found, dropped = [], set()
    with connection.cursor() as cursor:
        cursor.execute(DROPPED_WITH, [databases.tables(connection), triggers.REFUSE])
        for (
            catalog,
            oid,
            part,
            description,
            kind,
            name,
            visible,
            quoted,
            shown,
        ) in cursor.fetchall():
            if part == 0:
                dropped.add((catalog, oid))
            if not shown:
                continue
            if catalog != "pg_class" or part or kind not in ("r", "p"):
                found.append(_("the %(description)s") % {"description": description})
            elif name not in ours or not visible:
                found.append(
                    _("the %(description)s (%(rows)s)")
                    % {"description": description, "rows": _rows(cursor, quoted)}
                )
        for kind, name in databases.dropped_by(backup.dump):
            if kind not in FINDERS or name.rpartition(".")[2] == f"{triggers.REFUSE}()":
                continue
            catalog, finder = FINDERS[kind]
            cursor.execute(finder, [name])
            there = cursor.fetchone()
            if there and there[0] and (catalog, there[0]) not in dropped:
                found.append(_("the %(kind)s %(name)s") % {"kind": kind.lower(), "name": name})
    return found


def _rows(cursor: Any, quoted: str) -> str:
    return counted_rows(databases.count(cursor, quoted))
