"""Whether the process that opens uploads has all the limits that it should have, in sentences."""

from django.utils.translation import gettext as _

from assets import sandbox
from assets.pictures import BadFile


def problems() -> list[str]:
    """Return a sentence for each limit that this machine does not set."""
    try:
        active = sandbox.active()
    except (BadFile, OSError) as problem:
        return [_("The process that opens uploads does not start: %s") % problem]
    found = []
    if not active.landlock:
        found.append(
            _("The process that opens uploads can read other files: Landlock is not active.")
        )
    if not active.seccomp:
        found.append(
            _("The process that opens uploads can use the network: seccomp is not active.")
        )
    return found
