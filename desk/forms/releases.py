"""What editors fill in."""

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import Q
from django.http import QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString
from django.utils.text import Truncator, capfirst, format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_prose_editor.fields import ProseEditorFormField
from django_prose_editor.widgets import AdminProseEditorWidget

from accounts.models import User
from assets.models import MediaAsset
from desk import name_suggestions
from desk.forms.fields import JSONField, LanguageField
from desk.imports.language_messages import language_words
from desk.imports.storing import AskedLevel, Designated, doubtful_speakers
from importing import MAX_BYTES, Speech
from importing.languages import LanguageGuess
from people.locking import lock_names_for_change, lock_names_for_read, lock_row
from people.models import Level, Person
from people.names.shared import people_index
from people.slugs import slug_for
from releases import workflow
from releases.document import (
    MAX_LINES,
    MAX_NOTES,
    MAX_PARTS,
    MAX_TEXT,
    Document,
    UnreadableTextError,
    clean,
    clean_notes,
    refused_links,
    uuids_in,
)
from releases.document import messages as text_messages
from releases.library import Taken
from releases.models import FormerSlug, Release
from releases.rules import protected_names
from releases.rules.name_finds import sentences
from storing.links import SCHEMES

# The schema of releases.document, piece by piece.
WRITING = {
    "Bold": True,
    "Italic": True,
    "Strike": True,
    "Subscript": True,
    "Superscript": True,
    "BulletList": True,
    "OrderedList": True,
    "ListItem": True,
    "HardBreak": True,
    "Link": {"enableTarget": False, "protocols": sorted(SCHEMES)},
    "Heading": {"levels": [2, 3]},
    "Table": True,
    "TableRow": True,
    "TableHeader": True,
    "TableCell": True,
    "Footnote": True,
    "Background": True,
    "CleanPaste": True,
}
BODY = WRITING | {"Quotation": True, "Mention": True, "LibraryPicture": True}
# Notes to editors are simple: the bar offers less. What was pasted or imported is kept all the
# same, because the server keeps it; it knows no people and no pictures there.
NOTES = WRITING | {
    "Quotation": {"asks": False},
    "Menu": {
        "groups": [{"group": name} for name in ("lists", "marks", "link", "history", "table")]
    },
}


class AttachedWidget(forms.Widget):
    """The list of what is attached, to be put in order and added to by dropping files on it."""

    class Media:
        js = [forms.Script("js/attached.js", type="module")]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        ids = uuids_in(value or [])
        known = MediaAsset.objects.in_bulk(ids)
        taken = [Taken(str(known[pk]), known[pk]) for pk in ids if pk in known]
        return render_to_string("admin/releases/release/_attached_field.html", {"taken": taken})

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return data.getlist(name) if hasattr(data, "getlist") else data.get(name) or []

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False  # an empty list sends nothing, and means that all were taken out


class AttachedField(forms.Field):
    """The ids of pictures and documents in their order; what is in no library is refused."""

    widget = AttachedWidget

    def to_python(self, value: Any) -> list[str]:
        ids = list(dict.fromkeys(uuids_in(value or [])))
        known = set(MediaAsset.objects.filter(pk__in=ids).values_list("pk", flat=True))
        if len(known) < len(ids):
            raise ValidationError(
                "Something that was attached is gone from the library. Take it out, and save again."
            )
        return [str(pk) for pk in ids]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != [str(pk) for pk in uuids_in(data or [])]


