from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        # These modules declare jobs and e-mails.
        from accounts import addresses, recovery, team, triggers  # noqa: F401
        from accounts.roles import grant_rights, rename_permissions

        post_migrate.connect(grant_rights, dispatch_uid="accounts.roles")
        post_migrate.connect(rename_permissions, dispatch_uid="accounts.permissions")
        post_migrate.connect(triggers.install, sender=self, dispatch_uid="accounts.triggers")
