"""Label of the message ID of an e-mail. No SQL runs."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0003_job_labels'),
    ]

    operations = [
        migrations.AlterField(
            model_name='email',
            name='message_id',
            field=models.CharField(editable=False, max_length=255, unique=True, verbose_name='message ID'),
        ),
    ]
