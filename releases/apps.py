from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ReleasesConfig(AppConfig):
    name = "releases"
    verbose_name = _("Releases")

    def ready(self) -> None:
        from releases import probes, workflow  # noqa: F401  # declare a job and a receiver
        from releases.rules import name_guards
        from releases.search import index, reminder, storage

        name_guards.connect()
        index.connect()
        post_migrate.connect(storage.install, sender=self, dispatch_uid="releases.search")
        post_migrate.connect(reminder.remind, sender=self, dispatch_uid="releases.search_is_due")
