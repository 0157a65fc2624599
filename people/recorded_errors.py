"""Mark statuses and designations as recorded in error. They are hidden, and never deleted."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ActionBlocked
from accounts.models import User
from people.models import Case, CaseStatus, Designation

Row = CaseStatus | Designation


def mark_in_error(row: Row, *, by: User, note: str, at: datetime | None = None) -> None:
    """Mark a status or designation as recorded in error.

    If it is the newest status, the case gets the status before it again. Raises ActionBlocked.
    """
    with transaction.atomic():
        case = Case.objects.select_for_update(of=("self",)).get(pk=row.case_id)
        row.refresh_from_db()
        if blockers := _blockers(row, case, by, note):
            raise ActionBlocked(*blockers)
        row.error_at, row.error_by, row.error_note = at or timezone.now(), by, note.strip()
        row.save()
        newest = case.newest_status()
        if isinstance(row, CaseStatus) and newest:
            for name in Case.STATUS_FIELDS:
                setattr(case, name, getattr(newest, name))
            case.save()


def _blockers(row: Row, case: Case, by: User, note: str) -> list[str]:
    blockers = []
    if not by.has_perm("people.mark_error"):
        blockers.append(
            _("You don’t have permission to mark a row as recorded in error. Ask an editor.")
        )
    if not row.is_valid():
        blockers.append(_("It is already marked as recorded in error."))
    if not note.strip():
        blockers.append(_("Enter what is wrong."))
    if isinstance(row, CaseStatus) and not case.statuses.valid().exclude(pk=row.pk).exists():
        blockers.append(
            _("This is the case’s only status. Save the right status first, then mark this one.")
        )
    return blockers
