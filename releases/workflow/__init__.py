"""The actions on a release: submit, approve, publish, hold, correct, withdraw and the others.

`ACTIONS` defines who may carry out each action, and on which releases. In one transaction, each
function locks the row, checks its action and the blockers, changes the row and records an Event.
ActionBlocked contains the blockers, which the desk also shows beforehand. Times are aware
datetimes; `at` is the time of the action (default: now).
"""

from accounts.errors import ActionBlocked
from releases.rules.blockers import (
    blockers,
    correction_blockers,
    edit_blockers,
    review_blockers,
    warnings,
)
from releases.workflow.actions import ACTIONS, Action
from releases.workflow.correcting import (
    correct,
    record_correction,
    record_printed_row_change,
    record_printed_row_deletion,
)
from releases.workflow.drafts import create, deleted_drafts, discard, restore, undelete
from releases.workflow.emails import emails_visible_to
from releases.workflow.handing_over import hand_over
from releases.workflow.holding import (
    end_hold,
    hold,
    hold_hidden,
    record_restored_hold,
    withdraw,
)
from releases.workflow.names import allow_name, end_name_exception
from releases.workflow.people import delete_person
from releases.workflow.publishing import (
    approve,
    embargo_changed,
    publish,
    reschedule,
    send_back,
    submit,
)
from releases.workflow.recording import record
from releases.workflow.restricting import (
    access_ended,
    end_restriction,
    give_access,
    remove_access,
    restrict,
)

__all__ = [
    "ACTIONS", "Action", "ActionBlocked", "access_ended", "allow_name", "approve", "blockers",
    "correct", "correction_blockers", "create", "delete_person", "deleted_drafts", "discard",
    "edit_blockers", "emails_visible_to", "embargo_changed", "end_hold", "end_name_exception",
    "end_restriction", "give_access", "hand_over", "hold", "hold_hidden", "publish", "record",
    "record_correction", "record_printed_row_change", "record_printed_row_deletion",
    "record_restored_hold", "remove_access", "reschedule", "restore", "restrict", "review_blockers",
    "send_back", "submit", "undelete", "warnings", "withdraw",
]  # fmt: skip
