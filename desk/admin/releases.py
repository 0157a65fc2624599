"""The newsroom's desk for releases: thin, the verbs are in releases.workflow."""

import json
from dataclasses import asdict, replace
from functools import partial, update_wrapper
from typing import Any
from uuid import UUID

from csp.decorators import csp_update
from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.widgets import FilteredSelectMultiple
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    JsonResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from js_asset import Media

from accounts.models import User
from assets.incoming import takes_files
from desk import name_suggestions
from desk.admin.base import QuietAdmin
from desk.forms import releases as forms
from desk.forms.names import NameCheckedAdmin, show, way_to_allow
from desk.forms.releases import key_in
from desk.imports.messages import sentence
from desk.imports.storing import AlreadyImported, copies_of, import_draft, preview
from desk.pasting import read_clipboard, read_plain
from importing import MAX_BYTES, NotAReleaseError, Understood, understand
from importing.notes import Note
from jobs.models import Email
from people.models import Person
from previews.page import page_at_the_desk
from releases import approval, languages, workflow
from releases.document import TextTooLongError, UnreadableTextError, uuids_in
from releases.document.messages import sentence as text_sentence
from releases.document.messages import too_long
from releases.models import Event, NameException, Release
from releases.probes import probes_of
from releases.rules import protected_names
from releases.rules.name_finds import sentences
from releases.rules.public_texts import model_of, row_of, row_or_none
from releases.versions import compare

# The editor (Tiptap 3) puts one style sheet into the page, and this is the hash of its text.
EDITOR_STYLE = "'sha256-PlumsSlvJ7vvWzjqibGAYKq92O3y/4JTxWWsWJvyUYA='"

# What the button of each action says, and what its page asks.
VERBS: dict[str, dict[str, Any]] = {
    "submit": {
        "label": "Submit for approval",
        "form": forms.VerbForm,
        "explain": "An editor reads it next. You can take it back while it is in review.",
        "done": "Submitted for approval.",
    },
    "approve": {
        "label": "Approve for a time",
        "form": forms.ApproveForm,
        "explain": "It goes public by itself at that second. Until then nobody outside can see it, "
        "and it cannot be changed without being sent back.",
        "done": "Approved.",
    },
    "reschedule": {
        "label": "Move the embargo",
        "form": forms.RescheduleForm,
        "explain": "The text stays approved as it is; the new time holds at once, everywhere.",
        "done": "The embargo was moved.",
    },
    "publish": {
        "label": "Publish now",
        "form": forms.PublishForm,
        "explain": "It is public from this moment on. From then on changes are corrections.",
        "done": "Published.",
    },
    "send_back": {
        "label": "Send back to draft",
        "form": forms.SendBackForm,
        "explain": "It can be changed again, and needs approval again.",
        "done": "It is a draft again.",
    },
    "allow_name": {
        "label": gettext_lazy("Allow a protected name"),
        "form": forms.AllowNameForm,
        "explain": gettext_lazy(
            "For a namesake, or a name that is part of another. It holds for this spelling in "
            "this release alone."
        ),
        "done": gettext_lazy("The name may stand in this release."),
    },
    "hold": {
        "label": "Hold: off every path now",
        "form": forms.VerbForm,
        "explain": "Page, lists, feeds, pictures and preview links stop at once, and nothing is "
        "said in public. It can be let go again.",
        "done": "Held. It is off every path from this second on.",
        "then": "seen",
    },
    "let_go": {
        "label": "Let it go again",
        "form": forms.VerbForm,
        "explain": "It stands again where it stood, and its preview links open again. If its time "
        "came while it was held, it goes public at this moment.",
        "done": "Let go.",
    },
    "withdraw": {
        "label": "Withdraw",
        "form": forms.WithdrawForm,
        "explain": "It leaves every page, list and feed at once, for good. If it was public, your "
        "words stand in its place.",
        "done": "Withdrawn.",
    },
}


