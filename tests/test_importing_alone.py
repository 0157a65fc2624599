"""The importer works without Django and without a database."""

import subprocess
import sys

from django.conf import settings

from tests.make import REAL_RELEASE

ALONE = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("django", "django_countries"):
            raise ImportError(f"{name} is imported")

sys.meta_path.insert(0, Missing())
from importing import understand

understood = understand(open(sys.argv[1], "rb").read(), sys.argv[1])
print(understood.title)
print(sum(name.partition(".")[0] == "django" for name in sys.modules))
"""


def test_a_release_is_understood_without_django():
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(REAL_RELEASE)],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    title, django_modules = done.stdout.splitlines()
    assert title.startswith("UK/China: ‘Red lines, not red carpet’")
    assert django_modules == "0"
