"""The newsroom's details for every template."""

from django.conf import settings
from django.http import HttpRequest

from accounts.desk_addresses import site_url


def newsroom(request: HttpRequest) -> dict[str, object]:
    """Return the newsroom's details, and whether it can send e-mail."""
    return {
        "newsroom": {
            "name": settings.NEWSROOM_NAME,
            "email": settings.NEWSROOM_EMAIL,
            "phone": settings.NEWSROOM_PHONE,
            "notice": settings.SITE_NOTICE,
            "zone": settings.TIME_ZONE,
            "url": site_url(request),
            "email_is_on": settings.EMAIL_IS_ON,
        },
    }