def names_to_allow(release: Release, finds: list[protected_names.Find] | None = None) -> list[str]:
    """Return the protected names in a release's own texts, as they are written there."""
    if finds is None:
        finds = protected_names.finds_in_release(release, release.publish_at)
    own = [f for f in finds if f.table == "releases.release" and f.kind == "name" and f.blocks]
    return sorted({find.surface for find in own})


def _as_json(person: Person) -> dict[str, str]:
    return {"id": str(person.pk), "text": str(person), "detail": name_suggestions.detail_of(person)}


def actions_for(
    release: Release, user: Any, finds: list[protected_names.Find]
) -> list[tuple[str, dict[str, Any]]]:
    """Return the verbs that a user may try on a release as it stands, with these names in it."""
    return [
        (name, verb)
        for name, verb in VERBS.items()
        if workflow.ACTIONS[name].is_available(release, user)
        and (name != "allow_name" or bool(names_to_allow(release, finds)))
    ]


class StateFilter(admin.SimpleListFilter):
    """What editors call a state: two of them are one status and the clock."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, str(state.label)) for state in Release.State]

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
    """The languages that there are releases in, out of the many that there could be."""

    title = parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        used = set(Release.objects.order_by().values_list("language", flat=True).distinct())
        return sorted(
            ((tag, languages.english_name(tag)) for tag in used), key=lambda pair: pair[1]
        )

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(language=self.value()) if self.value() else queryset


@admin.register(Release)
class ReleaseAdmin(NameCheckedAdmin, QuietAdmin):
    form = forms.ReleaseForm
    list_display = ["title_or_none", "state", "when", "kind", "in_language", "created_by"]
    list_filter = [
        StateFilter,
        "kind",
        LanguageFilter,
        ("topics", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["created_by"]
    search_fields = ["title", "standfirst", "body", "slug"]
    search_help_text = "Words of the title or the text."
    autocomplete_fields = ["poster", "translation_of"]
    date_hierarchy = "publish_at"
    actions = None  # a release is published, withdrawn or deleted one at a time, knowingly
    save_on_top = True
    change_form_template = "admin/releases/release/change_form.html"
    change_list_template = "admin/releases/release/change_list.html"
    view_on_site = False
    fieldsets = [
        (None, {"fields": [("kind", "language"), "title", "standfirst", "dateline_place"]}),
        ("Pictures and documents", {"fields": ["poster", "attached"]}),
        ("Text", {"fields": ["body", "pull_quote", "notes_to_editors"]}),
        ("Where it belongs", {"fields": ["topics", "countries", "contacts", "translation_of"]}),
        ("Address", {"fields": ["slug"]}),
    ]

    # --- Who may do what -----------------------------------------------------------------------

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new release begins in the language of the last one that this person made."""
        own = Release.objects.filter(created_by=request.user)  # type: ignore[misc]  # signed in
        known = own.exclude(language=languages.UNDETERMINED).order_by("-created_at", "pk")
        last = known.values_list("language", flat=True).first()
        language = last or Release._meta.get_field("language").default
        return {"language": language} | super().get_changeform_initial_data(request)

    def has_change_permission(self, request: HttpRequest, obj: Release | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        if obj is None or not allowed:
            return allowed
        if request.method == "POST":
            # What was typed into a form that was locked meanwhile must not be lost to a bare 403:
            # the form refuses it, and shows it.
            return obj.is_editable_by(User.of(request))
        return not workflow.edit_blockers(obj, User.of(request))

    def has_delete_permission(self, request: HttpRequest, obj: Release | None = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or obj.status == Release.Status.DRAFT)

    # --- The form ------------------------------------------------------------------------------

    @method_decorator(csp_update({"style-src": [EDITOR_STYLE]}))
    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(*args, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "countries":
            kwargs["widget"] = FilteredSelectMultiple("countries and territories", is_stacked=False)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Release | None = None) -> Any:
        fieldsets: list[Any] = list(self.fieldsets)
        if self.has_change_permission(request, obj) or obj is None:
            version = (
                None,
                {"fields": ["read_version", "rejected_names"], "classes": ["hidden-fields"]},
            )
            fieldsets = [version, *fieldsets]
            if obj and obj.is_published():
                say = ("Correction", {"fields": ["correction", "minor"], "classes": ["signal"]})
                fieldsets.append(say)
        else:
            printed = ("Text", {"fields": ["body_as_printed", "pull_quote", "notes_as_printed"]})
            shown = (fieldsets[1][0], {"fields": ["poster", "attached_as_offered"]})
            instead = {"Text": printed, shown[0]: shown}
            fieldsets = [instead.get(name, (name, options)) for name, options in fieldsets]
        return fieldsets

    @admin.display(description="text")
    def body_as_printed(self, release: Release) -> str:
        page = page_at_the_desk(release, timezone.now())
        return self._as_printed(release, page.body)

    @admin.display(description="notes to editors")
    def notes_as_printed(self, release: Release) -> str:
        page = page_at_the_desk(release, timezone.now())
        return self._as_printed(release, page.notes)

    @admin.display(description="further pictures and documents")
    def attached_as_offered(self, release: Release) -> str:
        page = page_at_the_desk(release, timezone.now())
        return format_html_join(", ", "{}", ((asset,) for asset in page.attached)) or "–"

    def _as_printed(self, release: Release, html: SafeString) -> str:
        return format_html(
            '<div class="as-printed" lang="{}" dir="{}">{}</div>',
            release.language, release.direction, html,
        )  # fmt: skip

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        # The fields that the fieldsets name beyond the model's are declared on the form.
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Release, form: Any, change: bool) -> None:
        if not change:
            workflow.create(obj, by=User.of(request))
        elif obj.is_published():
            workflow.correct(obj, by=User.of(request), text=form.cleaned_data["correction"])
        else:
            obj.save()
        for href in form.refused_links[:5]:
            said = _(
                "The link “%s” was removed; its words stay. A link needs a full address that "
                "begins with https://, http://, mailto: or tel:."
            )
            messages.warning(request, said % href[:100])

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if rejected := form.cleaned_data.get("rejected_names"):
            name_suggestions.remember(form.instance, rejected, by=User.of(request))

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().delete_view(request, *args, **kwargs)
        except workflow.ActionBlocked as refusal:
            show(request, refusal)
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
        # The editor's import map is the site's one inline script.
        nonce = str(request.csp_nonce)  # type: ignore[attr-defined]  # django-csp sets it
        context["media"] = Media.from_media(context["media"], nonce=nonce)
        context["editor_context"] = forms.editor_context(release, User.of(request))
        if release:
            # As it is, not as a refused form would have it.
            context |= self._panel(request, Release.objects.get(pk=release.pk))
        return super().render_change_form(request, context, *args, **kwargs)

    def _panel(self, request: HttpRequest, release: Release) -> dict[str, Any]:
        """Return what stands beside the form: the state, what can be done, what is in the way."""
        imported = release.events.filter(verb=Event.Verb.IMPORTED).first()
        guess = imported.detail if imported and not release.publish_at else {}
        unpublished = release.status in (Release.Status.DRAFT, Release.Status.IN_REVIEW)
        user = User.of(request)
        said = partial(sentences, user=user)
        # For the moment that counts: that of publication, as long as it is to come.
        at = timezone.now() if release.has_been_public() else release.publish_at
        finds = protected_names.finds_in_release(release, at)
        named = [
            *protected_names.hidden_picture_blockers(release, at),
            *(f for f in finds if f.blocks),
        ]
        return {
            "release": release,
            "state": release.state(),
            "verbs": actions_for(release, User.of(request), finds),
            "tried": probes_of(release),
            "blockers": said(workflow.blockers(release, at, finds)) if unpublished else [],
            "named": said(named) if release.is_approved() else [],
            "emails": Email.objects.about(f"release:{release.pk}").troubled()[:20],
            "warnings": said(workflow.warnings(release, at, finds)),
            "allow": self._ways_to_allow(finds, user),
            "plain_card": bool(release.title)
            and page_at_the_desk(release, timezone.now()).has_plain_card,
            "locked": workflow.edit_blockers(release, User.of(request)),
            "events": self._record_of(release)[:6],
            "guessed_day": parse_date(guess.get("date_guess", "")),
            "reasons": guess.get("reasons", []),
        }

    def _record_of(self, release: Release) -> QuerySet[Event]:
        """Return the events of a release, newest first; those before a deletion too."""
        events = Event.objects.filter(release_uuid=release.pk)
        return events.select_related("actor").order_by("-at", "-pk")

    def _ways_to_allow(self, finds: list[Any], user: User) -> list[tuple[Any, str]]:
        """Return the rows beside it that print a protected name, and where to allow each."""
        if not user.has_perm("people.set_level"):
            return []
        rows = {(f.table, f.row) for f in finds if f.table not in ("", "releases.release")}
        found = [row for table, pk in sorted(rows) if (row := row_of(table, pk))]
        return [(row, way_to_allow(row, user)) for row in found]

    # --- Lists ---------------------------------------------------------------------------------

    @admin.display(description="title", ordering="title")
    def title_or_none(self, release: Release) -> str:
        return str(release)

    @admin.display(description=gettext_lazy("language"), ordering="language")
    def in_language(self, release: Release) -> str:
        return languages.english_name(release.language)

    @admin.display(description="state")
    def state(self, release: Release) -> str:
        state = release.state()
        return format_html('<span class="state-mark {}">{}</span>', state.value, state.label)

    @admin.display(description="public from", ordering="publish_at")
    def when(self, release: Release) -> str:
        if release.publish_at is None:
            return "–"
        shape = "%Y-%m-%d" if release.day_only else "%Y-%m-%d %H:%M %Z"
        return timezone.localtime(release.publish_at).strftime(shape)

    # --- Further pages -------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        def page(route: str, view: Any, name: str) -> Any:
            wrapped = update_wrapper(self.admin_site.admin_view(view), view)
            return path(route, wrapped, name=f"releases_release_{name}")

        return [
            page("import/", self.import_view, "import"),
            page("paste/", self.paste_view, "paste"),
            page("names/", self.names_view, "names"),
            page("deleted/", self.deleted_view, "deleted"),
            page("<uuid:pk>/preview/", self.preview_view, "preview"),
            page("<uuid:pk>/seen/", self.seen_view, "seen"),
            *(
                path(
                    f"<uuid:pk>/{name}/",
                    self.admin_site.admin_view(partial(self.verb_view, name=name)),
                    name=f"releases_release_{name}",
                )
                for name in VERBS
            ),
            *super().get_urls(),
        ]

    def _visible(self, request: HttpRequest, pk: Any) -> Release:
        release = get_object_or_404(Release, pk=pk)
        if not self.has_view_permission(request, release):
            raise PermissionDenied
        return release

    def preview_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The page as it will be, for editors alone."""
        release = self._visible(request, pk)
        page = page_at_the_desk(release, timezone.now())
        context = {
            "page": page,
            "release": release,
            "preview": True,
            "state": release.state(),
            "lang": release.language,
            "dir": release.direction,
        }
        return render(request, "newsroom/preview.html", context)

    def verb_view(self, request: HttpRequest, pk: Any, name: str) -> HttpResponse:
        """Ask what a verb needs, then carry it out or say why not."""
        release = self._visible(request, pk)
        verb = VERBS[name]
        initial: dict[str, Any] = {"version": release.version, "publish_at": release.publish_at}
        if name == "allow_name":
            initial["names"] = names_to_allow(release)
        covers_page = name in ("approve", "publish")
        if covers_page:
            initial["read_fingerprints"] = approval.printed_fingerprints(release)
        form = verb["form"](request.POST or None, initial=initial)
        refused: list[str] = []
        if request.method == "POST" and form.is_valid():
            values = form.cleaned_data
            release.version = values.pop("version")
            try:
                action = workflow.ACTIONS[name]
                done = action.function(release, by=User.of(request), **values)
            except workflow.ActionBlocked as refusal:
                refused = sentences(refusal.blockers, User.of(request))
            else:
                release = done if isinstance(done, Release) else release
                messages.success(request, verb["done"])
                for sentence in release.not_notified:
                    messages.warning(request, sentence)
                then = verb.get("then", "change")
                return redirect(f"admin:releases_release_{then}", release.pk)
        if covers_page and not refused:
            refused = sentences(workflow.blockers(release), User.of(request))
        user = User.of(request)
        since, changes = approval.unread_changes(release, user) if covers_page else ("", [])
        context = {
            **self.admin_site.each_context(request),
            "title": verb["label"],
            "verb": verb,
            "release": release,
            "form": form,
            "refused": refused,
            "since": since,
            "changes": changes,
            "media": self.media + form.media,
            "opts": self.opts,
            "original": release,
        }
        return render(request, "admin/releases/release/verb.html", context)

    def deleted_view(self, request: HttpRequest) -> HttpResponse:
        """The drafts that were deleted and can be restored."""
        user = User.of(request)
        if not user.has_perm("releases.delete_release"):
            raise PermissionDenied
        if request.method == "POST":
            chosen = uuids_in([request.POST.get("restore")])
            try:
                release = workflow.undelete(chosen[0] if chosen else UUID(int=0), by=user)
            except workflow.ActionBlocked as refusal:
                show(request, refusal)
            else:
                messages.success(request, _("It is a draft again. Read it before you go on."))
                return redirect("admin:releases_release_change", release.pk)
        page = Paginator(workflow.deleted_drafts(user).select_related("history_user"), 50)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Deleted drafts"),
            "opts": self.opts,
            "page": page.get_page(request.GET.get("page")),
        }
        return render(request, "admin/releases/release/deleted.html", context)

    def seen_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """What may have been seen of a release so far, and by whom."""
        release = self._visible(request, pk)
        context = {
            **self.admin_site.each_context(request),
            "title": "Who has seen it",
            "opts": self.opts,
            "release": release,
            "state": release.state(),
            "has_been_public": release.has_been_public(),
            "probes": release.probes.all(),
            "tried": probes_of(release),
            "hands": release.events.select_related("actor")
            .exclude(actor=None)
            .order_by("at", "pk"),
        }
        return render(request, "admin/releases/release/seen.html", context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Every version and every event; two versions compared; an earlier one restored."""
        release = self._visible(request, object_id)
        if request.method == "POST":
            try:
                chosen = key_in(request.POST.get("restore", ""))
                workflow.restore(release, by=User.of(request), history_id=chosen)
            except workflow.ActionBlocked as refusal:
                show(request, refusal)
            else:
                messages.success(request, "The earlier text is back, as a new version.")
                return redirect("admin:releases_release_change", release.pk)
        # Saving topics and contacts adds a row of its own: the last of each version is the version.
        rows = release.history.select_related("history_user").order_by("version", "history_id")
        versions = list({row.version: row for row in rows}.values())[::-1]
        by_number = {str(version.version): version for version in versions}
        newer = by_number.get(request.GET.get("to", ""), versions[0] if versions else None)
        older = by_number.get(request.GET.get("from", ""))
        if older is None and newer in versions[:-1]:
            older = versions[versions.index(newer) + 1]
        events = [
            (event, approval.coverage(event.detail.get("page") or {}))
            for event in self._record_of(release)
        ]
        can_restore = (
            not workflow.edit_blockers(release, User.of(request)) and not release.is_published()
        )
        context = {
            **self.admin_site.each_context(request),
            "title": "Versions and record",
            "opts": self.opts,
            "release": release,
            "versions": versions,
            "newer": newer,
            "older": older,
            "changes": list(compare(older, newer, User.of(request))) if older and newer else [],
            "events": events,
            "can_restore": can_restore,
        }
        return render(request, "admin/releases/release/versions.html", context)

    def paste_view(self, request: HttpRequest) -> HttpResponse:
        """Clean what an editor pastes or drops, by the rules that it will be saved by.

        The answer is JSON: `html`, and `messages` about what was left out, changed or refused.
        """
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseBadRequest("Send the pasted text.")
        notes = request.GET.get("field") == "notes"
        read = read_plain if request.content_type == "text/plain" else read_clipboard
        try:
            pasted = read(request.body.decode("utf-8", errors="replace"), notes=notes)
        except RequestDataTooBig:
            return JsonResponse({"html": "", "messages": [too_long()]}, status=413)
        except UnreadableTextError as problem:
            status = 413 if isinstance(problem, TextTooLongError) else 400
            return JsonResponse({"html": "", "messages": [text_sentence(problem)]}, status=status)
        except ValueError:
            refusal = _("The pasted text cannot be read. Copy it again, in smaller parts.")
            return JsonResponse({"html": "", "messages": [refusal]}, status=400)
        return JsonResponse({"html": pasted.html, "messages": pasted.messages})

    def names_view(self, request: HttpRequest) -> HttpResponse:
        """Whom the text names as it is being written, told to the panel below the editor."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseBadRequest("Send the text as JSON.")
        try:
            told = json.loads(request.body)
            paragraphs = [text if isinstance(text, str) else "" for text in told["paragraphs"]]
            marked = set(uuids_in(told["people"]))
            rejected = name_suggestions.read_rejected(told["rejected"])
        except RequestDataTooBig:
            return HttpResponse(name_suggestions.TOO_LONG, status=413)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return HttpResponseBadRequest("The text cannot be read: send it as the editor does.")
        if sum(map(len, paragraphs)) > name_suggestions.MOST_TEXT:
            return HttpResponse(name_suggestions.TOO_LONG, status=413)
        user = User.of(request)
        if release := Release.objects.filter(pk__in=uuids_in([told.get("release")])).first():
            rejected |= name_suggestions.rejected_in(release)
        offers, hints = name_suggestions.suggestions(
            paragraphs, user=user, marked=marked, rejected=rejected
        )
        return JsonResponse(
            {
                "offers": [
                    {
                        "name": offer.name,
                        **asdict(offer.place),
                        "times": offer.times,
                        "people": [_as_json(person) for person in offer.people],
                    }
                    for offer in offers
                ],
                "hints": [
                    {
                        "name": hint.name,
                        **asdict(hint.place),
                        "people": [_as_json(person) for person in hint.like],
                    }
                    for hint in hints
                ],
            }
        )

    @takes_files("releases.add_release", megabytes=lambda: MAX_BYTES // 1024**2)
    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Take a source, show what was understood, and make a draft once that is confirmed."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("Import a release"),
            "opts": self.opts,
        }
        if request.method == "POST" and "source" in request.POST:
            return self._confirm_import(request, context)
        sent = request.method == "POST"
        form = forms.ImportForm(request.POST, request.FILES) if sent else forms.ImportForm()
        if form.is_valid():
            data, filename = form.source()
            try:
                understood = understand(data, filename)
            except NotAReleaseError as problem:
                form.add_error(None, sentence(problem.note))
            else:
                initial = {"source": forms.ConfirmImportForm.pack(data), "filename": filename}
                guess = understood.date_guess
                confirm = forms.ConfirmImportForm(
                    initial=initial,
                    suggestions=understood.people,
                    designations=understood.designations,
                    speeches=understood.speeches,
                    day=guess.date if guess else None,
                    language=understood.language_guess,
                    user=User.of(request),
                )
                context |= self._understood(understood) | {"confirm": confirm}
        return render(request, "admin/releases/release/import.html", context | {"form": form})

    def _understood(self, understood: Understood) -> dict[str, Any]:
        return {
            "understood": understood,
            # The form below the report has each person.
            "report": preview(replace(understood, people=())),
            "copies": copies_of(understood),
        }

    def _confirm_import(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        try:
            data = forms.ConfirmImportForm.unpack(request.POST["source"])
            understood = understand(data, request.POST.get("filename", "pasted text"))
        except ValueError:
            messages.error(request, _("The source did not arrive whole. Import it again."))
            return redirect("admin:releases_release_import")
        # The number of the copy that the page offered: sent twice, it makes one draft.
        sent = request.POST.get("again", "")
        again = int(sent) if sent.isascii() and sent.isdecimal() and len(sent) < 10 else None
        context |= {"again": again}
        form = forms.ConfirmImportForm(
            request.POST,
            suggestions=understood.people,
            designations=understood.designations,
            language=understood.language_guess,
            speeches=understood.speeches,
            user=User.of(request),
        )
        if not form.is_valid():
            context |= self._understood(understood) | {"confirm": form}
            return render(request, "admin/releases/release/import.html", context)
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
        except workflow.ActionBlocked as refusal:
            for reason in sentences(refusal.blockers, User.of(request)):
                form.add_error(None, reason)
            context |= self._understood(understood) | {"confirm": form}
            return render(request, "admin/releases/release/import.html", context)
        except AlreadyImported as problem:
            messages.warning(request, f"{problem} {_('Nothing was added.')}")
            return redirect("admin:releases_release_change", problem.release.pk)
        messages.success(request, _("Made a draft. What is still missing stands beside it."))
        if understood.title_from in ("guessed", "offered"):
            messages.warning(request, sentence(Note(f"title_{understood.title_from}")))
        return redirect("admin:releases_release_change", release.pk)


@admin.register(NameException)
class NameExceptionAdmin(admin.ModelAdmin):
    """Protected names that may stand in one text, and why; given here, taken back here."""

    list_display = ["name", "text", "reason", "by", "at", "ended_at"]
    list_filter = [("ended_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "reason"]
    actions = ["take_back"]
    list_display_links = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return User.of(request).has_perm("people.set_level")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("text"))
    def text(self, exception: NameException) -> str:
        row = exception.release or row_of(exception.table, exception.row)
        kind = model_of(exception.table)._meta.verbose_name
        return f"{row} ({kind})" if row else _("deleted")

    @admin.action(description=gettext_lazy("Take back"), permissions=["view"])
    def take_back(self, request: HttpRequest, queryset: Any) -> None:
        for exception in queryset:
            try:
                workflow.end_name_exception(exception, by=User.of(request))
            except workflow.ActionBlocked as refusal:
                show(request, refusal)
            else:
                done = _("“%s” is a protected name there again.") % exception.name
                messages.success(request, done)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Allow a protected name in the row that the address names."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        table = request.GET.get("table", "")
        row = row_or_none(table, request.GET.get("row", ""))
        if row is None:
            messages.error(request, _("This text is gone. Nothing was changed."))
            return redirect("admin:releases_nameexception_changelist")
        form = forms.NameExceptionForm(request.POST or None)
        refused: list[str] = []
        if form.is_valid():
            try:
                workflow.allow_name(row, by=User.of(request), **form.cleaned_data)
            except workflow.ActionBlocked as refusal:
                refused = sentences(refusal.blockers, User.of(request))
            else:
                messages.success(request, _("The name may stand in “%s”.") % row)
                return redirect("admin:releases_nameexception_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Allow a protected name in “%s”") % row,
            "opts": self.opts,
            "form": form,
            "refused": refused,
            "media": self.media + form.media,
        }
        return render(request, "admin/releases/nameexception/add.html", context)
