from django.apps import AppConfig

# Import the module, not AdminConfig: Django would take that class as the default of this app.
from django.contrib.admin import apps as admin

# Models whose pages are below /admin/account/.
OWN_PAGES = {
    "account.EmailAddress", "account.EmailConfirmation", "mfa.Authenticator",
    "usersessions.UserSession",
}  # fmt: skip


class DeskConfig(AppConfig):
    name = "desk"
    default = True


class NewsroomAdminConfig(admin.AdminConfig):
    """Django's admin with our admin site."""

    default = False
    default_site = "desk.site.NewsroomSite"

    def ready(self) -> None:
        """Remove allauth’s own pages, which show secrets of second factors and sessions."""
        super().ready()
        from django.contrib.admin import site  # not above: Django would look for classes in it

        for model in list(site._registry):
            if model._meta.label in OWN_PAGES:
                site.unregister(model)
