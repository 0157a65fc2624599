"""Removing the mark “under eighteen” takes a reason and a second person, and is recorded."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0005_match_exactly'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='historicalperson',
            name='under_18',
            field=models.BooleanField(db_default=False, default=False, help_text='Only users with the “name minors” permission can make this person public. Marking somebody at level 2 or 3 lowers the level to 1 at once. A second person must approve that the mark is removed.', verbose_name='under eighteen'),
        ),
        migrations.AlterField(
            model_name='person',
            name='under_18',
            field=models.BooleanField(db_default=False, default=False, help_text='Only users with the “name minors” permission can make this person public. Marking somebody at level 2 or 3 lowers the level to 1 at once. A second person must approve that the mark is removed.', verbose_name='under eighteen'),
        ),
        migrations.CreateModel(
            name='MinorMarkRemoval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('requested', 'Waits for a second person'), ('approved', 'Mark removed'), ('rejected', 'Rejected')], default='requested', max_length=10)),
                ('reason', models.TextField()),
                ('requested_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('decided_at', models.DateTimeField(null=True)),
                ('note', models.TextField(blank=True, help_text='Why it was rejected.')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='minor_mark_removals', to='people.person')),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-requested_at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='minormarkremoval_has_a_reason'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'approved'), _negated=True), models.Q(('decided_by__isnull', False), models.Q(('decided_by', models.F('requested_by')), _negated=True)), _connector='OR'), name='minormarkremoval_two_people'), models.UniqueConstraint(condition=models.Q(('outcome', 'requested')), fields=('person',), name='minormarkremoval_one_request')],
            },
        ),
    ]
