"""Which role may open which page of the desk, and which actions of the workflow it may run.

The pages come from the URLconf, so a new page is asked automatically. It fails until `PAGES` says
which roles may open it.
"""

import re
from collections import Counter
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.contenttypes.models import ContentType
from django.contrib.messages import get_messages
from django.db import models, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.errors import ActionBlocked
from accounts.models import Invitation
from accounts.roles import ROLES, permissions_of
from desk.actions import ACTION_PAGES
from jobs.models import Email, Job
from people import levels
from people.models import Level, Person
from releases.models import Contact, Event, NameException, Release, Topic
from releases.workflow import ACTIONS
from tests.make import (
    make_chief,
    make_link,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    make_user,
)
from tests.signing_in import add_passkey, confirmed_client, make_links

pytestmark = pytest.mark.django_db

# A letter for each column of the table.
PEOPLE = {
    "A": "Author", "E": "Editor", "P": "Publisher", "C": "Case officer", "M": "Administrator",
    "S": "superuser", "N": "a user without a role", "X": "a stranger",
}  # fmt: skip
QUERIES = {
    "admin/autocomplete/": "?app_label=people&model_name=case&field_name=person&term=",
}
# What the message of a refusal says whose status is not 403.
REFUSED = ["You don’t have permission"]
ALLOWED, DENIED, ABSENT, WRONG_METHOD = "allowed", "denied", "404", "405"


