"""Keep of each visit the family of the browser and the network, not the whole of either.

The old code writes whole user agents until it is stopped, so `migrate` repeats this.
"""

import ipaddress
import re

from django.db import migrations
from django.db.models import Q

BATCH = 500
# As accounts.browser_families had them when this was written.
FAMILIES = [
    ("program", r"bot\b|bot/|crawl|spider|preview|expanding|externalhit|headless|curl|wget|python|"
                r"java/|okhttp|go-http|libwww|axios|node"),
    ("Edge", r"edg(e|a|ios)?/"),
    ("Opera", r"opr/|opios/|opera"),
    ("Samsung Internet", r"samsungbrowser/"),
    ("Vivaldi", r"vivaldi/"),
    ("Yandex Browser", r"yabrowser/"),
    ("UC Browser", r"ucbrowser/"),
    ("DuckDuckGo", r"duckduckgo/|ddg/"),
    ("Firefox", r"firefox/|fxios/"),
    ("Chrome", r"chrome/|crios/|chromium/"),
    ("Safari", r"safari/"),
    ("Internet Explorer", r"msie |trident/"),
]  # fmt: skip
KNOWN = ["", "unnamed", "another", *(family for family, _ in FAMILIES)]


def family_of(agent):
    return next(
        (family for family, known in FAMILIES if re.search(known, agent, re.IGNORECASE)), "another"
    )


def network_of(network):
    """Return a stored network without its last part, and what is none as it is."""
    try:
        found = ipaddress.ip_network(network, strict=False)
    except ValueError:
        return network
    bits = min(found.prefixlen, 24 if found.version == 4 else 48)
    return str(found.supernet(new_prefix=bits))


def trim(visits):
    last, done = 0, 0
    while page := list(visits.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = page[-1].pk
        for visit in page:
            agent = visit.agent if visit.agent in KNOWN else family_of(visit.agent)
            network = network_of(visit.network)
            if (agent, network) != (visit.agent, visit.network):
                done += visits.filter(pk=visit.pk).update(agent=agent, network=network)
    return done


def trim_all(apps, schema_editor):
    return trim(_visits(apps, schema_editor))


def trim_old(apps, schema_editor):
    """Trim what the old code wrote; a family that newer code knows is left alone."""
    whole = Q(agent__contains="/") | Q(agent__contains="(") | Q(agent__regex="^.{21,}$")
    return trim(_visits(apps, schema_editor).filter(whole))


def _visits(apps, schema_editor):
    return apps.get_model("previews", "Visit").objects.using(schema_editor.connection.alias)


class Migration(migrations.Migration):
    atomic = False  # rows change one by one, and readers go on
    repeat = staticmethod(trim_old)

    dependencies = [("previews", "0003_openings")]

    operations = [migrations.RunPython(trim_all, migrations.RunPython.noop)]
