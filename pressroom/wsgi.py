"""The WSGI entry point: `gunicorn pressroom.wsgi`."""

import os
from threading import Thread

from django.core.wsgi import get_wsgi_application

from assets.confinement import keep_memory_private

keep_memory_private()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pressroom.settings")
application = get_wsgi_application()

from django.conf import settings  # noqa: E402  # the apps are ready only now

from accounts import second_factor  # noqa: E402
from jobs import worker  # noqa: E402
from pressroom import housekeeping, outages  # noqa: E402
from pressroom.logs import capture_uncaught  # noqa: E402
from releases import probes  # noqa: E402

capture_uncaught()
second_factor.warn_if_nobody()
Thread(target=outages.log_at_start, name="outages at start", daemon=True).start()
housekeeping.serve()
probes.waiting.serve()
if settings.JOBS_IN_WEB:
    worker.start()
