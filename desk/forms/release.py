"""The form of a release."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_prose_editor.fields import ProseEditorFormField
from django_prose_editor.widgets import AdminProseEditorWidget

from accounts.json_field import JSONField
from desk import name_suggestions
from desk.forms.attached import AttachedField
from desk.forms.conflicts import TEXT_NOT_SAVED, add_edit_conflict
from desk.forms.corrections import correction_field, minor_edit_field
from desk.forms.editor import BODY, NOTES
from desk.forms.fields import LanguageField
from people.locking import lock_names_for_change
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
    drop_unknown_refs,
    refused_links,
)
from releases.document import messages as text_messages
from releases.models import FormerSlug, Release
from releases.rules import protected_names
from releases.rules.desk_visibility import files_visible_to
from releases.rules.name_finds import sentences

# The fields of the form, grouped as on the page. A read-only page has the same groups.
FIELDSETS: list[tuple[Any, Any]] = [
    (None, {"fields": [("kind", "language"), "title", "standfirst", "dateline_place"]}),
    (gettext_lazy("Pictures and documents"), {"fields": ["poster", "attached"]}),
    (gettext_lazy("Text"), {"fields": ["body", "pull_quote", "notes_to_editors"]}),
    (
        gettext_lazy("Topics, countries and contacts"),
        {"fields": ["topics", "countries", "contacts", "translation_of"]},
    ),
    (gettext_lazy("Web address"), {"fields": ["slug"]}),
]


class ReleaseForm(forms.ModelForm):
    """Form of a release.

    It contains the number of the version that was opened. If a newer version exists, the first save
    is refused and the form keeps everything that was typed. A second save replaces that version.
    """

    language = LanguageField(
        label=gettext_lazy("Language"),
        help_text=gettext_lazy(
            "If it is not listed, choose “Another language” and enter its tag (BCP 47), such as kk "
            "or ug-Latn, or its English name."
        ),
    )
    read_version = forms.IntegerField(
        label=gettext_lazy("Version read"), widget=forms.HiddenInput, required=False
    )
    rejected_names = JSONField(
        label=gettext_lazy("Rejected names"),
        widget=forms.HiddenInput,
        required=False,
        help_text=gettext_lazy("Names rejected in the names panel."),
    )
    body = ProseEditorFormField(
        label=gettext_lazy("Text"),
        extensions=BODY,
        widget=AdminProseEditorWidget,
        required=False,
        help_text=gettext_lazy(
            "Mark the speaker of each quotation and the people named. Pages, search and feeds use "
            "these marks. Text pasted from Word or Google Docs is cleaned."
        ),
    )
    attached = AttachedField(
        label=gettext_lazy("Other pictures and documents"),
        required=False,
        help_text=gettext_lazy(
            "Shown below the text in this order, with the poster and the pictures in the text. "
            "Edit their captions in the library."
        ),
    )
    notes_to_editors = ProseEditorFormField(
        label=gettext_lazy("Notes to editors"),
        extensions=NOTES,
        widget=AdminProseEditorWidget,
        required=False,
    )
    correction = correction_field(
        gettext_lazy(
            "Public. Shown below the release with today’s date and in the feed. Required for every "
            "change of substance."
        )
    )
    minor = minor_edit_field(gettext_lazy("Minor edit (typo, link, punctuation)"))

    class Meta:
        model = Release
        fields = flatten_fieldsets(FIELDSETS)
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
        self.refused_links: list[str] = []  # URLs of links that were removed
        if "read_version" in self.fields:
            self.fields["read_version"].initial = self.instance.version
        self.visible_files = files_visible_to(self.user)
        if "poster" in self.fields:
            cast(Any, self.fields["poster"]).queryset = self.visible_files
        if "attached" in self.fields:
            stored = None if self.instance._state.adding else self.instance
            cast(AttachedField, self.fields["attached"]).show_for(self.visible_files, stored)
        if "translation_of" in self.fields:
            visible = Release.objects.visible_to(self.user)
            cast(Any, self.fields["translation_of"]).queryset = visible

    def clean_translation_of(self) -> Release | None:
        """Return the original. One that the user does not know stays until another is chosen.

        Lists show an original and its translations once, so a translation of a translation is
        refused, unless the user would learn of a release that they do not know.
        """
        chosen, stored = self.cleaned_data["translation_of"], self.instance.translation_of
        if chosen is None:
            hidden = stored is not None and not stored.is_visible_to(self.user)
            return stored if hidden else None
        if chosen != stored:
            visible = Release.objects.visible_to(self.user)
            if visible.filter(translation_of=self.instance.pk).exists():
                raise ValidationError(
                    _("Other releases are translations of this one. Unlink them first.")
                )
            if original := visible.filter(pk=chosen.translation_of_id).first():
                raise ValidationError(
                    _("That release is a translation. Choose its original: “%(title)s”."),
                    params={"title": original},
                )
        return chosen

    def clean_rejected_names(self) -> name_suggestions.Rejected:
        value = self.cleaned_data["rejected_names"]
        return name_suggestions.parse_rejected(value if isinstance(value, list) else [])

    def clean_body(self) -> str:
        return self._cleaned_document("body", clean, MAX_TEXT)

    def clean_notes_to_editors(self) -> str:
        return self._cleaned_document("notes_to_editors", clean_notes, MAX_NOTES)

    def _cleaned_document(
        self, name: str, cleaner: Callable[[str, int], str], max_characters: int
    ) -> str:
        html = self.cleaned_data[name]
        cleaned = _clean_document(html, cleaner, max_characters, getattr(self.instance, name))
        cleaned = self._without_unknown_pictures(cleaned)
        self.refused_links += refused_links(html)
        return cleaned

    def _without_unknown_pictures(self, html: str) -> str:
        """Remove pictures that do not exist for the user.

        The model removes those that are not in the library, so the answers are alike.
        """
        document = Document(html)
        if not (pictures := set(document.pictures)):
            return html
        visible = self.visible_files.filter(pk__in=pictures)
        known = set(visible.values_list("pk", flat=True))
        if known == pictures:
            return html
        return drop_unknown_refs(html, people=document.people, assets=known)

    def clean_standfirst(self) -> str:
        return _checked_length(self.cleaned_data["standfirst"], MAX_LINES, self.instance.standfirst)

    def clean_pull_quote(self) -> str:
        return _checked_length(self.cleaned_data["pull_quote"], MAX_LINES, self.instance.pull_quote)

    def clean_slug(self) -> str:
        typed = self.cleaned_data["slug"]
        slug = slug_for(typed, fallback="") if typed else ""
        if typed and not slug:
            raise ValidationError(_("Use at least one letter or digit."))
        former = FormerSlug.objects.filter(slug=slug).exclude(release=self.instance.pk)
        if slug and former.exists():
            raise ValidationError(
                _("Another release used this address, and it redirects there. Choose another.")
            )
        return slug

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance._state.adding:
            return cleaned
        if Release.objects.approved().filter(pk=self.instance.pk).exists():
            # A correction is public at once, so its names are checked: lock names before rows.
            lock_names_for_change()
        # The admin view is one transaction, so this lock lasts from here to the save.
        stored = Release.objects.select_for_update(of=("self",)).get(pk=self.instance.pk)
        if cleaned.get("read_version") != stored.version:
            add_edit_conflict(
                self,
                stored.history.select_related("history_user").first(),
                sentence=gettext_lazy(
                    "%(who)s saved version %(version)s on %(time)s, while you were editing."
                ),
                version=stored.version,
                advice=_(
                    "Open the release in another tab and copy what is new. Then save again: your "
                    "text replaces it, and the other text stays in the versions."
                ),
            )
        elif reasons := workflow.edit_blockers(stored, self.user):
            self.add_error(None, [*reasons, TEXT_NOT_SAVED])
        elif (
            stored.is_published()
            and set(self.changed_data) - {"rejected_names"}
            and not (cleaned.get("correction") or cleaned.get("minor"))
        ):
            self.add_error(
                "correction",
                _("This release is public. Enter a correction notice or tick “Minor edit”."),
            )
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # not in the stubs
        if self.errors or self.instance._state.adding or not self.instance.is_published():
            return
        reasons = workflow.correction_blockers(self.instance)
        chosen = [*self.cleaned_data.get("topics", ()), *self.cleaned_data.get("contacts", ())]
        stored = {*self.instance.topics.all(), *self.instance.contacts.all()}
        added = protected_names.finds_in([row for row in chosen if row not in stored])
        reasons += [find for find in added if find.blocks]
        for sentence in sentences(reasons, self.user):
            self.add_error(None, sentence)
        own_finds = [reason for reason in reasons if isinstance(reason, protected_names.Find)]
        if own_finds and workflow.ACTIONS["allow_name"].is_permitted(self.user):
            url = reverse("admin:releases_release_allow_name", args=[self.instance.pk])
            sentence = _('You can <a href="{}">allow a name</a>, then save this again.')
            self.add_error(None, format_html(sentence, url))


def _clean_document(
    html: str, cleaner: Callable[[str, int], str], max_characters: int, stored: str
) -> str:
    """Return a cleaned text. A stored text above a limit is accepted if it does not grow."""
    _checked_length(html, max_characters, stored)
    try:
        cleaned = cleaner(html, max(max_characters, len(stored)))
    except UnreadableTextError as problem:
        raise ValidationError(text_messages.sentence(problem)) from problem
    parts = Document(cleaned).parts
    if parts > MAX_PARTS and parts > Document(stored).parts:
        raise ValidationError(
            _(
                "The text has %(parts)s paragraphs, items, cells and footnotes, and at most "
                "%(max)s are allowed. Shorten it or attach the long part as a document. Your text "
                "is still here but not saved."
            )
            % {
                "parts": number_format(parts, force_grouping=True),
                "max": number_format(MAX_PARTS, force_grouping=True),
            }
        )
    return cleaned


def _checked_length(text: str, max_characters: int, stored: str) -> str:
    if len(text) > max(max_characters, len(stored)):
        problem = text_messages.too_long(len(text), max_characters)
        raise ValidationError(
            _("%(problem)s Your text is still here but not saved.") % {"problem": problem}
        )
    return text