class ReleaseForm(forms.ModelForm):
    """A release as its editors write it.

    It carries the version that was opened. A save over a newer one is refused, with everything
    that was typed still in the form; the next save is then a decision.
    """

    language = LanguageField(
        label=gettext_lazy("Language"),
        help_text=gettext_lazy(
            "For one that is not listed, choose “Another language” and write its tag (BCP 47), "
            "such as kk or ug-Latn, or its English name."
        ),
    )
    read_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    rejected_names = JSONField(
        widget=forms.HiddenInput, required=False, help_text="What the panel of names says."
    )
    body = ProseEditorFormField(
        label="Text",
        extensions=BODY,
        widget=AdminProseEditorWidget,
        required=False,
        help_text="Mark quotations with their speaker, and names as somebody’s: pages, searches "
        "and feeds follow. Paste from Word or Google Docs comes out clean.",
    )
    attached = AttachedField(
        label="Further pictures and documents",
        required=False,
        help_text="Offered below the text, in this order, with the poster and the pictures of the "
        "text. Each has its own words in the library.",
    )
    notes_to_editors = ProseEditorFormField(
        extensions=NOTES, widget=AdminProseEditorWidget, required=False
    )
    correction = forms.CharField(
        label="What was wrong, and what is right",
        max_length=MAX_LINES,
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text="Public: it is printed below the release with today’s date and goes out in the "
        "feed. Needed for every change of substance.",
    )
    minor = forms.BooleanField(
        label="Only a slip: spelling, a link, a comma",
        required=False,
        help_text="Recorded among the versions, not announced.",
    )

    class Meta:
        model = Release
        fields = [
            "kind", "language", "title", "standfirst", "dateline_place", "poster", "body",
            "pull_quote", "attached", "notes_to_editors", "topics", "countries", "contacts",
            "translation_of", "slug",
        ]  # fmt: skip
        widgets = {
            "title": forms.TextInput(attrs={"class": "vTextField title-field"}),
            "standfirst": forms.Textarea(attrs={"rows": 2}),
            "pull_quote": forms.Textarea(attrs={"rows": 2}),
            "topics": forms.CheckboxSelectMultiple,
            "contacts": forms.CheckboxSelectMultiple,
        }

    class Media:
        js = [forms.Script("js/names.js", type="module")]

    user: Any = None  # the admin sets it for each request

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.refused_links: list[str] = []  # addresses that were typed and are no links any more
        if "read_version" in self.fields:
            self.fields["read_version"].initial = self.instance.version

    def clean_rejected_names(self) -> name_suggestions.Rejected:
        told = self.cleaned_data["rejected_names"]
        return name_suggestions.read_rejected(told if isinstance(told, list) else [])

    def clean_body(self) -> str:
        return self._cleaned("body", MAX_TEXT)

    def clean_notes_to_editors(self) -> str:
        return self._cleaned("notes_to_editors", MAX_NOTES)

    def _cleaned(self, name: str, most: int) -> str:
        html = self.cleaned_data[name]
        by = clean_notes if name == "notes_to_editors" else clean
        cleaned = _cleaned(by, html, most, getattr(self.instance, name))
        self.refused_links += refused_links(html)
        return cleaned

    def clean_standfirst(self) -> str:
        return _not_longer(self.cleaned_data["standfirst"], MAX_LINES, self.instance.standfirst)

    def clean_pull_quote(self) -> str:
        return _not_longer(self.cleaned_data["pull_quote"], MAX_LINES, self.instance.pull_quote)

    def clean_slug(self) -> str:
        typed = self.cleaned_data["slug"]
        slug = slug_for(typed, fallback="") if typed else ""
        if typed and not slug:
            raise ValidationError("An address needs letters or digits.")
        former = FormerSlug.objects.filter(slug=slug).exclude(release=self.instance.pk)
        if slug and former.exists():
            raise ValidationError(
                "Another release had this address once, and links lead from it to that release. "
                "Choose a different one."
            )
        return slug

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance._state.adding:
            return cleaned
        if Release.objects.approved().filter(pk=self.instance.pk).exists():
            # A correction is checked and public at once, so this lock comes before any on a row.
            lock_names_for_change()
        # The desk's page is one transaction, from this check of the version to the save.
        stored = Release.objects.select_for_update(of=("self",)).get(pk=self.instance.pk)
        if cleaned.get("read_version") != stored.version:
            say_who_was_faster(
                self,
                stored.history.select_related("history_user").first(),
                saved=f"version {stored.version}",
                version=stored.version,
                advice="Open the release in another tab and take up what is new there. Then save "
                "again: your text takes its place, and the other stays among the versions.",
            )
        elif reasons := workflow.edit_blockers(stored, self.user):
            self.add_error(None, [*reasons, "What you typed is still here; nothing was saved."])
        elif (
            stored.is_published()
            and set(self.changed_data) - {"rejected_names"}
            and not (cleaned.get("correction") or cleaned.get("minor"))
        ):
            self.add_error(
                "correction",
                "The release is public. Say in public what was wrong, or that it was a slip.",
            )
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # not in the stubs
        if self.errors or self.instance._state.adding or not self.instance.is_published():
            return
        reasons = workflow.correction_blockers(self.instance)
        chosen = [*self.cleaned_data.get("topics", ()), *self.cleaned_data.get("contacts", ())]
        there = {*self.instance.topics.all(), *self.instance.contacts.all()}
        added = protected_names.finds_in([row for row in chosen if row not in there])
        reasons += [find for find in added if find.blocks]
        for sentence in sentences(reasons, self.user):
            self.add_error(None, sentence)
        own = [reason for reason in reasons if isinstance(reason, protected_names.Find)]
        if own and self.user.has_perm("people.set_level"):
            way = reverse("admin:releases_release_allow_name", args=[self.instance.pk])
            words = _('You can <a href="{}">allow a name</a>, then save this again.')
            self.add_error(None, format_html(words, way))


