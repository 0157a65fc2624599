"""Collects translatable messages into the catalogues of `locale/`. `make messages` runs it."""

import re
import shutil
import subprocess
from gettext import GNUTranslations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

DOMAINS = ("django", "djangojs")
SOURCE = "en"  # the language of the code: its catalogue lists all messages
# No user of an installation sees texts from these folders.
IGNORED = ("tests/*", "bench/*", "docs/*", "var/*")
# Headers that would change with each run.
DATES = re.compile(r'^"(?:POT-Creation-Date|PO-Revision-Date): .*\\n"\n', re.MULTILINE)
SHOWN = 5  # messages named in a failed check

Message = tuple[str, ...]


def messages_of(catalogue: Path) -> set[Message]:
    """Return the context, singular and plural of every message of a catalogue."""
    if not catalogue.exists():
        return set()
    with catalogue.open("rb") as file:
        return {
            (message.context or "", *((message.id,) if isinstance(message.id, str) else message.id))
            for message in read_po(file)
            if message.id
        }


class Command(BaseCommand):
    help = _("Collect the messages that can be translated into the catalogues of locale/.")
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help=_("Change nothing, and fail if a catalogue is out of date or has an error."),
        )
        parser.add_argument(
            "--add", metavar="LOCALE", help=_("Begin the catalogues of a language, such as pt_BR.")
        )

    def handle(self, *args: Any, check: bool, add: str | None, **options: Any) -> None:
        if not shutil.which("xgettext"):
            missing = _("xgettext is not installed. On Debian, run: apt install gettext")
            if not check:
                raise CommandError(missing)
            self.stderr.write(_("The catalogues were not checked.") + " " + missing)
            return
        before = {path: path.read_bytes() for path in self._catalogues()}
        known = {path: messages_of(path) for path in before}
        try:
            self._collect(add)
            if check:
                self._compare(known)
            self._compile(check)
        finally:
            if check:
                for path in self._catalogues():
                    if path in before:
                        path.write_bytes(before[path])
                    else:
                        path.unlink()

    @staticmethod
    def _catalogues() -> list[Path]:
        return sorted(Path(settings.LOCALE_PATHS[0]).glob("*/LC_MESSAGES/*.po"))

    def _collect(self, add: str | None) -> None:
        folder = Path(settings.LOCALE_PATHS[0])
        locales = {SOURCE} | {path.name for path in folder.glob("*") if path.is_dir()}
        for domain in DOMAINS:
            call_command(
                "makemessages",
                domain=domain,
                locale=sorted(locales | ({add} if add else set())),
                ignore_patterns=list(IGNORED),
                no_wrap=True,
                no_obsolete=True,
                add_location="file",
                verbosity=0,
            )
        for path in self._catalogues():
            path.write_text(DATES.sub("", path.read_text("utf-8")), "utf-8")

    def _compare(self, known: dict[Path, set[Message]]) -> None:
        """Raise CommandError if a catalogue does not have the messages of the code."""
        for path in self._catalogues():
            had, has = known.get(path, set()), messages_of(path)
            if had == has:
                continue
            examples = [message[1] for message in sorted(has ^ had)][:SHOWN]
            raise CommandError(
                _(
                    "%(path)s is out of date: it does not have %(new)s messages of the code, and "
                    "has %(old)s that the code no longer has. Run `make messages` and commit "
                    "locale/. Examples:"
                )
                % {
                    "path": path.relative_to(settings.BASE_DIR),
                    "new": len(has - had),
                    "old": len(had - has),
                }
                + "".join(f"\n  {example!r}" for example in examples)
            )

    def _compile(self, check: bool) -> None:
        """Compile the catalogues of other languages, or check that their .mo files are current."""
        for path in self._catalogues():
            compiled = path.with_suffix(".mo")
            with TemporaryDirectory() as folder:
                made = Path(folder, "made.mo")
                run = subprocess.run(  # noqa: S603  # no argument comes from a user
                    ["msgfmt", "--check-format", "--no-hash", "-o", made, path],  # noqa: S607
                    capture_output=True,
                    text=True,
                )
                if run.returncode:
                    raise CommandError(run.stderr.strip())
                if path.parent.parent.name == SOURCE:
                    continue
                if not check:
                    shutil.copyfile(made, compiled)
                elif not compiled.exists() or self._read(compiled) != self._read(made):
                    raise CommandError(
                        _("%(path)s is out of date. Run `make messages` and commit locale/.")
                        % {"path": compiled.relative_to(settings.BASE_DIR)}
                    )
        if not check:
            count = len(messages_of(self._catalogues()[0]))
            self.stdout.write(
                ngettext(
                    "%(count)s message in %(path)s",
                    "%(count)s messages in %(path)s",
                    count,
                )
                % {"count": count, "path": self._catalogues()[0].relative_to(settings.BASE_DIR)}
            )

    @staticmethod
    def _read(compiled: Path) -> Any:
        with compiled.open("rb") as file:
            return vars(GNUTranslations(file))["_catalog"]
