"""People at the desk: thin, the rules are in people.levels and releases.rules.protected_names.

It stands here, above people and releases, because it tells which releases name somebody.
"""

from functools import update_wrapper
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Q, QuerySet
from django.forms import BaseFormSet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.errors import ActionBlocked
from accounts.models import User
from desk.admin.base import VersionsAdmin
from desk.forms.cases import CaseForm, DesignationFormSet, ErrorForm, SourcesForm
from desk.forms.names import LookedForForm, NameCheckedAdmin, PublicTextForm, show
from desk.forms.releases import NewestForm
from desk.name_suggestions import detail_of
from people import levels, minors
from people.locking import lock_names_for_change, lock_row
from people.models import (
    Case,
    CaseEvent,
    CaseStatus,
    Charge,
    Consent,
    Designation,
    Level,
    Person,
    PersonName,
    Role,
    Sentence,
)
from people.names.searching import MAX_TYPED
from people.names.shared import people_index
from people.recorded_errors import mark_in_error
from releases import workflow
from releases.models import Release
from releases.rules import protected_names
from releases.rules.name_finds import sentences

READ_VERSION: Any = (None, {"fields": ["read_version"], "classes": ["hidden-fields"]})


class OnlyKnown(VersionsAdmin):
    """An admin of rows that belong to people: what belongs to a person at level 0 is there for
    that person's case officers, and for nobody else, its versions included.
    """

    def _is_known(self, request: HttpRequest, object_id: str) -> bool:
        try:
            return self.get_queryset(request).filter(pk=object_id).exists()
        except (ValueError, forms.ValidationError):
            return False

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        if not self._is_known(request, object_id):
            raise Http404
        return super().history_view(request, object_id, extra_context)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> HttpResponse:
        if not self._is_known(request, object_id):
            raise Http404
        return super().history_form_view(request, object_id, version_id, extra_context)

    # Django's log keeps what a row was called when it was changed, and shows it to the user who
    # did, whatever has become of the row since: it gets a key here, and the versions say the rest.

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        return self._log(request, obj, ADDITION)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        return self._log(request, obj, CHANGE)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> list[LogEntry]:
        return [self._log(request, obj, DELETION) for obj in queryset]

    def _log(self, request: HttpRequest, obj: Any, action: int) -> LogEntry:
        return LogEntry.objects.create(
            user=User.of(request),
            content_type=ContentType.objects.get_for_model(obj),
            object_id=str(obj.pk),
            object_repr=f"{self.opts.verbose_name} {obj.pk}",
            action_flag=action,
        )


# --- People --------------------------------------------------------------------------------------


class NameInline(NameCheckedAdmin, admin.TabularInline):
    model = PersonName
    form = LookedForForm
    extra = 0


class RoleInline(NameCheckedAdmin, admin.TabularInline):
    model = Role
    form = PublicTextForm
    extra = 0


class ConsentInline(admin.StackedInline):
    model = Consent
    extra = 0
    formfield_overrides = {models.TextField: {"widget": forms.Textarea(attrs={"rows": 2})}}
    fields = [
        "basis",
        ("covers_name", "covers_photo", "covers_health", "covers_family", "covers_location"),
        ("given", "ends", "withdrawn"),
        "evidence",
    ]


class CaseInline(admin.TabularInline):
    """What a person's cases are; each has a form of its own."""

    model = Case
    extra = 0
    fields = ["custody_status", "legal_status", "as_of", "country"]
    readonly_fields = ["custody_status", "legal_status", "as_of", "country"]
    show_change_link = True
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PersonForm(LookedForForm, NewestForm):
    text, matchable, exactly = "display_name", "name_matchable", "name_match_exactly"

    class Meta:
        model = Person
        fields = ["display_name"]

    def lock(self) -> None:
        lock_names_for_change()  # the save of a person needs it, and it comes before any other lock
        lock_row(self.instance)


class NewPersonForm(LookedForForm):
    """A new record begins at a level at which nobody outside the newsroom learns of it."""

    text, matchable, exactly = "display_name", "name_matchable", "name_match_exactly"

    level = forms.TypedChoiceField(
        label="Publication level",
        coerce=int,
        choices=[(level.value, level.label) for level in (Level.CASE_OFFICERS, Level.STAFF)],
        initial=Level.STAFF,
        help_text="Somebody at risk begins at level 0. Higher levels take a second person.",
    )

    class Meta:
        model = Person
        fields = ["level"]


