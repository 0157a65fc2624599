"""Every text that the site itself prints can be translated.

A test language puts every message in guillemets: “Releases” becomes “«Releases»”. Each page of the
site is requested, and every text and label on it must be in guillemets, or be data.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import islice, product

import lxml.etree
import lxml.html
import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from django.utils.html import strip_tags
from django_countries import countries

from accounts import team
from accounts.models import User
from pressroom import retention
from previews.models import PreviewLink
from releases.models import (
    Contact,
    Correction,
    NameCheckFind,
    Release,
    SearchEntry,
    SearchWord,
    Topic,
)
from tests.make import (
    STATES,
    accept,
    make_chief,
    make_document,
    make_link,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    make_user,
    mark,
    quotation,
    whole_case,
)
from tests.test_translation import speak_in_guillemets

pytestmark = pytest.mark.once

SEPARATOR = "\0"  # in no page
LABELS_IN = ("aria-label", "alt", "title", "placeholder", "label")
# Texts that need no translation, with the reason.
EXCUSED = {
    "UTC": "the name of a zone",
    "GMT": "the name of a zone",
    "Pressroom": "the name of the product",
    "The Newsroom": "the name of the newsroom in these tests, from its setting",
    "press@newsroom.example": "the address of that newsroom",
    "PDF": "the name of a format",
    "ninjs": "the name of a format",
    "ZIP": "the name of a format",
    "JPEG": "the name of a format",
    "JPG": "the name of a format",
    "CSV": "the name of a format",
    "kB": "a unit",
    "Kosovo": "a country that the setting of these tests adds",
    "English": "the name of a language, which CLDR translates",
    "Welsh": "the name of a language, as above",
    "Cymraeg": "the name of a language in that language",
    "testserver": "the address of the site",
    **{rule.setting: "the name of a setting" for rule in retention.RULES if rule.setting},
}
# Django keeps the names of permissions in the database, in English.
STORED_IN_ENGLISH = "//select[contains(@name, 'permissions')]"
# Texts that other projects print without gettext on their own pages.
OF_OTHERS = re.compile(
    r"\b(?:(?:User-|Group-)(?:group|permission|user permission) relationships?"
    r"|(?:User_groups|Group_permissions) object|User-permission relationships?|True|False"
    r"|[Hh]istorical)\b"
    r"|(?<![\w-])[0-9A-HJ-NP-Z]{4}-[0-9A-HJ-NP-Z]{4}(?![\w-])"  # the reference of a link
    r"|/(?:preview|releases)/[\w-]+/|https?://\S*"  # addresses
    r"|^en$|^<p>.*$"  # a tag of a language, and the source of a text
)
# Django's own texts, for which the desk has plainer ones.
STOCK_TEXTS = re.compile(
    "«Home»|«Select .{,40} to (?:change|view)»|«Designates .{,40}|«Please enter the correct .{,40}"
)
# Names of URLs that answer with a file, JSON or a redirect, not with a page.
NO_PAGE = {
    "autocomplete", "jsi18n", "logout", "view_on_site", "healthz", "readyz", "rendition",
    "preview_picture", "assets_mediaasset_rendition", "assets_mediaasset_original",
    "releases_release_paste", "releases_release_names",
    "team_invite_again", "team_invite_cancel", "team_pause", "team_resume",  # only by POST
}  # fmt: skip


# --- The pages ---------------------------------------------------------------------------------


@dataclass
class Newsroom:
    chief: User
    tokens: list[str]  # of preview links
    invitation: str  # the token of its link


@pytest.fixture
def newsroom(db, client):
    """A newsroom with everything that a page can show, in every state."""
    chief, links = make_chief(), []
    speaker = make_person("Ansa Verel", title="Director", speaks=True, portrait=make_picture())
    prisoner = make_prisoner("Teodor Brask", portrait=make_picture("Face.jpg"))
    whole_case(prisoner, "Qqq qqq.")
    topic = Topic.objects.create(name="Topic Zzz")
    picture, document = make_picture("Zzz.jpg"), make_document("zzz.pdf")
    body = f"<p>{mark(speaker)}</p>{quotation(speaker)}<p>{mark(prisoner)}</p>"
    body += f'<figure data-asset="{picture.pk}"></figure>'
    for state in STATES:
        release = make_release(
            state, title=f"Zzz {state}", body=body, topics=[topic], poster=picture,
            countries=["GB"], attached=[str(document.pk)], by=chief,
        )  # fmt: skip
        if state == "published":
            release.contacts.add(Contact.objects.create(name="Zzz Contact", phone="1"))
            Correction.objects.create(release=release, text="Zzz correction.", by=chief)
            make_release(translation_of=release, language="cy", title="Zzz Cymraeg", by=chief)
        if state == "scheduled":
            links.append(make_link(release, by=chief, outlet="Zzz Times"))
            accept(client, links[0])
            links.append(make_link(release, by=chief, name="Zzz Second"))
    NameCheckFind.objects.create(
        person=speaker, address="/zzz/", kind=NameCheckFind.Kind.METADATA, place="Zzz place",
        at=timezone.now(),
    )  # fmt: skip
    invitation = team.invite("zzz@zzz.example", name="Zzz Abel", roles=["Author"], by=chief)
    token = team.path_of(invitation).rstrip("/").rpartition("/")[2]
    return Newsroom(chief, [link.split("/")[2] for link in links], token)


def patterns(resolver=None) -> list[URLPattern]:
    """Return every URL pattern of the site, the admin's included."""
    found = []
    for pattern in (resolver or get_resolver()).url_patterns:
        found += patterns(pattern) if isinstance(pattern, URLResolver) else [pattern]
    return found


