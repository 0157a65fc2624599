"""Describes the limits of the process that opens uploads."""

from django.utils.translation import gettext as _

from assets import sandbox
from assets.confinement import NEEDED
from assets.messages import BadFileError


def problems() -> list[str]:
    """Return a sentence for each limit that is missing on this machine."""
    try:
        active = sandbox.active()
    except (BadFileError, OSError) as problem:
        return [
            _("The process that opens uploads does not start: %(problem)s") % {"problem": problem}
        ]
    missing = []
    if not active.landlock:
        missing.append(
            _("The process that opens uploads can read other files: Landlock is not active.")
        )
    if not active.seccomp:
        missing.append(
            _("The process that opens uploads can use the network: seccomp is not active.")
        )
    # If seccomp is active, it prevents what older versions of Landlock allow.
    if 0 < active.landlock < NEEDED.landlock and not active.seccomp:
        missing.append(
            _(
                "The process that opens uploads can send signals to other processes: Landlock has "
                "version %(version)s, and prevents that only from version %(needed)s."
            )
            % {"version": active.landlock, "needed": NEEDED.landlock}
        )
    return missing


def limits_sentence() -> str:
    """Return a sentence about the limits with which uploads are opened, or "" if unknown."""
    try:
        active = sandbox.active()
    except (BadFileError, OSError):
        return ""  # `problems` has the reason
    limits = [_("memory and time limits")]
    if active.landlock:
        limits.append(_("Landlock %(version)s") % {"version": active.landlock})
    if active.seccomp:
        limits.append(_("seccomp"))
    return _("Uploads are opened with: %(limits)s.") % {"limits": ", ".join(limits)}
