from typing import Any

from django.core.management.base import BaseCommand

from pressroom import demo
from releases.models import Release


class Command(BaseCommand):
    help = "Load the demo newsroom into an empty database, and print its sign-ins."

    def handle(self, *args: Any, **options: Any) -> None:
        if demo.is_empty():
            demo.load(say=self.stdout.write)
            self.stdout.write(f"The demo newsroom is ready: {Release.objects.count()} releases.")
        else:
            self.stdout.write("The newsroom is not empty: nothing was added, nothing was changed.")
        sign_ins = list(demo.sign_ins())
        if sign_ins:
            self.stdout.write("\nSign in at /admin/ as")
            for username, password, group in sign_ins:
                self.stdout.write(f"  {username:<10} {password}   ({group})")
