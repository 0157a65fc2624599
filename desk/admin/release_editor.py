"""Endpoints for the scripts of the editor: cleaning of pasted text, and name suggestions."""

import json
from dataclasses import asdict
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.utils.translation import gettext as _

from accounts.models import User
from desk import name_suggestions
from desk.admin.release_base import ReleasePages
from desk.pasting import read_clipboard, read_plain
from people.models import Person
from releases.document import TextTooLongError, UnreadableTextError, uuids_in
from releases.document.messages import sentence as text_sentence
from releases.document.messages import too_long
from releases.models import Release


class ReleaseEditorPages(ReleasePages):
    """Admin with the endpoints for the editor's scripts."""

    def get_urls(self) -> list[Any]:
        return [
            self.page("paste/", self.paste_view, "paste"),
            self.page("names/", self.names_view, "names"),
            *super().get_urls(),
        ]

    def _require_writer(self, request: HttpRequest) -> None:
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied

    def paste_view(self, request: HttpRequest) -> HttpResponse:
        """Clean pasted or dropped content by the same rules as when the text is saved.

        The response is JSON: `html`, and `messages` about what was left out, changed or blocked.
        """
        self._require_writer(request)
        if request.method != "POST":
            return HttpResponseBadRequest(_("No pasted text was sent."))
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
            message = _("The pasted text can’t be read. Copy smaller parts.")
            return JsonResponse({"html": "", "messages": [message]}, status=400)
        return JsonResponse({"html": pasted.html, "messages": pasted.messages})

    def names_view(self, request: HttpRequest) -> HttpResponse:
        """Find the people named in an unsaved text, for the panel below the editor."""
        self._require_writer(request)
        if request.method != "POST":
            return HttpResponseBadRequest(_("Send the text as JSON."))
        try:
            sent = json.loads(request.body)
            paragraphs = [text if isinstance(text, str) else "" for text in sent["paragraphs"]]
            marked = set(uuids_in(sent["people"]))
            rejected = name_suggestions.parse_rejected(sent["rejected"])
        except RequestDataTooBig:
            return HttpResponse(name_suggestions.TOO_LONG, status=413)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return HttpResponseBadRequest(_("The text can’t be read: send it as the editor does."))
        if sum(map(len, paragraphs)) > name_suggestions.MAX_TEXT:
            return HttpResponse(name_suggestions.TOO_LONG, status=413)
        known = Release.objects.known_to(User.of(request))
        if release := known.filter(pk__in=uuids_in([sent.get("release")])).first():
            rejected |= name_suggestions.rejected_in(release)
        offers, hints = name_suggestions.suggestions(
            paragraphs, user=User.of(request), marked=marked, rejected=rejected
        )
        return JsonResponse(
            {
                "offers": [
                    {
                        "name": offer.name,
                        **asdict(offer.place),
                        "times": offer.times,
                        "people": [_person_json(person) for person in offer.people],
                    }
                    for offer in offers
                ],
                "hints": [
                    {
                        "name": hint.name,
                        **asdict(hint.place),
                        "people": [_person_json(person) for person in hint.like],
                    }
                    for hint in hints
                ],
            }
        )


def _person_json(person: Person) -> dict[str, str]:
    return {"id": str(person.pk), "text": str(person), "detail": name_suggestions.detail_of(person)}