def key_in(typed: str) -> int:
    """Return the key of a row that a form sent, 0 (which no row has) where it is none."""
    is_key = typed.isascii() and typed.isdigit() and len(typed) < 10
    return int(typed) if is_key else 0


def say_who_was_faster(
    form: forms.ModelForm, newest: Any, *, saved: str, version: int, advice: str
) -> None:
    """Refuse to save over what somebody saved while the form was open, with what to do about it.

    `newest` is the row of the history that was meanwhile made, `version` what the form has read
    from now on: sent once more, it is saved.
    """
    who = (newest and newest.history_user) or "Somebody"
    at = timezone.localtime(newest.history_date if newest else None)
    when = date_format(at, "j F, H:i T")
    form.add_error(
        None,
        f"{who} saved {saved} at {when}, while you were writing. What you typed is still here; "
        f"nothing was saved. {advice}",
    )
    data = cast(QueryDict, form.data).copy()
    data["read_version"] = str(version)
    form.data = data


class NewestForm(forms.ModelForm):
    """A form of a row with versions, that carries the one that was opened.

    A save over a newer one is refused once, with what was typed still in the form.
    """

    read_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "read_version" in self.fields and (latest := self._latest()):
            self.fields["read_version"].initial = latest.pk

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
                    _("Somebody deleted this while you were writing. Nothing was saved.")
                ) from None
        latest = self._latest()
        if cleaned.get("read_version") and latest and latest.pk != cleaned["read_version"]:
            say_who_was_faster(
                self,
                latest,
                saved="this",
                version=latest.pk,
                advice="Look at it in another tab, then save again to put yours in its place.",
            )
        return cleaned

    def _latest(self) -> Any:
        return None if self.instance._state.adding else self.instance.history.first()


def editor_context(release: Release | None, user: User) -> SafeString:
    """Return the script element that static/js/editor.js reads: addresses, names behind the ids.

    A person whom the user may not know of is one without a name.
    """
    people: dict[str, str] = {}
    pictures: dict[str, dict[str, str]] = {}
    poster = None
    if release:
        document = release.document
        if release.poster and not release.poster.original:
            poster = {"id": str(release.poster.pk), "text": str(release.poster)}
        ids = {quote.speaker for quote in document.quotations if quote.speaker}
        ids |= {person for person, _ in document.mentions}
        known = Person.objects.visible_to(user).in_bulk(ids)
        people = {str(pk): str(person) for pk, person in known.items()}
        for illustration in release.illustrations.select_related("asset"):
            asset = illustration.asset
            picture = asset.admin_url("teaser", "jpg") if asset.original else ""
            pictures[str(asset.pk)] = {"text": str(asset), "picture": picture}
    return json_script(
        {
            "search": reverse("admin:autocomplete"),
            "paste": reverse("admin:releases_release_paste"),
            "names": reverse("admin:releases_release_names"),
            "release": str(release.pk) if release else "",
            "people": people,
            "pictures": pictures,
            "posterWithoutFile": poster,
        },
        "newsroom-editor",
    )


# --- One form for each verb that asks something ------------------------------------------------

NOTIFY = forms.BooleanField(
    label="Tell those who accepted the embargo",
    required=False,
    initial=True,
    help_text="By e-mail, with the new time. Nothing of the release is in it.",
)


class VerbForm(forms.Form):
    """Carries the version that was read, so that nothing newer is approved by mistake."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class ReadForm(VerbForm):
    """Carries what was read of everything that the page prints: see releases.approval."""

    read_fingerprints = JSONField(widget=forms.HiddenInput)

    def clean_read_fingerprints(self) -> dict[str, str]:
        read = self.cleaned_data["read_fingerprints"]
        if not isinstance(read, dict):
            raise ValidationError(self.fields["read_fingerprints"].error_messages["invalid"])
        return {str(key): str(value) for key, value in read.items()}


class SendBackForm(VerbForm):
    reason = forms.CharField(
        label="What is to be changed",
        max_length=MAX_LINES,
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        help_text="For the author; it stays in the record.",
    )


class LiftField(forms.SplitDateTimeField):
    """A day and a time in the newsroom's zone; left without a zone where the clock changes."""

    widget = AdminSplitDateTime

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for part, name in zip(self.widget.widgets, ("day", "time"), strict=True):
            part.attrs["aria-label"] = f"{self.label}, {name}"

    def compress(self, data_list: Any) -> Any:
        try:
            return super().compress(data_list)
        except ValidationError as problem:
            if problem.code != "ambiguous_timezone":
                raise
            return datetime.combine(*data_list)


