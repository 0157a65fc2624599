"""People at the desk: the list and the form of a record. The rules are in people.levels."""

from collections import Counter
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from desk.admin.base import blocking_kinds, collected
from desk.admin.person_pages import NAMED_YOU, PersonPagesAdmin
from desk.forms.names import NameCheckedAdmin, PublicTextForm, SearchedNameForm
from desk.forms.officers import LowerToZeroForm
from desk.forms.persons import NewPersonForm, PersonForm
from desk.name_suggestions import detail_of
from people import levels, minors, officers
from people.models import Case, Consent, Level, Person, PersonName, Role
from releases import workflow
from releases.rules.desk_visibility import files_visible_to


class LabelledRows(BaseInlineFormSet):
    """Rows of a table whose fields have a label for screen readers. Django has only a column."""

    def add_fields(self, form: Any, index: Any) -> None:
        super().add_fields(form, index)
        for field in form.fields.values():
            if not field.widget.is_hidden and field.label:
                field.widget.attrs["aria-label"] = capfirst(field.label)


class NameInline(NameCheckedAdmin, admin.TabularInline):
    model = PersonName
    formset = LabelledRows
    form = SearchedNameForm
    extra = 0


class RoleInline(NameCheckedAdmin, admin.TabularInline):
    model = Role
    formset = LabelledRows
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
    """The cases of a person, read-only: they are edited on their own pages."""

    model = Case
    extra = 0
    fields = ["custody_status", "legal_status", "as_of", "country"]
    readonly_fields = ["custody_status", "legal_status", "as_of", "country"]
    show_change_link = True
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class UnsearchedNameFilter(admin.SimpleListFilter):
    title = gettext_lazy("search of texts")
    parameter_name = "unprotected"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Protected but not searched for"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() != "yes":
            return queryset
        found = queryset.model.objects.filter(pk__in=queryset.values("pk")).not_searched_for()
        return queryset.filter(pk__in=[person.pk for person in found])