def registered(name: str) -> type[models.Model]:
    """Return the model of a page of the admin, by the name of its URL."""
    for model in admin.site._registry:
        if name.startswith(f"{model._meta.label_lower.replace('.', '_')}_"):
            return model
    if name == "auth_user_password_change":
        return User
    raise LookupError(name)


def values_of(newsroom: Newsroom, name: str, parameter: str) -> list:
    """Return the values of a parameter of a URL that lead to different pages."""
    if parameter == "token" and name == "account_invitation":
        return [newsroom.invitation, "nobody"]
    if parameter == "token":
        return [*newsroom.tokens, "nobody"]
    if parameter == "slug" and name == "person":
        return ["ansa-verel", "teodor-brask"]
    if parameter == "slug":
        return [*Release.objects.exclude(slug="").values_list("slug", flat=True), "nobody"]
    if parameter == "release":
        return list(Release.objects.values_list("pk", flat=True))
    if parameter == "batch":
        return list(PreviewLink.objects.values_list("batch", flat=True))[:1]
    if parameter == "kind":
        return ["status", "designation"] if name == "people_case_error" else ["press", "draft"]
    if parameter == "row":
        return [1]
    if parameter == "app_label":
        return sorted({model._meta.app_label for model in admin.site._registry})
    if parameter == "uidb64":
        return ["Mg"]
    of_users = ("account_remove_factor", "account_rename_passkey", "account_start_recovery")
    if name in (*of_users, "team_member", "team_leave"):
        return list(User.objects.order_by("pk").values_list("pk", flat=True)[:2])
    if parameter in ("object_id", "pk", "id"):
        model = registered(name)
        every = model is Release  # its pages differ with the state
        return list(islice(model.objects.values_list("pk", flat=True), None if every else 2))
    pytest.fail(f"{name} takes {parameter}: teach values_of() what it can be.")


def addresses(newsroom: Newsroom) -> list[str]:
    """Return the address of every page of the site."""
    found = []
    for pattern in patterns():
        name = pattern.name
        if not name or name in NO_PAGE:
            continue
        path = "admin:" + name if is_of_desk(pattern) else name
        if name.endswith("_simple_history"):
            model = registered(name)
            old = model.history.values_list(model._meta.pk.name, "history_id").first()
            found += [reverse(path, args=old)] if old else []
        elif pattern.pattern.regex.groups and not pattern.pattern.converters:
            found += [reverse(path, args=[each]) for each in values_of(newsroom, name, "app_label")]
        else:
            parameters = list(pattern.pattern.converters)
            choices = [values_of(newsroom, name, parameter) for parameter in parameters]
            for chosen in product(*choices):
                kwargs = dict(zip(parameters, chosen, strict=True))
                found.append(reverse(path, kwargs=kwargs))
    return found


def is_of_desk(pattern: URLPattern) -> bool:
    return any(pattern is each for each in patterns(_admin_resolver()))


def _admin_resolver() -> URLResolver:
    return next(
        each
        for each in get_resolver().url_patterns
        if isinstance(each, URLResolver) and each.namespace == "admin"
    )


# --- What is not translated --------------------------------------------------------------------


def data_of_rows() -> list[str]:
    """Return every text in the database, which needs no translation, longest first."""
    found = set()
    for model in apps.get_models():
        if model in (ContentType, Permission, SearchEntry, SearchWord):
            continue  # names of models and single words, which are words of the screens too
        fields = [
            field.attname
            for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField | models.FileField)
            and not field.choices
            and field is not NameCheckFind._meta.get_field("kind")  # shown by its label
        ]
        for row in model._base_manager.values_list(*fields) if fields else []:
            for value in filter(None, map(str, row)):
                found |= {value, *(part.strip() for part in re.split(r"<[^>]*>", value))}
                found.add(strip_tags(value))
    return sorted((each for each in found if len(each) > 2), key=len, reverse=True)


