"""Cases at the desk: the list, the form, rows recorded in error and sources to review."""

from functools import update_wrapper
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import QuerySet
from django.forms import BaseFormSet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.errors import ActionBlocked
from accounts.models import User
from desk.admin.visible_records import NameSearchAdmin
from desk.forms.cases import CaseForm, DesignationFormSet, ErrorForm, SourcesForm
from desk.forms.names import NameCheckedAdmin, PublicTextForm
from people.models import (
    Case,
    CaseEvent,
    CaseStatus,
    Charge,
    Designation,
    Person,
    Sentence,
)
from people.recorded_errors import mark_in_error

READ_VERSION: Any = (None, {"fields": ["read_version"], "classes": ["hidden-fields"]})

STATUS, CALL = gettext_lazy("Status"), gettext_lazy("What we ask for")
# What a user sees who may not change a case: labels for codes, and no fields for a new status.
READ_ONLY_FIELDS: dict[Any, Any] = {
    STATUS: [("custody_status", "legal_status"), ("as_of", "confidence")],
    CALL: ["call", "kinds_of_call", ("what_to_do", "what_to_do_url")],
}

FIELD_OVERRIDES: dict[Any, Any] = {
    models.URLField: {"assume_scheme": "https"},
    models.TextField: {"widget": forms.Textarea(attrs={"rows": 3})},
}


class CasePartInline(NameCheckedAdmin, admin.StackedInline):
    form = PublicTextForm
    extra = 0
    formfield_overrides = FIELD_OVERRIDES


class DesignationInline(CasePartInline):
    model = Designation
    formset = DesignationFormSet
    can_delete = False
    fields = [
        ("label", "by", "made"), ("since", "until"),
        "source", ("source_url", "source_public", "reliability"), "internal_note",
    ]  # fmt: skip


class ChargeInline(CasePartInline):
    model = Charge
    fields = [
        "text", ("original_text", "original_language"), ("law", "date", "result"),
        "source", ("source_url", "source_public", "reliability"), "internal_note",
    ]  # fmt: skip


class SentenceInline(CasePartInline):
    model = Sentence
    fields = [
        ("kind", "text", "duration"), ("court", "date"),
        "source", ("source_url", "source_public", "reliability"), "internal_note",
    ]  # fmt: skip


class CaseEventInline(CasePartInline):
    model = CaseEvent
    fields = [
        ("kind", "date", "public"), "summary",
        "source", ("source_url", "source_public", "reliability"), "internal_note",
    ]  # fmt: skip


