from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReleasesConfig(AppConfig):
    name = "releases"
    verbose_name = _("Releases")

    def ready(self) -> None:
        from releases import probes, workflow  # noqa: F401  # declare a job and a receiver
        from releases.rules import name_guards

        name_guards.connect()
