"""Whether the process that opens uploads has all the limits that it should have, in sentences."""

from django.utils.translation import gettext as _

from assets import sandbox
from assets.confinement import NEEDED
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
    # Where seccomp is active, it stops what older versions of Landlock leave open.
    if 0 < active.landlock < NEEDED.landlock and not active.seccomp:
        found.append(
            _(
                "The process that opens uploads can send signals to other processes: Landlock has "
                "version %(version)s, and does not stop that before version %(needed)s."
            )
            % {"version": active.landlock, "needed": NEEDED.landlock}
        )
    return found


def in_words() -> str:
    """Return in one sentence which limits the files of strangers are opened with."""
    try:
        active = sandbox.active()
    except (BadFile, OSError):
        return ""  # `problems` says so
    limits = [_("memory and time limits")]
    if active.landlock:
        limits.append(_("Landlock %(version)s") % {"version": active.landlock})
    if active.seccomp:
        limits.append(_("seccomp"))
    return _("Files of strangers are opened with: %(limits)s.") % {"limits": ", ".join(limits)}
