from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pressroom import retention


class Command(BaseCommand):
    help = _(
        "Remove what is older than its retention setting: attempts to reach unpublished pages "
        "(KEEP_PROBES_DAYS), openings of preview links, and the networks and browsers of readers "
        "who accepted (KEEP_VISITS_DAYS), e-mails (KEEP_EMAILS_DAYS) and the desk’s log "
        "(KEEP_LOGS_DAYS). This runs automatically every night. The record of actions stays. Exit "
        "status: 0 if everything was removed, 1 if not."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help=_("show what would be removed, without removing it"),
        )

    def handle(self, *, dry_run: bool, verbosity: int, **options: Any) -> None:
        def progress(rule: retention.RetentionRule, rows: int) -> None:
            if verbosity > 1:
                text = _("%(label)s: %(rows)s so far")
                self.stdout.write(text % {"label": rule.label, "rows": f"{rows:,}"})

        failed = False
        for done in retention.delete_expired(dry_run=dry_run, progress=progress):
            failed = failed or done.rows is None
            self.stdout.write(
                _("%(label)s: %(result)s (%(limit)s)")
                % {
                    "label": done.rule.label,
                    "result": self._result(done.rows, dry_run),
                    "limit": self._limit(done),
                }
            )
        if failed:
            raise CommandError(_("Not everything could be removed. See the log."))

    def _result(self, rows: int | None, dry_run: bool) -> str:
        if rows is None:
            return _("failed")
        if dry_run:
            text = ngettext("%(rows)s would be removed", "%(rows)s would be removed", rows)
        else:
            text = ngettext("%(rows)s removed", "%(rows)s removed", rows)
        return text % {"rows": f"{rows:,}"}

    def _limit(self, done: retention.Outcome) -> str:
        time = f"{done.before:%Y-%m-%d %H:%M} UTC"
        setting = done.rule.setting
        if not setting:
            return _("older than %(time)s") % {"time": time}
        return _("older than %(time)s; %(setting)s=%(value)s") % {
            "time": time, "setting": setting, "value": getattr(settings, setting)
        }  # fmt: skip
