from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PreviewsConfig(AppConfig):
    name = "previews"
    verbose_name = _("Previews")

    def ready(self) -> None:
        from previews.emails import notify_of_new_embargo
        from releases.workflow import embargo_changed

        embargo_changed.connect(notify_of_new_embargo, dispatch_uid="previews.emails")
