from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.groups import grant_rights

        post_migrate.connect(grant_rights, dispatch_uid="accounts.groups")
