from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from assets import making
from assets.models import MediaAsset


class Command(BaseCommand):
    help = (
        "Make the renditions of every picture that waits for them. The newsroom does so by itself; "
        "this is for a restore, and for seeing how it goes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--again",
            action="store_true",
            help="make those of every picture once more, also where they could not be made",
        )

    def handle(self, *, again: bool, **options: Any) -> None:
        if again:
            for picture in MediaAsset.objects.exclude(original=""):
                making.make_again(picture)
        tried = making.make_waiting(say=lambda words: self.stdout.write(str(words)))
        failed = MediaAsset.objects.filter(state=MediaAsset.State.FAILED).count()
        self.stdout.write(f"{tried} tried. {failed} could not be made ready." if tried or failed
                          else "Nothing waits.")  # fmt: skip
        if failed:
            raise SystemExit(1)
