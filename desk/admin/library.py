"""The picture library at the desk: the list and the form. The rules are in releases.library."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.context_processors import PermWrapper
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join, json_script
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.errors import ActionBlocked
from accounts.models import User
from assets.incoming import accepts_files
from assets.models import MediaAsset
from assets.pictures import FAMILIES
from desk.admin.library_files import LibraryFilesAdmin
from desk.admin.library_filters import LicenceFilter, MissingFilter, ProcessingFilter, UseFilter
from desk.admin.searched import SearchedAdmin
from desk.forms.library import AssetForm, EditManyForm
from desk.forms.names import NameCheckedAdmin
from people import depicted
from people.locking import lock_names_for_read
from people.models import Person
from releases import search
from releases.library import (
    OFFERED_FIELDS,
    edit_blockers,
    edit_many,
    metadata_offers,
    needs_correction,
    reads_original,
    save_asset,
    uses_of,
    verbose_name,
    version_of,
    versions_of,
    with_use,
)
from releases.models import Illustration, Release
from releases.rules.desk_visibility import files_visible_to
from releases.rules.name_finds import sentences

# Labels of embedded metadata without a field of the same name. OFFERED_FOR has the field for which
# such metadata is offered, if there is one.
OTHER_METADATA = {
    "instructions": gettext_lazy("Instructions"),
    "contact": gettext_lazy("Photographer’s contact"),
    "people": gettext_lazy("People shown"),
    "keywords": gettext_lazy("Keywords"),
    "headline": gettext_lazy("Headline"),
    "licence_ends": gettext_lazy("Licence ends"),
    "web_statement": gettext_lazy("Licence terms (web)"),
}
OFFERED_FOR = {"licence_ends": "licence_expires"}
SHAPES = {
    "share": gettext_lazy("Share card"),
    "poster": gettext_lazy("Poster"),
    "portrait": gettext_lazy("Portrait"),
}


@admin.register(MediaAsset)
class LibraryAdmin(NameCheckedAdmin, SearchedAdmin, LibraryFilesAdmin):
    form = AssetForm
    list_display = ["thumbnail", "name", "credit", "remarks"]
    list_display_links = ["thumbnail", "name"]
    list_filter = [MissingFilter, LicenceFilter, UseFilter, "ai_made", "kind", ProcessingFilter]
    list_per_page = 60
    searched_kind = "files"
    search_fields = ["original_name", "=uuid"]
    search_help_text = gettext_lazy("Searches captions, credits, file names, people and releases.")
    readonly_fields = [
        "state_panel", "crops_panel", "embedded_metadata_panel", "uses_panel", "versions",
    ]  # fmt: skip
    actions = ["edit_many"]
    change_list_template = "admin/assets/mediaasset/change_list.html"
    change_form_template = "admin/assets/mediaasset/change_form.html"
    fieldsets: ClassVar[list[Any]] = [
        (None, {"fields": ["state_panel", "crops_panel", ("focus_x", "focus_y")]}),
        (
            gettext_lazy("Public text"),
            {"fields": ["alt_text", "caption", "credit_line", "ai_made"]},
        ),
        (
            gettext_lazy("Rights"),
            {"fields": ["creator", "copyright_notice", "usage_terms", "licence_expires"]},
        ),
        (
            gettext_lazy("Date, place, people"),
            {"fields": [("date_created", "place"), "depicts"]},
        ),
        (gettext_lazy("Embedded metadata"), {"fields": ["embedded_metadata_panel"]}),
        (gettext_lazy("Used in"), {"fields": ["uses_panel"]}),
        (gettext_lazy("File"), {"fields": ["original", "original_name", "versions"]}),
    ]

    class Media:
        js = [forms.Script("js/library.js", type="module")]

    # --- Permissions ---------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: MediaAsset | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        # Accept a form even if its row was locked since then: it shows why and keeps the text.
        is_form = request.method == "POST"
        return allowed and (obj is None or is_form or not edit_blockers(obj, User.of(request)))

    # --- The form ------------------------------------------------------------------------------

    @accepts_files("assets.add_mediaasset")
    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().add_view(request, *args, **kwargs)

    @accepts_files("assets.change_mediaasset")
    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().change_view(request, *args, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: MediaAsset | None = None) -> Any:
        if obj is None:
            file = (None, {"fields": ["original", "original_name"]})
            return [file, *self.fieldsets[1:4]]
        has_crops = obj.is_picture and obj.original
        left_out = set() if has_crops else {"crops_panel", ("focus_x", "focus_y")}
        if not self._has_visible_versions(request, str(obj.pk)):
            left_out |= {"embedded_metadata_panel", "versions"}
        version = []
        if self.has_change_permission(request, obj):
            version = [(None, {"fields": ["read_version"], "classes": ["hidden-fields"]})]
        else:
            left_out.add("depicts")  # a read-only field would show people the user may not see
        fieldsets = [
            (name, {"fields": [field for field in options["fields"] if field not in left_out]})
            for name, options in self.fieldsets
        ]
        if version and needs_correction(obj, User.of(request)):
            correction = {"fields": ["correction", "minor"], "classes": ["signal"]}
            fieldsets.append((_("Correction"), correction))
        return version + fieldsets

    def save_model(self, request: HttpRequest, obj: MediaAsset, form: Any, change: bool) -> None:
        if not change:
            obj.uploaded_by = User.of(request)
        if change:  # the form has locked the row
            save_asset(
                obj, by=User.of(request), correction=form.cleaned_data.get("correction", "").strip()
            )
        else:
            # Lock order: names, people, pictures (people.locking).
            lock_names_for_read()
            chosen = [person.pk for person in form.cleaned_data.get("depicts", ())]
            depicted.lock_people(obj, chosen)
            super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if "depicts" in form.cleaned_data:
            asset = form.instance
            hidden = Person.objects.exclude(pk__in=Person.objects.visible_to(User.of(request)))
            asset.depicts.set([*form.cleaned_data["depicts"], *hidden.filter(depicted_in=asset)])

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        asset = context.get("original")
        known = asset and self._has_visible_versions(request, str(asset.pk))
        context["offers"] = json_script(metadata_offers(asset) if known else {}, "offers")
        return super().render_change_form(request, context, *args, **kwargs)

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        asset = super().get_object(request, *args, **kwargs)
        if asset:
            asset.asked_by = User.of(request)  # the uses that are shown depend on the user
            asset.text_blocker = " ".join(edit_blockers(asset, asset.asked_by))
            asset.is_record_known = self._has_visible_versions(request, str(asset.pk))
            asset.original_readable = reads_original(asset, asset.asked_by)
            asset.file_blocker = " ".join(edit_blockers(asset, asset.asked_by, file=True))
            asset.may_accept_as_is = asset.asked_by.has_perm("assets.accept_as_is")
        return asset

    @admin.display(description=gettext_lazy("state"))
    def state_panel(self, asset: Any) -> str:
        perms = PermWrapper(asset.asked_by)
        return _rendered(
            "_state.html", asset=asset, file_warnings=asset.file_warning_texts, perms=perms
        )

    @admin.display(description=gettext_lazy("crops"))
    def crops_panel(self, asset: MediaAsset) -> str:
        shapes = [(family[0], SHAPES[family[0]]) for family in FAMILIES if family[0] in SHAPES]
        return _rendered("_cuts.html", asset=asset, shapes=shapes)

    @admin.display(description=gettext_lazy("embedded metadata"))
    def embedded_metadata_panel(self, asset: MediaAsset) -> str:
        labels = {name: verbose_name(name) for name in OFFERED_FIELDS} | OTHER_METADATA
        rows = [
            (label, OFFERED_FOR.get(name, name), _as_text(asset.embedded_metadata[name]))
            for name, label in labels.items()
            if asset.embedded_metadata.get(name)
        ]
        return _rendered("_found.html", rows=rows)

    @admin.display(description=gettext_lazy("places"))
    def uses_panel(self, asset: Any) -> str:
        return _rendered("_uses.html", uses=uses_of(asset, asset.asked_by))

    @admin.display(description=gettext_lazy("versions"))
    def versions(self, asset: MediaAsset) -> str:
        return _rendered("_versions.html", asset=asset, versions=versions_of(asset))

    # --- The list ------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[MediaAsset]:
        return with_use(files_visible_to(User.of(request)))

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        found, repeats = super().get_search_results(request, queryset, search_term)
        if "field_name" in request.GET:  # an autocomplete field, which accepts only pictures
            found = found.filter(kind=MediaAsset.Kind.IMAGE)
        return found, repeats

    def found_otherwise(self, request: HttpRequest, query: search.Query, term: str) -> Q:
        """Also find the pictures of people, and those of releases by their title."""
        user, at = User.of(request), timezone.now()
        people = search.keys_at_desk(query, user, at, "people")
        releases = search.keys_at_desk(query, user, at, "releases", by_title=True)
        shown = Person.depicted_in.through.objects.filter(person__in=people).values("mediaasset")
        used = Illustration.objects.filter(release__in=releases).values("asset")
        visible = Release.objects.visible_to(user, at).filter(pk__in=releases)
        posters = visible.exclude(poster=None).values("poster")
        portraits = Person.objects.filter(pk__in=people).exclude(portrait=None).values("portrait")
        related = Q(pk__in=shown) | Q(pk__in=used) | Q(pk__in=posters) | Q(pk__in=portraits)
        return super().found_otherwise(request, query, term) | related

    def autocomplete_detail(self, asset: MediaAsset) -> dict[str, str]:
        """Return the picture and its missing fields for an autocomplete field."""
        detail = {"detail": _missing(asset)}
        if asset.has_rendition("teaser", "jpg"):
            detail["picture"] = asset.admin_url("teaser", "jpg")
        return detail

    @admin.display(description=gettext_lazy("picture"))
    def thumbnail(self, asset: MediaAsset) -> str:
        return _rendered("_thumbnail.html", asset=asset)

    @admin.display(description=gettext_lazy("name"), ordering="original_name")
    def name(self, asset: MediaAsset) -> str:
        return asset.caption or str(asset)

    @admin.display(description=gettext_lazy("credit"), ordering="credit_line")
    def credit(self, asset: MediaAsset) -> str:
        return asset.credit_line or _("No credit")

    @admin.display(description=gettext_lazy("remarks"), empty_value="")
    def remarks(self, asset: Any) -> str:
        remarks = [_missing(asset)]
        if asset.is_withdrawn():
            remarks.append(_("withdrawn"))
        if asset.licence_has_ended():
            remarks.append(_("licence has ended"))
        elif asset.licence_ends_soon():
            day = date_format(timezone.localtime(asset.licence_expires), "DATE_FORMAT")
            remarks.append(_("licence ends %(day)s") % {"day": day})
        remarks += [_("made with AI")] if asset.ai_made else []
        remarks.append(asset.processing_blocker())
        remarks += [] if asset.in_use else [_("unused")]
        return format_html_join(
            " ", '<span class="mark">{}</span>', ((remark,) for remark in remarks if remark)
        )

    @admin.action(description=gettext_lazy("Edit credit and terms"), permissions=["change"])
    def edit_many(self, request: HttpRequest, queryset: QuerySet[MediaAsset]) -> Any:
        """Show a form for credit and terms, then set them on each item as a new version."""
        is_sent = "apply" in request.POST
        chosen = list(queryset)
        form = EditManyForm(
            request.POST if is_sent else None,
            initial={"read": {str(asset.pk): version_of(asset) for asset in chosen}},
            is_public=any(needs_correction(asset, User.of(request)) for asset in chosen),
        )
        if is_sent and form.is_valid():
            correction = form.cleaned_data.get("correction", "").strip()
            existing = {asset.pk for asset in chosen}
            read = {pk: seen for pk, seen in form.cleaned_data["read"].items() if pk in existing}
            try:
                done = edit_many(read, form.values(), by=User.of(request), correction=correction)
            except ActionBlocked as blocked:
                for sentence in sentences(blocked.blockers, User.of(request)):
                    form.add_error(None, sentence)
            else:
                if done.changed:
                    text = ngettext(
                        "%(count)s item changed.", "%(count)s items changed.", done.changed
                    )
                    self.message_user(request, text % {"count": done.changed}, messages.SUCCESS)
                for asset, reason in done.unchanged:
                    text = _("“%(name)s” was not changed. %(reason)s")
                    values = {"name": asset, "reason": reason}
                    self.message_user(request, text % values, messages.WARNING)
                return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Edit credit and terms"),
            "opts": self.opts,
            "form": form,
            "chosen": queryset,
            "media": self.media + form.media,
        }
        return render(request, "admin/assets/mediaasset/edit_many.html", context)

    # --- Deleting ------------------------------------------------------------------------------

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)  # only one item can be deleted at a time
        return actions

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Refuse to delete an item that is used, and show where it is used."""
        asset = self.get_object(request, object_id)
        if asset and (uses := uses_of(asset, User.of(request))):
            places = format_html_join(
                ", ", '<a href="{}">{}</a> ({})',
                ((use.url, use.name, use.label) for use in uses),
            )  # fmt: skip
            text = _("It is used in {} and was not deleted. Remove it there first.")
            messages.error(request, format_html(text, places))
            return redirect("admin:assets_mediaasset_change", asset.pk)
        return super().delete_view(request, object_id, extra_context)


def _missing(asset: MediaAsset) -> str:
    missing = asset.missing_fields()
    return _("missing: %(fields)s") % {"fields": ", ".join(missing)} if missing else ""


def _rendered(template: str, **context: Any) -> str:
    return render_to_string(f"admin/assets/mediaasset/{template}", context)


def _as_text(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
