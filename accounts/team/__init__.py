"""The actions on the team: invite, change roles, pause, resume, leave.

In one transaction, each locks the team, checks who acts, changes, records and adds e-mails. It
raises ActionBlocked with sentences. Somebody who can manage the team always remains.
"""

from accounts.team.administrators import (
    MANAGE_TEAM,
    administrators,
    keep_an_administrator,
    users_with,
)
from accounts.team.groups import (
    MAX_NAME_CHARACTERS,
    groups_in_words,
    groups_of_roles,
    permissions_without,
    roles_of,
)
from accounts.team.invitations import (
    accept_invitation,
    cancel_invitation,
    invitation_of,
    invite,
    invite_again,
    path_of,
)
from accounts.team.members import (
    change_member,
    change_roles,
    end_invitations_of,
    leave,
    member_left,
    note_pause,
    note_resumption,
    pause,
    rename,
    resume,
)

__all__ = [
    "MANAGE_TEAM", "MAX_NAME_CHARACTERS", "accept_invitation", "administrators",
    "cancel_invitation", "change_member", "change_roles", "end_invitations_of", "groups_in_words",
    "groups_of_roles", "invitation_of", "invite", "invite_again", "keep_an_administrator", "leave",
    "member_left", "note_pause", "note_resumption", "path_of", "pause", "permissions_without",
    "rename", "resume", "roles_of", "users_with",
]  # fmt: skip
