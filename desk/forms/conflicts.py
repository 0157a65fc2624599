"""Edit conflicts. If two people edit the same row, the later save is refused once."""

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
    """Add an error to a form whose row someone else has saved since it was opened.

    `sentence` has the placeholders `%(who)s`, `%(time)s` and `%(version)s`; `advice` explains what
    to do. `newest` is the newest row of the history. The form now contains `version` as the version
    read, so a second save is accepted.
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
    """Form of a row with a history. It contains the version that was opened.

    If a newer version exists, the first save is refused and the form keeps what was typed.
    """

    read_version = forms.IntegerField(
        label=gettext_lazy("Version read"), widget=forms.HiddenInput, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "read_version" in self.fields and (newest := self._newest_version()):
            self.fields["read_version"].initial = newest.pk

    def lock(self) -> None:
        """Lock the row until the transaction ends, so that nobody saves it before this form.

        The admin runs each POST of a form in one transaction. people.locking has the lock order.
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