def texts_of(html: bytes) -> list[str]:
    """Return the texts of a page that a person sees or hears."""
    root = lxml.html.document_fromstring(html.decode())
    for choices in root.xpath(STORED_IN_ENGLISH):
        choices.drop_tree()
    for option in root.xpath("//option"):
        if (option.text or "").endswith(f" · {option.get('value')}"):
            option.drop_tree()  # a language, with its name from CLDR
    lxml.etree.strip_elements(root, "script", "style", lxml.etree.Comment, with_tail=False)
    found = [str(text) for text in root.itertext()]
    for node in root.iter():
        found += [node.get(name, "") for name in LABELS_IN]
        if node.tag == "input" and node.get("type") in ("submit", "button"):
            found.append(node.get("value", ""))
    return [text for text in (" ".join(each.split()) for each in found) if text]


def untranslated(html: bytes, data: list[str]) -> list[str]:
    """Return the texts of a page with a word that is neither translated nor data."""
    texts = texts_of(html)
    # A message can contain an element, so that its guillemets are in two texts.
    rest, before = SEPARATOR.join(texts), None
    while before != rest:
        before = rest
        rest = re.sub("«[^«»]*»", lambda match: " " + SEPARATOR * match[0].count(SEPARATOR), rest)
    pairs = zip(texts, rest.split(SEPARATOR), strict=True)
    return [text for text, left in pairs if re.search(r"[^\W\d_]{2,}", _without(left, data))]


def _without(text: str, data: list[str]) -> str:
    # django-countries translates its names itself, and caches those that an earlier test read.
    if text.strip() in set(dict(countries).values()):
        return ""
    text = OF_OTHERS.sub(" ", text)
    for each in data:
        if each in text:
            text = text.replace(each, " ")
    for excused in EXCUSED:
        text = re.sub(rf"\b{re.escape(excused)}\b", " ", text)
    return text


def report(found: dict[str, list[str]]) -> str:
    """Return the findings as lines: the number of texts on each page, then each text once."""
    pages: dict[str, set[str]] = defaultdict(set)
    for page, texts in found.items():
        for text in texts:
            pages[text].add(page)
    lines = [f"{len(pages)} texts are not translated, on {len(found)} pages:"]
    lines += [f"  {len(set(texts)):4} on {page}" for page, texts in sorted(found.items())]
    for text, places in sorted(pages.items(), key=lambda item: (min(item[1]), item[0])):
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        lines.append(f"  {text!r} on {min(places)}{more}")
    return "\n".join(lines)


def test_every_text_of_every_page_can_be_translated(newsroom, client, settings, tmp_path):
    speak_in_guillemets(settings, tmp_path)
    found, checked = {}, 0
    desk, author = Client(), Client()
    desk.force_login(newsroom.chief)
    author.force_login(make_user("author", "Author"))
    paths = addresses(newsroom)
    data = data_of_rows()
    forms = [path for path in paths if path.endswith("/add/")]
    answers = [
        *((path, client.get(path)) for path in [*paths, "/nothing/"] if "/admin/" not in path),
        *((path, desk.get(path)) for path in paths if "/admin/" in path),
        *((f"{path} (signed out)", client.get(path)) for path in paths if "/account/" in path),
        *((f"{path} (empty form)", desk.post(path, {})) for path in forms),
        *((f"{path} (author)", author.get(path)) for path in ["/admin/", *forms]),
        ("/admin/login/", client.get("/admin/login/")),
        ("/admin/login/ (refused)", client.post("/admin/login/", {"username": "x"})),
    ]
    for path, response in answers:
        assert response.status_code < 500, path
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if not is_page or response.streaming or not response.content:
            continue
        checked += 1
        stock = STOCK_TEXTS.search(response.content.decode())
        assert not stock, f"{path}: {stock[0]}"
        if left := untranslated(response.content, data):
            found[path] = left
    assert checked > 150
    assert not found, report(found)


def test_the_check_finds_untranslated_texts():
    page = b"""<html lang="x"><title>\xc2\xabDesk\xc2\xbb</title><p>Plain words
        <b>\xc2\xabin Brask\xc2\xbb</b> Brask, 12:30 UTC</p><script>not text</script>
        <img alt="A picture"><input type="submit" value="Send">
        <a title="\xc2\xabMore\xc2\xbb">3</a>"""
    page += b"<p>\xc2\xabTwo <b>parts</b> of one\xc2\xbb"
    assert untranslated(page, ["Brask"]) == ["Plain words", "A picture", "Send"]
