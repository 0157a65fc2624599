"""Tables for the team, for sign-in and for the record of access."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='AccessEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='time')),
                ('verb', models.CharField(max_length=40, verbose_name='event')),
                ('actor_id', models.BigIntegerField(help_text='The account that acted. Blank for strangers and commands.', null=True)),
                ('subject_id', models.BigIntegerField(help_text='The account that the event is about.', null=True)),
                ('about', models.CharField(blank=True, default='', help_text='Such as release:<uuid>.', max_length=200)),
                ('network', models.CharField(blank=True, default='', help_text='The network of the client.', max_length=50)),
                ('detail', models.JSONField(default=dict)),
            ],
            options={
                'verbose_name': 'event of the record',
                'verbose_name_plural': 'record of access',
                'ordering': ['-at', '-pk'],
                'permissions': [('export_accessevent', 'Can export the record of access')],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='DeletionPass',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
            options={
                'verbose_name': 'pass for deleting events',
                'verbose_name_plural': 'passes for deleting events',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='FactorRecovery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_digest', models.CharField(max_length=64, unique=True)),
                ('identity_check', models.TextField(help_text='Such as a call to a number that you knew.', verbose_name='how you checked who asks')),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(null=True)),
                ('cancelled_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'recovery of a second factor',
                'verbose_name_plural': 'recoveries of second factors',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='GuessCount',
            fields=[
                ('key', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('guesses', models.PositiveIntegerField()),
                ('ends_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'count of guesses',
                'verbose_name_plural': 'counts of guesses',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail address')),
                ('name', models.CharField(max_length=150, verbose_name='name')),
                ('token_digest', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='invited')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('accepted_at', models.DateTimeField(null=True)),
                ('cancelled_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'invitation',
                'verbose_name_plural': 'invitations',
                'ordering': ['-created_at', '-pk'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='KnownBrowser',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_digest', models.CharField(max_length=64, unique=True)),
                ('browser', models.CharField(blank=True, default='', max_length=100, verbose_name='browser')),
                ('first_seen_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='first sign-in')),
                ('last_seen_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='last sign-in')),
            ],
            options={
                'verbose_name': 'known browser',
                'verbose_name_plural': 'known browsers',
                'default_permissions': (),
            },
        ),
        migrations.AlterModelOptions(
            name='user',
            options={'permissions': [('manage_team', 'Can manage the team')], 'verbose_name': 'user', 'verbose_name_plural': 'users'},
        ),
        migrations.AddField(
            model_name='user',
            name='left_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='The account is closed for ever. Its name stays in the record.', null=True, verbose_name='left the team'),
        ),
        migrations.AddIndex(
            model_name='accessevent',
            index=models.Index(fields=['at'], name='access_by_time'),
        ),
        migrations.AddIndex(
            model_name='accessevent',
            index=models.Index(fields=['subject_id', 'at'], name='access_by_subject'),
        ),
        migrations.AddIndex(
            model_name='accessevent',
            index=models.Index(condition=models.Q(('about', ''), _negated=True), fields=['about'], name='access_by_row'),
        ),
        migrations.AddField(
            model_name='factorrecovery',
            name='started_by',
            field=models.ForeignKey(help_text='Blank if started by a command.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='factorrecovery',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recoveries', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='guesscount',
            index=models.Index(fields=['ends_at'], name='guesses_end'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='account',
            field=models.ForeignKey(help_text='The account that was created.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='invitation',
            name='invited_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='invited by'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='roles',
            field=models.ManyToManyField(related_name='+', to='auth.group', verbose_name='roles'),
        ),
        migrations.AddField(
            model_name='knownbrowser',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='known_browsers', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='factorrecovery',
            constraint=models.CheckConstraint(condition=models.Q(('started_by', None), models.Q(('started_by', models.F('user')), _negated=True), _connector='OR'), name='recovery_by_another'),
        ),
        migrations.AddConstraint(
            model_name='factorrecovery',
            constraint=models.CheckConstraint(condition=models.Q(('used_at', None), ('cancelled_at', None), _connector='OR'), name='recovery_ended_once'),
        ),
        migrations.AddConstraint(
            model_name='factorrecovery',
            constraint=models.UniqueConstraint(condition=models.Q(('cancelled_at', None), ('used_at', None)), fields=('user',), name='recovery_one_open'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('accepted_at', None), ('cancelled_at', None), _connector='OR'), name='invitation_ended_once'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(models.F('email'), condition=models.Q(('accepted_at', None), ('cancelled_at', None)), name='invitation_one_open'),
        ),
        migrations.AddIndex(
            model_name='knownbrowser',
            index=models.Index(fields=['last_seen_at'], name='browser_last_seen'),
        ),
    ]
