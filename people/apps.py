from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "people"

    def ready(self) -> None:
        import people.depicted  # noqa: F401  # it listens to the models
