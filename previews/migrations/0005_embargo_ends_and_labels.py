"""Rename Visit.lift to embargo_ends (its column stays) and store new labels. No SQL runs."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('previews', '0004_browser_families'),
        ('releases', '0012_any_language'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterModelOptions(
                    name='opening',
                    options={'default_permissions': (), 'ordering': ['-last_at', 'pk'], 'verbose_name': 'opening', 'verbose_name_plural': 'openings'},
                ),
                migrations.AlterModelOptions(
                    name='previewlink',
                    options={'default_permissions': ('view',), 'ordering': ['-issued_at', 'name', 'pk'], 'permissions': [('issue_previewlink', 'Can issue and revoke preview links')], 'verbose_name': 'preview link', 'verbose_name_plural': 'preview links'},
                ),
                migrations.AlterModelOptions(
                    name='throttlebucket',
                    options={'default_permissions': (), 'verbose_name': 'count of wrong preview addresses', 'verbose_name_plural': 'counts of wrong preview addresses'},
                ),
                migrations.AlterModelOptions(
                    name='visit',
                    options={'ordering': ['at', 'pk'], 'verbose_name': 'visit', 'verbose_name_plural': 'visits'},
                ),
                migrations.AlterField(
                    model_name='visit',
                    name='lift',
                    field=models.DateTimeField(db_column='lift', help_text='The embargo that was accepted.', null=True),
                ),
                migrations.RenameField(
                    model_name='visit',
                    old_name='lift',
                    new_name='embargo_ends',
                ),
                migrations.AlterField(
                    model_name='previewlink',
                    name='email',
                    field=models.EmailField(blank=True, max_length=254, verbose_name='e-mail'),
                ),
                migrations.AlterField(
                    model_name='previewlink',
                    name='expires_at',
                    field=models.DateTimeField(blank=True, help_text='Leave blank to end with the embargo.', null=True, verbose_name='link ends'),
                ),
                migrations.AlterField(
                    model_name='previewlink',
                    name='issued_at',
                    field=models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='issued at'),
                ),
                migrations.AlterField(
                    model_name='previewlink',
                    name='issued_by',
                    field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='issued by'),
                ),
                migrations.AlterField(
                    model_name='previewlink',
                    name='kind',
                    field=models.CharField(choices=[('press', 'Embargoed release for a journalist'), ('colleague', 'Draft for a colleague')], default='press', max_length=10, verbose_name='kind'),
                ),
                migrations.AlterField(
                    model_name='previewlink',
                    name='mailed_at',
                    field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='e-mailed at'),
                ),
                migrations.AlterField(
                    model_name='previewlink',
                    name='max_visits',
                    field=models.PositiveIntegerField(blank=True, null=True, verbose_name='maximum visits'),
                ),
                migrations.AlterField(
                    model_name='previewlink',
                    name='name',
                    field=models.CharField(max_length=120, verbose_name='name'),
                ),
                migrations.AlterField(
                    model_name='previewlink',
                    name='outlet',
                    field=models.CharField(blank=True, max_length=120, verbose_name='outlet'),
                ),
                migrations.AlterField(
                    model_name='previewlink',
                    name='reference',
                    field=models.CharField(editable=False, help_text='Printed on every page and hidden in the text as a watermark.', max_length=8, unique=True, verbose_name='reference'),
                ),
                migrations.AlterField(
                    model_name='previewlink',
                    name='release',
                    field=models.ForeignKey(editable=False, help_text='Blank after the draft was deleted. The link is closed, its record stays.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='preview_links', to='releases.release', verbose_name='release'),
                ),
                migrations.AlterField(
                    model_name='previewlink',
                    name='revoked_at',
                    field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='revoked at'),
                ),
                migrations.AlterField(
                    model_name='previewlink',
                    name='revoked_by',
                    field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='revoked by'),
                ),
                migrations.AlterField(
                    model_name='visit',
                    name='network',
                    field=models.CharField(blank=True, help_text='The address without its last part. Removed after KEEP_VISITS_DAYS.', max_length=45),
                ),
            ]
        ),
    ]
