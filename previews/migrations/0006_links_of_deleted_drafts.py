"""Which draft a link belonged to, so that it stays restricted after the draft was deleted."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('previews', '0005_embargo_ends_and_labels'),
    ]

    operations = [
        migrations.AddField(
            model_name='previewlink',
            name='deleted_release',
            field=models.UUIDField(editable=False, help_text='The key of the draft, after it was deleted.', null=True),
        ),
    ]
