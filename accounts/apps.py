from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from accounts.groups import grant_rights, rename_permissions

        post_migrate.connect(grant_rights, dispatch_uid="accounts.groups")
        post_migrate.connect(rename_permissions, dispatch_uid="accounts.permissions")
