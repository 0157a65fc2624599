"""The three groups of a newsroom, and what each may do.

`migrate` updates them from this table, so that a new right reaches the people who need it.
A newsroom that wants other rights creates a group of its own.
"""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.apps.registry import Apps
from django.utils import translation

CASES = ("case", "designation", "charge", "sentence", "caseevent")

AUTHOR = {
    "releases": ["view_release", "add_release", "change_release", "submit_release"],
    "people": [f"view_{model}" for model in ("person", "personname", "role", *CASES)],
    "assets": ["view_mediaasset", "add_mediaasset", "change_mediaasset"],
    "previews": ["view_previewlink"],
}
EDITOR = {
    "releases": [
        "edit_any_release", "return_release", "delete_release", "hold_release",
        "view_topic", "add_topic", "change_topic",
        "view_contact", "add_contact", "change_contact",
    ],
    "people": [
        f"{right}_{model}"
        for model in ("person", "personname", "role", "consent", *CASES)
        for right in ("view", "add", "change")
    ] + ["delete_personname", "mark_error"],
    "assets": ["delete_mediaasset"],
    "previews": ["issue_previewlink"],
    "jobs": ["view_email", "resend_email"],
}  # fmt: skip
PUBLISHER = {
    "releases": ["approve_release", "withdraw_release", "correct_release"],
    "people": ["set_level"],
    "assets": ["accept_as_is"],
    "jobs": ["view_job", "retry_job"],
}

GROUPS = {
    "Author": [AUTHOR],
    "Editor": [AUTHOR, EDITOR],
    "Publisher": [AUTHOR, EDITOR, PUBLISHER],
}


def grant_rights(*, using: str, apps: Apps = installed, **signal: Any) -> None:
    """Give the three groups exactly the rights of the table, as far as those exist yet.

    A migration passes its own state of the apps; `manage.py flush` passes none.
    """
    try:
        Group = apps.get_model("auth", "Group")
        Permission = apps.get_model("auth", "Permission")
    except LookupError:  # a migration of another app only, before the tables exist
        return
    known = {
        (app, codename): pk
        for pk, app, codename in Permission.objects.using(using).values_list(
            "pk", "content_type__app_label", "codename"
        )
    }
    for name, tables in GROUPS.items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        wanted = {
            (app, codename)
            for table in tables
            for app, codenames in table.items()
            for codename in codenames
        }
        group.permissions.set([known[right] for right in wanted if right in known])


def rename_permissions(
    app_config: AppConfig, *, using: str, apps: Apps = installed, **signal: Any
) -> None:
    """Give the permissions of an app the names that its models declare, in English.

    Django creates missing permissions and leaves the names of the others as they were.
    """
    try:
        Permission = apps.get_model("auth", "Permission")
        models = apps.get_app_config(app_config.label).get_models()
    except LookupError:  # a migration of another app only, before the tables exist
        return
    stored = Permission.objects.using(using).filter(content_type__app_label=app_config.label)
    names = {
        (model, codename): (pk, name)
        for pk, model, codename, name in stored.values_list(
            "pk", "content_type__model", "codename", "name"
        )
    }
    with translation.override(None):
        declared = {
            (model._meta.model_name, codename): str(name)
            for model in models
            for codename, name in model._meta.permissions
        }
    for key, name in declared.items():
        if key in names and names[key][1] != name:
            Permission.objects.using(using).filter(pk=names[key][0]).update(name=name)