class RaiseForm(forms.Form):
    to = forms.TypedChoiceField(label="To level", coerce=int)
    basis = forms.CharField(
        label="Why the person may be named",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Whose consent, recorded where; or that the name is widely public, and how the "
        "risk was weighed. Never public.",
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        higher = [(level.value, level.label) for level in Level if level > person.level]
        self.fields["to"].choices = higher  # type: ignore[attr-defined]


class DecideForm(forms.Form):
    words = forms.CharField(
        label="If you decline: why",
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text="For whoever asked; it stays in the record.",
    )


class RemovalForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Why the mark is wrong or no longer needed. Internal only."),
    )


class DecideRemovalForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("Note"),
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text=gettext_lazy("If you reject: why. It stays in the record."),
    )


def _people_by(typed: str) -> set[UUID]:
    """Return the people whose name was typed, in any spelling, or a part of it.

    Some may be hidden from the user: narrow a list of visible rows by it.
    """
    typed = typed[:MAX_TYPED]
    people = {match.person for match in people_index().matches(typed)}
    people |= {pk for name in people_index().find([typed]) for pk in name.people}
    return people | people_index().search(typed)


class BySpelling(OnlyKnown):
    """A list that finds a person by any spelling: order, accents and punctuation do not count."""

    person_column = "pk"

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        found, repeats = super().get_search_results(request, queryset, search_term)
        if not search_term.strip():
            return found, repeats
        spelled = Q(**{f"{self.person_column}__in": _people_by(search_term)})
        return queryset.filter(Q(pk__in=found.values("pk")) | spelled), repeats