class ReviewDueFilter(admin.SimpleListFilter):
    title = gettext_lazy("review")
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("due", _("Review due"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.stale() if self.value() == "due" else queryset


@admin.register(Case)
class CaseAdmin(NameCheckedAdmin, NameSearchAdmin):
    person_column = "person"
    form = CaseForm
    formfield_overrides = FIELD_OVERRIDES
    list_display = ["person", "custody_status", "country", "as_of", "review_due"]
    list_filter = [ReviewDueFilter, "custody_status", "legal_status"]
    list_select_related = ["person"]
    searched_kind = "cases"
    search_fields = ["person__display_name", "person__names__text"]
    search_help_text = gettext_lazy(
        "Searches names in any script or spelling, and all texts of the case."
    )
    autocomplete_fields = ["person"]
    inlines = [DesignationInline, ChargeInline, SentenceInline, CaseEventInline]
    actions = None
    view_on_site = False
    change_form_template = "admin/people/case/change_form.html"
    fieldsets = [
        (None, {"fields": ["person", "country"]}),
        (
            STATUS,
            {
                "fields": [
                    ("custody_status", "legal_status"), ("as_of", "confidence"),
                    "status_source", ("status_source_url", "status_source_public"),
                ],
                "description": gettext_lazy(
                    "A new status needs its own date and source. "
                    "You will see how it looks before you save it."
                ),
            },
        ),
        (gettext_lazy("Detention"), {"fields": [("since", "until"), "review_due"]}),
        (
            CALL,
            {"fields": ["call", "call_types", ("what_to_do", "what_to_do_url")]},
        ),
        (
            gettext_lazy("What happened"),
            {"fields": ["summary", "source", ("source_url", "source_public"), "health"]},
        ),
        (
            gettext_lazy("Internal only"),
            {"fields": ["place", "reliability", "internal_note"]},
        ),
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        visible = Person.objects.visible_to(User.of(request))
        return Case.objects.filter(person__in=visible)

    def get_fieldsets(self, request: HttpRequest, obj: Case | None = None) -> Any:
        if obj is None:
            return self.fieldsets
        if self.has_change_permission(request, obj):
            return [READ_VERSION, *self.fieldsets]
        return [
            (name, {**options, "fields": READ_ONLY_FIELDS.get(name, options["fields"])})
            for name, options in self.fieldsets
        ]

    @admin.display(description=gettext_lazy("kinds of call"))
    def kinds_of_call(self, case: Case) -> str:
        return ", ".join(case.calls) or "–"

    def get_readonly_fields(self, request: HttpRequest, obj: Case | None = None) -> list[str]:
        if obj is None:
            return []
        # READ_ONLY_FIELDS has no field of this name: an earlier version would fail without it.
        may_change = self.has_change_permission(request, obj)
        return ["person"] if may_change else ["person", "kinds_of_call"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "person":
            kwargs["queryset"] = Person.objects.visible_to(User.of(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        if edited := context.get("original"):
            # Read the stored row, because a form with errors has changed the other object.
            case = Case.objects.get(pk=edited.pk)
            may_mark = request.user.has_perm("people.mark_error")
            context |= {
                "title": str(case.person),
                "subtitle": str(case),
                "case": case,
                "original": case,
                "statuses": case.statuses.select_related("error_by").order_by("-as_of", "-pk"),
                "designations": case.designations.select_related("error_by"),
                "may_mark": may_mark and self.has_change_permission(request, case),
                "to_review": case.sources_to_review(),
            }
        form = getattr(context.get("adminform"), "form", None)
        formsets = [inline.formset for inline in context.get("inline_admin_formsets", [])]
        to_confirm = [each for each in [form, *formsets] if getattr(each, "digest", "")]
        context |= {
            "confirm": to_confirm,
            "is_public": _is_public(form),
            "today": timezone.localdate(),
        }
        if to_confirm and not any(_has_mistake(each) for each in [form, *formsets]):
            context["errors"] = []  # there are no real errors; the editor only has to confirm
        return super().render_change_form(request, context, *args, **kwargs)

    # --- Recorded in error, and sources ----------------------------------------------------------

    def get_urls(self) -> list[Any]:
        def page(address: str, view: Any, name: str) -> Any:
            wrapped = update_wrapper(self.admin_site.admin_view(view), view)
            return path(address, wrapped, name=f"people_case_{name}")

        return [
            page("<int:pk>/error/<str:kind>/<int:row>/", self.mark_error_view, "error"),
            page("<int:pk>/sources/", self.review_sources_view, "sources"),
            *super().get_urls(),
        ]

    def mark_error_view(self, request: HttpRequest, pk: int, kind: str, row: int) -> HttpResponse:
        """Mark a status or a designation as recorded in error, with a note."""
        case = self._get_or_404(request, pk)
        if not request.user.has_perm("people.mark_error"):
            raise PermissionDenied
        marked: CaseStatus | Designation
        if kind == "status":
            marked = get_object_or_404(CaseStatus, pk=row, case=case)
        elif kind == "designation":
            marked = get_object_or_404(Designation, pk=row, case=case)
        else:
            raise Http404
        form = ErrorForm(request.POST or None)
        blockers: list[str] = []
        if form.is_valid():
            try:
                mark_in_error(marked, by=User.of(request), note=form.cleaned_data["note"])
            except ActionBlocked as blocked:
                blockers = blocked.blockers
            else:
                messages.success(
                    request, _("Marked as recorded in error and removed from all public pages.")
                )
                return redirect("admin:people_case_change", case.pk)
        return self._page(
            request, case, _("Mark as recorded in error"), form, blockers, marked=marked
        )

    def review_sources_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Choose which sources may be published, of those that were public before an upgrade."""
        case = self._get_or_404(request, pk)
        form = SourcesForm(request.POST or None, rows=case.sources_to_review())
        if request.method == "POST" and form.is_valid():
            form.save()
            messages.success(request, _("Saved. Only the ticked sources are published."))
            return redirect("admin:people_case_change", case.pk)
        return self._page(request, case, _("Sources that were published before"), form, [])

    def _get_or_404(self, request: HttpRequest, pk: int) -> Case:
        case = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_change_permission(request, case):
            raise PermissionDenied
        return case

    def _page(
        self,
        request: HttpRequest,
        case: Case,
        title: str,
        form: forms.Form,
        blockers: list[str],
        **more: Any,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "case": case,
            "form": form,
            "blockers": blockers,
            **more,
        }
        return render(request, "admin/people/case/ask.html", context)


def _has_mistake(form: Any) -> bool:
    """Return whether a form or formset has errors other than the missing confirmation."""
    if isinstance(form, BaseFormSet):
        return any(form.errors) or (
            bool(form.non_form_errors()) and not getattr(form, "digest", "")
        )
    return bool(form.errors) and not form.digest


def _is_public(form: Any) -> bool:
    """Return whether saving the form of a case makes its content public at once."""
    case = getattr(form, "instance", None)
    return bool(case is not None and case.person_id and case.person.has_page())
