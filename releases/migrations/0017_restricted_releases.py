"""The people named on a restricted release, and the files that belong to it. Only new tables."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assets', '0007_plain_names'),
        ('releases', '0016_labels_of_derived_rows'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ReleaseAccess',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('added_by', models.ForeignKey(help_text='Blank if added by a command.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('release', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='access', to='releases.release')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'event',
                'verbose_name_plural': 'events',
                'ordering': ['at', 'pk'],
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('release', 'user'), name='access_once_a_person')],
            },
        ),
        migrations.CreateModel(
            name='RestrictedFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asset', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='assets.mediaasset')),
                ('release', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='releases.release')),
            ],
            options={
                'verbose_name': 'restricted file',
                'verbose_name_plural': 'restricted files',
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('asset', 'release'), name='restrictedfile_once')],
            },
        ),
    ]
