"""Labels of the background job. No SQL runs."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0002_labels'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='job',
            options={'default_permissions': ('view',), 'ordering': ['-urgent', 'due_at', 'pk'], 'permissions': [('retry_job', 'Can retry a failed job')], 'verbose_name': 'background job', 'verbose_name_plural': 'background jobs'},
        ),
        migrations.AlterField(
            model_name='job',
            name='key',
            field=models.CharField(blank=True, default='', help_text='One row per job and key. Leave blank for no limit.', max_length=200, verbose_name='key'),
        ),
        migrations.AlterField(
            model_name='job',
            name='state',
            field=models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('failed', 'Failed')], default='waiting', max_length=8, verbose_name='state'),
        ),
    ]
