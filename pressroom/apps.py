from django.apps import AppConfig

# The module, not its AdminConfig: a name that is imported here counts as this app's own default.
from django.contrib.admin import apps as admin
from django.db.backends.signals import connection_created


class PressroomConfig(AppConfig):
    name = "pressroom"
    default = True

    def ready(self) -> None:
        from pressroom import checks, errors, schedule, sqlite  # noqa: F401  # registers the checks
        from storing import columns

        columns.install()
        errors.check_reporter()
        schedule.connect()
        connection_created.connect(sqlite.keep_private, dispatch_uid="pressroom.sqlite")


class NewsroomAdminConfig(admin.AdminConfig):
    """Django's admin, with our site in place of the stock one."""

    default = False
    default_site = "pressroom.admin.NewsroomSite"
