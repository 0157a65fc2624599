"""A draft can be handed over to another author. No table is altered."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('releases', '0017_restricted_releases'),
    ]

    operations = [
        migrations.AlterField(
            model_name='event',
            name='verb',
            field=models.CharField(choices=[('created', 'Created'), ('imported', 'Imported'), ('submitted', 'Submitted for approval'), ('returned', 'Sent back to draft'), ('approved', 'Approved'), ('published', 'Published'), ('corrected', 'Corrected'), ('amended', 'Minor edit'), ('restored', 'Restored an earlier version'), ('rescheduled', 'Embargo changed'), ('held', 'Put on hold'), ('let_go', 'Hold ended'), ('withdrawn', 'Withdrawn'), ('guessed', 'Attempts to find it'), ('deleted', 'Deleted'), ('undeleted', 'Restored after deletion'), ('around', 'Content it shows was changed'), ('linked', 'Preview links issued'), ('unlinked', 'Preview links revoked'), ('cleared', 'Name allowed'), ('uncleared', 'Name exception removed'), ('waits', 'Blocked: contains a protected name'), ('goes_out', 'No longer blocked'), ('handed_over', 'Handed over to another author')], max_length=12),
        ),
    ]
