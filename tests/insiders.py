"""What only some users of the desk may know, and every address of the desk that could show it.

`SECRETS` has a builder for each kind of secret. A builder makes the secret with everything that
refers to it, and has its canary words, its insiders, and the rows that stand in addresses. The
addresses come from the URLconf, so that a new one is tested by itself.
"""

import re
import unicodedata
from html import unescape
from itertools import product
from typing import Any, Protocol
from urllib.parse import unquote_plus
from uuid import uuid4

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone
from django.utils.regex_helper import normalize

from accounts.models import User
from desk.search_results import KINDS
from jobs.models import Email, Job
from people import levels, minors
from people.models import Case, Level, Person
from releases import workflow
from releases.models import (
    Contact,
    NameCheckFind,
    NameDisclosure,
    NameException,
    RejectedName,
    Topic,
)
from tests.make import (
    make_chief,
    make_link,
    make_picture,
    make_prisoner,
    make_release,
    make_user,
    mark,
    quotation,
)
from tests.signing_in import add_passkey, make_links
from tests.test_person_forms import row
from tests.test_restricted import CANARY
from tests.test_restricted import Secret as RestrictedScene

SURFACE = "the woman"  # how the releases name the person


class Secret(Protocol):
    """A secret in a newsroom, with everything that refers to it."""

    words: dict[str, str]  # what it is: a word that only insiders may read
    insider: User
    links: dict[str, str]  # as `make_links()` returns them

    def __init__(self, former: User) -> None:
        """Build it. `former` is an editor who could see it until now."""

    def rows(self) -> dict[str, list[Any]]:
        """Return rows of models, as “people_person”, for the addresses that take a key."""

    def pages(self) -> dict[str, str]:
        """Return pages on which insiders must find a word: the address, and the key in `words`."""

    def searches(self) -> list[str]:
        """Return queries of lists that find it. Search terms are only a part of a word."""

    def typed(self) -> dict[str, Any]:
        """Return values of forms that refer to it by its key, as a user may post them by hand."""


