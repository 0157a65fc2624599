from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PreviewsConfig(AppConfig):
    name = "previews"
    verbose_name = _("Previews")

    def ready(self) -> None:
        from previews.emails import notify_of_new_embargo
        from previews.links import revoke_those_of_others
        from releases.workflow import access_ended, embargo_changed

        embargo_changed.connect(notify_of_new_embargo, dispatch_uid="previews.emails")
        access_ended.connect(revoke_those_of_others, dispatch_uid="previews.links")
