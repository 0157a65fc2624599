"""The picture library at the desk: thin, what it does is in releases.library."""

from functools import partial
from typing import Any, ClassVar, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.contrib.auth.context_processors import PermWrapper
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.storage import default_storage
from django.db.models import Q, QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html, format_html_join, json_script
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.errors import ActionBlocked
from accounts.models import User
from assets import making, storage
from assets.incoming import takes_files
from assets.models import CONTENT_TYPES, MediaAsset
from assets.pictures import FAMILIES
from desk.admin.base import QuietAdmin, VersionsAdmin
from desk.forms.fields import JSONField
from desk.forms.names import NameCheckedAdmin, PublicTextForm, carry_out, show
from desk.forms.releases import NewestForm, key_in
from people import depicted
from people.locking import lock_names_for_read, lock_row
from people.models import Person
from releases.document import MAX_LINES, uuids_in
from releases.library import (
    OFFERED,
    Taken,
    accept_as_is,
    bring_back,
    locked,
    needs_words,
    offers,
    reads_original,
    set_on_many,
    show_again,
    store,
    take,
    take_words,
    uses_of,
    verbose_name,
    version_of,
    versions_of,
    with_use,
    withdraw,
)
from releases.models import Illustration, Quote, Release
from releases.rules.name_finds import sentences
from releases.rules.visibility import public_assets

# What can be changed in the record of a picture on a public page without a correction.
NOT_PRINTED = {"depicts", "licence_expires", "read_version", "correction", "minor"}
OFFERED_AS = {"licence_ends": "licence_expires"}


class Used(admin.SimpleListFilter):
    title = "use"
    parameter_name = "used"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Unused"), ("yes", "Used"), ("public", "Public now")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "no":
                return queryset.filter(in_use=False)
            case "yes":
                return queryset.filter(in_use=True)
            case "public":
                return queryset.filter(pk__in=public_assets().values("pk"))


class Lacking(admin.SimpleListFilter):
    title = "what is missing"
    parameter_name = "lacks"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("alt_text", "No alt text"), ("credit_line", "No credit"), ("original", "No file")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        lacks = self.value()
        if lacks == "alt_text":
            queryset = queryset.filter(kind=MediaAsset.Kind.IMAGE)
        known = lacks and lacks in ("alt_text", "credit_line", "original")
        return queryset.filter(**{lacks: ""}) if lacks and known else queryset


class Licence(admin.SimpleListFilter):
    title = parameter_name = "licence"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("soon", "Ends within 30 days"), ("ended", "Ended")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "soon":
                return queryset.licence_ends_soon()
            case "ended":
                return queryset.filter(licence_expires__lte=timezone.now())


