from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.errors import ActionBlocked
from pressroom import forgetting, retention
from releases.forgetting import Place

MAX_PLACES = 50  # printed of each kind


class Command(BaseCommand):
    help = _(
        "Without an address: remove what is older than its retention setting. This runs "
        "automatically every night; the page “What is kept, and for how long” of the desk lists "
        "all rules. With an address: remove the data of one person, who is a reader of previews, "
        "a press contact or a former member of the team. It shows what it would remove, and asks. "
        "Exit status: 0 if everything was removed, 1 if not."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "email",
            nargs="?",
            help=_("the e-mail address of the person whose data is removed"),
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help=_("show what would be removed, without removing it"),
        )
        parser.add_argument(
            "--yes",
            action="store_true",
            help=_("remove the data of the person without asking"),
        )

    def handle(
        self, *, email: str | None, dry_run: bool, yes: bool, verbosity: int, **options: Any
    ) -> None:
        if email is None:
            self._forget_old(dry_run, verbosity)
        else:
            self._forget_person(email.strip(), dry_run, yes)

    # --- One person --------------------------------------------------------------------------

    def _forget_person(self, email: str, dry_run: bool, yes: bool) -> None:
        try:
            validate_email(email)
        except ValidationError:
            message = _("“%(text)s” is not an e-mail address.")
            raise CommandError(message % {"text": email[:100]}) from None
        try:
            found = forgetting.find(email)
            self._show(found)
            if not found.counts:
                if not found.places:
                    raise CommandError(_("Nothing is stored of this address."))
                self.stdout.write(_("There is nothing to remove."))
                return
            if dry_run:
                return
            if not (yes or self._agrees()):
                raise CommandError(_("Nothing was removed."))
            removed = forgetting.forget(email, found.counts)
        except ActionBlocked as blocked:
            raise CommandError(str(blocked)) from None
        self.stdout.write(_("Removed:"))
        self._list(removed)
        self.stdout.write(_("Backups made before now still have this data."))

    def _show(self, found: forgetting.Found) -> None:
        if found.counts:
            self.stdout.write(_("This would be removed:"))
            self._list(found.counts)
        self._list_places(_("These texts contain the address. They are not changed:"), found.places)
        self._list_places(
            _(
                "These records and releases have the same name. They are not changed. Check "
                "whether they are about the same person:"
            ),
            found.namesakes,
        )

    def _list(self, counts: dict[str, int]) -> None:
        for key, number in counts.items():
            text = _("- %(number)s × %(label)s")
            self.stdout.write(text % {"number": f"{number:,}", "label": forgetting.LABELS[key]})

    def _list_places(self, heading: str, places: list[Place]) -> None:
        if not places:
            return
        self.stdout.write(heading)
        for place in places[:MAX_PLACES]:
            text = _("- %(what)s: %(address)s")
            self.stdout.write(text % {"what": place.what, "address": place.address})
        if (more := len(places) - MAX_PLACES) > 0:
            text = ngettext("- and %(number)s more", "- and %(number)s more", more)
            self.stdout.write(text % {"number": f"{more:,}"})

    def _agrees(self) -> bool:
        self.stdout.write(_("This can’t be undone. Type “yes” to remove it:"), ending=" ")
        self.stdout.flush()
        try:
            return input().strip().casefold() in ("yes", _("yes").casefold())
        except EOFError:
            self.stdout.write("")
            return False

    # --- What is too old ---------------------------------------------------------------------

    def _forget_old(self, dry_run: bool, verbosity: int) -> None:
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
