"""The import page: choose a source, check what was recognised, and create a draft."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.models import User
from assets.incoming import accepts_files
from desk.admin.release_base import ReleasePages
from desk.forms.imports import ConfirmImportForm, ImportForm
from desk.imports.messages import sentence
from desk.imports.storing import AlreadyImported, copies_of, import_draft, preview
from importing import MAX_BYTES, NotAReleaseError, Understood, understand
from importing.notes import Note
from releases import workflow
from releases.rules.name_finds import sentences

TEMPLATE = "admin/releases/release/import.html"


class ImportPages(ReleasePages):
    """Admin with the page that imports a release."""

    def get_urls(self) -> list[Any]:
        return [self.page("import/", self.import_view, "import"), *super().get_urls()]

    @accepts_files("releases.add_release", megabytes=lambda: MAX_BYTES // 1024**2)
    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Read a source, show what was recognised, and create a draft after confirmation."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("Import a release"),
            "opts": self.opts,
        }
        if request.method == "POST" and "source" in request.POST:
            return self._confirm_import(request, context)
        is_sent = request.method == "POST"
        form = ImportForm(request.POST, request.FILES) if is_sent else ImportForm()
        if form.is_valid():
            data, filename = form.source()
            try:
                understood = understand(data, filename)
            except NotAReleaseError as problem:
                form.add_error(None, sentence(problem.note))
            else:
                initial = {"source": ConfirmImportForm.pack(data), "filename": filename}
                guess = understood.date_guess
                confirm = self._confirm_form(
                    request, understood, initial=initial, day=guess.date if guess else None
                )
                context |= self._report(understood) | {"confirm": confirm}
        return render(request, TEMPLATE, context | {"form": form})

    def _confirm_form(
        self, request: HttpRequest, understood: Understood, data: Any = None, **kwargs: Any
    ) -> ConfirmImportForm:
        return ConfirmImportForm(
            data,
            suggestions=understood.people,
            designations=understood.designations,
            speeches=understood.speeches,
            language=understood.language_guess,
            user=User.of(request),
            **kwargs,
        )

    def _report(self, understood: Understood) -> dict[str, Any]:
        return {
            "understood": understood,
            # The form below the report lists the people.
            "report": preview(replace(understood, people=())),
            "copies": copies_of(understood),
        }

    def _confirm_import(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        try:
            data = ConfirmImportForm.unpack(request.POST["source"])
            understood = understand(data, request.POST.get("filename", _("pasted text")))
        except ValueError:
            messages.error(request, _("The text was incomplete. Import it again."))
            return redirect("admin:releases_release_import")
        # The number of the copy that the page offered. A form that is sent twice has the same
        # number, so it creates only one draft.
        number = request.POST.get("again", "")
        is_number = number.isascii() and number.isdecimal() and len(number) < 10
        again = int(number) if is_number else None
        context |= {"again": again}
        form = self._confirm_form(request, understood, request.POST)
        if not form.is_valid():
            context |= self._report(understood) | {"confirm": form}
            return render(request, TEMPLATE, context)
        try:
            release = import_draft(
                understood,
                by=User.of(request),
                people=form.decisions(),
                designated=form.designated(),
                again=again,
                language=form.cleaned_data["language"] or None,
                levels=form.levels(),
                speakers=form.speakers(),
            )
        except workflow.ActionBlocked as blocked:
            for reason in sentences(blocked.blockers, User.of(request)):
                form.add_error(None, reason)
            context |= self._report(understood) | {"confirm": form}
            return render(request, TEMPLATE, context)
        except AlreadyImported as problem:
            messages.warning(request, _("%(problem)s Nothing was added.") % {"problem": problem})
            return redirect("admin:releases_release_change", problem.release.pk)
        messages.success(request, _("Draft created. The panel shows what is still missing."))
        if understood.title_from in ("guessed", "offered"):
            messages.warning(request, sentence(Note(f"title_{understood.title_from}")))
        return redirect("admin:releases_release_change", release.pk)