# Who may open each page, by GET and by POST. Who is not in a row is refused: status 403, a message,
# or the page of signing in. After “404:” and “405:” are those who get this status. A POST sends an
# empty form. A page that only the person who created it may read is “404” for the others.
PAGES = {
    "admin/r/<path:row>": ("404:AEPCMSNX", "404:AEPCMSNX"),
    "retention": ("MS", "405:AEPCMSN"),
    # The pages of a user's own account. The links are unused; the factor and the link that
    # confirms an address belong to the author.
    "account_login": ("AEPCMSNX", "AEPCMSNX"),
    "account_overview": ("AEPCMSN", "AEPCMSN"),
    "account_invitation": ("AEPCMSNX", "AEPCMSNX"),
    "mfa_authenticate": ("AEPCMSN", "AEPCMSN"),
    "mfa_login_webauthn": ("405:AEPCMSNX", "AEPCMSN"),
    "account_passkey_options": ("405:AEPCMSNX", "AEPCMSNX"),
    "account_reauthenticate": ("AEPCMSN", "AEPCMSN"),
    "account_change_password": ("AEPCMSN", "AEPCMSN"),
    "account_reset_password": ("AEPCMSNX", "AEPCMSNX"),
    "account_reset_password_done": ("AEPCMSNX", "405:AEPCMSNX"),
    "account_reset_password_from_key": ("AEPCMSNX", "AEPCMSNX"),
    "account_reset_password_from_key_done": ("AEPCMSNX", "405:AEPCMSNX"),
    "account_change_address": ("AEPCMSN", "AEPCMSN"),
    "account_confirm_address": ("A 404:EPCMSN", "A 404:EPCMSN"),
    "usersessions_list": ("AEPCMSN", "AEPCMSN"),
    "mfa_index": ("AEPCMSN", "405:AEPCMSN"),
    "mfa_activate_totp": ("AEPCMSN", "AEPCMSN"),
    "mfa_add_webauthn": ("AEPCMSN", "AEPCMSN"),
    "mfa_view_recovery_codes": ("AEPCMSN", "AEPCMSN"),
    "account_remove_factor": ("A 404:EPCMSN", "A 404:EPCMSN"),
    "account_rename_passkey": ("A 404:EPCMSN", "A 404:EPCMSN"),
    "account_start_recovery": ("MS", "MS"),
    "account_recover": ("AEPCMSNX", "AEPCMSNX"),
    "admin:team": ("MS", "405:MS"),
    "admin:team_roles": ("AEPCMSN", "405:AEPCMSN"),
    "admin:team_invite": ("MS", "MS"),
    "admin:team_invite_again": ("405:MS", "MS"),
    "admin:team_invite_cancel": ("405:MS", "MS"),
    "admin:team_member": ("MS", "MS"),
    "admin:team_pause": ("405:MS", "MS"),
    "admin:team_resume": ("405:MS", "MS"),
    "admin:team_leave": ("MS", "MS"),
    "admin:search": ("AEPCS", "405:AEPCMSN"),
    "admin:index": ("AEPCMSN", "AEPCMSN"),
    "admin:login": ("AEPCMSNX", "AEPCMSNX"),
    "admin:logout": ("X 405:AEPCMSN", "AEPCMSNX"),
    "admin:password_change": ("AEPCMSN", "AEPCMSN"),
    "admin:password_change_done": ("AEPCMSN", "AEPCMSN"),
    "admin:autocomplete": ("AEPCS", "405:AEPCMSN"),
    "admin:jsi18n": ("AEPCMSN", "405:AEPCMSN"),
    "admin:people_case_error": ("EPCS", "EPCS"),
    "admin:people_case_sources": ("EPCS", "EPCS"),
    "admin:people_case_simple_history": ("AEPCS", "405:AEPCMSN"),
    "admin:people_case_changelist": ("AEPCS", "AEPCS"),
    "admin:people_case_add": ("EPCS", "EPCS"),
    "admin:people_case_history": ("AEPCS", "AEPCS"),
    "admin:people_case_delete": ("S", "S"),
    "admin:people_case_change": ("AEPCS", "EPCS"),
    "admin/people/case/<path:object_id>/": ("AEPCMSN", "AEPCMSN"),
    "admin:jobs_email_changelist": ("EPS", "EPS"),
    "admin:jobs_email_add": ("", ""),
    "admin:jobs_email_history": ("EPS", "EPS"),
    "admin:jobs_email_delete": ("", ""),
    "admin:jobs_email_change": ("EPS", ""),
    "admin/jobs/email/<path:object_id>/": ("AEPCMSN", "AEPCMSN"),
    "admin:jobs_job_changelist": ("PS", "PS"),
    "admin:jobs_job_add": ("", ""),
    "admin:jobs_job_history": ("PS", "PS"),
    "admin:jobs_job_delete": ("", ""),
    "admin:jobs_job_change": ("PS", ""),
    "admin/jobs/job/<path:object_id>/": ("AEPCMSN", "AEPCMSN"),
    "admin:assets_mediaasset_upload": ("AEPS", "AEPS"),
    "admin:assets_mediaasset_rendition": ("AEPS", "AEPS"),
    "admin:assets_mediaasset_original": ("AEPS", "AEPS"),
    "admin:assets_mediaasset_words": ("405:AEPCMSN", "AEPS"),
    "admin:assets_mediaasset_again": ("405:AEPCMSN", "AEPS"),
    "admin:assets_mediaasset_withdraw": ("405:AEPCMSN", "EPS"),
    "admin:assets_mediaasset_show_again": ("405:AEPCMSN", "EPS"),
    "admin:assets_mediaasset_as_is": ("405:AEPCMSN", "PS"),
    "admin:assets_mediaasset_bring_back": ("405:AEPCMSN", "AEPS"),
    "admin:assets_mediaasset_simple_history": ("AEPS", "405:AEPCMSN"),
    "admin:assets_mediaasset_changelist": ("AEPS", "AEPS"),
    "admin:assets_mediaasset_add": ("AEPS", "AEPS"),
    "admin:assets_mediaasset_history": ("AEPS", "AEPS"),
    "admin:assets_mediaasset_delete": ("EPS", "EPS"),
    "admin:assets_mediaasset_change": ("AEPS", "AEPS"),
    "admin/assets/mediaasset/<path:object_id>/": ("AEPCMSN", "AEPCMSN"),
    "admin:releases_nameexception_changelist": ("PS", "PS"),
    "admin:releases_nameexception_add": ("PS", "PS"),
    "admin:releases_nameexception_history": ("PS", "PS"),
    "admin:releases_nameexception_delete": ("", ""),
    "admin:releases_nameexception_change": ("PS", ""),
    "admin/releases/nameexception/<path:object_id>/": ("AEPCMSN", "AEPCMSN"),
    "admin:people_person_raise": ("EPCS", "EPCS"),
    "admin:people_person_decide": ("EPCS", "EPCS"),
    "admin:people_person_lower": ("405:AEPCMSN", "EPCS"),
    "admin:people_person_named": ("EPCS", "EPCS"),
    "admin:people_person_under-18": ("EPCS", "EPCS"),
    "admin:people_person_without-officer": ("MS", "MS"),
    "admin:people_person_simple_history": ("AEPCS", "405:AEPCMSN"),
    "admin:people_person_changelist": ("AEPCS", "AEPCS"),
    "admin:people_person_add": ("EPCS", "EPCS"),
    "admin:people_person_history": ("AEPCS", "AEPCS"),
    "admin:people_person_delete": ("S", "S"),
    "admin:people_person_change": ("AEPCS", "EPCS"),
    "admin/people/person/<path:object_id>/": ("AEPCMSN", "AEPCMSN"),
    "admin:previews_previewlink_trace": ("AEPS", "AEPS"),
    "admin:previews_previewlink_issue": ("EPS", "EPS"),
    "admin:previews_previewlink_issued": ("404:EPS", "404:EPS"),
    "admin:previews_previewlink_revoke": ("405:AEPCMSN", "EPS"),
    "admin:previews_previewlink_revoke_all": ("405:AEPCMSN", "EPS"),
    "admin:previews_previewlink_changelist": ("AEPS", "AEPS"),
    "admin:previews_previewlink_add": ("", ""),
    "admin:previews_previewlink_history": ("AEPS", "AEPS"),
    "admin:previews_previewlink_delete": ("S", "S"),
    "admin:previews_previewlink_change": ("AEPS", ""),
    "admin/previews/previewlink/<path:object_id>/": ("AEPCMSN", "AEPCMSN"),
    "admin:releases_release_preview": ("AEPS", "AEPS"),
    "admin:releases_release_submit": ("AEPS", "AEPS"),
    "admin:releases_release_approve": ("AEPS", "AEPS"),
    "admin:releases_release_reschedule": ("AEPS", "AEPS"),
    "admin:releases_release_publish": ("AEPS", "AEPS"),
    "admin:releases_release_send_back": ("AEPS", "AEPS"),
    "admin:releases_release_allow_name": ("AEPS", "AEPS"),
    "admin:releases_release_hold": ("AEPS", "AEPS"),
    "admin:releases_release_let_go": ("AEPS", "AEPS"),
    "admin:releases_release_withdraw": ("AEPS", "AEPS"),
    "admin:releases_release_access": ("AEPS", "AEPS"),
    "admin:releases_release_deleted": ("EPS", "EPS"),
    "admin:releases_release_seen": ("AEPS", "AEPS"),
    "admin:releases_release_paste": ("AEPS", "AEPS"),
    "admin:releases_release_names": ("AEPS", "AEPS"),
    "admin:releases_release_import": ("AEPS", "AEPS"),
    "admin:releases_release_changelist": ("AEPS", "AEPS"),
    "admin:releases_release_add": ("AEPS", "AEPS"),
    "admin:releases_release_history": ("AEPS", "AEPS"),
    "admin:releases_release_delete": ("EPS", "EPS"),
    "admin:releases_release_change": ("AEPS", "AEPS"),
    "admin/releases/release/<path:object_id>/": ("AEPCMSN", "AEPCMSN"),
    "admin:auth_user_password_change": ("S", "S"),
    "admin:accounts_accessevent_changelist": ("MS", "MS"),
    "admin:accounts_accessevent_export": ("405:AEPCMSN", "MS"),
    "admin:accounts_user_changelist": ("S", "S"),
    "admin:accounts_user_add": ("S", "S"),
    "admin:accounts_user_history": ("S", "S"),
    "admin:accounts_user_delete": ("", ""),
    "admin:accounts_user_change": ("S", "S"),
    "admin/accounts/user/<path:object_id>/": ("AEPCMSN", "AEPCMSN"),
    "admin:auth_group_changelist": ("S", "S"),
    "admin:auth_group_add": ("S", "S"),
    "admin:auth_group_history": ("S", "S"),
    "admin:auth_group_delete": ("S", "S"),
    "admin:auth_group_change": ("S", "S"),
    "admin/auth/group/<path:object_id>/": ("AEPCMSN", "AEPCMSN"),
    "admin:releases_topic_simple_history": ("EPS", "405:AEPCMSN"),
    "admin:releases_topic_changelist": ("EPS", "EPS"),
    "admin:releases_topic_add": ("EPS", "EPS"),
    "admin:releases_topic_history": ("EPS", "EPS"),
    "admin:releases_topic_delete": ("S", "S"),
    "admin:releases_topic_change": ("EPS", "EPS"),
    "admin/releases/topic/<path:object_id>/": ("AEPCMSN", "AEPCMSN"),
    "admin:releases_contact_hide": ("405:AEPCMSN", "EPS"),
    "admin:releases_contact_show": ("405:AEPCMSN", "EPS"),
    "admin:releases_contact_simple_history": ("EPS", "405:AEPCMSN"),
    "admin:releases_contact_changelist": ("EPS", "EPS"),
    "admin:releases_contact_add": ("EPS", "EPS"),
    "admin:releases_contact_history": ("EPS", "EPS"),
    "admin:releases_contact_delete": ("S", "S"),
    "admin:releases_contact_change": ("EPS", "EPS"),
    "admin/releases/contact/<path:object_id>/": ("AEPCMSN", "AEPCMSN"),
    "admin:app_list": ("AEPCS 404:MN", "AEPCS 404:MN"),
    "admin/(?P<url>.*)$": ("404:AEPCMSN", "404:AEPCMSN"),
}  # fmt: skip

