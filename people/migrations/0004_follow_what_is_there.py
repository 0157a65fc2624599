"""What is there already gets what the new columns say: a first status of each case, the script
of each name, an address that says nothing for whoever has no page, pictures that are withheld.

The old code knows nothing of these columns until it is stopped, so `migrate` repeats this.
"""

import re
import unicodedata
from datetime import UTC, datetime

from django.db import connections, migrations, transaction

BATCH = 500
NAMEABLE, PUBLIC = 2, 3
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
STATUS = ("custody_status", "legal_status", "confidence", "as_of")
# What Unicode calls the letters of a script, and what ISO 15924 calls the script.
SCRIPTS = {
    "LATIN": "Latn", "CYRILLIC": "Cyrl", "GREEK": "Grek", "ARABIC": "Arab", "HEBREW": "Hebr",
    "CJK": "Hani", "HIRAGANA": "Hira", "KATAKANA": "Kana", "HANGUL": "Hang", "TIBETAN": "Tibt",
    "DEVANAGARI": "Deva", "BENGALI": "Beng", "TAMIL": "Taml", "THAI": "Thai", "KHMER": "Khmr",
    "MYANMAR": "Mymr", "LAO": "Laoo", "GEORGIAN": "Geor", "ARMENIAN": "Armn", "ETHIOPIC": "Ethi",
    "MONGOLIAN": "Mong", "SINHALA": "Sinh", "GUJARATI": "Gujr", "GURMUKHI": "Guru",
    "TELUGU": "Telu", "KANNADA": "Knda", "MALAYALAM": "Mlym", "SYRIAC": "Syrc", "THAANA": "Thaa",
}


def script_of(text):
    """Return the script that most letters of a text belong to; "" where none is known."""
    found = [SCRIPTS.get(unicodedata.name(char, "").split(" ")[0], "") for char in text]
    found = [script for script in found if script]
    return max(found, key=found.count) if found else ""


PLAIN = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)


def letters_of(text):
    """Return the letters and digits of a text, without accents and capitals."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(PLAIN))
    return "".join(filter(str.isalnum, plain))


def is_from_the_name(person):
    """Whether an address was made from the name, as the old code made it for everybody."""
    slug = re.sub(f"-{person.pk.hex[:8]}$", "", person.slug)
    return letters_of(person.display_name).startswith(letters_of(slug))


def in_batches(rows, alias, change):
    """Give all rows to a function, a locked batch at a time; return the sum of what it returns.

    Each batch is a transaction of its own: first what nobody else holds, then the others one by
    one. This never waits while it holds a row, so that it is in no deadlock.
    """
    last, done = None, 0
    while True:
        page = rows.order_by("pk") if last is None else rows.order_by("pk").filter(pk__gt=last)
        keys = list(page.values_list("pk", flat=True)[:BATCH])
        if not keys:
            return done
        last = keys[-1]
        with transaction.atomic(using=alias):
            free = list(rows.filter(pk__in=keys).select_for_update(skip_locked=True))
            done += change(free)
        for key in set(keys) - {row.pk for row in free}:
            with transaction.atomic(using=alias):
                done += change(list(rows.filter(pk=key).select_for_update()))


def keep_statuses(apps, alias):
    """Keep the status of each case as a row where its last row says something else.

    A row that an editor marked as recorded in error says nothing. Those marks are a column of a
    later migration, which is there when this is repeated.
    """
    statuses = apps.get_model("people", "CaseStatus").objects.using(alias)
    with connections[alias].cursor() as cursor:
        table = connections[alias].introspection.get_table_description(
            cursor, "people_casestatus"
        )
    if any(column.name == "error_at" for column in table):
        right = statuses.extra(where=["people_casestatus.error_at IS NULL"])
    else:
        right = statuses

    def change(cases):
        last = {status.case_id: status for status in right.filter(case__in=cases).order_by("pk")}
        new = [
            statuses.model(
                case=case, source=case.source, **{name: getattr(case, name) for name in STATUS}
            )
            for case in cases
            if case.pk not in last
            or any(getattr(case, name) != getattr(last[case.pk], name) for name in STATUS)
        ]
        return len(statuses.bulk_create(new))

    return in_batches(apps.get_model("people", "Case").objects.using(alias), alias, change)


def name_scripts(apps, alias):
    """Say the script of each name that has letters of one."""
    names = apps.get_model("people", "PersonName").objects.using(alias).filter(script="")

    def change(rows):
        said = {name.pk: script for name in rows if (script := script_of(name.text))}
        return sum(names.filter(pk=key).update(script=script) for key, script in said.items())

    return in_batches(names, alias, change)


def hide_addresses(apps, alias, only_from_names):
    """Give whoever has no page an address that says nothing."""
    people = apps.get_model("people", "Person").objects.using(alias).filter(level__lt=PUBLIC)

    def change(rows):
        said = [
            person
            for person in rows
            if person.slug != person.pk.hex and (not only_from_names or is_from_the_name(person))
        ]
        return sum(people.filter(pk=person.pk).update(slug=person.pk.hex) for person in said)

    return in_batches(people, alias, change)


def field_of(model, column):
    """Return the name of the field of a column: later migrations renamed some."""
    return next(field.name for field in model._meta.concrete_fields if field.column == column)


def withhold_pictures(apps, alias):
    """Withhold the pictures of whoever may not be named; show those of whoever may again."""
    pictures = apps.get_model("assets", "MediaAsset").objects.using(alias)
    people = apps.get_model("people", "Person").objects.using(alias)
    hidden_from = field_of(pictures.model, "withheld_from")
    until = [field_of(people.model, column) for column in ("named_until", "shown_until")]

    def change(rows):
        hide, ends = set(), set()
        for relation in ("depicted_in", "portrait"):
            shown = people.filter(**{f"{relation}__in": rows})
            for picture, level, *days in shown.values_list(relation, "level", *until):
                if level < NAMEABLE:
                    hide.add(picture)
                if any(days):
                    ends.add(picture)
        withheld = {asset.pk for asset in rows if getattr(asset, hidden_from) == ALWAYS}
        # The end of a consent was written by the new code, which says itself what follows.
        shown_again = withheld - hide - ends
        return pictures.filter(pk__in=hide - withheld).update(
            **{hidden_from: ALWAYS}
        ) + pictures.filter(pk__in=shown_again).update(**{hidden_from: None})

    return in_batches(pictures.only(hidden_from), alias, change)


def follow(apps, schema_editor, again=False):
    alias = schema_editor.connection.alias
    return (
        keep_statuses(apps, alias)
        + name_scripts(apps, alias)
        + hide_addresses(apps, alias, only_from_names=again)
        + withhold_pictures(apps, alias)
    )


def follow_again(apps, schema_editor):
    """Do the same for what the old code wrote since; an address that somebody typed stays."""
    return follow(apps, schema_editor, again=True)


class Migration(migrations.Migration):
    atomic = False  # rows change in batches, and readers and editors go on
    repeat = staticmethod(follow_again)

    dependencies = [
        ("people", "0003_cases_consents_and_levels"),
        ("assets", "0004_withheld"),
    ]

    operations = [migrations.RunPython(follow, migrations.RunPython.noop)]
