from django.db import migrations


def make_again(apps, schema_editor):
    """Let what was made before stand under its old names until it is made anew."""
    MediaAsset = apps.get_model("assets", "MediaAsset")
    for asset in MediaAsset.objects.exclude(original="").iterator():
        styles = asset.renditions.get("styles", {})
        for made in styles.values():
            made["formats"] = {extension: 0 for extension in made["formats"]}
        renditions = {"styles": styles} if styles else {}
        MediaAsset.objects.filter(pk=asset.pk).update(
            renditions=renditions, state="waiting"
        )


class Migration(migrations.Migration):

    dependencies = [("assets", "0002_documents_and_renditions")]

    # The new code reads both shapes; going back loses no picture, since renditions can be made.
    operations = [migrations.RunPython(make_again, migrations.RunPython.noop)]