EMBARGO = {"publish_at_0": "2031-05-01", "publish_at_1": "09:00"}
# Each action: a state in which it is possible, what its form sends, the roles to which the desk
# offers it, and the roles that can run it. The author owns the release. The last three have no page
# of their own.
RUN_BY = {
    "submit": ("draft", {}, "AEPS", "AEPS"),
    "approve": ("in_review", EMBARGO, "PS", "PS"),
    "reschedule": ("scheduled", EMBARGO, "PS", "PS"),
    "publish": ("in_review", {}, "PS", "PS"),
    "send_back": ("in_review", {"reason": "Shorter."}, "AEPS", "AEPS"),
    "allow_name": ("draft, named", {"name": "Iven Sorrel", "reason": "So."}, "PS", "PS"),
    "hold": ("published", {}, "EPS", "EPS"),
    "let_go": ("held", {}, "PS", "PS"),
    "withdraw": ("published", {"reason": "So."}, "PS", "PS"),
    "correct": ("published", {"text": "It was wrong."}, "", "PS"),
    "restore": ("draft", {}, "", "AEPS"),
    "discard": ("draft", {"post": "yes"}, "", "EPS"),
}


@pytest.fixture
def rows():
    """A row for each kind of page. The release is a draft of the author."""
    chief, author = make_chief(), make_user("author", "Author", email="a@n.example")
    member = make_user("member", "Editor")
    person = make_prisoner(level=1)
    levels.request_level(person, to=Level.PUBLIC, basis="So.", by=chief)
    release = make_release("draft", by=author)
    make_link(release, by=chief, kind="colleague")
    topic, contact = Topic.objects.create(name="Law"), Contact.objects.create(name="A contact")
    expires = timezone.now() + timedelta(days=1)
    invitation = Invitation.objects.create(
        email="a@b.example", name="A", token_digest="x", invited_by=chief, expires_at=expires
    )
    return {
        "author": author,
        "people_person": person, "people_case": person.cases.get(), "releases_release": release,
        "releases_topic": topic, "releases_contact": contact, "assets_mediaasset": make_picture(),
        "previews_previewlink": release.preview_links.get(),
        "releases_nameexception": NameException.objects.create(
            release=release, name="A", reason="So.", by=chief
        ),
        "accounts_user": member, "account_recovery": member,
        "account_factors": add_passkey(author),
        "links": make_links(signed_in=author, away=member, by=chief),
        "auth_group": Group.objects.create(name="A group"),
        "jobs_email": Email.objects.create(to="a@b.example", subject="A", text="A"),
        "jobs_job": Job.objects.create(name="a"),
        "team": make_user("member", "Editor"), "team_invitations": invitation,
    }  # fmt: skip