class Ready(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("failed", "Could not be made ready"), ("waiting", "Being made ready")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "failed":
                return queryset.filter(state=MediaAsset.State.FAILED)
            case "waiting":
                return queryset.filter(state__in=["waiting", "making"])


class AssetForm(PublicTextForm, NewestForm):
    """What the library knows of one picture or document."""

    depicts = forms.ModelMultipleChoiceField(
        queryset=Person.objects.none(),
        required=False,
        label="Who is to be seen",
        help_text="For the search of the library. A picture of somebody who may not be named is "
        "not approved with a release.",
    )

    correction = forms.CharField(
        label=gettext_lazy("What was wrong, and what is right"),
        max_length=MAX_LINES,
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text=gettext_lazy(
            "Public: it is printed below each public release that shows this. Needed for every "
            "change of substance."
        ),
    )
    minor = forms.BooleanField(
        label=gettext_lazy("Only a slip: spelling, a comma, a better cut"),
        required=False,
        help_text=gettext_lazy("Recorded among the versions, not announced."),
    )

    class Meta:
        model = MediaAsset
        fields = [
            "original", "original_name", "alt_text", "caption", "credit_line", "ai_made",
            "creator", "copyright_notice", "usage_terms", "licence_expires", "date_created",
            "place", "focus_x", "focus_y",
        ]  # fmt: skip
        widgets = {
            # The original has no address, so there is none to link to.
            "original": forms.FileInput(),
            "alt_text": forms.Textarea(attrs={"rows": 2}),
            "caption": forms.Textarea(attrs={"rows": 2}),
            "usage_terms": forms.Textarea(attrs={"rows": 2}),
            "focus_x": forms.NumberInput(attrs={"step": "0.01", "min": "0", "max": "1"}),
            "focus_y": forms.NumberInput(attrs={"step": "0.01", "min": "0", "max": "1"}),
        }

    def clean_original(self) -> Any:
        file = self.cleaned_data["original"]
        replaced = "original" in self.changed_data and not self.instance._state.adding
        if replaced and (why := locked(self.instance, self.user, file=True)):
            raise ValidationError(why)
        if "original" in self.changed_data:
            try:  # before anything is saved: later, the form and its words would be lost
                storage.takes_files(file.size)
            except OSError as problem:
                words = _(
                    "The file was not stored: %(why)s. Nothing was changed. Choose the file again "
                    "and save in a minute."
                )
                raise ValidationError(words % {"why": storage.in_words(problem)}) from None
        return file

    def lock(self) -> None:
        lock_names_for_read()
        chosen = [person.pk for person in self.cleaned_data.get("depicts", ())]
        depicted.lock_people(self.instance, chosen)  # people before pictures
        lock_row(self.instance)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance._state.adding:
            return cleaned
        if why := locked(self.instance, self.user):
            kept = _("What you typed is still here; nothing was saved.")
            raise ValidationError([why, kept])
        printed = set(self.changed_data) - NOT_PRINTED
        said = cleaned.get("correction") or cleaned.get("minor")
        if cleaned.get("correction") and not printed - {"original_name"}:
            words = _("Nothing that a page prints was changed. Change it, or empty this field.")
            self.add_error("correction", words)
        if printed and not said and needs_words(self.instance):
            words = _("A public release shows it. Enter what was wrong, or that it was a slip.")
            self.add_error("correction" if "correction" in self.fields else None, words)
        return cleaned

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "licence_expires" in self.fields:
            label_parts(self.fields["licence_expires"], "Licence ends")
        if "depicts" in self.fields:
            seen = Person.objects.visible_to(self.user)
            chosen = cast(forms.ModelMultipleChoiceField, self.fields["depicts"])
            chosen.queryset = seen
            speaker = Quote._meta.get_field("speaker")  # leads to people, as the editor's search
            chosen.widget = AutocompleteSelectMultiple(speaker, admin.site, choices=chosen.choices)
            if not self.instance._state.adding:
                chosen.initial = seen.filter(depicted_in=self.instance)


def label_parts(moment: Any, label: str) -> None:
    """Say of the two boxes of a moment which is which, for those who cannot see them."""
    for part, name in zip(moment.widget.widgets, ("day", "time"), strict=True):
        part.attrs["aria-label"] = f"{label}, {name}"


class EditManyForm(forms.Form):
    """Words for many pictures at once; what is left empty stays as it is in each."""

    credit_line = forms.CharField(max_length=255, required=False)
    creator = forms.CharField(max_length=255, required=False)
    copyright_notice = forms.CharField(max_length=255, required=False)
    usage_terms = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    licence_expires = forms.SplitDateTimeField(
        label="Licence ends", widget=admin.widgets.AdminSplitDateTime, required=False
    )
    read = JSONField(widget=forms.HiddenInput)
    correction = forms.CharField(
        label=gettext_lazy("What was wrong, and what is right"),
        max_length=MAX_LINES,
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text=gettext_lazy(
            "Public: it is printed below each public release that shows one of them."
        ),
    )
    minor = forms.BooleanField(
        label=gettext_lazy("Only a slip: spelling, a comma"),
        required=False,
        help_text=gettext_lazy("Recorded among the versions, not announced."),
    )

    ABOUT = ("read", "correction", "minor")

    def __init__(self, *args: Any, is_public: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label_parts(self.fields["licence_expires"], "Licence ends")
        self.is_public = is_public
        if not is_public:
            del self.fields["correction"], self.fields["minor"]

    def clean_read(self) -> dict[UUID, int]:
        try:
            return {UUID(pk): int(version) for pk, version in self.cleaned_data["read"].items()}
        except (AttributeError, TypeError, ValueError):
            raise ValidationError(_("Choose the pictures again: the form is incomplete.")) from None

    def values(self) -> dict[str, Any]:
        """Return what each picture gets, by field."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if value and name not in self.ABOUT
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.values() and not self.errors:
            raise ValidationError(_("Enter what you want to set. All fields are empty."))
        said = cleaned.get("correction") or cleaned.get("minor")
        if self.is_public and not said and set(self.values()) - NOT_PRINTED:
            words = _("Public releases show some of them. Enter what was wrong, or that it was a "
                      "slip.")  # fmt: skip
            self.add_error("correction", words)
        return cleaned


@admin.register(MediaAsset)
class LibraryAdmin(NameCheckedAdmin, QuietAdmin, VersionsAdmin):
    form = AssetForm
    list_display = ["thumbnail", "name", "credit", "marks"]
    list_display_links = ["thumbnail", "name"]
    list_filter = [Lacking, Licence, Used, "ai_made", "kind", Ready]
    list_per_page = 60
    search_fields = [
        "original_name", "alt_text", "caption", "credit_line", "creator", "copyright_notice",
        "place",
    ]  # fmt: skip
    search_help_text = "Words of the caption, credit or name; a person; a release."
    readonly_fields = ["state_of_it", "as_cut", "said_by_the_file", "where_used", "versions"]
    actions = ["edit_many"]
    change_list_template = "admin/assets/mediaasset/change_list.html"
    change_form_template = "admin/assets/mediaasset/change_form.html"
    fieldsets: ClassVar[list[Any]] = [
        (None, {"fields": ["state_of_it", "as_cut", ("focus_x", "focus_y")]}),
        ("What everybody sees", {"fields": ["alt_text", "caption", "credit_line", "ai_made"]}),
        (
            "Rights",
            {"fields": ["creator", "copyright_notice", "usage_terms", "licence_expires"]},
        ),
        ("When, where, who", {"fields": [("date_created", "place"), "depicts"]}),
        ("What the file says of itself", {"fields": ["said_by_the_file"]}),
        ("Where it is used", {"fields": ["where_used"]}),
        ("The file", {"fields": ["original", "original_name", "versions"]}),
    ]

    class Media:
        js = [forms.Script("js/library.js", type="module")]

    # --- Who may do what -----------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: MediaAsset | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        # A form that was locked meanwhile says so itself, and keeps what was typed.
        is_form = request.method == "POST"
        return allowed and (obj is None or is_form or not locked(obj, User.of(request)))

    # --- The form ------------------------------------------------------------------------------

    @takes_files("assets.add_mediaasset")
    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().add_view(request, *args, **kwargs)

    @takes_files("assets.change_mediaasset")
    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().change_view(request, *args, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: MediaAsset | None = None) -> Any:
        if obj is None:
            file = (None, {"fields": ["original", "original_name"]})
            return [file, *self.fieldsets[1:4]]
        left_out = set() if obj.is_picture and obj.original else {"as_cut", ("focus_x", "focus_y")}
        version = []
        if self.has_change_permission(request, obj):
            version = [(None, {"fields": ["read_version"], "classes": ["hidden-fields"]})]
        else:
            left_out.add("depicts")  # it would be read out to everybody, whoever may know of whom
        shown = [
            (name, {"fields": [field for field in options["fields"] if field not in left_out]})
            for name, options in self.fieldsets
        ]
        if version and needs_words(obj):
            said = {"fields": ["correction", "minor"], "classes": ["signal"]}
            shown.append((_("Correction"), said))
        return version + shown

    def save_model(self, request: HttpRequest, obj: MediaAsset, form: Any, change: bool) -> None:
        if not change:
            obj.uploaded_by = User.of(request)
        if change:  # the form has locked it
            store(obj, by=User.of(request), words=form.cleaned_data.get("correction", "").strip())
        else:
            # Names are locked before people, and people before pictures: see people.locking.
            lock_names_for_read()
            chosen = [person.pk for person in form.cleaned_data.get("depicts", ())]
            depicted.lock_people(obj, chosen)
            super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if "depicts" in form.cleaned_data:
            asset = form.instance
            unseen = Person.objects.exclude(pk__in=Person.objects.visible_to(User.of(request)))
            asset.depicts.set([*form.cleaned_data["depicts"], *unseen.filter(depicted_in=asset)])

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        asset = context.get("original")
        context["offers"] = json_script(offers(asset) if asset else {}, "offers")
        return super().render_change_form(request, context, *args, **kwargs)

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        asset = super().get_object(request, *args, **kwargs)
        if asset:
            asset.asked_by = User.of(request)  # each sees the uses that their rights allow
            asset.words_locked = locked(asset, asset.asked_by)
            asset.original_readable = reads_original(asset, asset.asked_by)
            asset.file_locked = locked(asset, asset.asked_by, file=True)
            asset.may_go_as_it_is = asset.asked_by.has_perm("assets.accept_as_is")
        return asset

    @admin.display(description="state")
    def state_of_it(self, asset: Any) -> str:
        perms = PermWrapper(asset.asked_by)
        return _rendered("_state.html", asset=asset, remarks=asset.notes, perms=perms)

    @admin.display(description="as it is cut")
    def as_cut(self, asset: MediaAsset) -> str:
        shapes = [family[0] for family in FAMILIES if family[0] != "column"]
        return _rendered("_cuts.html", asset=asset, shapes=shapes)

    @admin.display(description="in the file")
    def said_by_the_file(self, asset: MediaAsset) -> str:
        inside = {
            "instructions": "Instructions", "contact": "Contact of the photographer",
            "people": "People in it", "keywords": "Keywords", "headline": "Headline",
            "licence_ends": "Licence ends", "web_statement": "Terms on the web",
        }  # fmt: skip
        labels = {name: verbose_name(name) for name in OFFERED}
        rows = [
            (label, OFFERED_AS.get(name, name), _in_words(asset.found.get(name)))
            for name, label in (labels | inside).items()
            if asset.found.get(name)
        ]
        return _rendered("_found.html", rows=rows)

    @admin.display(description="places")
    def where_used(self, asset: Any) -> str:
        return _rendered("_uses.html", uses=uses_of(asset, asset.asked_by))

    @admin.display(description="versions")
    def versions(self, asset: MediaAsset) -> str:
        return _rendered("_versions.html", asset=asset, versions=versions_of(asset))

    # --- The list ------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[MediaAsset]:
        return with_use(MediaAsset.objects.all())

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        found, repeats = super().get_search_results(request, queryset, search_term)
        if term := search_term.strip():
            named = Q(display_name__icontains=term) | Q(names__text__icontains=term)
            people = Person.objects.visible_to(User.of(request)).filter(named).values("pk")
            releases = Release.objects.filter(title__icontains=term)
            also = (
                Q(portrait_of__in=people)
                | Q(depicts__in=people)
                | Q(pk__in=releases.exclude(poster=None).values("poster"))
                | Q(pk__in=Illustration.objects.filter(release__in=releases).values("asset"))
            )
            found = queryset.filter(Q(pk__in=found.values("pk")) | also).distinct()
        if "field_name" in request.GET:  # a search from a form: only pictures are to be shown there
            found = found.filter(kind=MediaAsset.Kind.IMAGE)
        return found, repeats

    def autocomplete_detail(self, asset: MediaAsset) -> dict[str, str]:
        """Show the picture where one is looked for."""
        detail = {"detail": ", ".join(f"lacks {what}" for what in asset.missing())}
        if asset.has_rendition("teaser", "jpg"):
            detail["picture"] = asset.admin_url("teaser", "jpg")
        return detail

    @admin.display(description="picture")
    def thumbnail(self, asset: MediaAsset) -> str:
        return _rendered("_thumbnail.html", asset=asset)

    @admin.display(description="name", ordering="original_name")
    def name(self, asset: MediaAsset) -> str:
        return asset.caption or str(asset)

    @admin.display(description="credit", ordering="credit_line")
    def credit(self, asset: MediaAsset) -> str:
        return asset.credit_line or "No credit"

    @admin.display(description="remarks", empty_value="")
    def marks(self, asset: Any) -> str:
        remarks = [f"lacks {what}" for what in asset.missing()]
        if asset.is_withdrawn():
            remarks.append(_("withdrawn"))
        if asset.has_ended():
            remarks.append("licence has ended")
        elif asset.ends_soon():
            ends = timezone.localtime(asset.licence_expires)
            remarks.append(f"licence ends {ends:%-d %B %Y}")
        remarks += ["made with AI"] if asset.ai_made else []
        remarks += [asset.unready()] if asset.unready() else []
        remarks += [] if asset.in_use else ["unused"]
        return format_html_join(
            " ", '<span class="mark">{}</span>', ((words,) for words in remarks)
        )

    @admin.action(description="Set credit and terms of the selected", permissions=["change"])
    def edit_many(self, request: HttpRequest, queryset: QuerySet[MediaAsset]) -> Any:
        """Ask which words, then set them on each, with a version of each."""
        asked = "apply" in request.POST
        chosen = list(queryset)
        form = EditManyForm(
            request.POST if asked else None,
            initial={"read": {str(one.pk): version_of(one) for one in chosen}},
            is_public=any(map(needs_words, chosen)),
        )
        if asked and form.is_valid():
            words = form.cleaned_data.get("correction", "").strip()
            there = {one.pk for one in chosen}
            read = {pk: seen for pk, seen in form.cleaned_data["read"].items() if pk in there}
            try:
                done = set_on_many(read, form.values(), by=User.of(request), words=words)
            except ActionBlocked as refusal:
                for sentence in sentences(refusal.blockers, User.of(request)):
                    form.add_error(None, sentence)
            else:
                if done.changed:
                    said = _("Set on %d.") % done.changed
                    self.message_user(request, said, messages.SUCCESS)
                for asset, why in done.stayed:
                    said = _("“%(name)s” stays as it is. %(why)s") % {"name": asset, "why": why}
                    self.message_user(request, said, messages.WARNING)
                return None
        context = {
            **self.admin_site.each_context(request),
            "title": "Set credit and terms",
            "opts": self.opts,
            "form": form,
            "chosen": queryset,
            "media": self.media + form.media,
        }
        return render(request, "admin/assets/mediaasset/edit_many.html", context)

    # --- Away with it --------------------------------------------------------------------------

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)  # one at a time, knowingly
        return actions

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Refuse while it is used, and say where."""
        asset = self.get_object(request, object_id)
        if asset and (uses := uses_of(asset, User.of(request))):
            where = format_html_join(
                ", ", '<a href="{}">{}</a> ({})',
                ((use.address, use.where, use.what.lower()) for use in uses),
            )  # fmt: skip
            said = format_html("It is used, so it stays: {}. Take it out there first.", where)
            messages.error(request, said)
            return redirect("admin:assets_mediaasset_change", asset.pk)
        return super().delete_view(request, object_id, extra_context)

    # --- Further pages -------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        def page(route: str, view: Any, name: str) -> Any:
            return path(route, self.admin_site.admin_view(view), name=f"assets_mediaasset_{name}")

        return [
            page("upload/", self.upload_view, "upload"),
            page(
                "<uuid:pk>/rendition/<str:style>.<str:extension>", self.rendition_view, "rendition"
            ),
            page("<uuid:pk>/original/<int:version>/", self.original_view, "original"),
            page("<uuid:pk>/words/", require_POST(self.words_view), "words"),
            page("<uuid:pk>/again/", require_POST(self.again_view), "again"),
            page("<uuid:pk>/withdraw/", require_POST(self.withdraw_view), "withdraw"),
            page("<uuid:pk>/show-again/", require_POST(self.show_again_view), "show_again"),
            page("<uuid:pk>/as-is/", require_POST(self.as_is_view), "as_is"),
            page("<uuid:pk>/bring-back/", require_POST(self.bring_back_view), "bring_back"),
            *super().get_urls(),
        ]

    def _visible(self, request: HttpRequest, pk: UUID) -> MediaAsset:
        asset = get_object_or_404(MediaAsset, pk=pk)
        if not self.has_view_permission(request, asset):
            raise PermissionDenied
        return asset

    def _changeable(self, request: HttpRequest, pk: UUID) -> MediaAsset:
        asset = self._visible(request, pk)
        if not self.has_change_permission(request, asset):
            raise PermissionDenied
        return asset

    def rendition_view(
        self, request: HttpRequest, pk: UUID, style: str, extension: str
    ) -> HttpResponseBase:
        """A rendition for editors, whatever the public may see."""
        return self._visible(request, pk).rendition_response(style, extension)

    def original_view(self, request: HttpRequest, pk: UUID, version: int) -> HttpResponseBase:
        """An original as it was uploaded, of now or of earlier; locked, it is for editors."""
        asset, user = self._visible(request, pk), User.of(request)
        if not super().has_change_permission(request, asset) or not reads_original(asset, user):
            raise PermissionDenied
        row = asset.history.filter(history_id=version).exclude(original="").first()
        if row is None:
            raise Http404
        try:
            file = default_storage.open(str(row.original))
        except FileNotFoundError:
            raise Http404 from None
        kind = CONTENT_TYPES.get(row.extension, "application/octet-stream")
        return FileResponse(file, as_attachment=True, filename=row.original_name, content_type=kind)

    @takes_files("assets.add_mediaasset")
    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Take files, many at once; `part` is asked for by the script, which shows each by itself.

        A script asks again for what is being made ready, by its ids.
        """
        if not self.has_add_permission(request):
            raise PermissionDenied
        taken = []
        into = request.POST.get("into")
        if request.method == "POST":
            record = self._lacking_its_file(request, into) if into else None
            for upload in request.FILES.getlist("file"):
                taken.append(take(upload, by=User.of(request), into=record))
                record = None  # the first of them
            if not taken:
                taken.append(Taken(_("No file"), problems=[_("No file arrived. Choose one.")]))
        else:
            assets = MediaAsset.objects.filter(pk__in=uuids_in(request.GET.getlist("id")))
            taken = [Taken(str(asset), asset) for asset in assets]
        part = request.GET.get("part")
        context: dict[str, Any] = {"taken": taken}
        if part in ("upload", "attached"):
            bad = request.method == "POST" and any(not one.asset for one in taken)
            template = f"admin/assets/mediaasset/_{part}.html"
            return render(request, template, context, status=400 if bad or not taken else 200)
        context |= {
            **self.admin_site.each_context(request), "title": "Upload", "opts": self.opts,
        }  # fmt: skip
        return render(request, "admin/assets/mediaasset/upload.html", context)

    def _lacking_its_file(self, request: HttpRequest, pk: str) -> MediaAsset | None:
        record = MediaAsset.objects.filter(pk__in=uuids_in([pk]), original="").first()
        if record and not self.has_change_permission(request, record):
            raise PermissionDenied
        return record

    def words_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Take over what the file says of itself, where its record says nothing."""
        try:
            taken = take_words(self._changeable(request, pk), by=User.of(request))
        except ActionBlocked as refusal:
            show(request, refusal)
            return redirect("admin:assets_mediaasset_change", pk)
        if request.GET.get("part"):
            context = {"taken": [Taken("", MediaAsset.objects.get(pk=pk))]}
            return render(request, "admin/assets/mediaasset/_upload.html", context)
        said = "Taken over. Read it before you publish it." if taken else "There was nothing new."
        messages.success(request, said)
        return redirect("admin:assets_mediaasset_change", pk)

    def again_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Make the renditions once more."""
        making.make_again(self._changeable(request, pk))
        messages.success(request, "It is being made ready again; that takes some seconds.")
        return redirect("admin:assets_mediaasset_change", pk)

    def withdraw_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Keep it off every page at once."""
        return self._carry_out(request, pk, withdraw, _("Withdrawn. It is off every page now."))

    def show_again_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """End its withdrawal."""
        return self._carry_out(request, pk, show_again, _("It is shown again."))

    def _carry_out(self, request: HttpRequest, pk: UUID, action: Any, done: str) -> HttpResponse:
        asset = self._visible(request, pk)
        carry_out(request, partial(action, asset, by=User.of(request)), done)
        return redirect("admin:assets_mediaasset_change", pk)

    def as_is_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Let a document go out that cannot be cleaned, with the reason."""
        reason, read = (request.POST.get(name, "") for name in ("reason", "file"))
        accept = partial(accept_as_is, reason=reason, read=read)
        said = _("It goes out as it is. The reason stays on record.")
        return self._carry_out(request, pk, accept, said)

    def bring_back_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Let an earlier original be the picture again."""
        asset = self._changeable(request, pk)
        chosen = request.POST.get("version", "")
        row = asset.history.filter(history_id=key_in(chosen)).first()
        if row is None or not row.original or not default_storage.exists(str(row.original)):
            messages.error(request, "There is no such version of its file.")
        else:
            try:
                bring_back(asset, row, by=User.of(request))
            except ActionBlocked as refusal:
                show(request, refusal)
            else:
                messages.success(request, "The earlier file is back. Read its words again.")
        return redirect("admin:assets_mediaasset_change", pk)


def _rendered(template: str, **context: Any) -> str:
    return render_to_string(f"admin/assets/mediaasset/{template}", context)


def _in_words(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
