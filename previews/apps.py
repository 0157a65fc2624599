from django.apps import AppConfig


class PreviewsConfig(AppConfig):
    name = "previews"

    def ready(self) -> None:
        from previews.emails import notify_of_new_embargo
        from releases.workflow import embargo_changed

        embargo_changed.connect(notify_of_new_embargo, dispatch_uid="previews.emails")