def patterns(resolver=None, route="", name="") -> list[tuple[str, str]]:
    """Return the name and the route of each page below /admin/."""
    found = []
    for one in (resolver or get_resolver()).url_patterns:
        whole = route + str(one.pattern)
        if isinstance(one, URLResolver):
            found += patterns(one, whole, f"{name}{one.namespace}:" if one.namespace else name)
        elif isinstance(one, URLPattern) and whole.startswith("admin/"):
            found.append((f"{name}{one.name}" if one.name else whole, whole))
    return found


def address_of(route: str, rows: dict) -> str:
    """Return an address for a route, with a row that it can show."""
    model = re.match(r"admin/(\w+)/(\w+)/", route)
    key = f"{model[1]}_{model[2]}" if model else route.split("/")[1]
    row, page = rows.get(key), key.removeprefix("account_")
    content = ContentType.objects.get_for_model(Person).pk
    values = {
        "release": rows["releases_release"].pk, "batch": rows["previews_previewlink"].batch,
        "kind": "colleague", "style": "teaser", "extension": "jpg", "content_type_id": content,
        "app_label": "people", "url": "nothing", "row": "x", "token": rows["links"].get(page),
        "uidb64": rows["links"]["uidb64"],
    }  # fmt: skip
    if row is not None:
        values |= {"object_id": row.pk, "pk": row.pk, "id": row.pk}
        if hasattr(row, "history"):
            version = row.history.latest("history_id").pk
            values |= {"version_id": version, "version": version}
    if route.startswith("admin/r/"):
        values["object_id"] = rows["people_person"].pk
    if "/error/" in route:
        values |= {"kind": "status", "row": row.statuses.first().pk}
    route = route.replace("([^/]+)", "<object_id>", 1).replace("([^/]+)", "<version_id>", 1)

    def value(match) -> str:
        name = match["name"] or match["named"]
        if name not in values:
            pytest.fail(f"{route} takes {name}: add a row of {key} to `rows`.")
        return str(values[name])

    filled = re.sub(r"<(?:\w+:)?(?P<name>\w+)>|\(\?P<(?P<named>\w+)>.*\)", value, route)
    return "/" + re.sub(r"\^|\\Z|\$", "", filled) + QUERIES.get(route, "")