class NotLookedFor(admin.SimpleListFilter):
    title = gettext_lazy("name in texts")
    parameter_name = "unprotected"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("Protected, but not looked for"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() != "yes":
            return queryset
        found = queryset.model.objects.filter(pk__in=queryset.values("pk")).not_searched_for()
        return queryset.filter(pk__in=[person.pk for person in found])


@admin.register(Person)
class PersonAdmin(NameCheckedAdmin, BySpelling):
    list_display = ["display_name", "level", "title_now"]
    list_filter = ["level", "roles__speaks_for_us", NotLookedFor]
    search_fields = ["display_name", "sort_name", "names__text"]
    search_help_text = "A name in any script or spelling."
    autocomplete_fields = ["portrait"]
    inlines = [RoleInline, NameInline, ConsentInline, CaseInline]
    actions = None
    view_on_site = False
    change_form_template = "admin/people/person/change_form.html"

    # --- Who may see and do what ---------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        return Person.objects.visible_to(User.of(request)).prefetch_related("roles", "cases")

    def get_readonly_fields(self, request: HttpRequest, obj: Person | None = None) -> list[str]:
        user = User.of(request)
        keeps_officers = (
            obj is None
            or user.has_perm("people.set_level")
            or obj.case_officers.filter(pk=user.pk).exists()
        )
        fixed = [] if keeps_officers else ["case_officers"]
        # The mark is set here by everybody, and removed by two people: under_18_view.
        return [*fixed, "under_18"] if obj and Person.objects.get(pk=obj.pk).under_18 else fixed

    def get_fieldsets(self, request: HttpRequest, obj: Person | None = None) -> Any:
        protection = ["under_18", "case_officers"]
        looked_for = ["name_match_exactly"]
        if User.of(request).has_perm("people.set_level"):
            looked_for.append("name_matchable")
        named = ["display_name", tuple(looked_for), "sort_name", "pronouns", "portrait"]
        fieldsets: list[Any] = [
            (None, {"fields": named}),
            (
                "How far the person may be named",
                {"fields": protection if obj else ["level", *protection]},
            ),
        ]
        if self.has_change_permission(request, obj):
            hidden = ["asked", "read_version"] if obj else ["asked"]
            fieldsets.insert(0, (None, {"fields": hidden, "classes": ["hidden-fields"]}))
        if obj and obj.has_page():
            fieldsets.append(("Address", {"fields": ["slug"], "classes": ["collapse"]}))
        return fieldsets

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        kwargs["form"] = PersonForm if obj else NewPersonForm
        kwargs["widgets"] = {"case_officers": forms.CheckboxSelectMultiple}
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Person, form: Any, change: bool) -> None:
        if not change:
            obj.save()
            return
        # The form must not put back a level that somebody lowers meanwhile.
        names = {field.name for field in Person._meta.concrete_fields if not field.primary_key}
        kept = {"level", "level_basis", "name_consent_until", "photo_consent_until", "under_18"}
        obj.save(update_fields=names - kept)
        if form.cleaned_data.get("under_18"):
            before = Person.objects.get(pk=obj.pk).level
            after = minors.mark(obj, by=User.of(request)).level
            obj.was_lowered = after < before  # type: ignore[attr-defined]
            if after < before:
                messages.warning(
                    request,
                    _(
                        "Marked as under eighteen: the level was lowered to 1. The name and "
                        "pictures of this person are hidden from now on."
                    ),
                )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not change and form.instance.level == Level.CASE_OFFICERS:
            form.instance.case_officers.add(User.of(request))
        person = Person.objects.get(pk=form.instance.pk)
        if person.is_protected() and not person.is_searched_for():
            messages.warning(
                request,
                _(
                    "Texts are not searched for “%s”: it is not a full name. Tick “look for it "
                    "exactly as written” if they should be, or record further names."
                )
                % person,
            )

    def response_change(self, request: HttpRequest, obj: Person) -> HttpResponse:
        """After a lowering show which releases still print the name."""
        if getattr(obj, "was_lowered", False):
            return redirect("admin:people_person_named", obj.pk)
        return super().response_change(request, obj)

    # --- Lists ---------------------------------------------------------------------------------

    def autocomplete_detail(self, person: Person) -> dict[str, str]:
        """Tell namesakes apart where a person is looked for."""
        return {"detail": detail_of(person)}

    @admin.display(description="title today")
    def title_now(self, person: Person) -> str:
        return person.title_on(timezone.localdate())

    # --- The level -----------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        def page(name: str, view: Any) -> Any:
            wrapped = update_wrapper(self.admin_site.admin_view(view), view)
            return path(f"<uuid:pk>/{name}/", wrapped, name=f"people_person_{name}")

        return [
            page("raise", self.raise_view),
            page("decide", self.decide_view),
            page("lower", require_POST(self.lower_view)),
            page("named", self.named_view),
            page("under-18", self.under_18_view),
            *super().get_urls(),
        ]

    def _found(self, request: HttpRequest, pk: Any) -> Person:
        person = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        return person

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        edited = context.get("original")
        if edited:
            context |= {"title": str(edited), "subtitle": ""}
        if edited and self.has_change_permission(request, edited):
            person = Person.objects.get(
                pk=edited.pk
            )  # as it is, not as a refused form would have it
            context |= {
                "person": person,
                "level": Level(person.level),
                "lower_levels": [level for level in Level if level < person.level],
                "waiting": levels.open_request(person),
                "removal": minors.open_request(person),
                "removals": person.minor_mark_removals.select_related("requested_by", "decided_by")[
                    :6
                ],
                "can_raise": person.level < Level.PUBLIC,
                "changes": person.level_changes.select_related("requested_by", "decided_by")[:6],
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def raise_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Ask a second person to let somebody be named further."""
        person = self._found(request, pk)
        form = RaiseForm(request.POST or None, person=person)
        refused: list[str] = []
        if form.is_valid():
            try:
                levels.request_level(person, by=User.of(request), **form.cleaned_data)
            except ActionBlocked as refusal:
                refused = sentences(refusal.blockers, User.of(request))
            else:
                messages.success(request, "Asked. A second person has to agree: see their desk.")
                return redirect("admin:people_person_change", person.pk)
        return self._ask(request, person, "Raise the level", form, refused, [("", "Ask")])

    def decide_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Agree to what somebody asked, or decline."""
        person = self._found(request, pk)
        if (change := levels.open_request(person)) is None:
            messages.warning(request, "Nobody is asking, or it was decided meanwhile.")
            return redirect("admin:people_person_change", person.pk)
        form = DecideForm(request.POST or None)
        user = User.of(request)
        refused = levels.approval_blockers(change, user)
        if form.is_valid():
            try:
                if "agree" in request.POST:
                    levels.approve_level(change, by=user)
                    messages.success(request, "Raised. It holds from this moment on.")
                else:
                    levels.reject_level(change, by=user, note=form.cleaned_data["words"])
                    messages.success(request, "Declined. The level stays as it is.")
            except ActionBlocked as refusal:
                refused = sentences(refusal.blockers, User.of(request))
            else:
                return redirect("admin:people_person_change", person.pk)
        buttons = [] if refused else [("agree", "Agree")]
        return self._ask(
            request, person, "Raise the level?", form, refused,
            [*buttons, ("decline", "Decline")], change=change,
        )  # fmt: skip

    def lower_view(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        """Lower the level at once, then show which releases still print the name."""
        person = self._found(request, pk)
        try:
            to = Level(int(request.POST.get("to", "")))
            levels.lower_level(person, to=to, by=User.of(request))
        except ValueError:
            messages.error(request, "Say to which level.")
        except ActionBlocked as refusal:
            show(request, refusal)
        else:
            messages.success(request, f"Lowered to level {to}. It holds everywhere, from now on.")
            if to < Level.NAMEABLE:
                return redirect("admin:people_person_named", person.pk)
        return redirect("admin:people_person_change", person.pk)

    def named_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The public places that print a person's name, and what to do with each."""
        person = self._found(request, pk)
        printing = protected_names.printing(person)
        releases = [printed.release for printed in printing if printed.release]
        if request.method == "POST":
            wanted = request.POST.getlist("release")
            self._hold(request, [release for release in releases if str(release.pk) in wanted])
            return redirect("admin:people_person_named", person.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Releases that print the name of {person}",
            "opts": self.opts,
            "person": person,
            "level": Level(person.level),
            "named": [(p.release, p.finds) for p in printing if p.release],
            "pages": [(p.page, p.finds) for p in printing if p.page],
            "standing": [release for release in releases if not release.is_on_hold()],
        }
        return render(request, "admin/people/person/named.html", context)

    def under_18_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Request that the mark “under eighteen” is removed, or decide such a request."""
        person = self._found(request, pk)
        user, removal = User.of(request), minors.open_request(person)
        if not person.under_18:
            messages.warning(request, _("This person is not marked as under eighteen."))
            return redirect("admin:people_person_change", person.pk)
        refused = minors.blockers(removal, user) if removal else []
        form = DecideRemovalForm(request.POST or None) if removal else RemovalForm(
            request.POST or None
        )  # fmt: skip
        if form.is_valid():
            try:
                if removal is None:
                    minors.request_removal(person, by=user, **form.cleaned_data)
                    done = _("Request sent. A second person must approve it.")
                elif "approve" in request.POST:
                    minors.approve_removal(removal, by=user)
                    done = _("The mark is removed. The level stays as it is.")
                else:
                    minors.reject_removal(removal, by=user, **form.cleaned_data)
                    done = _("Rejected. The mark stays.")
            except ActionBlocked as refusal:
                refused = refusal.blockers
            else:
                messages.success(request, done)
                return redirect("admin:people_person_change", person.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Remove the mark “under eighteen”"),
            "opts": self.opts,
            "person": person,
            "removal": removal,
            "form": form,
            "refused": refused,
        }
        return render(request, "admin/people/person/under_18.html", context)

    def _hold(self, request: HttpRequest, chosen: list[Release]) -> None:
        held = 0
        for release in chosen:
            try:
                workflow.hold(release, by=User.of(request))
                held += 1
            except ActionBlocked as refusal:
                messages.error(request, f"{release}: {refusal}")
        if held:
            what = "1 release is" if held == 1 else f"{held} releases are"
            messages.success(request, f"{what} off every path until let go again.")

    def _ask(
        self,
        request: HttpRequest,
        person: Person,
        title: str,
        form: forms.Form,
        refused: list[str],
        buttons: list[tuple[str, str]],
        **more: Any,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "person": person,
            "level": Level(person.level),
            "form": form,
            "refused": refused,
            "buttons": buttons,
            **more,
        }
        return render(request, "admin/people/person/ask.html", context)


# --- Cases ---------------------------------------------------------------------------------------

FIELDS: dict[Any, Any] = {
    models.URLField: {"assume_scheme": "https"},
    models.TextField: {"widget": forms.Textarea(attrs={"rows": 3})},
}


class PartOfACase(NameCheckedAdmin, admin.StackedInline):
    form = PublicTextForm
    extra = 0
    formfield_overrides = FIELDS


class DesignationInline(PartOfACase):
    model = Designation
    formset = DesignationFormSet
    can_delete = False
    fields = [
        ("label", "by", "made"), ("since", "until"),
        "source", ("source_url", "source_public", "reliability"), "internal_note",
    ]  # fmt: skip


class ChargeInline(PartOfACase):
    model = Charge
    fields = [
        "text", ("original_text", "original_language"), ("law", "date", "result"),
        "source", ("source_url", "source_public", "reliability"), "internal_note",
    ]  # fmt: skip


class SentenceInline(PartOfACase):
    model = Sentence
    fields = [
        ("kind", "text", "duration"), ("court", "date"),
        "source", ("source_url", "source_public", "reliability"), "internal_note",
    ]  # fmt: skip


class CaseEventInline(PartOfACase):
    model = CaseEvent
    fields = [
        ("kind", "date", "public"), "summary",
        "source", ("source_url", "source_public", "reliability"), "internal_note",
    ]  # fmt: skip


class ToLookAt(admin.SimpleListFilter):
    title = "review"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("due", "To be looked at again")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.stale() if self.value() == "due" else queryset


@admin.register(Case)
class CaseAdmin(NameCheckedAdmin, BySpelling):
    person_column = "person"
    form = CaseForm
    formfield_overrides = FIELDS
    list_display = ["person", "custody_status", "country", "as_of", "review_due"]
    list_filter = [ToLookAt, "custody_status", "legal_status"]
    list_select_related = ["person"]
    search_fields = ["person__display_name", "person__names__text", "summary"]
    search_help_text = gettext_lazy("The person's name in any script or spelling, or the summary.")
    autocomplete_fields = ["person"]
    inlines = [DesignationInline, ChargeInline, SentenceInline, CaseEventInline]
    actions = None
    view_on_site = False
    change_form_template = "admin/people/case/change_form.html"
    fieldsets = [
        (None, {"fields": ["person", "country"]}),
        (
            gettext_lazy("Status"),
            {
                "fields": [
                    ("custody_status", "legal_status"), ("as_of", "confidence"),
                    "status_source", ("status_source_url", "status_source_public"),
                ],
                "description": gettext_lazy(
                    "A new status needs its own day and source. "
                    "You see it as it will be printed before it is saved."
                ),
            },
        ),
        (gettext_lazy("Detention"), {"fields": [("since", "until"), "review_due"]}),
        ("What we ask for", {"fields": ["call", "call_types", ("what_to_do", "what_to_do_url")]}),
        (
            "What happened",
            {"fields": ["summary", "source", ("source_url", "source_public"), "health"]},
        ),
        (
            gettext_lazy("Internal only"),
            {"fields": ["place", "reliability", "internal_note"]},
        ),
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        known = Person.objects.visible_to(User.of(request))
        return Case.objects.filter(person__in=known)

    def get_fieldsets(self, request: HttpRequest, obj: Case | None = None) -> Any:
        fieldsets = list(self.fieldsets)
        if self.has_change_permission(request, obj) and obj:
            fieldsets.insert(0, READ_VERSION)
        return fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Case | None = None) -> list[str]:
        return ["person"] if obj else []

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "person":
            kwargs["queryset"] = Person.objects.visible_to(User.of(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        if edited := context.get("original"):
            # The case as it is: a form that was sent back has changed the other copy.
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
        shown = [one for one in [form, *formsets] if getattr(one, "digest", "")]
        context |= {"confirm": shown, "is_public": _is_public(form), "today": timezone.localdate()}
        if shown and not any(_has_mistake(one) for one in [form, *formsets]):
            context["errors"] = []  # what is shown is to be read, nothing is to be corrected
        return super().render_change_form(request, context, *args, **kwargs)

    # --- Recorded in error, and sources ----------------------------------------------------------

    def get_urls(self) -> list[Any]:
        def page(address: str, view: Any, name: str) -> Any:
            wrapped = update_wrapper(self.admin_site.admin_view(view), view)
            return path(address, wrapped, name=f"people_case_{name}")

        return [
            page("<int:pk>/error/<str:kind>/<int:row>/", self.error_view, "error"),
            page("<int:pk>/sources/", self.sources_view, "sources"),
            *super().get_urls(),
        ]

    def error_view(self, request: HttpRequest, pk: int, kind: str, row: int) -> HttpResponse:
        """Mark a status or a designation as recorded in error, with a note."""
        case = self._found(request, pk)
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
            except ActionBlocked as refusal:
                blockers = refusal.blockers
            else:
                messages.success(
                    request, _("Marked as recorded in error. It is on no public page any more.")
                )
                return redirect("admin:people_case_change", case.pk)
        return self._page(
            request, case, _("Mark as recorded in error"), form, blockers, marked=marked
        )

    def sources_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Decide which sources may be printed, of those that were printed before an upgrade."""
        case = self._found(request, pk)
        form = SourcesForm(request.POST or None, rows=case.sources_to_review())
        if request.method == "POST" and form.is_valid():
            form.save()
            messages.success(request, _("Saved. Only the sources that you ticked are printed."))
            return redirect("admin:people_case_change", case.pk)
        return self._page(request, case, _("Sources that were printed before"), form, [])

    def _found(self, request: HttpRequest, pk: int) -> Case:
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
    """Whether a form or formset has an error besides that it waits to be confirmed."""
    if isinstance(form, BaseFormSet):
        return any(form.errors) or (
            bool(form.non_form_errors()) and not getattr(form, "digest", "")
        )
    return bool(form.errors) and not form.digest


def _is_public(form: Any) -> bool:
    """Whether what a form of a case says is public as soon as it is saved."""
    case = getattr(form, "instance", None)
    return bool(case is not None and case.person_id and case.person.has_page())
