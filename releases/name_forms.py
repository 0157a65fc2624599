"""Forms and admins of rows that the public can read: a new protected name is an error at its field.

The rule is in releases.protected_names. What is here shows it before the save would be refused,
with everything that was typed still in the form.
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.options import BaseModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusal import Refused
from releases import protected_names
from releases.name_finds import sentences
from releases.public_texts import table_of


class PublicTextForm(forms.ModelForm):
    """A form of a row whose texts the public can read."""

    user: Any = None  # the admin sets it for each request

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # not in the stubs
        if self.errors:
            return
        finds = protected_names.new_finds(self.instance)
        for find in finds:
            field = find.field if find.field in self.fields else None
            for sentence in sentences([find], self.user):
                self.add_error(field, sentence)
        if finds and (way := way_to_allow(self.instance, self.user)):
            said = _('You can <a href="{}">allow a name here</a>, then save this again.')
            self.add_error(None, format_html(said, way))


def way_to_allow(row: Model, user: Any) -> str:
    """Return the address where a user may allow a protected name in a row, "" for none."""
    if row._state.adding or not user.has_perm("people.set_level"):
        return ""
    query = urlencode({"table": table_of(row), "row": row.pk})
    return f"{reverse('admin:releases_nameexception_add')}?{query}"


class NameCheckedAdmin(BaseModelAdmin):
    """An admin, or an inline of one, whose forms check the texts that the public can read."""

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)  # type: ignore[misc]
        return type(form.__name__, (form,), {"user": User.of(request)})

    def get_formset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        formset = super().get_formset(request, *args, **kwargs)  # type: ignore[misc]
        formset.form = type(formset.form.__name__, (formset.form,), {"user": User.of(request)})
        return formset

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Say why a save was refused that no form could foresee."""
        try:
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]
        except Refused as refusal:
            show(request, refusal)
            return HttpResponseRedirect(request.get_full_path())


def show(request: HttpRequest, refusal: Refused) -> None:
    """Show why an action was refused, as far as its user may see it."""
    for sentence in sentences(refusal.reasons, User.of(request)):
        messages.error(request, sentence)
