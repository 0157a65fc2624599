from django.apps import AppConfig
from django.db.backends.signals import connection_created


class PressroomConfig(AppConfig):
    name = "pressroom"
    default = True

    def ready(self) -> None:
        from pressroom import checks, errors, schedule, sqlite  # noqa: F401  # registers checks and jobs
        from storing import columns

        columns.install()
        errors.check_reporter()
        connection_created.connect(sqlite.keep_private, dispatch_uid="pressroom.sqlite")
