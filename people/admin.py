from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from simple_history.admin import SimpleHistoryAdmin

from accounts.models import User
from people.models import Case, Person, PersonName, Role


class NameInline(admin.TabularInline):
    model = PersonName
    extra = 0


class RoleInline(admin.TabularInline):
    model = Role
    extra = 0


class CaseInline(admin.StackedInline):
    model = Case
    extra = 0
    fields = [("custody_status", "as_of", "country"), "call", "summary", "source"]


@admin.register(Person)
class PersonAdmin(SimpleHistoryAdmin):
    list_display = ["display_name", "level", "title_now"]
    list_filter = ["level", "roles__speaks_for_us"]
    search_fields = ["display_name", "sort_name", "names__text"]
    search_help_text = "A name in any script or spelling."
    autocomplete_fields = ["portrait"]
    filter_horizontal = ["case_officers"]
    inlines = [RoleInline, CaseInline, NameInline]
    actions = None
    view_on_site = False
    fieldsets = [
        (None, {"fields": ["display_name", "sort_name", "pronouns", "portrait"]}),
        (
            "How far the person may be named",
            {
                "fields": ["level", "level_basis", "case_officers"],
                "description": "Somebody at risk starts low. A name goes up only on a recorded "
                "basis, and down at once.",
            },
        ),
        ("Address", {"fields": ["slug"], "classes": ["collapse"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        return Person.objects.visible_to(User.of(request)).prefetch_related("roles")

    def get_readonly_fields(self, request: HttpRequest, obj: Person | None = None) -> list[str]:
        return [] if request.user.has_perm("people.set_level") else ["level", "case_officers"]

    def autocomplete_detail(self, person: Person) -> dict[str, str]:
        """Tell namesakes apart where a person is looked for."""
        title = person.title_on(timezone.localdate())
        level = "" if not person.is_protected() else f"level {person.level}: may not be named"
        return {"detail": " · ".join(filter(None, [title, level]))}

    @admin.display(description="title today")
    def title_now(self, person: Person) -> str:
        return person.title_on(timezone.localdate())
