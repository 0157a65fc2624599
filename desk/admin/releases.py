"""Releases at the desk: the list, and the page with the form. Actions are in releases.workflow."""

from typing import Any

from csp.decorators import csp_update
from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.widgets import FilteredSelectMultiple
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from js_asset import Media

from accounts.models import User
from desk import name_suggestions
from desk.admin.base import KeyOnlyLog, QuietAdmin
from desk.admin.imports import ImportPages
from desk.admin.release_access import ReleaseAccessPages
from desk.admin.release_actions import ReleaseActionPages
from desk.admin.release_editor import ReleaseEditorPages
from desk.admin.release_panel import panel_context
from desk.admin.release_versions import ReleaseVersionPages
from desk.admin.searched import SearchedAdmin
from desk.forms.editor import editor_context
from desk.forms.names import NameCheckedAdmin, add_blockers_to_messages
from desk.forms.release import FIELDSETS, ReleaseForm
from previews.page import page_at_the_desk
from releases import language_tags, languages, workflow
from releases.models import Release

# Hash of the style sheet that the editor (Tiptap 3) adds to the page, for the CSP.
EDITOR_STYLE = "'sha256-PlumsSlvJ7vvWzjqibGAYKq92O3y/4JTxWWsWJvyUYA='"
MAX_LINK_WARNINGS = 5
MAX_LINK_CHARACTERS = 100


