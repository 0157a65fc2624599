from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from desk.imports.messages import sentence
from desk.imports.storing import AlreadyImported, copies_of, import_draft, preview, with_language
from importing import FORMATS, NotAReleaseError, understand
from importing.decoding import MAX_BYTES
from importing.notes import Note
from releases.language_tags import canonical
from releases.languages import UNDETERMINED


class Command(BaseCommand):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Not a lazy string, because argparse wraps it and accepts only `str`.
        self.help = _(
            "Import press releases as drafts and print what was recognised, guessed and left out. "
            "People are suggested, never created."
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help=_("print the same, and change nothing"),
        )
        parser.add_argument(
            "--format",
            choices=FORMATS,
            help=_("default: recognised from the content and the name"),
        )
        parser.add_argument(
            "--again",
            action="store_true",
            help=_("import again even if it was imported before"),
        )
        parser.add_argument(
            "--by", metavar="USERNAME", help=_("author of the draft; default: none")
        )
        parser.add_argument(
            "--language",
            metavar="TAG",
            help=_(
                "language of all files, as a BCP 47 tag (sv, zh-Hant); default: the language of "
                "the file or its text, and none if that is not certain"
            ),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        by, language = self._user(options["by"]), self._language(options["language"])
        unreadable = 0
        for number, path in enumerate(options["files"], start=1):
            if len(options["files"]) > 1:
                self.stdout.write(f"[{number}/{len(options['files'])}] {path}")
            try:
                self._import(
                    path,
                    by=by,
                    format=options["format"],
                    language=language,
                    dry_run=options["dry_run"],
                    again=options["again"],
                )
            except NotAReleaseError as problem:
                unreadable += 1
                self.stderr.write(sentence(problem.note))
        if unreadable:
            counts = {"unreadable": unreadable, "all": len(options["files"])}
            raise CommandError(
                ngettext(
                    "%(unreadable)s of %(all)s file could not be read as a release.",
                    "%(unreadable)s of %(all)s files could not be read as a release.",
                    counts["all"],
                )
                % counts
            )

    def _import(
        self,
        path: Path,
        *,
        by: User | None,
        format: str | None,
        language: str | None,
        dry_run: bool,
        again: bool,
    ) -> None:
        understood = with_language(understand(_content(path), path.name, format), language)
        self.stdout.write(preview(understood))
        copies = copies_of(understood)
        if copies.first and not again:
            self._print_already_imported(AlreadyImported(copies.first))
        elif dry_run:
            self.stdout.write(_("This was a dry run: nothing was changed.") + "\n")
        else:
            try:
                release = import_draft(understood, by=by, again=copies.next if again else None)
            except AlreadyImported as problem:
                # There are too many copies, or someone else has just imported it.
                self._print_already_imported(problem)
                return
            self.stdout.write(_("Created the draft “%(release)s”.") % {"release": release} + "\n")
            if release.language == UNDETERMINED:
                self.stdout.write(
                    _("Its language is not set. Choose it at the desk, or import with --language.")
                    + "\n"
                )

    def _print_already_imported(self, problem: AlreadyImported) -> None:
        sentences = _("%(problem)s Nothing was added.") % {"problem": problem}
        self.stdout.write(f"{sentences}\n")

    def _language(self, tag: str | None) -> str | None:
        if tag is None:
            return None
        try:
            return canonical(tag)
        except ValidationError as problem:
            raise CommandError(" ".join(problem.messages)) from None

    def _user(self, username: str | None) -> User | None:
        if username is None:
            return None
        try:
            return User.objects.get(username=username)
        except User.DoesNotExist:
            message = _("There is no user called %(username)s.") % {"username": username}
            raise CommandError(message) from None


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # one byte more, so that a larger file is refused
    except OSError as problem:
        reason = (problem.strerror or _("unknown reason")).lower()
        values = {"file": str(path), "reason": reason}
        raise NotAReleaseError(Note("file_cannot_be_opened", values)) from problem
