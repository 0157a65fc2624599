"""The roles of a newsroom, and their permissions. Each role is one of Django's groups.

`migrate` updates the groups from these tables, so that their members get new permissions.
A newsroom that needs other permissions creates another group.
"""

from collections.abc import Iterable
from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.apps.registry import Apps
from django.utils import translation
from django.utils.translation import gettext_lazy as _

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

# A case officer works on people’s records, and can be named on records at level 0.
CASE_OFFICER = {
    "people": [
        *EDITOR["people"],
        "be_case_officer", "name_minor",
    ],
}  # fmt: skip
# An administrator manages accounts. This role gives no access to texts.
ADMINISTRATOR = {
    "accounts": ["manage_team", "view_accessevent", "export_accessevent"],
}

ROLES = {
    "Author": [AUTHOR],
    "Editor": [AUTHOR, EDITOR],
    "Publisher": [AUTHOR, EDITOR, PUBLISHER],
    "Case officer": [CASE_OFFICER],
    "Administrator": [ADMINISTRATOR],
}

# The name of each role on screens, and what it is for. The keys are the names of the groups.
LABELS = {
    "Author": _("Author"),
    "Editor": _("Editor"),
    "Publisher": _("Publisher"),
    "Case officer": _("Case officer"),
    "Administrator": _("Administrator"),
}
PURPOSES = {
    "Author": _("Writes releases and submits them for approval."),
    "Editor": _("Also edits texts of others, works on people’s records and issues preview links."),
    "Publisher": _("Also approves, corrects and withdraws releases, and approves levels."),
    "Case officer": _(
        "Works on people’s records, and can be named on records at level 0. Only the case "
        "officers named on such a record see it."
    ),
    "Administrator": _(
        "Manages the team and reads the record of access. This role gives no access to texts."
    ),
}


def permissions_of(role: str) -> set[str]:
    """Return the permissions of a role, such as "releases.add_release"."""
    return {
        f"{app}.{codename}"
        for table in ROLES[role]
        for app, codenames in table.items()
        for codename in codenames
    }


def roles_in_words(names: Iterable[str]) -> str:
    """Return the labels of roles for a text, in the order of the table."""
    known = set(names)
    return ", ".join(str(label) for name, label in LABELS.items() if name in known) or "–"


def grant_rights(*, using: str, apps: Apps = installed, **signal: Any) -> None:
    """Give the groups exactly the permissions in `ROLES`. Skip those that do not exist yet.

    `migrate` passes its historical `apps`; `manage.py flush` passes none.
    """
    try:
        Group = apps.get_model("auth", "Group")
        Permission = apps.get_model("auth", "Permission")
    except LookupError:  # only another app was migrated, and the tables do not exist yet
        return
    known = {
        (app, codename): pk
        for pk, app, codename in Permission.objects.using(using).values_list(
            "pk", "content_type__app_label", "codename"
        )
    }
    for name in ROLES:
        group, _ = Group.objects.using(using).get_or_create(name=name)
        wanted = {tuple(right.split(".", 1)) for right in permissions_of(name)}
        group.permissions.set([known[right] for right in wanted if right in known])


def rename_permissions(
    app_config: AppConfig, *, using: str, apps: Apps = installed, **signal: Any
) -> None:
    """Rename the permissions of an app to the names that its models declare, in English.

    Django creates missing permissions, but does not rename existing ones.
    """
    try:
        Permission = apps.get_model("auth", "Permission")
        models = apps.get_app_config(app_config.label).get_models()
    except LookupError:  # only another app was migrated, and the tables do not exist yet
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
