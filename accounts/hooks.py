"""Signals with which rooms above `accounts` take part in actions on accounts."""

from django.dispatch import Signal

# Sent before a user is paused, leaves or loses a role, with the argument `user`. A receiver returns
# a list of sentences that say why this is not possible now. They contain no title and no name of a
# record, because administrators read them.
blockers_of_leaving = Signal()
