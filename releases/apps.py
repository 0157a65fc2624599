from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    name = "releases"

    def ready(self) -> None:
        from releases import probes  # noqa: F401  # declares a job
        from releases.rules import name_guards

        name_guards.connect()
