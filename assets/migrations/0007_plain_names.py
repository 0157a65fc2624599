"""Plain names for fields, and new labels. The database stays as it is: its columns too."""

import assets.models
import assets.uploads
import django.core.validators
from django.db import migrations, models

MODELS = ("mediaasset", "historicalmediaasset")
NOT_IN_HISTORY = ("problem", "withheld_from")
FIELDS = [
    ("found", "embedded_metadata", lambda: models.JSONField(
        default=dict, db_default={}, db_column="found", editable=False)),
    ("notes", "file_warnings", lambda: models.JSONField(
        default=list, db_default=[], db_column="notes", editable=False)),
    ("problem", "error", lambda: models.TextField(
        blank=True, default="", db_default="", db_column="problem", editable=False)),
    ("withheld_from", "hidden_from", lambda: models.DateTimeField(
        null=True, db_column="withheld_from", editable=False)),
    ("weight", "size_in_bytes", lambda: models.PositiveBigIntegerField(
        default=0, db_default=0, db_column="weight", editable=False)),
]  # fmt: skip


def renamed() -> list[migrations.operations.base.Operation]:
    """Rename fields in the code only: the columns keep their names."""
    return [
        operation
        for model in MODELS
        for old, new, field in FIELDS
        if model == "mediaasset" or old not in NOT_IN_HISTORY
        for operation in (
            migrations.RenameField(model, old, new),
            migrations.AlterField(model, new, field()),
        )
    ]


