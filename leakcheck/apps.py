from django.apps import AppConfig


class LeakcheckConfig(AppConfig):
    name = "leakcheck"

    def ready(self) -> None:
        from leakcheck import schedule

        schedule.connect()