class Asker:
    """The clients of all people of the table. No request changes anything for the next one."""

    def __init__(self, rows: dict) -> None:
        self.users = {
            "A": rows["author"],
            **{letter: make_user("user", PEOPLE[letter]) for letter in "EPCM"},
            "S": make_chief(),
            "N": make_user("nobody"),
        }
        self.clients = {"X": Client()}
        for letter, user in self.users.items():
            self.clients[letter] = confirmed_client(user)

    def outcome(self, letter: str, way: str, address: str) -> str:
        client = self.clients[letter]
        kept = client.cookies.copy()
        with transaction.atomic():
            response = getattr(client, way)(address)
            if response.streaming:
                for _part in response.streaming_content:  # a file, which is closed at its end
                    pass
            transaction.set_rollback(True)
        client.cookies = kept
        if response.status_code in (404, 405):
            return str(response.status_code)
        location = response.headers.get("Location", "")
        assert not location.startswith("/admin/account/confirm/"), "the page itself was not asked"
        to_sign_in = location.startswith("/admin/login/")
        sentences = [str(message) for message in get_messages(response.wsgi_request)]
        refused = any(words in sentence for sentence in sentences for words in REFUSED)
        if response.status_code == 403 or to_sign_in or refused:
            return DENIED
        assert response.status_code in (200, 302, 400), (letter, way, address, response)
        return ALLOWED