class AsksWhich(forms.Form):
    """A form with a LiftField; a time that the clock shows twice, or never, is asked about."""

    asked = "publish_at"
    which = forms.ChoiceField(label="Which of the two", required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = timezone.get_current_timezone_name()
        self.fields[self.asked].help_text += f" In the zone {zone}."
        self.which_field = cast(forms.ChoiceField, self.fields["which"])
        self.which_field.choices = [("", ""), ("0", "The first"), ("1", "The second")]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        which, typed = cleaned.pop("which", ""), cleaned.get(self.asked)
        if typed and timezone.is_naive(typed):
            moments = _moments(typed)
            if not moments:
                self.add_error(
                    self.asked,
                    f"{date_format(typed, 'j F Y, H:i')} does not exist: the clocks go forward "
                    "over it that night. Choose a time before or after.",
                )
            elif not which:
                names = [moment.tzname() for moment in moments]
                self.which_field.choices = list(zip("01", names, strict=True))
                self.which_field.widget = forms.RadioSelect(choices=self.which_field.choices)
                self.add_error(
                    self.asked,
                    f"{date_format(typed, 'H:i')} comes twice that night, first as {names[0]} and "
                    f"an hour later as {names[1]}. Say below which of the two.",
                )
            else:
                cleaned[self.asked] = moments[int(which)]
        return cleaned


class LiftForm(AsksWhich):
    publish_at = LiftField(
        label="The embargo lifts",
        help_text="The release is public from this second on.",
    )
    notify = NOTIFY


class ApproveForm(LiftForm, ReadForm):
    backdated = forms.BooleanField(
        label="It came out then: this is a release of the past",
        required=False,
        help_text="Only for the archive: lets you choose a time that has passed.",
    )


class RescheduleForm(LiftForm, VerbForm):
    pass


class PublishForm(ReadForm):
    notify = NOTIFY


class WithdrawForm(VerbForm):
    reason = forms.CharField(
        label="Why, in public words",
        max_length=MAX_LINES,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Stands at the release’s address from now on. Name nobody who needs protection.",
    )


class NameExceptionForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("The name"),
        max_length=200,
        help_text=gettext_lazy("As it is written in the text."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=MAX_LINES,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Why the name may stand here: it is another person of this name, or a part of another "
            "name. It stays on record."
        ),
    )


