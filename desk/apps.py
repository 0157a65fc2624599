from django.apps import AppConfig

# The module, not its AdminConfig: a name that is imported here counts as this app's own default.
from django.contrib.admin import apps as admin


class DeskConfig(AppConfig):
    name = "desk"
    default = True


class NewsroomAdminConfig(admin.AdminConfig):
    """Django's admin, with our site in place of the stock one."""

    default = False
    default_site = "desk.site.NewsroomSite"