class PersonAtLevel0:
    """A person at level 0 in every place where a person can be, with related rows."""

    words = {
        "name": "Zaunkönigin", "other name": "Quellmira", "title": "Glimmerwart",
        "earlier name": "Altenzaun",
        "summary": "kestelbrand", "place": "Ormundvale", "note": "zwielichtnotiz",
        "case source": "hehlerquelle", "charge": "nebelraub", "event": "torfgang",
        "sentence": "kerkerfrist", "designation": "mahnwachter", "evidence": "siegelbrief",
        "part source": "flusterrohr", "basis": "grundwort", "reason": "altersbrief",
        "note of a change": "senknotiz",
    }  # fmt: skip

    def __init__(self, former: User) -> None:
        w = self.words
        self.insider = make_user("officer", "Publisher", "Case officer", email="o@n.example")
        self.person = make_prisoner(w["earlier name"], level=Level.STAFF, title="Altenwart")
        self._edit_at_the_desk(former)
        self.person.refresh_from_db()
        self.chief = make_chief()
        LogEntry.objects.create(  # as Django writes it without our code
            user=self.chief, object_repr=w["name"], action_flag=CHANGE, change_message=w["name"],
            content_type=ContentType.objects.get_for_model(Person), object_id=str(uuid4()),
        )  # fmt: skip
        self.person.slug = "zaunkonigin"  # the person once had a page
        self.portrait, self.picture = make_picture(), make_picture(alt_text="A gate")
        self.person.portrait = self.portrait
        self.person.under_18 = True
        self.person.save()
        self.picture.depicts.add(self.person)
        self._record_the_case()
        self.person.consents.create(
            basis="family", covers_name=True, given=timezone.localdate(), evidence=w["evidence"]
        )
        levels.lower_level(
            self.person, to=Level.CASE_OFFICERS, by=self.chief, case_officers=[self.insider],
            note=w["note of a change"],
        )  # fmt: skip
        minors.request_removal(self.person, reason=w["reason"], by=self.insider)
        levels.request_level(self.person, to=Level.STAFF, basis=w["basis"], by=self.insider)
        self._use_in_releases(former)
        self._use_accounts()
        NameCheckFind.objects.create(
            person=self.person, address="/releases/", kind="page", place="the title",
            at=timezone.now(),
        )  # fmt: skip
        NameDisclosure.objects.create(
            person=self.person, user=former, table="releases.release", row=str(self.release.pk),
            day=timezone.localdate(),
        )  # fmt: skip

    def _edit_at_the_desk(self, former: User) -> None:
        """Save the record as an editor who may know of it now, so that the editor's log has it."""
        name = self.person.names.create(text="Altenmira")
        role, case = self.person.roles.get(), self.person.cases.get()
        typed = row(display_name=self.words["name"], level="") | {
            "names-TOTAL_FORMS": "1", "names-INITIAL_FORMS": "1", "names-0-id": name.pk,
            "names-0-person": self.person.pk, "names-0-text": self.words["other name"],
            "names-0-kind": "birth", "names-0-match_exactly": "on",
            "roles-TOTAL_FORMS": "1", "roles-INITIAL_FORMS": "1",
            "roles-0-id": role.pk, "roles-0-person": self.person.pk,
            "roles-0-title": self.words["title"],
            "cases-TOTAL_FORMS": "1", "cases-INITIAL_FORMS": "1", "cases-0-id": case.pk,
            "cases-0-person": self.person.pk,
        }  # fmt: skip
        client = Client()
        client.force_login(former)
        answer = client.post(reverse("admin:people_person_change", args=[self.person.pk]), typed)
        assert answer.status_code == 302, answer.content.decode()

    def _record_the_case(self) -> None:
        w = self.words
        self.case = case = self.person.cases.get()
        case.summary, case.place, case.internal_note = w["summary"], w["place"], w["note"]
        case.source, case.review_due = w["case source"], timezone.localdate()
        case.save()
        case.charges.create(text=w["charge"], source=w["part source"])
        case.events.create(kind="arrest", date="2024", summary=w["event"])
        case.sentences.create(kind="prison", text=w["sentence"])
        case.designations.create(by=w["designation"], since="2024", source=w["part source"])

    def _use_in_releases(self, former: User) -> None:
        body = f"<p>It was {mark(self.person, SURFACE)}.</p>{quotation(self.person)}"
        self.topic = Topic.objects.create(name="Law")
        self.contact = Contact.objects.create(name="A")
        self.release = make_release("draft", body=body, poster=self.picture, by=self.chief)
        self.release.topics.add(self.topic)
        self.release.body += "<p>More.</p>"
        self.release.save()
        self.editors_release = make_release("draft", body=quotation(self.person), by=former)
        RejectedName.objects.create(release=self.release, name="anybody", person=self.person)
        self.exception = NameException.objects.create(
            table="assets.mediaasset",
            row=str(self.picture.pk),
            name="Ann Other",
            reason="A namesake.",
            by=self.chief,
        )
        make_link(self.release, by=self.chief, kind="colleague")
        self.link = self.release.preview_links.get()
        self.unused = make_picture(alt_text="A picture that nothing uses")
        self.unused.depicts.add(self.person)

    def _use_accounts(self) -> None:
        add_passkey(self.insider)
        member = make_user("member", "Editor")
        self.links = make_links(signed_in=self.insider, away=member, by=self.chief)

    def rows(self) -> dict[str, list[Any]]:
        return {
            "people_person": [self.person], "people_case": [self.case],
            "releases_release": [self.release, self.editors_release],
            "assets_mediaasset": [self.picture, self.portrait, self.unused],
            "releases_topic": [self.topic], "releases_contact": [self.contact],
            "previews_previewlink": [self.link], "accounts_user": [self.insider, self.chief],
            "jobs_job": [*Job.objects.all()[:1]], "jobs_email": [*Email.objects.all()[:1]],
            "releases_nameexception": [self.exception],
            "auth_group": [Group.objects.get(name="Author")],
            "account_factors": [*Authenticator.objects.filter(user=self.insider)],
        }  # fmt: skip

    def pages(self) -> dict[str, str]:
        def person(page: str) -> str:
            return reverse(f"admin:people_person_{page}", args=[self.person.pk])

        return {
            person("change"): "name", person("history"): "name", person("decide"): "basis",
            person("named"): "name", person("under-18"): "reason",
            reverse("admin:people_person_changelist"): "name",
            reverse("admin:people_case_changelist"): "name",
            reverse("admin:people_case_change", args=[self.case.pk]): "charge",
            reverse("admin:index"): "name",
            f"{reverse('admin:search')}?q=quellmi": "other name",
            f"{reverse('admin:search')}?q=kestel": "summary",
        }  # fmt: skip

    def searches(self) -> list[str]:
        return ["q=zaun", "q=quellmi", "q=kestel", "level__exact=0", "review=due"]

    def typed(self) -> dict[str, Any]:
        key = str(self.person.pk)
        return {
            "person": key, "depicts": [key], "speaker": key, "user": str(self.insider.pk),
            "version": self.release.version, "to": "0",
            "_selected_action": [str(self.unused.pk), key],
        }  # fmt: skip


