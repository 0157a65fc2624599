"""Labels of quotations and mentions. No SQL runs."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('releases', '0015_permissions_of_renamed_models'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='mention',
            options={'verbose_name': 'mention', 'verbose_name_plural': 'mentions'},
        ),
        migrations.AlterModelOptions(
            name='quote',
            options={'ordering': ['position'], 'verbose_name': 'quotation', 'verbose_name_plural': 'quotations'},
        ),
    ]
