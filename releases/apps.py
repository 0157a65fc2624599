from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    name = "releases"

    def ready(self) -> None:
        from releases import guesses, name_guards  # noqa: F401  # guesses declares a job

        name_guards.connect()