class RestrictedRelease:
    """A restricted release, with the rows that tests/test_restricted.py refers to it."""

    words = {"title": CANARY}

    def __init__(self, former: User) -> None:
        self.scene = scene = RestrictedScene()
        scene.grow()
        self.insider = scene.publisher
        workflow.give_access(scene.release, former, by=self.insider)
        workflow.remove_access(scene.release, former, by=self.insider)
        self.case = make_prisoner().cases.get()
        Job.objects.create(name="a")  # its pages are asked too
        add_passkey(self.insider)
        member = make_user("member", "Editor")
        self.links = make_links(signed_in=self.insider, away=member, by=make_chief())

    def rows(self) -> dict[str, list[Any]]:
        scene = self.scene
        return {
            "people_person": [scene.person], "people_case": [self.case],
            "releases_release": [scene.release, scene.open],
            "assets_mediaasset": [scene.picture, scene.document, scene.inside],
            "releases_topic": [scene.topic], "releases_contact": [scene.contact],
            "previews_previewlink": [scene.link], "accounts_user": [scene.editor, self.insider],
            "jobs_job": [*Job.objects.all()[:1]], "jobs_email": [*Email.objects.all()[:2]],
            "releases_nameexception": [*NameException.objects.all()],
            "auth_group": [Group.objects.get(name="Author")],
            "account_factors": [*Authenticator.objects.filter(user=self.insider)],
        }  # fmt: skip

    def pages(self) -> dict[str, str]:
        lists = ["releases_release", "assets_mediaasset", "previews_previewlink"]
        release = [
            reverse(f"admin:releases_release_{page}", args=[self.scene.release.pk])
            for page in ("change", "history", "access", "preview")
        ]
        return dict.fromkeys(
            [*release, *(reverse(f"admin:{name}_changelist") for name in lists)], "title"
        )

    def searches(self) -> list[str]:
        return ["q=aunkonig", "state=scheduled", "used=yes"]

    def typed(self) -> dict[str, Any]:
        scene = self.scene
        key = str(scene.picture.pk)
        return {
            "person": str(scene.person.pk), "user": str(self.insider.pk), "poster": key,
            "translation_of": str(scene.release.pk), "attached": [str(scene.document.pk)],
            "version": scene.release.version, "_selected_action": [key, str(scene.release.pk)],
        }  # fmt: skip


# Each secret is tested for every role. A secret is a class that builds itself.
SECRETS: dict[str, type[Any]] = {
    "a person at level 0": PersonAtLevel0,
    "a restricted release": RestrictedRelease,
}

# Fold to one form: case, accents, HTML entities, escapes of JSON and of addresses.
_ACCENTS = re.compile("[\u0300-\u036f]")
_JSON_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


def folded(text: str) -> str:
    text = _JSON_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    text = unicodedata.normalize("NFKD", unquote_plus(unescape(text)))
    return _ACCENTS.sub("", text).casefold()