class Migration(migrations.Migration):
    dependencies = [("assets", "0006_as_is")]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[
        *renamed(),
        migrations.AlterModelOptions(
            name='mediaasset',
            options={'ordering': ['-uploaded_at', 'pk'], 'permissions': [('accept_as_is', 'Can publish a document that can’t be cleaned')], 'verbose_name': 'picture or document', 'verbose_name_plural': 'pictures and documents'},
        ),
        migrations.AlterField(
            model_name='historicalmediaasset',
            name='ai_made',
            field=models.BooleanField(db_default=False, default=False, help_text='Made or altered with AI. Readers see this next to the picture.', verbose_name='made with AI'),
        ),
        migrations.AlterField(
            model_name='historicalmediaasset',
            name='alt_text',
            field=models.TextField(blank=True, help_text='Describe the image for people who can’t see it. Required before publication.', verbose_name='alternative text'),
        ),
        migrations.AlterField(
            model_name='historicalmediaasset',
            name='as_is_reason',
            field=models.TextField(blank=True, db_default='', default='', editable=False, verbose_name='why it is published as it is'),
        ),
        migrations.AlterField(
            model_name='historicalmediaasset',
            name='caption',
            field=models.TextField(blank=True, help_text='Who, what, where, when. Shown below the picture. For a document, its title.', verbose_name='caption'),
        ),
        migrations.AlterField(
            model_name='historicalmediaasset',
            name='copyright_notice',
            field=models.CharField(blank=True, max_length=255, verbose_name='copyright notice'),
        ),
        migrations.AlterField(
            model_name='historicalmediaasset',
            name='creator',
            field=models.CharField(blank=True, help_text='Who took or made it.', max_length=255, verbose_name='creator'),
        ),
        migrations.AlterField(
            model_name='historicalmediaasset',
            name='credit_line',
            field=models.CharField(blank=True, help_text='As it must be shown, such as “AFP via Getty Images”. Required before publication.', max_length=255, verbose_name='credit line'),
        ),
        migrations.AlterField(
            model_name='historicalmediaasset',
            name='date_created',
            field=models.CharField(blank=True, db_default='', default='', help_text='Such as 2026-11-25, 2026-11 or 2026. Public.', max_length=10, validators=[django.core.validators.RegexValidator('^\\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\\d|3[01]))?)?$', 'Enter a date such as 2026-11-25, 2026-11 or 2026.')], verbose_name='made on'),
        ),
        migrations.AlterField(
            model_name='historicalmediaasset',
            name='embedded_metadata',
            field=models.JSONField(db_column='found', db_default={}, default=dict, editable=False, help_text='Metadata in the file. Internal only.'),
        ),
        migrations.AlterField(
            model_name='historicalmediaasset',
            name='file_warnings',
            field=models.JSONField(db_column='notes', db_default=[], default=list, editable=False, help_text='Warnings about the file.'),
        ),
        migrations.AlterField(
            model_name='historicalmediaasset',
            name='licence_expires',
            field=models.DateTimeField(blank=True, help_text='When our licence ends. After that it is not shown.', null=True, verbose_name='licence ends'),
        ),
        migrations.AlterField(
            model_name='historicalmediaasset',
            name='original',
            field=models.TextField(blank=True, help_text='Pictures: JPEG, PNG, WebP, AVIF, HEIC, TIFF, GIF. Documents: PDF, Word, audio and video. The original file of a picture is never public.', max_length=200, validators=[assets.uploads.check_upload], verbose_name='file'),
        ),
        migrations.AlterField(
            model_name='historicalmediaasset',
            name='original_name',
            field=models.CharField(blank=True, help_text='Original file name. Internal only.', max_length=255, verbose_name='file name'),
        ),
        migrations.AlterField(
            model_name='historicalmediaasset',
            name='place',
            field=models.CharField(blank=True, db_default='', default='', help_text='Public. Leave blank if it could identify someone at risk.', max_length=255, verbose_name='place'),
        ),
        migrations.AlterField(
            model_name='historicalmediaasset',
            name='size_in_bytes',
            field=models.PositiveBigIntegerField(db_column='weight', db_default=0, default=0, editable=False, help_text='Size of the original in bytes.'),
        ),
        migrations.AlterField(
            model_name='historicalmediaasset',
            name='usage_terms',
            field=models.TextField(blank=True, help_text='What others may do with it.', verbose_name='usage terms'),
        ),
        migrations.AlterField(
            model_name='historicalmediaasset',
            name='withdrawn_at',
            field=models.DateTimeField(editable=False, help_text='When it was withdrawn.', null=True),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='ai_made',
            field=models.BooleanField(db_default=False, default=False, help_text='Made or altered with AI. Readers see this next to the picture.', verbose_name='made with AI'),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='alt_text',
            field=models.TextField(blank=True, help_text='Describe the image for people who can’t see it. Required before publication.', verbose_name='alternative text'),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='as_is_reason',
            field=models.TextField(blank=True, db_default='', default='', editable=False, verbose_name='why it is published as it is'),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='caption',
            field=models.TextField(blank=True, help_text='Who, what, where, when. Shown below the picture. For a document, its title.', verbose_name='caption'),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='copyright_notice',
            field=models.CharField(blank=True, max_length=255, verbose_name='copyright notice'),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='creator',
            field=models.CharField(blank=True, help_text='Who took or made it.', max_length=255, verbose_name='creator'),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='credit_line',
            field=models.CharField(blank=True, help_text='As it must be shown, such as “AFP via Getty Images”. Required before publication.', max_length=255, verbose_name='credit line'),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='date_created',
            field=models.CharField(blank=True, db_default='', default='', help_text='Such as 2026-11-25, 2026-11 or 2026. Public.', max_length=10, validators=[django.core.validators.RegexValidator('^\\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\\d|3[01]))?)?$', 'Enter a date such as 2026-11-25, 2026-11 or 2026.')], verbose_name='made on'),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='embedded_metadata',
            field=models.JSONField(db_column='found', db_default={}, default=dict, editable=False, help_text='Metadata in the file. Internal only.'),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='file_warnings',
            field=models.JSONField(db_column='notes', db_default=[], default=list, editable=False, help_text='Warnings about the file.'),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='hidden_from',
            field=models.DateTimeField(db_column='withheld_from', editable=False, help_text='From when it is hidden because of a person shown.', null=True),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='licence_expires',
            field=models.DateTimeField(blank=True, help_text='When our licence ends. After that it is not shown.', null=True, verbose_name='licence ends'),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='original',
            field=models.FileField(blank=True, help_text='Pictures: JPEG, PNG, WebP, AVIF, HEIC, TIFF, GIF. Documents: PDF, Word, audio and video. The original file of a picture is never public.', max_length=200, upload_to=assets.models.original_path, validators=[assets.uploads.check_upload], verbose_name='file'),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='original_name',
            field=models.CharField(blank=True, help_text='Original file name. Internal only.', max_length=255, verbose_name='file name'),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='place',
            field=models.CharField(blank=True, db_default='', default='', help_text='Public. Leave blank if it could identify someone at risk.', max_length=255, verbose_name='place'),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='size_in_bytes',
            field=models.PositiveBigIntegerField(db_column='weight', db_default=0, default=0, editable=False, help_text='Size of the original in bytes.'),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='state',
            field=models.CharField(blank=True, choices=[('', 'Not needed'), ('waiting', 'Waiting'), ('making', 'Processing'), ('made', 'Ready'), ('failed', 'Processing failed')], db_default='', default='', editable=False, max_length=8),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='usage_terms',
            field=models.TextField(blank=True, help_text='What others may do with it.', verbose_name='usage terms'),
        ),
        migrations.AlterField(
            model_name='mediaasset',
            name='withdrawn_at',
            field=models.DateTimeField(editable=False, help_text='When it was withdrawn.', null=True),
        ),
        ]),
    ]
