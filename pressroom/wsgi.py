"""The WSGI entry point: `gunicorn pressroom.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pressroom.settings")
application = get_wsgi_application()

from assets import making  # noqa: E402  # its models are there only now
from pressroom import housekeeping  # noqa: E402
from pressroom.logs import capture_uncaught  # noqa: E402

capture_uncaught()
making.serve()
housekeeping.serve()
