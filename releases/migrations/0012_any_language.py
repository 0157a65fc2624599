"""Let releases be in any language: the list of languages is gone, a tag of BCP 47 is checked."""

from django.db import migrations, models

import releases.language_tags


class Migration(migrations.Migration):
    dependencies = [("releases", "0011_background_sections")]

    operations = [
        migrations.AlterField(
            model_name=name,
            name="language",
            field=models.CharField(
                default="en",
                max_length=35,
                validators=[releases.language_tags.validate],
            ),
        )
        for name in ("historicalrelease", "release")
    ]
