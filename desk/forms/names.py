"""Forms and admins of rows with public texts: a new protected name is an error of its field.

The rule is in releases.rules.protected_names, which would block the save. These forms check it
first, so that the form keeps everything that was typed.
"""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.options import BaseModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.errors import ActionBlocked
from accounts.models import User
from people.models import Level, Person, PersonName
from people.names import is_full_name
from releases.rules import protected_names
from releases.rules.name_finds import sentences
from releases.rules.public_texts import table_of


class PublicTextForm(forms.ModelForm):
    """Form of a row with public texts."""

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
        if finds and (url := allow_name_url(self.instance, self.user)):
            text = _('You can <a href="{}">allow a name here</a>, then save this again.')
            self.add_error(None, format_html(text, url))


class SearchedNameForm(PublicTextForm):
    """Form of a recorded name for which texts may be searched.

    If a new name of a protected person appears in texts, the first save is refused with a warning.
    A second save stores it.
    """

    name_field, search_field, exact_field = "text", "matchable", "match_exactly"

    asked = forms.CharField(
        label=gettext_lazy("Warning shown"), widget=forms.HiddenInput, required=False
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        name = cleaned.get(self.name_field)
        if not name or self.errors:
            return cleaned
        full, switched_off = is_full_name(name), not cleaned.get(self.search_field, True)
        if (
            full
            and switched_off
            and self.search_field in self.changed_data
            and not self.user.has_perm("people.set_level")
        ):
            self.add_error(
                self.search_field,
                _("Only users who can set levels can switch off the search for a full name."),
            )
        fields = {self.name_field, self.search_field, self.exact_field}
        is_new = bool(fields & set(self.changed_data))
        is_searched = not switched_off if full else cleaned.get(self.exact_field, False)
        if is_new and is_searched and self._is_of_protected_person(cleaned) and not self.errors:
            self._ask_once(name, exactly=not full)
        return cleaned

    def _is_of_protected_person(self, cleaned: dict[str, Any]) -> bool:
        person = self.instance
        if isinstance(person, PersonName):
            person = Person.objects.filter(pk=person.person_id).first()
        if person is None:
            return True  # a new record starts protected
        return (
            int(cleaned.get("level", person.level)) < Level.NAMEABLE
            or person.name_consent_has_ended()
        )

    def _ask_once(self, name: str, *, exactly: bool) -> None:
        releases, others = protected_names.count_texts(name, self.user, exactly=exactly)
        digest = salted_hmac("releases.name_forms", name).hexdigest()
        if not (releases or others) or self.cleaned_data.get("asked") == digest:
            return
        in_releases = ngettext("%(count)s release", "%(count)s releases", releases)
        in_others = ngettext("%(count)s other text", "%(count)s other texts", others)
        self.add_error(
            self.name_field,
            _(
                "“%(name)s” appears in %(releases)s and %(others)s. These texts will be blocked "
                "until the name is removed or allowed. Save again to confirm."
            )
            % {
                "name": name,
                "releases": in_releases % {"count": releases},
                "others": in_others % {"count": others},
            },
        )
        data = cast(QueryDict, self.data).copy()
        data[self.add_prefix("asked")] = digest
        self.data = data


def allow_name_url(row: Model, user: Any) -> str:
    """Return the URL at which a user may allow a protected name in a row.

    Return "" if the row is new or the user does not have the permission.
    """
    if row._state.adding or not user.has_perm("people.set_level"):
        return ""
    query = urlencode({"table": table_of(row), "row": row.pk})
    return f"{reverse('admin:releases_nameexception_add')}?{query}"


class NameCheckedAdmin(BaseModelAdmin):
    """Admin or inline whose forms check public texts for protected names."""

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)  # type: ignore[misc]
        return type(form.__name__, (form,), {"user": User.of(request)})

    def get_formset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        formset = super().get_formset(request, *args, **kwargs)  # type: ignore[misc]
        formset.form = type(formset.form.__name__, (formset.form,), {"user": User.of(request)})
        return formset

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the blockers of a save that passed the checks of the form but was then blocked."""
        try:
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]
        except ActionBlocked as blocked:
            add_blockers_to_messages(request, blocked)
            return HttpResponseRedirect(request.get_full_path())


def run_action(request: HttpRequest, action: Callable[[], Any], done: Any) -> None:
    """Run an action and show the message `done`, or why it was blocked."""
    try:
        action()
    except ActionBlocked as blocked:
        add_blockers_to_messages(request, blocked)
    else:
        messages.success(request, done)


def add_blockers_to_messages(request: HttpRequest, blocked: ActionBlocked) -> None:
    """Show why an action was blocked. The sentences contain only what the user may see."""
    for sentence in sentences(blocked.blockers, User.of(request)):
        messages.error(request, sentence)
