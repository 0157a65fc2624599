"""Give models and fields plain labels and help texts. No table is altered."""

import django.db.models.deletion
import django_countries.fields
import releases.language_tags
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assets', '0006_as_is'),
        ('people', '0008_photographs_need_consent'),
        ('releases', '0013_plain_names'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterModelOptions(
                    name='contact',
                    options={'ordering': ['name', 'pk'], 'verbose_name': 'press contact', 'verbose_name_plural': 'press contacts'},
                ),
                migrations.AlterModelOptions(
                    name='correction',
                    options={'ordering': ['at', 'pk'], 'verbose_name': 'correction', 'verbose_name_plural': 'corrections'},
                ),
                migrations.AlterModelOptions(
                    name='event',
                    options={'ordering': ['at', 'pk'], 'verbose_name': 'event', 'verbose_name_plural': 'events'},
                ),
                migrations.AlterModelOptions(
                    name='namedisclosure',
                    options={'ordering': ['-at', '-pk'], 'verbose_name': 'name disclosure', 'verbose_name_plural': 'name disclosures'},
                ),
                migrations.AlterModelOptions(
                    name='nameexception',
                    options={'ordering': ['at', 'pk'], 'verbose_name': 'name exception', 'verbose_name_plural': 'name exceptions'},
                ),
                migrations.AlterModelOptions(
                    name='probe',
                    options={'ordering': ['-last_at', 'pk'], 'verbose_name': 'probe', 'verbose_name_plural': 'probes'},
                ),
                migrations.AlterModelOptions(
                    name='release',
                    options={'ordering': [models.OrderBy(models.F('publish_at'), descending=True, nulls_first=True), '-updated_at', 'pk'], 'permissions': [('edit_any_release', 'Can edit other people’s releases'), ('submit_release', 'Can submit a release for approval'), ('return_release', 'Can send a release back to its author'), ('approve_release', 'Can approve, schedule and publish a release'), ('correct_release', 'Can correct a published release'), ('withdraw_release', 'Can withdraw a release'), ('hold_release', 'Can put a release on hold')], 'verbose_name': 'release', 'verbose_name_plural': 'releases'},
                ),
                migrations.AlterModelOptions(
                    name='topic',
                    options={'ordering': ['name'], 'verbose_name': 'topic', 'verbose_name_plural': 'topics'},
                ),
                migrations.AlterField(
                    model_name='contact',
                    name='email',
                    field=models.EmailField(blank=True, max_length=254, verbose_name='e-mail address'),
                ),
                migrations.AlterField(
                    model_name='contact',
                    name='hidden_at',
                    field=models.DateTimeField(editable=False, help_text='When it was hidden.', null=True, verbose_name='hidden at'),
                ),
                migrations.AlterField(
                    model_name='contact',
                    name='hours',
                    field=models.CharField(blank=True, help_text='When to call, with the time zone.', max_length=120, verbose_name='hours'),
                ),
                migrations.AlterField(
                    model_name='contact',
                    name='name',
                    field=models.CharField(max_length=120, verbose_name='name'),
                ),
                migrations.AlterField(
                    model_name='contact',
                    name='phone',
                    field=models.CharField(blank=True, max_length=40, verbose_name='phone'),
                ),
                migrations.AlterField(
                    model_name='correction',
                    name='text',
                    field=models.TextField(db_column='words', help_text='Public. What was wrong and what is correct.'),
                ),
                migrations.AlterField(
                    model_name='event',
                    name='actor',
                    field=models.ForeignKey(help_text='Blank if done by a command.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
                ),
                migrations.AlterField(
                    model_name='event',
                    name='release_uuid',
                    field=models.UUIDField(help_text='Kept when a draft is deleted.'),
                ),
                migrations.AlterField(
                    model_name='event',
                    name='verb',
                    field=models.CharField(choices=[('created', 'Created'), ('imported', 'Imported'), ('submitted', 'Submitted for approval'), ('returned', 'Sent back to draft'), ('approved', 'Approved'), ('published', 'Published'), ('corrected', 'Corrected'), ('amended', 'Minor edit'), ('restored', 'Restored an earlier version'), ('rescheduled', 'Embargo changed'), ('held', 'Put on hold'), ('let_go', 'Hold ended'), ('withdrawn', 'Withdrawn'), ('guessed', 'Attempts to find it'), ('deleted', 'Deleted'), ('undeleted', 'Restored after deletion'), ('around', 'Content it shows was changed'), ('linked', 'Preview links issued'), ('unlinked', 'Preview links revoked'), ('cleared', 'Name allowed'), ('uncleared', 'Name exception removed'), ('waits', 'Blocked: contains a protected name'), ('goes_out', 'No longer blocked')], max_length=12),
                ),
                migrations.AlterField(
                    model_name='event',
                    name='version',
                    field=models.PositiveIntegerField(help_text='The version the action applied to.'),
                ),
                migrations.AlterField(
                    model_name='historicalcontact',
                    name='email',
                    field=models.EmailField(blank=True, max_length=254, verbose_name='e-mail address'),
                ),
                migrations.AlterField(
                    model_name='historicalcontact',
                    name='hidden_at',
                    field=models.DateTimeField(editable=False, help_text='When it was hidden.', null=True, verbose_name='hidden at'),
                ),
                migrations.AlterField(
                    model_name='historicalcontact',
                    name='hours',
                    field=models.CharField(blank=True, help_text='When to call, with the time zone.', max_length=120, verbose_name='hours'),
                ),
                migrations.AlterField(
                    model_name='historicalcontact',
                    name='name',
                    field=models.CharField(max_length=120, verbose_name='name'),
                ),
                migrations.AlterField(
                    model_name='historicalcontact',
                    name='phone',
                    field=models.CharField(blank=True, max_length=40, verbose_name='phone'),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='attached',
                    field=models.JSONField(blank=True, db_default=[], default=list, help_text='IDs in the order shown. Illustration rows are derived from it.', verbose_name='other pictures and documents'),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='countries',
                    field=django_countries.fields.CountryField(blank=True, max_length=749, multiple=True, verbose_name='countries'),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='created_by',
                    field=models.ForeignKey(blank=True, db_constraint=False, editable=False, help_text='Blank if created by a command.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='author'),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='day_only',
                    field=models.BooleanField(default=False, editable=False, help_text='It was published on this day; the time is not known.'),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='held_at',
                    field=models.DateTimeField(blank=True, editable=False, help_text='When it was put on hold. It is offline whatever its status and time.', null=True),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='kind',
                    field=models.CharField(choices=[('press_release', 'Press release'), ('statement', 'Statement'), ('comment', 'Comment'), ('media_advisory', 'Media advisory')], default='press_release', max_length=20, verbose_name='kind'),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='language',
                    field=models.CharField(default='en', max_length=35, validators=[releases.language_tags.validate], verbose_name='language'),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='names_allowed_until',
                    field=models.DateTimeField(blank=True, editable=False, help_text='When a name in it becomes protected; blank if never. Updated until publish_at, then fixed.', null=True),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='notes_to_editors',
                    field=models.TextField(blank=True, verbose_name='notes to editors'),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='poster',
                    field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='assets.mediaasset', verbose_name='poster'),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='publish_at',
                    field=models.DateTimeField(blank=True, editable=False, help_text='When the embargo ends and the release becomes public.', null=True, verbose_name='publish at'),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='pull_quote',
                    field=models.TextField(blank=True, help_text='Copy it exactly from a quotation in the text. The speaker is taken from that quotation.', verbose_name='pull quote'),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='slug',
                    field=models.CharField(blank=True, help_text='The last part of the page’s address. Leave blank to use the title. If you change it after publication, the old address redirects.', max_length=120, verbose_name='web address'),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='standfirst',
                    field=models.TextField(blank=True, help_text='One or two plain sentences for lists, feeds and search. Don’t repeat the lead.', verbose_name='standfirst'),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='status',
                    field=models.CharField(choices=[('draft', 'Draft'), ('in_review', 'In review'), ('approved', 'Approved'), ('withdrawn', 'Withdrawn')], default='draft', editable=False, max_length=12, verbose_name='status'),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='title',
                    field=models.CharField(blank=True, max_length=300, verbose_name='title'),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='translation_of',
                    field=models.ForeignKey(blank=True, db_constraint=False, help_text='The release that this one translates, if any.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='releases.release', verbose_name='translation of'),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='version',
                    field=models.PositiveIntegerField(default=1, editable=False, verbose_name='version'),
                ),
                migrations.AlterField(
                    model_name='historicalrelease',
                    name='withdrawal_reason',
                    field=models.TextField(blank=True, editable=False, help_text='Public. Shown in place of the release.', verbose_name='reason for the withdrawal'),
                ),
                migrations.AlterField(
                    model_name='historicaltopic',
                    name='name',
                    field=models.CharField(db_index=True, max_length=80, verbose_name='name'),
                ),
                migrations.AlterField(
                    model_name='historicaltopic',
                    name='slug',
                    field=models.CharField(blank=True, db_index=True, help_text='Leave blank to use the name.', max_length=90, verbose_name='web address'),
                ),
                migrations.AlterField(
                    model_name='mention',
                    name='surface',
                    field=models.CharField(help_text='The name as first written in the text.', max_length=200),
                ),
                migrations.AlterField(
                    model_name='namecheckfind',
                    name='accepted',
                    field=models.BooleanField(default=False, help_text='A publisher allowed the name there, with a reason.'),
                ),
                migrations.AlterField(
                    model_name='namecheckfind',
                    name='address',
                    field=models.TextField(help_text='Path and query of the page or file that contains the name.'),
                ),
                migrations.AlterField(
                    model_name='namecheckfind',
                    name='at',
                    field=models.DateTimeField(help_text='When the check started.'),
                ),
                migrations.AlterField(
                    model_name='namecheckfind',
                    name='table',
                    field=models.CharField(blank=True, help_text='The table of the row with the text, if known.', max_length=40),
                ),
                migrations.AlterField(
                    model_name='namecheckfind',
                    name='warned',
                    field=models.BooleanField(default=False, help_text='This spelling may be another person’s name.'),
                ),
                migrations.AlterField(
                    model_name='namedisclosure',
                    name='day',
                    field=models.DateField(help_text='In the newsroom’s time zone.'),
                ),
                migrations.AlterField(
                    model_name='namedisclosure',
                    name='place_shown',
                    field=models.BooleanField(default=True, help_text='Whether the user saw where the name is.'),
                ),
                migrations.AlterField(
                    model_name='nameexception',
                    name='name',
                    field=models.CharField(help_text='As written in the text.', max_length=200),
                ),
                migrations.AlterField(
                    model_name='nameexception',
                    name='release',
                    field=models.ForeignKey(blank=True, help_text='The release, if the text belongs to one.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='name_exceptions', to='releases.release'),
                ),
                migrations.AlterField(
                    model_name='nameexception',
                    name='row',
                    field=models.CharField(db_default='', default='', help_text='The row; blank for a release.', max_length=36),
                ),
                migrations.AlterField(
                    model_name='probe',
                    name='network',
                    field=models.CharField(help_text='The network address without its last part.', max_length=45),
                ),
                migrations.AlterField(
                    model_name='probe',
                    name='sender_hash',
                    field=models.CharField(db_column='who', help_text='A keyed hash of the network address. It can’t be reversed.', max_length=64),
                ),
                migrations.AlterField(
                    model_name='probe',
                    name='what',
                    field=models.CharField(choices=[('address', 'Its address'), ('file', 'One of its pictures'), ('near', 'A similar address')], max_length=8),
                ),
                migrations.AlterField(
                    model_name='rejectedname',
                    name='name',
                    field=models.CharField(help_text='As it is compared: see people.names.', max_length=200),
                ),
                migrations.AlterField(
                    model_name='rejectedname',
                    name='person',
                    field=models.ForeignKey(blank=True, help_text='Blank if the hint was about an unknown person.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='people.person'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='attached',
                    field=models.JSONField(blank=True, db_default=[], default=list, help_text='IDs in the order shown. Illustration rows are derived from it.', verbose_name='other pictures and documents'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='contacts',
                    field=models.ManyToManyField(blank=True, related_name='+', to='releases.contact', verbose_name='contacts'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='countries',
                    field=django_countries.fields.CountryField(blank=True, max_length=749, multiple=True, verbose_name='countries'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='created_by',
                    field=models.ForeignKey(editable=False, help_text='Blank if created by a command.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='author'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='day_only',
                    field=models.BooleanField(default=False, editable=False, help_text='It was published on this day; the time is not known.'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='held_at',
                    field=models.DateTimeField(blank=True, editable=False, help_text='When it was put on hold. It is offline whatever its status and time.', null=True),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='kind',
                    field=models.CharField(choices=[('press_release', 'Press release'), ('statement', 'Statement'), ('comment', 'Comment'), ('media_advisory', 'Media advisory')], default='press_release', max_length=20, verbose_name='kind'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='language',
                    field=models.CharField(default='en', max_length=35, validators=[releases.language_tags.validate], verbose_name='language'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='names_allowed_until',
                    field=models.DateTimeField(blank=True, editable=False, help_text='When a name in it becomes protected; blank if never. Updated until publish_at, then fixed.', null=True),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='notes_to_editors',
                    field=models.TextField(blank=True, verbose_name='notes to editors'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='poster',
                    field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='poster_of', to='assets.mediaasset', verbose_name='poster'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='publish_at',
                    field=models.DateTimeField(blank=True, editable=False, help_text='When the embargo ends and the release becomes public.', null=True, verbose_name='publish at'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='pull_quote',
                    field=models.TextField(blank=True, help_text='Copy it exactly from a quotation in the text. The speaker is taken from that quotation.', verbose_name='pull quote'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='slug',
                    field=models.CharField(blank=True, help_text='The last part of the page’s address. Leave blank to use the title. If you change it after publication, the old address redirects.', max_length=120, verbose_name='web address'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='standfirst',
                    field=models.TextField(blank=True, help_text='One or two plain sentences for lists, feeds and search. Don’t repeat the lead.', verbose_name='standfirst'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='status',
                    field=models.CharField(choices=[('draft', 'Draft'), ('in_review', 'In review'), ('approved', 'Approved'), ('withdrawn', 'Withdrawn')], default='draft', editable=False, max_length=12, verbose_name='status'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='title',
                    field=models.CharField(blank=True, max_length=300, verbose_name='title'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='topics',
                    field=models.ManyToManyField(blank=True, related_name='releases', to='releases.topic', verbose_name='topics'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='translation_of',
                    field=models.ForeignKey(blank=True, help_text='The release that this one translates, if any.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='translations', to='releases.release', verbose_name='translation of'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='version',
                    field=models.PositiveIntegerField(default=1, editable=False, verbose_name='version'),
                ),
                migrations.AlterField(
                    model_name='release',
                    name='withdrawal_reason',
                    field=models.TextField(blank=True, editable=False, help_text='Public. Shown in place of the release.', verbose_name='reason for the withdrawal'),
                ),
                migrations.AlterField(
                    model_name='topic',
                    name='name',
                    field=models.CharField(max_length=80, unique=True, verbose_name='name'),
                ),
                migrations.AlterField(
                    model_name='topic',
                    name='slug',
                    field=models.CharField(blank=True, help_text='Leave blank to use the name.', max_length=90, unique=True, verbose_name='web address'),
                ),
                migrations.AlterConstraint(
                    model_name='release',
                    name='release_slug_unique',
                    constraint=models.UniqueConstraint(condition=models.Q(('slug', ''), _negated=True), fields=('slug',), name='release_slug_unique', violation_error_message='Another release uses this address.'),
                ),
            ]
        ),
    ]
