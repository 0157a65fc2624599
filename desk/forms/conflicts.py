"""Two people edit the same row: the later save is refused once, with everything that was typed."""

from typing import Any, cast

from django import forms
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from people.locking import lock_names_for_read, lock_row

TEXT_NOT_SAVED = gettext_lazy("Your text is still here but not saved.")


def add_edit_conflict(
    form: forms.ModelForm, newest: Any, *, sentence: str | Promise, version: int, advice: str
) -> None:
    """Refuse to save over what somebody saved while the form was open, with what to do about it.

    `sentence` has the placeholders `%(who)s`, `%(time)s` and `%(version)s`. `newest` is the row of
    the history that was made meanwhile. The form has read `version` from now on, so that a second
    save is stored.
    """
    at = timezone.localtime(newest.history_date if newest else None)
    values = {
        "who": (newest and newest.history_user) or _("Someone"),
        "time": date_format(at, "DATETIME_FORMAT"),
        "version": version,
    }
    form.add_error(None, [str(sentence) % values, TEXT_NOT_SAVED, advice])
    data = cast(QueryDict, form.data).copy()
    data["read_version"] = str(version)
    form.data = data


class ConflictCheckedForm(forms.ModelForm):
    """A form of a row with versions, that carries the version that was opened.

    A save over a newer version is refused once, with what was typed still in the form.
    """

    read_version = forms.IntegerField(
        label=gettext_lazy("Version read"), widget=forms.HiddenInput, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "read_version" in self.fields and (newest := self._newest_version()):
            self.fields["read_version"].initial = newest.pk

    def lock(self) -> None:
        """Lock the row until the request ends: nobody saves it between the check and the save.

        The admin runs each POST of a form in a transaction. For the order see people.locking.
        """
        lock_names_for_read()
        lock_row(self.instance)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.instance._state.adding:
            try:
                self.lock()
            except ObjectDoesNotExist:
                raise ValidationError(
                    _("Someone deleted this while you were editing. Nothing was saved.")
                ) from None
        newest = self._newest_version()
        if cleaned.get("read_version") and newest and newest.pk != cleaned["read_version"]:
            add_edit_conflict(
                self,
                newest,
                sentence=gettext_lazy("%(who)s saved this on %(time)s, while you were editing."),
                version=newest.pk,
                advice=_("Check it in another tab, then save again to replace it."),
            )
        return cleaned

    def _newest_version(self) -> Any:
        return None if self.instance._state.adding else self.instance.history.first()