@admin.register(Person)
class PersonAdmin(NameCheckedAdmin, PersonPagesAdmin):
    list_display = ["display_name", "level", "title_now"]
    list_filter = ["level", "roles__speaks_for_us", UnsearchedNameFilter]
    searched_kind = "people"
    search_fields = ["display_name", "sort_name", "names__text", "=uuid"]
    search_help_text = gettext_lazy("Searches names in any script or spelling, and titles.")
    autocomplete_fields = ["portrait"]
    inlines = [RoleInline, NameInline, ConsentInline, CaseInline]
    actions = None
    view_on_site = False
    change_form_template = "admin/people/person/change_form.html"

    # --- Permissions and fields ----------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        return Person.objects.visible_to(User.of(request)).prefetch_related("roles", "cases")

    def get_readonly_fields(self, request: HttpRequest, obj: Person | None = None) -> list[str]:
        sets_officers = obj is None or officers.can_change(obj, User.of(request))
        fixed = [] if sets_officers else ["case_officers"]
        # One user can set the mark; only two can remove it, in PersonPagesAdmin.under_18_view.
        return [*fixed, "under_18"] if obj and Person.objects.get(pk=obj.pk).under_18 else fixed

    def get_fieldsets(self, request: HttpRequest, obj: Person | None = None) -> Any:
        protection = ["under_18", "case_officers"]
        search = ["name_match_exactly"]
        if User.of(request).has_perm("people.set_level"):
            search.append("name_matchable")
        named = ["display_name", tuple(search), "sort_name", "pronouns", "portrait"]
        fieldsets: list[Any] = [
            (None, {"fields": named}),
            (_("Publication level"), {"fields": protection if obj else ["level", *protection]}),
        ]
        if self.has_change_permission(request, obj):
            hidden = ["asked", "read_version"] if obj else ["asked"]
            fieldsets.insert(0, (None, {"fields": hidden, "classes": ["hidden-fields"]}))
        if obj and obj.has_page():
            fieldsets.append((_("Web address"), {"fields": ["slug"], "classes": ["collapse"]}))
        return fieldsets

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        kwargs["form"] = PersonForm if obj else NewPersonForm
        return super().get_form(request, obj, change=change, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "portrait":
            kwargs["queryset"] = files_visible_to(User.of(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    # --- Deleting ------------------------------------------------------------------------------

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return the rows that belong to the record, and the kinds of rows that block the deletion.

        Django would also list rows of releases and files, which the user may not know.
        """
        rows = list(objs)
        _names, _counts, missing, _blocking = super().get_deleted_objects(rows, request)
        collector = collected(rows)
        own = {
            row: [
                child
                for child in children
                if child._meta.app_label == self.opts.app_label and not child._meta.auto_created
            ]
            for row, children in collector.edges.items()
        }
        collector.edges = own
        names = collector.nested(lambda row: f"{capfirst(row._meta.verbose_name)}: {row}")
        counts = Counter(
            str(row._meta.verbose_name_plural) for children in own.values() for row in children
        )
        return names, counts, missing, blocking_kinds(collector, User.of(request))

    def delete_model(self, request: HttpRequest, obj: Person) -> None:
        workflow.delete_person(obj, by=User.of(request))

    # --- Saving --------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Person, form: Any, change: bool) -> None:
        if not change:
            obj.save()
            return
        # The form must not overwrite a level that someone has lowered since it was opened.
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
                        "Marked as under eighteen. The level was lowered to 1, and the person’s "
                        "name and pictures are now hidden."
                    ),
                )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        user, chosen = User.of(request), form.cleaned_data.pop("case_officers", None)
        super().save_related(request, form, formsets, change)
        if not change:
            officers.name_first(form.instance, chosen or (), by=user)
        elif chosen is not None:
            officers.change(form.instance, chosen, by=user)
        if not change and not chosen and form.instance.level == Level.CASE_OFFICERS:
            messages.warning(request, NAMED_YOU)
        person = Person.objects.get(pk=form.instance.pk)
        if person.is_protected() and not person.is_searched_for():
            messages.warning(
                request,
                _(
                    "Texts are not searched for “%(name)s” because it is not a full name. Tick "
                    "“match exactly” or add other names."
                )
                % {"name": person},
            )

    def response_add(
        self, request: HttpRequest, obj: Person, post_url_continue: str | None = None
    ) -> HttpResponse:
        if hidden := self.response_if_hidden(request, obj):
            return hidden
        return super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Person) -> HttpResponse:
        """Redirect to the releases that still print the name if the level was lowered."""
        if hidden := self.response_if_hidden(request, obj):
            return hidden
        if getattr(obj, "was_lowered", False):
            return redirect("admin:people_person_named", obj.pk)
        return super().response_change(request, obj)

    # --- The list and the panel ----------------------------------------------------------------

    def autocomplete_detail(self, person: Person) -> dict[str, str]:
        """Return a detail that distinguishes people with the same name in search results."""
        return {"detail": detail_of(person)}

    @admin.display(description=gettext_lazy("current title"))
    def title_now(self, person: Person) -> str:
        return person.title_on(timezone.localdate())

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        edited = context.get("original")
        if edited:
            context |= {"title": str(edited), "subtitle": ""}
        if edited and self.has_change_permission(request, edited):
            # Read the stored row, because a form with errors has changed the other object.
            person = Person.objects.get(pk=edited.pk)
            removals = person.minor_mark_removals.select_related("requested_by", "decided_by")
            changes = person.level_changes.select_related("requested_by", "decided_by")
            context |= {
                "person": person,
                "level": Level(person.level),
                "lower_levels": [level for level in Level if 0 < level < person.level],
                "to_zero": LowerToZeroForm(person=person, by=User.of(request))
                if person.level > Level.CASE_OFFICERS
                else None,
                "named_officers": officers.of(person),
                "waiting": levels.open_request(person),
                "removal": minors.open_request(person),
                "removals": removals[:6],
                "can_raise": person.level < Level.PUBLIC,
                "changes": changes[:6],
            }
        return super().render_change_form(request, context, *args, **kwargs)
