"""Measures the time to find the releases that contain a name, among 100,000 approved releases.

It uses an empty, separate database on the server of DATABASE_URL. Twenty of the releases contain
the name. The folded texts are random letters, 2 kB each.

    DATABASE_URL=postgres://… python bench/printing.py
"""

import os
import random
import sys
import time
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pressroom.settings")

import django  # noqa: E402

django.setup()

from django.db import connection, models  # noqa: E402
from django.test.runner import DiscoverRunner  # noqa: E402
from django.utils import timezone  # noqa: E402

from people.models import Level, Person  # noqa: E402
from releases.models import FoldedText, Release  # noqa: E402
from releases.rules.protected_names import printing  # noqa: E402

RELEASES, BATCH, EVERY, RUNS = 100_000, 2_000, 5_000, 3
NAME = "Teodor Brask"
SYLLABLES = ["ba", "ke", "lo", "mi", "ra", "tu", "sen", "dor", "vik", "tal", "mor", "eli", "ana"]


def seed(chance: random.Random) -> None:
    now = timezone.now()
    for start in range(0, RELEASES, BATCH):
        releases, texts = [], []
        for number in range(start, start + BATCH):
            named = number % EVERY == 0
            body = f"<p>It was {NAME}.</p>" if named else "<p>It was nobody.</p>"
            release = Release(
                title=f"Release {number}", slug=f"release-{number}", body=body,
                status=Release.Status.APPROVED, publish_at=now - timedelta(minutes=number),
            )  # fmt: skip
            letters = "".join(chance.choices(SYLLABLES, k=700)) + ("teodorbrask" if named else "")
            texts.append(FoldedText(table="releases.release", row=str(release.pk), letters=letters))
            releases.append(release)
        models.QuerySet(Release).bulk_create(releases)
        FoldedText.objects.bulk_create(texts)


def main() -> None:
    runner = DiscoverRunner(verbosity=0, interactive=False)
    made = runner.setup_databases()
    try:
        seed(random.Random(1))  # noqa: S311  # the same each time
        person = Person.objects.create(display_name=NAME, level=Level.STAFF)
        for _ in range(RUNS):
            began = time.perf_counter()
            found = printing(person)
            took = time.perf_counter() - began
            print(f"{connection.vendor}: {len(found)} of {RELEASES:,} releases in {took:.2f} s")
    finally:
        runner.teardown_databases(made)


if __name__ == "__main__":
    main()
