"""Says after `migrate` that the index has to be rebuilt."""

import sys
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from releases.models import SearchEntry
from releases.search.index import is_due


def remind(verbosity: int = 1, **signal: Any) -> None:
    """Print that `reindex` has to run, if so."""
    is_there = SearchEntry._meta.db_table in connection.introspection.table_names()
    if verbosity and is_there and is_due():
        message = _("The search does not know every text yet. Run `manage.py reindex`.")
        sys.stdout.write(f"{message}\n")
