"""Topics and press contacts at the desk. The rules are in releases.topics_and_contacts."""

from functools import partial
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.context_processors import PermWrapper
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import path
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.models import User
from desk.admin.base import QuietAdmin, VersionsAdmin
from desk.forms.conflicts import ConflictCheckedForm
from desk.forms.names import NameCheckedAdmin, PublicTextForm, run_action
from releases import topics_and_contacts
from releases.models import Contact, Topic


class SharedForm(PublicTextForm, ConflictCheckedForm):
    """Form of a row that many releases print.

    If approved releases print it, the editor must confirm a change after seeing their number.
    """

    asked = forms.CharField(
        label=gettext_lazy("Warning shown"), widget=forms.HiddenInput, required=False
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self._is_changed() and (
            blockers := topics_and_contacts.edit_blockers(self.instance, self.user)
        ):
            raise forms.ValidationError([*blockers, _("Your text is still here but not saved.")])
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.errors or not self._is_changed():
            return
        use = topics_and_contacts.use_of(self.instance, self.user)
        typed = sorted({*self.changed_data} - {"asked", "read_version"})
        values = [str(self.cleaned_data.get(name)) for name in typed]
        digest = salted_hmac("releases.shared_rows", f"{use} {values}").hexdigest()
        if not use.in_approved or self.cleaned_data.get("asked") == digest:
            return
        message = _(
            "“%(name)s” is used in %(use)s. The change appears in all of them at once; approvals "
            "stay valid. Save again to confirm."
        )
        stored = type(self.instance)._default_manager.get(pk=self.instance.pk)
        self.add_error(None, message % {"name": stored, "use": use})
        data = cast(QueryDict, self.data).copy()
        data["asked"] = digest
        self.data = data

    def _is_changed(self) -> bool:
        typed = set(self.changed_data) - {"asked", "read_version"}
        return bool(typed) and not self.instance._state.adding


class SharedAdmin(NameCheckedAdmin, QuietAdmin, VersionsAdmin):
    """Base admin of topics and press contacts. The rules are in releases.topics_and_contacts."""

    form = SharedForm
    search_fields = ["name"]
    readonly_fields = ["where"]
    actions = None
    printed: ClassVar[list[str]] = []

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        hidden = (None, {"fields": ["read_version", "asked"], "classes": ["hidden-fields"]})
        shown = [(None, {"fields": [*self.printed, "where"] if obj else self.printed})]
        return [hidden, *shown] if self.has_change_permission(request, obj) else shown

    @admin.display(description=gettext_lazy("used in"))
    def where(self, row: Any) -> str:
        blockers = topics_and_contacts.edit_blockers(row, row.asked_by)
        return " ".join([f"{topics_and_contacts.use_of(row, row.asked_by)}.", *blockers])

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        row = super().get_object(request, *args, **kwargs)
        if row:
            row.asked_by = User.of(request)
        return row

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        # Accept a form even if its row was locked since then: it shows why and keeps the text.
        is_form = obj is None or request.method == "POST"
        return allowed and (is_form or not topics_and_contacts.edit_blockers(obj, User.of(request)))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        topics_and_contacts.store(obj, by=User.of(request))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        topics_and_contacts.delete(obj, by=User.of(request))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Refuse to delete a row that a release uses."""
        row = self.get_object(request, object_id)
        if row and (blockers := topics_and_contacts.delete_blockers(row, User.of(request))):
            messages.error(request, " ".join(blockers))
            return redirect(f"admin:{self.opts.label_lower.replace('.', '_')}_change", row.pk)
        return super().delete_view(request, object_id, extra_context)


@admin.register(Topic)
class TopicAdmin(SharedAdmin):
    list_display = ["name", "slug"]
    printed = ["name", "slug"]


@admin.register(Contact)
class ContactAdmin(SharedAdmin):
    list_display = ["name", "email", "phone", "hidden_at"]
    list_filter = [("hidden_at", admin.EmptyFieldListFilter)]
    printed = ["name", "email", "phone", "hours"]
    readonly_fields = ["where", "shown"]
    change_form_template = "admin/releases/contact/change_form.html"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj:
            fieldsets[-1][1]["fields"].append("shown")
        return fieldsets

    @admin.display(description=gettext_lazy("visibility"))
    def shown(self, contact: Any) -> str:
        context = {"contact": contact, "perms": PermWrapper(contact.asked_by)}
        return render_to_string("admin/releases/contact/_shown.html", context)

    def get_urls(self) -> list[Any]:
        def page(name: str, action: Any, done: Any) -> Any:
            view = require_POST(partial(self._run_action, action=action, done=done))
            wrapped = self.admin_site.admin_view(view)
            return path(f"<int:pk>/{name}/", wrapped, name=f"releases_contact_{name}")

        return [
            page(
                "hide",
                topics_and_contacts.hide_contact,
                gettext_lazy("Contact hidden. It is no longer shown."),
            ),
            page("show", topics_and_contacts.show_contact, gettext_lazy("Contact shown again.")),
            *super().get_urls(),
        ]

    def _run_action(self, request: HttpRequest, pk: int, *, action: Any, done: Any) -> HttpResponse:
        contact = get_object_or_404(Contact, pk=pk)
        if not self.has_view_permission(request, contact):
            raise PermissionDenied
        run_action(request, partial(action, contact, by=User.of(request)), done)
        return redirect("admin:releases_contact_change", pk)
