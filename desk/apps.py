from django.apps import AppConfig

# Import the module, not AdminConfig: Django would take that class as the default of this app.
from django.contrib.admin import apps as admin


class DeskConfig(AppConfig):
    name = "desk"
    default = True


class NewsroomAdminConfig(admin.AdminConfig):
    """Django's admin with our admin site."""

    default = False
    default_site = "desk.site.NewsroomSite"
