from django.apps import AppConfig


class PreviewsConfig(AppConfig):
    name = "previews"

    def ready(self) -> None:
        from previews.letters import tell_of_new_lift
        from releases.workflow import lift_set

        lift_set.connect(tell_of_new_lift, dispatch_uid="previews.letters")
