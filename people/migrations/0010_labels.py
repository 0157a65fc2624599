"""Give labels, help texts and messages plain English. No table is altered."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import django_countries.fields
import people.dates
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assets', '0006_as_is'),
        ('people', '0009_plain_names'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterModelOptions(
                    name='case',
                    options={'ordering': ['-as_of', '-pk'], 'permissions': [('mark_error', 'Can mark a status or designation as recorded in error')], 'verbose_name': 'case', 'verbose_name_plural': 'cases'},
                ),
                migrations.AlterModelOptions(
                    name='caseevent',
                    options={'ordering': ['date_latest', 'date_earliest', 'pk'], 'verbose_name': 'case event', 'verbose_name_plural': 'case events'},
                ),
                migrations.AlterModelOptions(
                    name='casestatus',
                    options={'ordering': ['as_of', 'pk'], 'verbose_name': 'case status', 'verbose_name_plural': 'statuses'},
                ),
                migrations.AlterModelOptions(
                    name='charge',
                    options={'ordering': ['date_earliest', 'pk'], 'verbose_name': 'charge', 'verbose_name_plural': 'charges'},
                ),
                migrations.AlterModelOptions(
                    name='consent',
                    options={'ordering': ['-given', '-pk'], 'verbose_name': 'consent', 'verbose_name_plural': 'consents'},
                ),
                migrations.AlterModelOptions(
                    name='designation',
                    options={'ordering': ['since_earliest', 'pk'], 'verbose_name': 'designation', 'verbose_name_plural': 'designations'},
                ),
                migrations.AlterModelOptions(
                    name='levelchange',
                    options={'ordering': ['-requested_at', '-pk'], 'verbose_name': 'level change', 'verbose_name_plural': 'level changes'},
                ),
                migrations.AlterModelOptions(
                    name='minormarkremoval',
                    options={'ordering': ['-requested_at', '-pk'], 'verbose_name': 'minor mark removal', 'verbose_name_plural': 'minor mark removals'},
                ),
                migrations.AlterModelOptions(
                    name='person',
                    options={'ordering': ['sort_name', 'display_name', 'pk'], 'permissions': [('set_level', 'Can approve a higher publication level'), ('name_minor', 'Can approve naming a person under eighteen')], 'verbose_name': 'person', 'verbose_name_plural': 'people'},
                ),
                migrations.AlterModelOptions(
                    name='personname',
                    options={'ordering': ['pk'], 'verbose_name': 'other name', 'verbose_name_plural': 'other names'},
                ),
                migrations.AlterModelOptions(
                    name='role',
                    options={'ordering': [models.OrderBy(models.F('start'), descending=True, nulls_last=True), 'pk'], 'verbose_name': 'role', 'verbose_name_plural': 'roles'},
                ),
                migrations.AlterModelOptions(
                    name='sentence',
                    options={'ordering': ['date_earliest', 'pk'], 'verbose_name': 'sentence', 'verbose_name_plural': 'sentences'},
                ),
                migrations.AlterField(
                    model_name='case',
                    name='as_of',
                    field=models.DateField(help_text='The date of the latest information. Always shown with the status.', verbose_name='as of'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='call',
                    field=models.TextField(blank=True, help_text='What we ask for, as worded in a release.', verbose_name='call'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='confidence',
                    field=models.CharField(blank=True, choices=[('', 'Not judged'), ('confirmed', 'Confirmed'), ('likely', 'Likely'), ('possible', 'Possible'), ('unlikely', 'Unlikely')], db_default='', default='', help_text='How sure the status is.', max_length=12, verbose_name='confidence'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='country',
                    field=django_countries.fields.CountryField(blank=True, help_text='The country that detains the person. Leave blank if not certain.', max_length=2, verbose_name='country'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='custody_status',
                    field=models.CharField(choices=[('detained', 'In detention'), ('pretrial', 'In pre-trial detention'), ('administrative', 'In administrative detention'), ('imprisoned', 'Imprisoned after conviction'), ('house_arrest', 'Under house arrest'), ('restricted', 'Free, but with restrictions on movement'), ('disappeared', 'Forcibly disappeared'), ('held_non_state', 'Held by an armed group'), ('released_conditional', 'Released on conditions'), ('released', 'Released'), ('died_in_custody', 'Died in custody'), ('died', 'Died'), ('unknown', 'Status unknown')], default='unknown', max_length=24, verbose_name='custody status'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='health',
                    field=models.TextField(blank=True, db_default='', default='', help_text='Shown only while a consent covers health.', verbose_name='concern for health'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='internal_note',
                    field=models.TextField(blank=True, db_default='', default='', help_text='Informants, exact places, doubts. Internal only.', verbose_name='internal note'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='legal_status',
                    field=models.CharField(blank=True, choices=[('', 'Not known'), ('not_charged', 'Not charged'), ('charged', 'Charges pending'), ('on_trial', 'On trial'), ('convicted', 'Convicted'), ('appeal', 'Convicted; an appeal is pending'), ('acquitted', 'Acquitted'), ('dropped', 'Charges dropped'), ('pardoned', 'Pardoned')], db_default='', default='', max_length=16, verbose_name='legal status'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='person',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cases', to='people.person', verbose_name='person'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='place',
                    field=models.TextField(blank=True, db_default='', default='', help_text='Facility, cell, address. Internal only. Put a place that may be published in the summary.', verbose_name='where the person is held'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='reliability',
                    field=models.CharField(blank=True, choices=[('', 'Not judged'), ('complete', 'Completely reliable'), ('usual', 'Usually reliable'), ('fair', 'Fairly reliable'), ('seldom', 'Not usually reliable'), ('unreliable', 'Unreliable')], db_default='', default='', help_text='Internal only.', max_length=12, verbose_name='reliability of the source'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='review_due',
                    field=models.DateField(blank=True, help_text='The case appears on the desk on this date.', null=True, verbose_name='review by'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='since',
                    field=people.dates.UncertainDateField(blank=True, db_default='', default='', help_text='Such as 2021, 2021-09 or 2021-09-12. Use XX for unknown parts, ~ for about, ? for uncertain.', max_length=12, verbose_name='in detention since'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='source',
                    field=models.TextField(blank=True, help_text='Internal only unless you tick the box.', verbose_name='source'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='source_public',
                    field=models.BooleanField(db_default=False, default=False, help_text='Never for a source who could be harmed.', verbose_name='the source may be published'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='summary',
                    field=models.TextField(blank=True, help_text='What happened. Shown on the person’s page.', verbose_name='summary'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='until',
                    field=people.dates.UncertainDateField(blank=True, db_default='', default='', help_text='Such as 2021, 2021-09 or 2021-09-12. Use XX for unknown parts, ~ for about, ? for uncertain.', max_length=12, verbose_name='in detention until'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='what_to_do',
                    field=models.TextField(blank=True, db_default='', default='', help_text='Public. Leave blank to show nothing.', verbose_name='what readers can do'),
                ),
                migrations.AlterField(
                    model_name='case',
                    name='what_to_do_url',
                    field=models.URLField(blank=True, db_default='', default='', max_length=500, verbose_name='link'),
                ),
                migrations.AlterField(
                    model_name='caseevent',
                    name='case',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='people.case', verbose_name='case'),
                ),
                migrations.AlterField(
                    model_name='caseevent',
                    name='date',
                    field=people.dates.UncertainDateField(blank=True, help_text='Such as 2021, 2021-09 or 2021-09-12. Use XX for unknown parts, ~ for about, ? for uncertain.', max_length=12, verbose_name='date'),
                ),
                migrations.AlterField(
                    model_name='caseevent',
                    name='internal_note',
                    field=models.TextField(blank=True, db_default='', default='', help_text='Informants, exact places, doubts. Internal only.', verbose_name='internal note'),
                ),
                migrations.AlterField(
                    model_name='caseevent',
                    name='kind',
                    field=models.CharField(choices=[('arrest', 'Arrest'), ('disappearance', 'Disappearance'), ('charge', 'Charge'), ('trial', 'Trial'), ('verdict', 'Verdict'), ('sentence', 'Sentence'), ('appeal', 'Appeal'), ('transfer', 'Transfer'), ('health', 'Health'), ('access_denied', 'Access denied'), ('un_opinion', 'Opinion of the United Nations'), ('action', 'Action'), ('release', 'Release'), ('death', 'Death'), ('other', 'Other')], max_length=16, verbose_name='kind'),
                ),
                migrations.AlterField(
                    model_name='caseevent',
                    name='public',
                    field=models.BooleanField(default=True, help_text='Shown on the person’s page.', verbose_name='public'),
                ),
                migrations.AlterField(
                    model_name='caseevent',
                    name='reliability',
                    field=models.CharField(blank=True, choices=[('', 'Not judged'), ('complete', 'Completely reliable'), ('usual', 'Usually reliable'), ('fair', 'Fairly reliable'), ('seldom', 'Not usually reliable'), ('unreliable', 'Unreliable')], db_default='', default='', help_text='Internal only.', max_length=12, verbose_name='reliability of the source'),
                ),
                migrations.AlterField(
                    model_name='caseevent',
                    name='source',
                    field=models.TextField(blank=True, help_text='Internal only unless you tick the box.', verbose_name='source'),
                ),
                migrations.AlterField(
                    model_name='caseevent',
                    name='source_public',
                    field=models.BooleanField(db_default=False, default=False, help_text='Never for a source who could be harmed.', verbose_name='the source may be published'),
                ),
                migrations.AlterField(
                    model_name='caseevent',
                    name='summary',
                    field=models.TextField(verbose_name='summary'),
                ),
                migrations.AlterField(
                    model_name='casestatus',
                    name='as_of',
                    field=models.DateField(verbose_name='as of'),
                ),
                migrations.AlterField(
                    model_name='casestatus',
                    name='case',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='statuses', to='people.case', verbose_name='case'),
                ),
                migrations.AlterField(
                    model_name='casestatus',
                    name='confidence',
                    field=models.CharField(blank=True, choices=[('', 'Not judged'), ('confirmed', 'Confirmed'), ('likely', 'Likely'), ('possible', 'Possible'), ('unlikely', 'Unlikely')], max_length=12, verbose_name='confidence'),
                ),
                migrations.AlterField(
                    model_name='casestatus',
                    name='custody_status',
                    field=models.CharField(choices=[('detained', 'In detention'), ('pretrial', 'In pre-trial detention'), ('administrative', 'In administrative detention'), ('imprisoned', 'Imprisoned after conviction'), ('house_arrest', 'Under house arrest'), ('restricted', 'Free, but with restrictions on movement'), ('disappeared', 'Forcibly disappeared'), ('held_non_state', 'Held by an armed group'), ('released_conditional', 'Released on conditions'), ('released', 'Released'), ('died_in_custody', 'Died in custody'), ('died', 'Died'), ('unknown', 'Status unknown')], max_length=24, verbose_name='custody status'),
                ),
                migrations.AlterField(
                    model_name='casestatus',
                    name='internal_note',
                    field=models.TextField(blank=True, db_default='', default='', help_text='Informants, exact places, doubts. Internal only.', verbose_name='internal note'),
                ),
                migrations.AlterField(
                    model_name='casestatus',
                    name='legal_status',
                    field=models.CharField(blank=True, choices=[('', 'Not known'), ('not_charged', 'Not charged'), ('charged', 'Charges pending'), ('on_trial', 'On trial'), ('convicted', 'Convicted'), ('appeal', 'Convicted; an appeal is pending'), ('acquitted', 'Acquitted'), ('dropped', 'Charges dropped'), ('pardoned', 'Pardoned')], max_length=16, verbose_name='legal status'),
                ),
                migrations.AlterField(
                    model_name='casestatus',
                    name='recorded_at',
                    field=models.DateTimeField(default=django.utils.timezone.now, verbose_name='recorded at'),
                ),
                migrations.AlterField(
                    model_name='casestatus',
                    name='reliability',
                    field=models.CharField(blank=True, choices=[('', 'Not judged'), ('complete', 'Completely reliable'), ('usual', 'Usually reliable'), ('fair', 'Fairly reliable'), ('seldom', 'Not usually reliable'), ('unreliable', 'Unreliable')], db_default='', default='', help_text='Internal only.', max_length=12, verbose_name='reliability of the source'),
                ),
                migrations.AlterField(
                    model_name='casestatus',
                    name='source',
                    field=models.TextField(blank=True, help_text='Internal only unless you tick the box.', verbose_name='source'),
                ),
                migrations.AlterField(
                    model_name='casestatus',
                    name='source_public',
                    field=models.BooleanField(db_default=False, default=False, help_text='Never for a source who could be harmed.', verbose_name='the source may be published'),
                ),
                migrations.AlterField(
                    model_name='charge',
                    name='case',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='charges', to='people.case', verbose_name='case'),
                ),
                migrations.AlterField(
                    model_name='charge',
                    name='date',
                    field=people.dates.UncertainDateField(blank=True, help_text='Such as 2021, 2021-09 or 2021-09-12. Use XX for unknown parts, ~ for about, ? for uncertain.', max_length=12, verbose_name='date'),
                ),
                migrations.AlterField(
                    model_name='charge',
                    name='internal_note',
                    field=models.TextField(blank=True, db_default='', default='', help_text='Informants, exact places, doubts. Internal only.', verbose_name='internal note'),
                ),
                migrations.AlterField(
                    model_name='charge',
                    name='law',
                    field=models.CharField(blank=True, max_length=300, verbose_name='law'),
                ),
                migrations.AlterField(
                    model_name='charge',
                    name='original_language',
                    field=models.CharField(blank=True, max_length=35, validators=[django.core.validators.RegexValidator('^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$', 'Enter a language tag such as en, ug or zh-Hans.')], verbose_name='original language'),
                ),
                migrations.AlterField(
                    model_name='charge',
                    name='reliability',
                    field=models.CharField(blank=True, choices=[('', 'Not judged'), ('complete', 'Completely reliable'), ('usual', 'Usually reliable'), ('fair', 'Fairly reliable'), ('seldom', 'Not usually reliable'), ('unreliable', 'Unreliable')], db_default='', default='', help_text='Internal only.', max_length=12, verbose_name='reliability of the source'),
                ),
                migrations.AlterField(
                    model_name='charge',
                    name='result',
                    field=models.CharField(blank=True, choices=[('', 'Not known'), ('pending', 'Pending'), ('dropped', 'Dropped'), ('convicted', 'Convicted'), ('acquitted', 'Acquitted')], max_length=12, verbose_name='result'),
                ),
                migrations.AlterField(
                    model_name='charge',
                    name='source',
                    field=models.TextField(blank=True, help_text='Internal only unless you tick the box.', verbose_name='source'),
                ),
                migrations.AlterField(
                    model_name='charge',
                    name='source_public',
                    field=models.BooleanField(db_default=False, default=False, help_text='Never for a source who could be harmed.', verbose_name='the source may be published'),
                ),
                migrations.AlterField(
                    model_name='consent',
                    name='basis',
                    field=models.CharField(choices=[('subject', 'Consent of the person'), ('family', 'Consent of the family'), ('lawyer', 'Consent given through a lawyer'), ('public', 'Widely public already; the risk was weighed')], max_length=10, verbose_name='basis'),
                ),
                migrations.AlterField(
                    model_name='consent',
                    name='ends',
                    field=models.DateField(blank=True, help_text='Last day. Leave blank for no end date.', null=True, verbose_name='ends on'),
                ),
                migrations.AlterField(
                    model_name='consent',
                    name='evidence',
                    field=models.TextField(blank=True, help_text='Where the evidence is kept. Internal only.', verbose_name='evidence'),
                ),
                migrations.AlterField(
                    model_name='consent',
                    name='person',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='consents', to='people.person', verbose_name='person'),
                ),
                migrations.AlterField(
                    model_name='consent',
                    name='withdrawn',
                    field=models.DateField(blank=True, help_text='From this day nothing is published on the basis of this consent. Pages and pictures are removed at once.', null=True, verbose_name='withdrawn on'),
                ),
                migrations.AlterField(
                    model_name='designation',
                    name='case',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='designations', to='people.case', verbose_name='case'),
                ),
                migrations.AlterField(
                    model_name='designation',
                    name='internal_note',
                    field=models.TextField(blank=True, db_default='', default='', help_text='Informants, exact places, doubts. Internal only.', verbose_name='internal note'),
                ),
                migrations.AlterField(
                    model_name='designation',
                    name='label',
                    field=models.CharField(default='Prisoner of conscience', max_length=80, verbose_name='label'),
                ),
                migrations.AlterField(
                    model_name='designation',
                    name='reliability',
                    field=models.CharField(blank=True, choices=[('', 'Not judged'), ('complete', 'Completely reliable'), ('usual', 'Usually reliable'), ('fair', 'Fairly reliable'), ('seldom', 'Not usually reliable'), ('unreliable', 'Unreliable')], db_default='', default='', help_text='Internal only.', max_length=12, verbose_name='reliability of the source'),
                ),
                migrations.AlterField(
                    model_name='designation',
                    name='since',
                    field=people.dates.UncertainDateField(blank=True, help_text='Such as 2021, 2021-09 or 2021-09-12. Use XX for unknown parts, ~ for about, ? for uncertain.', max_length=12, verbose_name='since'),
                ),
                migrations.AlterField(
                    model_name='designation',
                    name='source',
                    field=models.TextField(blank=True, help_text='Internal only unless you tick the box.', verbose_name='source'),
                ),
                migrations.AlterField(
                    model_name='designation',
                    name='source_public',
                    field=models.BooleanField(db_default=False, default=False, help_text='Never for a source who could be harmed.', verbose_name='the source may be published'),
                ),
                migrations.AlterField(
                    model_name='designation',
                    name='until',
                    field=people.dates.UncertainDateField(blank=True, help_text='Such as 2021, 2021-09 or 2021-09-12. Use XX for unknown parts, ~ for about, ? for uncertain.', max_length=12, verbose_name='revoked'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='as_of',
                    field=models.DateField(help_text='The date of the latest information. Always shown with the status.', verbose_name='as of'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='call',
                    field=models.TextField(blank=True, help_text='What we ask for, as worded in a release.', verbose_name='call'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='confidence',
                    field=models.CharField(blank=True, choices=[('', 'Not judged'), ('confirmed', 'Confirmed'), ('likely', 'Likely'), ('possible', 'Possible'), ('unlikely', 'Unlikely')], db_default='', default='', help_text='How sure the status is.', max_length=12, verbose_name='confidence'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='country',
                    field=django_countries.fields.CountryField(blank=True, help_text='The country that detains the person. Leave blank if not certain.', max_length=2, verbose_name='country'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='custody_status',
                    field=models.CharField(choices=[('detained', 'In detention'), ('pretrial', 'In pre-trial detention'), ('administrative', 'In administrative detention'), ('imprisoned', 'Imprisoned after conviction'), ('house_arrest', 'Under house arrest'), ('restricted', 'Free, but with restrictions on movement'), ('disappeared', 'Forcibly disappeared'), ('held_non_state', 'Held by an armed group'), ('released_conditional', 'Released on conditions'), ('released', 'Released'), ('died_in_custody', 'Died in custody'), ('died', 'Died'), ('unknown', 'Status unknown')], default='unknown', max_length=24, verbose_name='custody status'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='health',
                    field=models.TextField(blank=True, db_default='', default='', help_text='Shown only while a consent covers health.', verbose_name='concern for health'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='internal_note',
                    field=models.TextField(blank=True, db_default='', default='', help_text='Informants, exact places, doubts. Internal only.', verbose_name='internal note'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='legal_status',
                    field=models.CharField(blank=True, choices=[('', 'Not known'), ('not_charged', 'Not charged'), ('charged', 'Charges pending'), ('on_trial', 'On trial'), ('convicted', 'Convicted'), ('appeal', 'Convicted; an appeal is pending'), ('acquitted', 'Acquitted'), ('dropped', 'Charges dropped'), ('pardoned', 'Pardoned')], db_default='', default='', max_length=16, verbose_name='legal status'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='person',
                    field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='people.person', verbose_name='person'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='place',
                    field=models.TextField(blank=True, db_default='', default='', help_text='Facility, cell, address. Internal only. Put a place that may be published in the summary.', verbose_name='where the person is held'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='reliability',
                    field=models.CharField(blank=True, choices=[('', 'Not judged'), ('complete', 'Completely reliable'), ('usual', 'Usually reliable'), ('fair', 'Fairly reliable'), ('seldom', 'Not usually reliable'), ('unreliable', 'Unreliable')], db_default='', default='', help_text='Internal only.', max_length=12, verbose_name='reliability of the source'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='review_due',
                    field=models.DateField(blank=True, help_text='The case appears on the desk on this date.', null=True, verbose_name='review by'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='since',
                    field=people.dates.UncertainDateField(blank=True, db_default='', default='', help_text='Such as 2021, 2021-09 or 2021-09-12. Use XX for unknown parts, ~ for about, ? for uncertain.', max_length=12, verbose_name='in detention since'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='source',
                    field=models.TextField(blank=True, help_text='Internal only unless you tick the box.', verbose_name='source'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='source_public',
                    field=models.BooleanField(db_default=False, default=False, help_text='Never for a source who could be harmed.', verbose_name='the source may be published'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='summary',
                    field=models.TextField(blank=True, help_text='What happened. Shown on the person’s page.', verbose_name='summary'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='until',
                    field=people.dates.UncertainDateField(blank=True, db_default='', default='', help_text='Such as 2021, 2021-09 or 2021-09-12. Use XX for unknown parts, ~ for about, ? for uncertain.', max_length=12, verbose_name='in detention until'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='what_to_do',
                    field=models.TextField(blank=True, db_default='', default='', help_text='Public. Leave blank to show nothing.', verbose_name='what readers can do'),
                ),
                migrations.AlterField(
                    model_name='historicalcase',
                    name='what_to_do_url',
                    field=models.URLField(blank=True, db_default='', default='', max_length=500, verbose_name='link'),
                ),
                migrations.AlterField(
                    model_name='historicalcaseevent',
                    name='case',
                    field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='people.case', verbose_name='case'),
                ),
                migrations.AlterField(
                    model_name='historicalcaseevent',
                    name='date',
                    field=people.dates.UncertainDateField(blank=True, help_text='Such as 2021, 2021-09 or 2021-09-12. Use XX for unknown parts, ~ for about, ? for uncertain.', max_length=12, verbose_name='date'),
                ),
                migrations.AlterField(
                    model_name='historicalcaseevent',
                    name='internal_note',
                    field=models.TextField(blank=True, db_default='', default='', help_text='Informants, exact places, doubts. Internal only.', verbose_name='internal note'),
                ),
                migrations.AlterField(
                    model_name='historicalcaseevent',
                    name='kind',
                    field=models.CharField(choices=[('arrest', 'Arrest'), ('disappearance', 'Disappearance'), ('charge', 'Charge'), ('trial', 'Trial'), ('verdict', 'Verdict'), ('sentence', 'Sentence'), ('appeal', 'Appeal'), ('transfer', 'Transfer'), ('health', 'Health'), ('access_denied', 'Access denied'), ('un_opinion', 'Opinion of the United Nations'), ('action', 'Action'), ('release', 'Release'), ('death', 'Death'), ('other', 'Other')], max_length=16, verbose_name='kind'),
                ),
                migrations.AlterField(
                    model_name='historicalcaseevent',
                    name='public',
                    field=models.BooleanField(default=True, help_text='Shown on the person’s page.', verbose_name='public'),
                ),
                migrations.AlterField(
                    model_name='historicalcaseevent',
                    name='reliability',
                    field=models.CharField(blank=True, choices=[('', 'Not judged'), ('complete', 'Completely reliable'), ('usual', 'Usually reliable'), ('fair', 'Fairly reliable'), ('seldom', 'Not usually reliable'), ('unreliable', 'Unreliable')], db_default='', default='', help_text='Internal only.', max_length=12, verbose_name='reliability of the source'),
                ),
                migrations.AlterField(
                    model_name='historicalcaseevent',
                    name='source',
                    field=models.TextField(blank=True, help_text='Internal only unless you tick the box.', verbose_name='source'),
                ),
                migrations.AlterField(
                    model_name='historicalcaseevent',
                    name='source_public',
                    field=models.BooleanField(db_default=False, default=False, help_text='Never for a source who could be harmed.', verbose_name='the source may be published'),
                ),
                migrations.AlterField(
                    model_name='historicalcaseevent',
                    name='summary',
                    field=models.TextField(verbose_name='summary'),
                ),
                migrations.AlterField(
                    model_name='historicalcharge',
                    name='case',
                    field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='people.case', verbose_name='case'),
                ),
                migrations.AlterField(
                    model_name='historicalcharge',
                    name='date',
                    field=people.dates.UncertainDateField(blank=True, help_text='Such as 2021, 2021-09 or 2021-09-12. Use XX for unknown parts, ~ for about, ? for uncertain.', max_length=12, verbose_name='date'),
                ),
                migrations.AlterField(
                    model_name='historicalcharge',
                    name='internal_note',
                    field=models.TextField(blank=True, db_default='', default='', help_text='Informants, exact places, doubts. Internal only.', verbose_name='internal note'),
                ),
                migrations.AlterField(
                    model_name='historicalcharge',
                    name='law',
                    field=models.CharField(blank=True, max_length=300, verbose_name='law'),
                ),
                migrations.AlterField(
                    model_name='historicalcharge',
                    name='original_language',
                    field=models.CharField(blank=True, max_length=35, validators=[django.core.validators.RegexValidator('^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$', 'Enter a language tag such as en, ug or zh-Hans.')], verbose_name='original language'),
                ),
                migrations.AlterField(
                    model_name='historicalcharge',
                    name='reliability',
                    field=models.CharField(blank=True, choices=[('', 'Not judged'), ('complete', 'Completely reliable'), ('usual', 'Usually reliable'), ('fair', 'Fairly reliable'), ('seldom', 'Not usually reliable'), ('unreliable', 'Unreliable')], db_default='', default='', help_text='Internal only.', max_length=12, verbose_name='reliability of the source'),
                ),
                migrations.AlterField(
                    model_name='historicalcharge',
                    name='result',
                    field=models.CharField(blank=True, choices=[('', 'Not known'), ('pending', 'Pending'), ('dropped', 'Dropped'), ('convicted', 'Convicted'), ('acquitted', 'Acquitted')], max_length=12, verbose_name='result'),
                ),
                migrations.AlterField(
                    model_name='historicalcharge',
                    name='source',
                    field=models.TextField(blank=True, help_text='Internal only unless you tick the box.', verbose_name='source'),
                ),
                migrations.AlterField(
                    model_name='historicalcharge',
                    name='source_public',
                    field=models.BooleanField(db_default=False, default=False, help_text='Never for a source who could be harmed.', verbose_name='the source may be published'),
                ),
                migrations.AlterField(
                    model_name='historicalconsent',
                    name='basis',
                    field=models.CharField(choices=[('subject', 'Consent of the person'), ('family', 'Consent of the family'), ('lawyer', 'Consent given through a lawyer'), ('public', 'Widely public already; the risk was weighed')], max_length=10, verbose_name='basis'),
                ),
                migrations.AlterField(
                    model_name='historicalconsent',
                    name='ends',
                    field=models.DateField(blank=True, help_text='Last day. Leave blank for no end date.', null=True, verbose_name='ends on'),
                ),
                migrations.AlterField(
                    model_name='historicalconsent',
                    name='evidence',
                    field=models.TextField(blank=True, help_text='Where the evidence is kept. Internal only.', verbose_name='evidence'),
                ),
                migrations.AlterField(
                    model_name='historicalconsent',
                    name='person',
                    field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='people.person', verbose_name='person'),
                ),
                migrations.AlterField(
                    model_name='historicalconsent',
                    name='withdrawn',
                    field=models.DateField(blank=True, help_text='From this day nothing is published on the basis of this consent. Pages and pictures are removed at once.', null=True, verbose_name='withdrawn on'),
                ),
                migrations.AlterField(
                    model_name='historicaldesignation',
                    name='case',
                    field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='people.case', verbose_name='case'),
                ),
                migrations.AlterField(
                    model_name='historicaldesignation',
                    name='internal_note',
                    field=models.TextField(blank=True, db_default='', default='', help_text='Informants, exact places, doubts. Internal only.', verbose_name='internal note'),
                ),
                migrations.AlterField(
                    model_name='historicaldesignation',
                    name='label',
                    field=models.CharField(default='Prisoner of conscience', max_length=80, verbose_name='label'),
                ),
                migrations.AlterField(
                    model_name='historicaldesignation',
                    name='reliability',
                    field=models.CharField(blank=True, choices=[('', 'Not judged'), ('complete', 'Completely reliable'), ('usual', 'Usually reliable'), ('fair', 'Fairly reliable'), ('seldom', 'Not usually reliable'), ('unreliable', 'Unreliable')], db_default='', default='', help_text='Internal only.', max_length=12, verbose_name='reliability of the source'),
                ),
                migrations.AlterField(
                    model_name='historicaldesignation',
                    name='since',
                    field=people.dates.UncertainDateField(blank=True, help_text='Such as 2021, 2021-09 or 2021-09-12. Use XX for unknown parts, ~ for about, ? for uncertain.', max_length=12, verbose_name='since'),
                ),
                migrations.AlterField(
                    model_name='historicaldesignation',
                    name='source',
                    field=models.TextField(blank=True, help_text='Internal only unless you tick the box.', verbose_name='source'),
                ),
                migrations.AlterField(
                    model_name='historicaldesignation',
                    name='source_public',
                    field=models.BooleanField(db_default=False, default=False, help_text='Never for a source who could be harmed.', verbose_name='the source may be published'),
                ),
                migrations.AlterField(
                    model_name='historicaldesignation',
                    name='until',
                    field=people.dates.UncertainDateField(blank=True, help_text='Such as 2021, 2021-09 or 2021-09-12. Use XX for unknown parts, ~ for about, ? for uncertain.', max_length=12, verbose_name='revoked'),
                ),
                migrations.AlterField(
                    model_name='historicalperson',
                    name='display_name',
                    field=models.CharField(help_text='As shown to readers. Order and capitals are not changed. A single name is valid.', max_length=200, verbose_name='name'),
                ),
                migrations.AlterField(
                    model_name='historicalperson',
                    name='level',
                    field=models.PositiveSmallIntegerField(choices=[(0, '0 · Known to named case officers only'), (1, '1 · Known to staff; may not be named'), (2, '2 · May be named in a release; no page'), (3, '3 · Has a public page')], default=1, help_text='Decides where the name may appear. Two people raise it; one person can lower it.', verbose_name='publication level'),
                ),
                migrations.AlterField(
                    model_name='historicalperson',
                    name='level_basis',
                    field=models.TextField(blank=True, help_text='Why the person may be named: whose consent, or why publication is justified. Required from level 2. Internal only.', verbose_name='basis'),
                ),
                migrations.AlterField(
                    model_name='historicalperson',
                    name='name_match_exactly',
                    field=models.BooleanField(db_default=False, default=False, help_text='For a single name, initials or a code name. Capitals and full stops must match.', verbose_name='match exactly'),
                ),
                migrations.AlterField(
                    model_name='historicalperson',
                    name='name_matchable',
                    field=models.BooleanField(db_default=True, default=True, help_text='Full names are always searched for. Only users who can set levels can switch this off.', verbose_name='search texts for this name'),
                ),
                migrations.AlterField(
                    model_name='historicalperson',
                    name='portrait',
                    field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='assets.mediaasset', verbose_name='portrait'),
                ),
                migrations.AlterField(
                    model_name='historicalperson',
                    name='pronouns',
                    field=models.CharField(blank=True, help_text='As stated by the person.', max_length=40, verbose_name='pronouns'),
                ),
                migrations.AlterField(
                    model_name='historicalperson',
                    name='slug',
                    field=models.CharField(blank=True, db_index=True, help_text='The last part of the page’s address. Leave blank to use the name.', max_length=120, verbose_name='web address'),
                ),
                migrations.AlterField(
                    model_name='historicalperson',
                    name='sort_name',
                    field=models.CharField(blank=True, help_text='For lists. Leave blank to use the name as shown.', max_length=200, verbose_name='sort name'),
                ),
                migrations.AlterField(
                    model_name='historicalperson',
                    name='under_18',
                    field=models.BooleanField(db_default=False, default=False, help_text='Only users with the “name minors” permission can make this person public. Marking someone at level 2 or 3 lowers the level to 1 at once. A second person must approve that the mark is removed.', verbose_name='under eighteen'),
                ),
                migrations.AlterField(
                    model_name='historicalpersonname',
                    name='kind',
                    field=models.CharField(choices=[('native', 'In the person’s own script'), ('transliteration', 'Another spelling in Latin script'), ('preferred', 'Preferred'), ('birth', 'At birth'), ('previous', 'Previous'), ('religious', 'Religious'), ('pseudonym', 'Pseudonym'), ('weak', 'Common: shared by many people')], default='transliteration', max_length=20, verbose_name='kind'),
                ),
                migrations.AlterField(
                    model_name='historicalpersonname',
                    name='language',
                    field=models.CharField(blank=True, help_text='Such as en, ug or zh-Hans.', max_length=35, validators=[django.core.validators.RegexValidator('^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$', 'Enter a language tag such as en, ug or zh-Hans.')], verbose_name='language'),
                ),
                migrations.AlterField(
                    model_name='historicalpersonname',
                    name='match_exactly',
                    field=models.BooleanField(db_default=False, default=False, help_text='For a single name, initials or a code name. Capitals and full stops must match.', verbose_name='match exactly'),
                ),
                migrations.AlterField(
                    model_name='historicalpersonname',
                    name='matchable',
                    field=models.BooleanField(default=True, help_text='Full names are always searched for. Only users who can set levels can switch this off.', verbose_name='search texts for this name'),
                ),
                migrations.AlterField(
                    model_name='historicalpersonname',
                    name='person',
                    field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='people.person', verbose_name='person'),
                ),
                migrations.AlterField(
                    model_name='historicalpersonname',
                    name='printed',
                    field=models.BooleanField(default=False, help_text='Show it on the person’s page.', verbose_name='printed'),
                ),
                migrations.AlterField(
                    model_name='historicalpersonname',
                    name='script',
                    field=models.CharField(blank=True, db_default='', default='', help_text='ISO 15924 code. Leave blank to detect it.', max_length=4, validators=[django.core.validators.RegexValidator('^[A-Z][a-z]{3}$', 'Enter a script code such as Arab, Hani or Latn.')], verbose_name='script'),
                ),
                migrations.AlterField(
                    model_name='historicalrole',
                    name='end',
                    field=models.DateField(blank=True, help_text='Last day.', null=True, verbose_name='end'),
                ),
                migrations.AlterField(
                    model_name='historicalrole',
                    name='interim',
                    field=models.BooleanField(default=False, verbose_name='interim'),
                ),
                migrations.AlterField(
                    model_name='historicalrole',
                    name='person',
                    field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='people.person', verbose_name='person'),
                ),
                migrations.AlterField(
                    model_name='historicalrole',
                    name='speaks_for_us',
                    field=models.BooleanField(default=False, help_text='The person is our spokesperson in this role.', verbose_name='speaks for us'),
                ),
                migrations.AlterField(
                    model_name='historicalrole',
                    name='start',
                    field=models.DateField(blank=True, null=True, verbose_name='start'),
                ),
                migrations.AlterField(
                    model_name='historicalrole',
                    name='title',
                    field=models.CharField(help_text='Shown after the name.', max_length=200, verbose_name='title'),
                ),
                migrations.AlterField(
                    model_name='historicalsentence',
                    name='case',
                    field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='people.case', verbose_name='case'),
                ),
                migrations.AlterField(
                    model_name='historicalsentence',
                    name='court',
                    field=models.CharField(blank=True, max_length=200, verbose_name='court'),
                ),
                migrations.AlterField(
                    model_name='historicalsentence',
                    name='date',
                    field=people.dates.UncertainDateField(blank=True, help_text='Such as 2021, 2021-09 or 2021-09-12. Use XX for unknown parts, ~ for about, ? for uncertain.', max_length=12, verbose_name='date'),
                ),
                migrations.AlterField(
                    model_name='historicalsentence',
                    name='duration',
                    field=models.CharField(blank=True, help_text='ISO 8601, such as P5Y6M. Leave blank for life and death.', max_length=20, validators=[django.core.validators.RegexValidator('^P(?=\\d)(\\d+Y)?(\\d+M)?(\\d+D)?$', 'Enter a duration such as P5Y or P1Y6M.')], verbose_name='duration'),
                ),
                migrations.AlterField(
                    model_name='historicalsentence',
                    name='internal_note',
                    field=models.TextField(blank=True, db_default='', default='', help_text='Informants, exact places, doubts. Internal only.', verbose_name='internal note'),
                ),
                migrations.AlterField(
                    model_name='historicalsentence',
                    name='kind',
                    field=models.CharField(choices=[('prison', 'Imprisonment'), ('life', 'Imprisonment for life'), ('death', 'Death'), ('suspended', 'Suspended sentence'), ('fine', 'Fine'), ('other', 'Other')], max_length=12, verbose_name='kind'),
                ),
                migrations.AlterField(
                    model_name='historicalsentence',
                    name='reliability',
                    field=models.CharField(blank=True, choices=[('', 'Not judged'), ('complete', 'Completely reliable'), ('usual', 'Usually reliable'), ('fair', 'Fairly reliable'), ('seldom', 'Not usually reliable'), ('unreliable', 'Unreliable')], db_default='', default='', help_text='Internal only.', max_length=12, verbose_name='reliability of the source'),
                ),
                migrations.AlterField(
                    model_name='historicalsentence',
                    name='source',
                    field=models.TextField(blank=True, help_text='Internal only unless you tick the box.', verbose_name='source'),
                ),
                migrations.AlterField(
                    model_name='historicalsentence',
                    name='source_public',
                    field=models.BooleanField(db_default=False, default=False, help_text='Never for a source who could be harmed.', verbose_name='the source may be published'),
                ),
                migrations.AlterField(
                    model_name='historicalsentence',
                    name='text',
                    field=models.TextField(blank=True, help_text='Such as “five years’ imprisonment”.', verbose_name='in words'),
                ),
                migrations.AlterField(
                    model_name='levelchange',
                    name='after',
                    field=models.PositiveSmallIntegerField(choices=[(0, '0 · Known to named case officers only'), (1, '1 · Known to staff; may not be named'), (2, '2 · May be named in a release; no page'), (3, '3 · Has a public page')], verbose_name='after'),
                ),
                migrations.AlterField(
                    model_name='levelchange',
                    name='basis',
                    field=models.TextField(blank=True, verbose_name='basis'),
                ),
                migrations.AlterField(
                    model_name='levelchange',
                    name='before',
                    field=models.PositiveSmallIntegerField(choices=[(0, '0 · Known to named case officers only'), (1, '1 · Known to staff; may not be named'), (2, '2 · May be named in a release; no page'), (3, '3 · Has a public page')], verbose_name='before'),
                ),
                migrations.AlterField(
                    model_name='levelchange',
                    name='decided_at',
                    field=models.DateTimeField(null=True, verbose_name='decided at'),
                ),
                migrations.AlterField(
                    model_name='levelchange',
                    name='decided_by',
                    field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by'),
                ),
                migrations.AlterField(
                    model_name='levelchange',
                    name='outcome',
                    field=models.CharField(choices=[('asked', 'Waiting for approval'), ('agreed', 'Raised'), ('declined', 'Rejected'), ('lowered', 'Lowered')], max_length=10, verbose_name='outcome'),
                ),
                migrations.AlterField(
                    model_name='levelchange',
                    name='person',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='level_changes', to='people.person', verbose_name='person'),
                ),
                migrations.AlterField(
                    model_name='minormarkremoval',
                    name='decided_at',
                    field=models.DateTimeField(null=True, verbose_name='decided at'),
                ),
                migrations.AlterField(
                    model_name='minormarkremoval',
                    name='decided_by',
                    field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by'),
                ),
                migrations.AlterField(
                    model_name='minormarkremoval',
                    name='note',
                    field=models.TextField(blank=True, help_text='Why it was rejected.', verbose_name='note'),
                ),
                migrations.AlterField(
                    model_name='minormarkremoval',
                    name='outcome',
                    field=models.CharField(choices=[('requested', 'Waiting for approval'), ('approved', 'Mark removed'), ('rejected', 'Rejected')], default='requested', max_length=10, verbose_name='outcome'),
                ),
                migrations.AlterField(
                    model_name='minormarkremoval',
                    name='person',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='minor_mark_removals', to='people.person', verbose_name='person'),
                ),
                migrations.AlterField(
                    model_name='minormarkremoval',
                    name='reason',
                    field=models.TextField(verbose_name='reason'),
                ),
                migrations.AlterField(
                    model_name='minormarkremoval',
                    name='requested_at',
                    field=models.DateTimeField(default=django.utils.timezone.now, verbose_name='requested at'),
                ),
                migrations.AlterField(
                    model_name='minormarkremoval',
                    name='requested_by',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='requested by'),
                ),
                migrations.AlterField(
                    model_name='person',
                    name='case_officers',
                    field=models.ManyToManyField(blank=True, help_text='At level 0 only case officers can see this record.', related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='case officers'),
                ),
                migrations.AlterField(
                    model_name='person',
                    name='depicted_in',
                    field=models.ManyToManyField(blank=True, help_text='Pictures that show the person. Set in the picture library.', related_name='depicts', to='assets.mediaasset', verbose_name='pictures'),
                ),
                migrations.AlterField(
                    model_name='person',
                    name='display_name',
                    field=models.CharField(help_text='As shown to readers. Order and capitals are not changed. A single name is valid.', max_length=200, verbose_name='name'),
                ),
                migrations.AlterField(
                    model_name='person',
                    name='level',
                    field=models.PositiveSmallIntegerField(choices=[(0, '0 · Known to named case officers only'), (1, '1 · Known to staff; may not be named'), (2, '2 · May be named in a release; no page'), (3, '3 · Has a public page')], default=1, help_text='Decides where the name may appear. Two people raise it; one person can lower it.', verbose_name='publication level'),
                ),
                migrations.AlterField(
                    model_name='person',
                    name='level_basis',
                    field=models.TextField(blank=True, help_text='Why the person may be named: whose consent, or why publication is justified. Required from level 2. Internal only.', verbose_name='basis'),
                ),
                migrations.AlterField(
                    model_name='person',
                    name='name_match_exactly',
                    field=models.BooleanField(db_default=False, default=False, help_text='For a single name, initials or a code name. Capitals and full stops must match.', verbose_name='match exactly'),
                ),
                migrations.AlterField(
                    model_name='person',
                    name='name_matchable',
                    field=models.BooleanField(db_default=True, default=True, help_text='Full names are always searched for. Only users who can set levels can switch this off.', verbose_name='search texts for this name'),
                ),
                migrations.AlterField(
                    model_name='person',
                    name='portrait',
                    field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='portrait_of', to='assets.mediaasset', verbose_name='portrait'),
                ),
                migrations.AlterField(
                    model_name='person',
                    name='pronouns',
                    field=models.CharField(blank=True, help_text='As stated by the person.', max_length=40, verbose_name='pronouns'),
                ),
                migrations.AlterField(
                    model_name='person',
                    name='slug',
                    field=models.CharField(blank=True, help_text='The last part of the page’s address. Leave blank to use the name.', max_length=120, unique=True, verbose_name='web address'),
                ),
                migrations.AlterField(
                    model_name='person',
                    name='sort_name',
                    field=models.CharField(blank=True, help_text='For lists. Leave blank to use the name as shown.', max_length=200, verbose_name='sort name'),
                ),
                migrations.AlterField(
                    model_name='person',
                    name='under_18',
                    field=models.BooleanField(db_default=False, default=False, help_text='Only users with the “name minors” permission can make this person public. Marking someone at level 2 or 3 lowers the level to 1 at once. A second person must approve that the mark is removed.', verbose_name='under eighteen'),
                ),
                migrations.AlterField(
                    model_name='personname',
                    name='kind',
                    field=models.CharField(choices=[('native', 'In the person’s own script'), ('transliteration', 'Another spelling in Latin script'), ('preferred', 'Preferred'), ('birth', 'At birth'), ('previous', 'Previous'), ('religious', 'Religious'), ('pseudonym', 'Pseudonym'), ('weak', 'Common: shared by many people')], default='transliteration', max_length=20, verbose_name='kind'),
                ),
                migrations.AlterField(
                    model_name='personname',
                    name='language',
                    field=models.CharField(blank=True, help_text='Such as en, ug or zh-Hans.', max_length=35, validators=[django.core.validators.RegexValidator('^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$', 'Enter a language tag such as en, ug or zh-Hans.')], verbose_name='language'),
                ),
                migrations.AlterField(
                    model_name='personname',
                    name='match_exactly',
                    field=models.BooleanField(db_default=False, default=False, help_text='For a single name, initials or a code name. Capitals and full stops must match.', verbose_name='match exactly'),
                ),
                migrations.AlterField(
                    model_name='personname',
                    name='matchable',
                    field=models.BooleanField(default=True, help_text='Full names are always searched for. Only users who can set levels can switch this off.', verbose_name='search texts for this name'),
                ),
                migrations.AlterField(
                    model_name='personname',
                    name='person',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='names', to='people.person', verbose_name='person'),
                ),
                migrations.AlterField(
                    model_name='personname',
                    name='printed',
                    field=models.BooleanField(default=False, help_text='Show it on the person’s page.', verbose_name='printed'),
                ),
                migrations.AlterField(
                    model_name='personname',
                    name='script',
                    field=models.CharField(blank=True, db_default='', default='', help_text='ISO 15924 code. Leave blank to detect it.', max_length=4, validators=[django.core.validators.RegexValidator('^[A-Z][a-z]{3}$', 'Enter a script code such as Arab, Hani or Latn.')], verbose_name='script'),
                ),
                migrations.AlterField(
                    model_name='role',
                    name='end',
                    field=models.DateField(blank=True, help_text='Last day.', null=True, verbose_name='end'),
                ),
                migrations.AlterField(
                    model_name='role',
                    name='interim',
                    field=models.BooleanField(default=False, verbose_name='interim'),
                ),
                migrations.AlterField(
                    model_name='role',
                    name='person',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='roles', to='people.person', verbose_name='person'),
                ),
                migrations.AlterField(
                    model_name='role',
                    name='speaks_for_us',
                    field=models.BooleanField(default=False, help_text='The person is our spokesperson in this role.', verbose_name='speaks for us'),
                ),
                migrations.AlterField(
                    model_name='role',
                    name='start',
                    field=models.DateField(blank=True, null=True, verbose_name='start'),
                ),
                migrations.AlterField(
                    model_name='role',
                    name='title',
                    field=models.CharField(help_text='Shown after the name.', max_length=200, verbose_name='title'),
                ),
                migrations.AlterField(
                    model_name='sentence',
                    name='case',
                    field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sentences', to='people.case', verbose_name='case'),
                ),
                migrations.AlterField(
                    model_name='sentence',
                    name='court',
                    field=models.CharField(blank=True, max_length=200, verbose_name='court'),
                ),
                migrations.AlterField(
                    model_name='sentence',
                    name='date',
                    field=people.dates.UncertainDateField(blank=True, help_text='Such as 2021, 2021-09 or 2021-09-12. Use XX for unknown parts, ~ for about, ? for uncertain.', max_length=12, verbose_name='date'),
                ),
                migrations.AlterField(
                    model_name='sentence',
                    name='duration',
                    field=models.CharField(blank=True, help_text='ISO 8601, such as P5Y6M. Leave blank for life and death.', max_length=20, validators=[django.core.validators.RegexValidator('^P(?=\\d)(\\d+Y)?(\\d+M)?(\\d+D)?$', 'Enter a duration such as P5Y or P1Y6M.')], verbose_name='duration'),
                ),
                migrations.AlterField(
                    model_name='sentence',
                    name='internal_note',
                    field=models.TextField(blank=True, db_default='', default='', help_text='Informants, exact places, doubts. Internal only.', verbose_name='internal note'),
                ),
                migrations.AlterField(
                    model_name='sentence',
                    name='kind',
                    field=models.CharField(choices=[('prison', 'Imprisonment'), ('life', 'Imprisonment for life'), ('death', 'Death'), ('suspended', 'Suspended sentence'), ('fine', 'Fine'), ('other', 'Other')], max_length=12, verbose_name='kind'),
                ),
                migrations.AlterField(
                    model_name='sentence',
                    name='reliability',
                    field=models.CharField(blank=True, choices=[('', 'Not judged'), ('complete', 'Completely reliable'), ('usual', 'Usually reliable'), ('fair', 'Fairly reliable'), ('seldom', 'Not usually reliable'), ('unreliable', 'Unreliable')], db_default='', default='', help_text='Internal only.', max_length=12, verbose_name='reliability of the source'),
                ),
                migrations.AlterField(
                    model_name='sentence',
                    name='source',
                    field=models.TextField(blank=True, help_text='Internal only unless you tick the box.', verbose_name='source'),
                ),
                migrations.AlterField(
                    model_name='sentence',
                    name='source_public',
                    field=models.BooleanField(db_default=False, default=False, help_text='Never for a source who could be harmed.', verbose_name='the source may be published'),
                ),
                migrations.AlterField(
                    model_name='sentence',
                    name='text',
                    field=models.TextField(blank=True, help_text='Such as “five years’ imprisonment”.', verbose_name='in words'),
                ),
                migrations.AlterConstraint(
                    model_name='caseevent',
                    name='caseevent_has_a_date',
                    constraint=models.CheckConstraint(condition=models.Q(('date', ''), _negated=True), name='caseevent_has_a_date', violation_error_message='Enter the date as far as it is known.'),
                ),
                migrations.AlterConstraint(
                    model_name='consent',
                    name='consent_covers_something',
                    constraint=models.CheckConstraint(condition=models.Q(('covers_name', True), ('covers_photo', True), ('covers_health', True), ('covers_family', True), ('covers_location', True), _connector='OR'), name='consent_covers_something', violation_error_message='Choose what the consent covers.'),
                ),
                migrations.AlterConstraint(
                    model_name='consent',
                    name='consent_ends_after_it_was_given',
                    constraint=models.CheckConstraint(condition=models.Q(models.Q(('ends', None), ('ends__gte', models.F('given')), _connector='OR'), models.Q(('withdrawn', None), ('withdrawn__gte', models.F('given')), _connector='OR')), name='consent_ends_after_it_was_given', violation_error_message='The end can’t be before the start.'),
                ),
                migrations.AlterConstraint(
                    model_name='designation',
                    name='designation_has_a_source',
                    constraint=models.CheckConstraint(condition=models.Q(('source', ''), _negated=True), name='designation_has_a_source', violation_error_message='Enter the source of the decision.'),
                ),
                migrations.AlterConstraint(
                    model_name='person',
                    name='person_named_only_on_a_recorded_basis',
                    constraint=models.CheckConstraint(condition=models.Q(('level__lt', 2), models.Q(('level_basis', ''), _negated=True), _connector='OR'), name='person_named_only_on_a_recorded_basis', violation_error_message='Enter why this person may be named (required from level 2).'),
                ),
                migrations.AlterConstraint(
                    model_name='role',
                    name='role_ends_after_it_starts',
                    constraint=models.CheckConstraint(condition=models.Q(('start', None), ('end', None), ('end__gte', models.F('start')), _connector='OR'), name='role_ends_after_it_starts', violation_error_message='The end can’t be before the start.'),
                ),
            ]
        ),
    ]
