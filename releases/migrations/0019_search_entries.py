"""The index of the search: its entries and the words of all texts. Only new tables."""
import django.db.models.deletion
import releases.models.search
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assets', '0007_plain_names'),
        ('people', '0013_case_officers_have_the_role'),
        ('releases', '0018_hand_over'),
    ]

    operations = [
        migrations.CreateModel(
            name='SearchWord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('word', models.CharField(max_length=60, unique=True)),
                ('reversed', models.CharField(db_index=True, help_text='Backwards, to find words by their end.', max_length=60)),
                ('stem', models.CharField(db_index=True, max_length=60)),
                ('public', models.BooleanField(default=False, help_text='It occurs in a public text, which may be hidden now.')),
            ],
            options={
                'verbose_name': 'word of the search',
                'verbose_name_plural': 'words of the search',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='SearchEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.PositiveSmallIntegerField(choices=[(1, 'release'), (2, 'quotation'), (3, 'attribution'), (4, 'person'), (5, 'topic'), (6, 'file'), (7, 'person’s record'), (8, 'case')])),
                ('key', models.CharField(help_text='Which row it is.', max_length=80)),
                ('position', models.PositiveIntegerField(help_text='Of a quotation.', null=True)),
                ('title', releases.models.search.TokensField()),
                ('quotation', releases.models.search.TokensField()),
                ('standfirst', releases.models.search.TokensField()),
                ('everything', releases.models.search.TokensField(help_text='The tokens of all places.')),
                ('digest', models.CharField(help_text='Of its texts and references: while they stay, so do the tokens.', max_length=32)),
                ('tokeniser', models.PositiveSmallIntegerField(db_index=True, help_text='The version of the tokeniser that wrote it.')),
                ('asset', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='assets.mediaasset')),
                ('case', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='people.case')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='people.person')),
                ('release', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='search_entries', to='releases.release')),
                ('topic', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='releases.topic')),
            ],
            options={
                'verbose_name': 'search entry',
                'verbose_name_plural': 'search entries',
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('kind', 'key'), name='searchentry_once_a_row'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 1), ('release__isnull', False)), models.Q(('kind', 2), ('position__isnull', False), ('release__isnull', False)), models.Q(('kind__in', [3, 4, 7]), ('person__isnull', False)), models.Q(('kind', 5), ('topic__isnull', False)), models.Q(('asset__isnull', False), ('kind', 6)), models.Q(('case__isnull', False), ('kind', 8)), _connector='OR'), name='searchentry_has_its_row')],
            },
        ),
    ]