def row_of(outcomes: dict[str, str]) -> str:
    """Return the outcomes of a page as in the table: who is allowed, and who gets 404 or 405."""
    kinds = dict.fromkeys(outcomes.values())
    parts = []
    for kind, prefix in ((ALLOWED, ""), (ABSENT, "404:"), (WRONG_METHOD, "405:")):
        if kind in kinds:
            parts.append(prefix + "".join(one for one in PEOPLE if outcomes[one] == kind))
    return " ".join(parts)


def test_each_page_opens_for_the_roles_of_the_table(rows):
    asker, found = Asker(rows), {}
    for name, route in patterns():
        address = address_of(route, rows)
        found[name] = tuple(
            row_of({letter: asker.outcome(letter, way, address) for letter in PEOPLE})
            for way in ("get", "post")
        )
    unknown = {name: row for name, row in found.items() if name not in PAGES}
    assert not unknown, "Add these pages to PAGES, after you checked who may open them."
    assert not {name: row for name, row in found.items() if row != PAGES[name]}
    print(f"{len(found)} pages, {len(found) * 2 * len(PEOPLE)} cells")
    assert len(found) * 2 * len(PEOPLE) > 2_000


def test_a_page_that_is_not_in_the_table_is_found():
    names = [name for name, _route in patterns()]
    assert len(names) == len({*names}), Counter(names).most_common(3)
    assert {*names} - {*PAGES} == set()
    assert {*PAGES} - {*names} == set()


# --- The actions of the workflow ----------------------------------------------------------------


def release_in(state: str, owner) -> Release:
    hidden = make_person("Iven Sorrel", level=1)
    body = f"<p>{hidden} was seen.</p>" if state == "draft, named" else "<p>It was seen.</p>"
    release = make_release(state.partition(",")[0], body=body)
    models.QuerySet(Release).filter(pk=release.pk).update(created_by=owner)
    release.refresh_from_db()
    return release


def values_of(page: str, values: dict) -> dict:
    """Return what the form of an action sends: its hidden fields, and what a user types."""
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in hidden} | values


def runs(client, release, name: str, page: str, values: dict, user) -> bool:
    """Return whether a user can run an action, through its page if it has one. Undo it."""
    before = Event.objects.count()
    with transaction.atomic():
        try:
            if page == "function":
                release.body += "<p>More.</p>"
                ACTIONS[name].function(release, by=user, **values)
            else:
                client.post(page, values)
        except ActionBlocked:
            pass
        after = Event.objects.count()
        transaction.set_rollback(True)
    return after > before


def test_each_action_runs_for_the_roles_of_the_table(rows):
    asker, found, cells = Asker(rows), {}, 0
    everything = asker.clients["S"]
    for name, (state, values, _shown, _ran) in RUN_BY.items():
        release = release_in(state, rows["author"])
        base = f"/admin/releases/release/{release.pk}/"
        page = {"correct": "function", "restore": f"{base}history/", "discard": f"{base}delete/"}
        page = page.get(name, f"{base}{name}/")
        if name in ACTION_PAGES:
            values = values_of(everything.get(page).content.decode(), values)
        elif name == "restore":
            release.body += "<p>More.</p>"
            release.save()
            values = {"restore": release.history.earliest("history_id").history_id}
        shown, ran = "", ""
        for letter in PEOPLE:
            client = asker.clients[letter]
            user = asker.users.get(letter, AnonymousUser())
            at_desk = client.get(f"{base}change/").content.decode()
            shown += letter if f"{release.pk}/{name}/" in at_desk else ""
            if letter != "X" or page != "function":
                release.refresh_from_db()
                ran += letter if runs(client, release, name, page, values, user) else ""
            cells += 2
        found[name] = (shown if name in ACTION_PAGES else "", ran)
    assert found == {name: row[2:] for name, row in RUN_BY.items()}
    assert {*RUN_BY} == {*ACTIONS}
    print(f"{len(found)} actions, {cells} cells")


def test_the_actions_of_the_table_follow_the_permissions_of_the_roles():
    for name, (_state, _values, _shown, ran) in RUN_BY.items():
        permission = ACTIONS[name].permission
        for letter, role in PEOPLE.items():
            if role in ROLES and permission:
                assert (permission in permissions_of(role)) == (letter in ran), (name, role)
