#!/usr/bin/env python
"""Run a Pressroom command: `python manage.py help` lists them."""

import os
import sys


def main() -> None:
    from assets.confinement import keep_memory_private

    keep_memory_private()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pressroom.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from pressroom.logs import RedactionFilter, capture_uncaught

    capture_uncaught()

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        # An operator needs the message, not a traceback.
        sys.exit(str(problem))
    except Exception as problem:
        from pressroom.outages import outage_of

        if outage := outage_of(problem):  # no traceback for an outage
            sys.exit(RedactionFilter().redact(str(outage)))
        raise


if __name__ == "__main__":
    main()