class StateFilter(admin.SimpleListFilter):
    """Filter by the states that editors see. Some states depend on both the status and the time."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return Release.State.choices

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case None:
                return queryset
            case Release.State.SCHEDULED:
                return queryset.scheduled()
            case Release.State.BLOCKED:
                return queryset.blocked_by_name()
            case Release.State.PUBLISHED:
                return queryset.public()
            case Release.State.ON_HOLD:
                return queryset.on_hold()
            case status:
                return queryset.filter(status=status)


class LanguageFilter(admin.SimpleListFilter):
    """Filter by the languages that releases have. The list of all languages would be too long."""

    title = gettext_lazy("language")
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        visible = Release.objects.visible_to(User.of(request))
        used = set(visible.order_by().values_list("language", flat=True).distinct())
        return sorted(((tag, language_tags.name(tag)) for tag in used), key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(language=self.value()) if self.value() else queryset


# The methods that show a field on a read-only page, by the name of the field.
READ_ONLY = {
    "language": "in_language",
    "body": "body_as_printed",
    "notes_to_editors": "notes_as_printed",
    "attached": "attached_as_offered",
    "translation_of": "original",
}


@admin.register(Release)
class ReleaseAdmin(
    ReleaseActionPages,
    ReleaseAccessPages,
    ReleaseVersionPages,
    ReleaseEditorPages,
    ImportPages,
    NameCheckedAdmin,
    SearchedAdmin,
    KeyOnlyLog,
    QuietAdmin,
):
    form = ReleaseForm
    list_display = ["title_or_none", "state", "public_from", "kind", "in_language", "created_by"]
    list_filter = [
        StateFilter,
        "kind",
        LanguageFilter,
        ("topics", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["created_by"]
    searched_kind = "releases"
    search_fields = ["^slug", "=uuid"]
    search_help_text = gettext_lazy(
        "Searches texts, names, topics and captions, and the web address."
    )
    autocomplete_fields = ["poster", "translation_of"]
    date_hierarchy = "publish_at"
    actions = None  # users must publish, withdraw or delete one release at a time
    save_on_top = True
    change_form_template = "admin/releases/release/change_form.html"
    change_list_template = "admin/releases/release/change_list.html"
    view_on_site = False
    fieldsets = FIELDSETS
    # The number of results would reveal a restricted release.
    unfilterable_fields = ["translation_of", "poster"]

    # --- Who may do what -----------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> Any:
        user = User.of(request)
        return Release.objects.visible_to(user).with_mark_for(user)

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        release = super().get_object(request, *args, **kwargs)
        if release:
            release.asked_by = User.of(request)  # a read-only page shows only what the user may see
        return release

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return the initial data. The language is that of the user's last release."""
        user = User.of(request)
        own = Release.objects.visible_to(user).filter(created_by=user)
        known = own.exclude(language=languages.UNDETERMINED).order_by("-created_at", "pk")
        last = known.values_list("language", flat=True).first()
        language = last or Release._meta.get_field("language").default
        return {"language": language} | super().get_changeform_initial_data(request)

    def has_change_permission(self, request: HttpRequest, obj: Release | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        if obj is None or not allowed:
            return allowed
        if request.method == "POST":
            # If the form became read-only since it was opened, a plain 403 would lose what was
            # typed. The form shows the blocker and keeps the text.
            return obj.is_editable_by(User.of(request))
        return not workflow.edit_blockers(obj, User.of(request))

    def has_delete_permission(self, request: HttpRequest, obj: Release | None = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or obj.status in workflow.ACTIONS["discard"].statuses)

    # --- The form ------------------------------------------------------------------------------

    @method_decorator(csp_update({"style-src": [EDITOR_STYLE]}))
    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(*args, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "countries":
            kwargs["widget"] = FilteredSelectMultiple(
                _("countries and territories"), is_stacked=False
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Release | None = None) -> Any:
        fieldsets: list[Any] = list(self.fieldsets)
        if obj is None or self.has_change_permission(request, obj):
            hidden = {"fields": ["read_version", "rejected_names"], "classes": ["hidden-fields"]}
            fieldsets = [(None, hidden), *fieldsets]
            if obj and obj.is_published():
                correction = {"fields": ["correction", "minor"], "classes": ["signal"]}
                fieldsets.append((_("Correction"), correction))
            return fieldsets
        return [
            (name, {**options, "fields": [_read_only(field) for field in options["fields"]]})
            for name, options in fieldsets
        ]

    @admin.display(description=gettext_lazy("text"))
    def body_as_printed(self, release: Release) -> str:
        page = page_at_the_desk(release, timezone.now())
        return self._as_printed(release, page.body)

    @admin.display(description=gettext_lazy("notes to editors"))
    def notes_as_printed(self, release: Release) -> str:
        page = page_at_the_desk(release, timezone.now())
        return self._as_printed(release, page.notes)

    @admin.display(description=gettext_lazy("translation of"))
    def original(self, release: Any) -> str:
        original = release.translation_of
        visible = original and original.is_visible_to(release.asked_by)
        return str(original) if visible else "–"

    @admin.display(description=gettext_lazy("other pictures and documents"))
    def attached_as_offered(self, release: Release) -> str:
        page = page_at_the_desk(release, timezone.now())
        return format_html_join(", ", "{}", ((asset,) for asset in page.attached)) or "–"

    def _as_printed(self, release: Release, html: SafeString) -> str:
        return format_html(
            '<div class="as-printed" lang="{}" dir="{}">{}</div>',
            release.language, release.direction, html,
        )  # fmt: skip

    def save_model(self, request: HttpRequest, obj: Release, form: Any, change: bool) -> None:
        if not change:
            workflow.create(obj, by=User.of(request))
        elif obj.is_published():
            workflow.correct(obj, by=User.of(request), text=form.cleaned_data["correction"])
        else:
            obj.save()
        for href in form.refused_links[:MAX_LINK_WARNINGS]:
            message = _(
                "The link “%(link)s” was removed and its text kept. A link needs a full address "
                "that begins with https://, http://, mailto: or tel:."
            )
            messages.warning(request, message % {"link": href[:MAX_LINK_CHARACTERS]})

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if rejected := form.cleaned_data.get("rejected_names"):
            name_suggestions.store_rejected(form.instance, rejected, by=User.of(request))

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().delete_view(request, *args, **kwargs)
        except workflow.ActionBlocked as blocked:
            add_blockers_to_messages(request, blocked)
            return redirect("admin:releases_release_changelist")

    def delete_model(self, request: HttpRequest, obj: Release) -> None:
        workflow.discard(obj, by=User.of(request))

    def response_change(self, request: HttpRequest, obj: Release) -> HttpResponse:
        if "_preview" in request.POST:
            return redirect("admin:releases_release_preview", obj.pk)
        return super().response_change(request, obj)

    def response_add(
        self, request: HttpRequest, obj: Release, post_url_continue: Any = None
    ) -> HttpResponse:
        if "_preview" in request.POST:
            return redirect("admin:releases_release_preview", obj.pk)
        if "_addanother" not in request.POST and IS_POPUP_VAR not in request.POST:
            stay = request.POST.copy()
            stay["_continue"] = "1"
            request.POST = stay  # type: ignore[assignment]
        return super().response_add(request, obj, post_url_continue)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        release = context.get("original")
        # The editor's import map is an inline script, so it needs the nonce of the CSP.
        nonce = str(request.csp_nonce)  # type: ignore[attr-defined]  # django-csp sets it
        context["media"] = Media.from_media(context["media"], nonce=nonce)
        context["editor_context"] = editor_context(release, User.of(request))
        if release:
            # Read the stored row, without the values of a form with errors.
            stored = Release.objects.prefetch_related("access").get(pk=release.pk)
            context |= panel_context(stored, User.of(request), self._events_of(stored))
        return super().render_change_form(request, context, *args, **kwargs)

    # --- The list ------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("title"), ordering="title")
    def title_or_none(self, release: Any) -> str:
        if not release.is_marked:
            return str(release)
        mark = format_html('<span class="mark restricted">{}</span>', _("Restricted"))
        return format_html("{} {}", release, mark)

    @admin.display(description=gettext_lazy("language"), ordering="language")
    def in_language(self, release: Release) -> str:
        return language_tags.name(release.language)

    @admin.display(description=gettext_lazy("state"))
    def state(self, release: Release) -> str:
        state = release.state()
        return format_html('<span class="state-mark {}">{}</span>', state.value, state.label)

    @admin.display(description=gettext_lazy("publish at"), ordering="publish_at")
    def public_from(self, release: Release) -> str:
        if release.publish_at is None:
            return "–"
        shape = "DATE_FORMAT" if release.day_only else "DATETIME_FORMAT"
        return date_format(timezone.localtime(release.publish_at), shape)


def _read_only(field: Any) -> Any:
    """Return what a read-only page shows for a field, or for fields on one line."""
    if isinstance(field, tuple):
        return tuple(map(_read_only, field))
    return READ_ONLY.get(field, field)