class AllowNameForm(NameExceptionForm, VerbForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = self.initial.get("names", [])
        self.fields["name"].initial = next(iter(names), "")
        if names:
            listed = ", ".join(f"“{name}”" for name in names)
            self.fields["name"].help_text = _("Protected names in this release: %s.") % listed


class ImportForm(forms.Form):
    """A release to read: a file, or its pasted text."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        help_text=format_lazy(
            gettext_lazy("Text, Markdown, HTML or a mail (.eml), up to {megabytes} MB."),
            megabytes=MAX_BYTES // 1024**2,
        ),
    )
    text = forms.CharField(
        label=gettext_lazy("Or paste it here"),
        widget=forms.Textarea(attrs={"rows": 16, "class": "vLargeTextField"}),
        required=False,
        strip=False,
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        if bool(cleaned.get("file")) == bool((cleaned.get("text") or "").strip()):
            raise ValidationError(_("Choose a file, or paste the text: one of the two."))
        file = cleaned.get("file")
        if file and file.size > MAX_BYTES:
            raise ValidationError(
                _("The file is larger than %(megabytes)s MB. Import the text of one release alone.")
                % {"megabytes": MAX_BYTES // 1024**2}
            )
        return cleaned

    def source(self) -> tuple[bytes, str]:
        """Return the bytes to read and the name to call them."""
        if file := self.cleaned_data["file"]:
            return file.read(), file.name
        return self.cleaned_data["text"].encode(), "pasted text"


class ConfirmImportForm(forms.Form):
    """The same source again, and what shall become of each person that was found in it."""

    SKIP, CREATE = "", "create"

    source = forms.CharField(widget=forms.HiddenInput)
    filename = forms.CharField(widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        suggestions: Any,
        user: Any,
        designations: Any = (),
        speeches: Sequence[Speech] = (),
        day: date | None = None,
        language: LanguageGuess | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        guess = language or LanguageGuess()
        self.fields["language"] = LanguageField(
            label=gettext_lazy("Language"),
            required=not guess.is_sure,
            initial=guess.tag if guess.is_sure else "",
            likely=guess.candidates,
            help_text=capfirst(language_words(guess)) + ".",
            error_messages={"required": gettext_lazy("Choose the language of the text.")},
        )
        self.suggestions = suggestions
        self.may_ask = user.has_perm("people.change_person")
        may_designate = user.has_perms(["people.add_case", "people.add_designation"])
        self.designations = designations if may_designate else ()
        index = people_index()
        for number, suggestion in enumerate(suggestions):
            named = Q(display_name=suggestion.name) | Q(names__text=suggestion.name)
            found = index.find([suggestion.name])
            named |= Q(pk__in={person for name in found if name.whole for person in name.people})
            matches = Person.objects.visible_to(user).filter(named).distinct()
            self.fields[f"person_{number}"] = forms.ChoiceField(
                label=suggestion.name,
                required=False,
                choices=[
                    (self.SKIP, _("Leave for later")),
                    *(
                        (
                            str(match.pk),
                            _("It is %(person)s, already on record") % {"person": match},
                        )
                        for match in matches
                    ),
                    (self.CREATE, _("Make a new record (level 1: known to staff)")),
                ],
                help_text=", ".join(
                    [
                        *filter(None, [suggestion.title, suggestion.descriptor]),
                        f"“{suggestion.context.strip('“”')}”",
                    ]
                ),
            )
            if self.may_ask:
                self._offer_level(number, suggestion.name)
        self._offer_speakers(speeches)
        self._offer_designations(day)

    def _offer_level(self, number: int, name: str) -> None:
        self.fields[f"level_{number}"] = forms.TypedChoiceField(
            label=_("Ask to raise the level of %(name)s") % {"name": name},
            required=False,
            coerce=int,
            empty_value=None,
            choices=[
                ("", _("Leave the level as it is")),
                *((level.value, level.label) for level in Level if level >= Level.NAMEABLE),
            ],
        )
        self.fields[f"basis_{number}"] = forms.CharField(
            label=_("Why %(name)s may be named") % {"name": name},
            required=False,
            max_length=2_000,
            widget=forms.Textarea(attrs={"rows": 2}),
            help_text=_("Needed to ask. It is never public. A second person has to agree."),
        )

    def _offer_speakers(self, speeches: Sequence[Speech]) -> None:
        """Offer the speakers that are not certain, one for each quotation that is set apart."""
        self.doubtful = doubtful_speakers(speeches)
        for number, speech in self.doubtful.items():
            begins = Truncator(speech.text).words(12, truncate="…")
            self.fields[f"speaker_{number}"] = forms.BooleanField(
                label=_("Perhaps %(name)s says “%(words)s”")
                % {"name": speech.speaker, "words": begins.strip('“”"')},
                required=False,
                help_text=_("Tick this to make it the speaker of the quotation."),
                label_suffix="",
            )

    def _offer_designations(self, day: date | None) -> None:
        for number, offered in enumerate(self.designations):
            self.fields[f"designated_{number}"] = forms.BooleanField(
                label=_("%(name)s is designated a prisoner of conscience") % {"name": offered.name},
                required=False,
                help_text=f"“{offered.sentence.strip('“”')}”",
            )
        if self.designations:
            self.fields["designated_by"] = forms.CharField(
                label=_("Designated by"),
                max_length=200,
                required=False,
                initial=settings.NEWSROOM_NAME,
                help_text=_("The organisation that publishes this release."),
            )
            self.fields["designated_on"] = forms.DateField(
                label=_("Day of the release"), required=False, initial=day
            )

    def of_people(self) -> list[dict[str, Any]]:
        """Return for each person the field that says who it is, and those of the level."""
        rows = []
        for number in range(len(self.suggestions)):
            names = (f"level_{number}", f"basis_{number}") if self.may_ask else ()
            level = [self[name] for name in names]
            is_open = any(field.errors or field.value() for field in level)
            rows.append({"who": self[f"person_{number}"], "level": level, "open": is_open})
        return rows

    def of_speakers(self) -> list[forms.BoundField]:
        """Return what is offered of speakers, empty where nothing is."""
        return [field for field in self if field.name.startswith("speaker_")]

    def of_designations(self) -> list[forms.BoundField]:
        """Return what is offered of designations, empty where nothing is."""
        return [field for field in self if field.name.startswith("designated_")]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self._check_levels(cleaned)
        numbers = {suggestion.name: n for n, suggestion in enumerate(self.suggestions)}
        ticked = [
            (number, offered)
            for number, offered in enumerate(self.designations)
            if cleaned.get(f"designated_{number}")
        ]
        for number, offered in ticked:
            if not cleaned.get(f"person_{numbers[offered.name]}"):
                self.add_error(
                    f"designated_{number}", _("Choose above who this is, then tick again.")
                )
        if ticked:
            for name in ("designated_by", "designated_on"):
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, _("A designation needs this."))
            day = cleaned.get("designated_on")
            if day and day > timezone.localdate():
                self.add_error("designated_on", _("This day is still to come."))
        return cleaned

    def _check_levels(self, cleaned: dict[str, Any]) -> None:
        for number in range(len(self.suggestions) if self.may_ask else 0):
            level, basis = cleaned.get(f"level_{number}"), cleaned.get(f"basis_{number}")
            if not level:
                if basis:
                    self.add_error(f"level_{number}", _("Choose the level that you ask for."))
                continue
            if not (basis or "").strip():
                self.add_error(
                    f"basis_{number}",
                    _("Say why the person may be named: whose consent, or what was weighed."),
                )
            if not cleaned.get(f"person_{number}"):
                self.add_error(f"person_{number}", _("Choose who this is, or make a new record."))

    @staticmethod
    def pack(data: bytes) -> str:
        return base64.b64encode(data).decode()

    @staticmethod
    def unpack(text: str) -> bytes:
        """Raises ValueError where it was not packed by us."""
        return base64.b64decode(text, validate=True)

    def decisions(self) -> dict[str, str]:
        """Return what was chosen for each name: "", "create" or the id of a person."""
        return {
            suggestion.name: self.cleaned_data[f"person_{number}"]
            for number, suggestion in enumerate(self.suggestions)
        }

    def levels(self) -> dict[str, AskedLevel]:
        """Return the levels that were asked for, by name."""
        if not self.may_ask:
            return {}
        return {
            suggestion.name: AskedLevel(Level(level), self.cleaned_data[f"basis_{number}"])
            for number, suggestion in enumerate(self.suggestions)
            if (level := self.cleaned_data[f"level_{number}"])
        }

    def speakers(self) -> dict[int, Speech]:
        """Return the doubtful speakers that were ticked, by the number of the quotation."""
        return {
            number: speech
            for number, speech in self.doubtful.items()
            if self.cleaned_data[f"speaker_{number}"]
        }

    def designated(self) -> Designated | None:
        """Return the designations that were ticked, None if there are none."""
        names = frozenset(
            offered.name
            for number, offered in enumerate(self.designations)
            if self.cleaned_data[f"designated_{number}"]
        )
        if not names:
            return None
        return Designated(
            names, self.cleaned_data["designated_by"], self.cleaned_data["designated_on"]
        )


def _cleaned(by: Callable[[str, int], str], html: str, most: int, stored: str) -> str:
    """Return a text as it is stored; one that is too long already may become shorter."""
    _not_longer(html, most, stored)
    try:
        cleaned = by(html, max(most, len(stored)))
    except UnreadableTextError as problem:
        raise ValidationError(text_messages.sentence(problem)) from problem
    parts = Document(cleaned).parts
    if parts > MAX_PARTS and parts > Document(stored).parts:
        raise ValidationError(
            _(
                "The text has %(parts)s paragraphs, items, cells and footnotes, and at most "
                "%(most)s are taken. Shorten it, or attach the long part as a document. What you "
                "typed is still here; nothing was saved."
            )
            % {"parts": f"{parts:,}", "most": f"{MAX_PARTS:,}"}
        )
    return cleaned


def _not_longer(words: str, most: int, stored: str) -> str:
    if len(words) > max(most, len(stored)):
        raise ValidationError(
            _("%s What you typed is still here; nothing was saved.")
            % text_messages.too_long(len(words), most)
        )
    return words


def _moments(typed: datetime) -> list[datetime]:
    """Return the moments at which the newsroom's clock shows a time: none, one or two."""
    zone = timezone.get_current_timezone()
    both = [typed.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    return [
        moment
        for moment in both
        if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == typed
    ]
