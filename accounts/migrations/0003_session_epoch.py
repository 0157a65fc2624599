"""The value with which all sessions of a user end. A new column with a default."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_team_sign_in_and_record'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='session_epoch',
            field=models.CharField(blank=True, db_default='', default='', editable=False, help_text='A new value ends all sessions of the user: see accounts.sessions.', max_length=32),
        ),
    ]