def text_of(response: Any) -> str:
    """Return the body of an answer. A file is read to its end, which closes it."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode(errors="replace")


def words_in(response: Any, words: dict[str, str]) -> set[str]:
    """Return which words an answer contains: in its body, its headers or its messages."""
    body = text_of(response)
    headers = "".join(f"{name}: {value}\n" for name, value in response.items())
    messages = getattr(response.wsgi_request, "_messages", ())  # the next page shows them
    queued = " ".join(map(str, getattr(messages, "_queued_messages", ())))
    answer = folded(f"{body} {headers} {queued}")
    return {what for what, word in words.items() if folded(word) in answer}


# --- Addresses ------------------------------------------------------------------------------------


def desk_routes(resolver: Any = None, before: str = "", names: tuple = ()) -> list[Any]:
    """Return each address of the URLconf below /admin/: with %(name)s for its arguments."""
    found = []
    for each in (resolver or get_resolver()).url_patterns:
        ((part, arguments), *_others) = normalize(each.pattern.regex.pattern)
        route, all_names = before + part, (*names, *arguments)
        if not "admin/".startswith(route[:6]) and not route.startswith("admin/"):
            continue
        if isinstance(each, URLPattern):
            found.append((f"/{route}", all_names))
        else:
            found += desk_routes(each, route, all_names)
    return found


def parts_of_cases(rows: list[Any]) -> list[Any]:
    """Return the key of the first status and designation of each case, or a key of no row."""
    cases = [each for each in rows if isinstance(each, Case)]
    parts = [part for each in cases for part in (each.statuses.first(), each.designations.first())]
    return sorted({part.pk for part in parts if part}) or [1]


def route_values(secret: Secret, route: str, name: str) -> list[Any]:
    """Return the values of one argument of an address."""
    found = re.match(r"/admin/(\w+)/(\w+)/", route)
    rows = secret.rows().get(f"{found[1]}_{found[2]}", []) if found else []
    all_rows = [each for some in secret.rows().values() for each in some]
    keys = [each.pk for each in rows]
    content = ContentType.objects.get_for_model(type(all_rows[0])).pk
    possible: dict[str, list[Any]] = {
        "object_id": keys or [all_rows[0].pk],
        # The newest and the first version of each row.
        "version_id": [old.pk for each in rows if hasattr(each, "history")
                       for old in {each.history.first(), each.history.last()}],
        "style": ["teaser"],
        "extension": ["jpg"],
        "release": [each.pk for each in secret.rows()["releases_release"]],
        "batch": [each.batch for each in secret.rows()["previews_previewlink"]],
        "kind": ["press", "colleague", "status", "designation"],
        "content_type_id": [content],
        "app_label": sorted({model._meta.app_label for model in admin.site._registry}),
        "url": ["people/person/nothing"],
        "row": [f"{content}/{all_rows[0].pk}"] if "/r/" in route else parts_of_cases(rows),
        "token": [secret.links[found[2]]] if found and found[2] in secret.links else [],
        "uidb64": [secret.links["uidb64"]],
    }  # fmt: skip
    possible["version"] = possible["_1"] = possible["version_id"]
    possible["_0"] = possible["object_id"]
    # An argument that nobody has thought of: the rows of its model, or the accounts.
    accounts = [each.pk for each in secret.rows()["accounts_user"]]
    return possible.get(name) or keys or accounts


def desk_addresses(secret: Secret) -> dict[str, list[str]]:
    """Return every address of the desk, with every row of the secret, by its route."""
    found: dict[str, list[str]] = {}
    for route, names in desk_routes():
        values = [route_values(secret, route, name) for name in names]
        found[route] = [
            route % dict(zip(names, chosen, strict=True)) for chosen in product(*values)
        ]
    return found


def desk_queries(secret: Secret) -> list[str]:
    """Return the lists and searches of the desk, with the queries that a user can add."""
    found = []
    for model in admin.site._registry:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        general = ["o=1.2.3", "o=-1", "all=", "_popup=1"]
        found += [f"{address}?{query}" for query in (*general, *secret.searches())]
    search = reverse("admin:search")
    typed = [query for query in secret.searches() if query.startswith("q=")]
    shown = ["", *(f"&show={kind}" for kind in KINDS)]
    found += [f"{search}?{query}{kind}" for query in typed for kind in shown]
    term = typed[0].removeprefix("q=")
    for model in {type(each) for some in secret.rows().values() for each in some}:
        # The fields that refer to a model differ only in what they exclude, so two are enough.
        fields = [
            field
            for source in apps.get_models()
            for field in source._meta.get_fields()
            if field.is_relation and field.concrete and field.related_model is model
        ]
        for field in sorted(fields, key=lambda field: "istorical" in str(field))[:2]:
            source = field.model._meta
            query = f"app_label={source.app_label}&model_name={source.model_name}"
            found += [
                f"/admin/autocomplete/?{query}&field_name={field.name}&term={each}"
                for each in ("", term)
            ]
    return found


def desk_posts(secret: Secret) -> dict[str, Any]:
    """Return the values of forms that the tests post to every address of the desk."""
    return {
        "post": "yes", "reason": "So.", "words": "So.", "basis": "So.", "note": "So.",
        "action": "edit_many", "confirm": "1", "agree": "1",
    } | secret.typed()  # fmt: skip
