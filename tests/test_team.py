"""Adding users by command and at the desk, and changing the secret key."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.test import Client

from accounts.models import AccessEvent, User
from tests import forks
from tests.deployment import ROOT, environment
from tests.make import accept, make_chief, make_link, make_release

GOOD = "harbour-lantern-9"
# The groups of each role. The administrator of this command can do everything.
ROLES = {
    "author": ["Author"],
    "editor": ["Editor"],
    "publisher": ["Publisher"],
    "case-officer": ["Case officer"],
    "administrator": ["Administrator", "Publisher"],
}


def add(*arguments, typed=f"{GOOD}\n", stdin="--password-stdin"):
    command = [ROOT / "manage.py", "adduser", *arguments, *stdin.split()]
    done = forks.run(*command, typed=typed, env=environment())
    assert "Traceback" not in done.stderr
    assert GOOD not in done.stdout + done.stderr
    return done


def on_a_terminal(*arguments, answers):
    """Run adduser on a terminal, answer its prompts and return everything that it shows."""
    command = [sys.executable, str(ROOT / "manage.py"), "adduser", *arguments]
    given = environment()
    child, terminal = pty.fork()
    if child == 0:
        # A suite that was started in the background ignores Ctrl-C, and so would the command.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execve(sys.executable, command, given)  # noqa: S606
    shown, answers, ends = b"", list(answers), time.monotonic() + 60
    while time.monotonic() < ends:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the command has ended
            break
        if answers and re.search(rb"Password(?: again)?: $", shown):
            os.write(terminal, answers.pop(0))
            shown += b"\n"
    else:
        os.kill(child, signal.SIGKILL)  # a command that hangs fails the test, but does not block it
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(terminal)
    return shown.decode(), status


@pytest.mark.django_db(transaction=True)
class TestAddUser:
    @pytest.fixture(autouse=True)
    def _groups(self, transactional_db, settings):
        # The command uses the real hasher, not the quick one of this suite.
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
        # Restores the groups, which an earlier test may have deleted.
        call_command("migrate", verbosity=0)

    @pytest.mark.parametrize("role", ROLES)
    def test_an_added_user_signs_in_with_the_rights_of_the_role(self, client, role):
        done = add("ada", "--email", "ada@newsroom.example", "--role", role)
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"ada can sign in as {role} at /admin/ of your site\n"
        user = User.objects.get()
        assert (user.is_staff, user.is_superuser) == (True, role == "administrator")
        assert user.email == "ada@newsroom.example"
        assert sorted(group.name for group in user.groups.all()) == ROLES[role]
        event = AccessEvent.objects.get()
        assert (event.verb, event.actor_id, event.subject_id) == ("account_created", None, user.pk)
        assert sorted(event.detail["roles"]) == ROLES[role]
        typed = {"username": "ada", "password": GOOD, "next": "/admin/"}
        assert client.post("/admin/login/", typed).status_code == 302
        page = "people/person" if role == "case-officer" else "releases/release"
        assert client.get(f"/admin/{page}/add/").status_code == 200

    @pytest.mark.parametrize(
        ("arguments", "typed", "sentence"),
        [
            (["Ada", "editor"], GOOD, "The name Ada is taken. Choose another."),
            (["bo", "boss"], GOOD, "There is no role boss. Choose one of: administrator,"),
            (["bo", "editor"], "", "No user was created. The password is empty."),
            (["bo", "editor"], "short", "at least 12 characters"),
            (["bo", "editor"], "password1234", "too common"),
            (["bo", "editor"], "123456789012345", "entirely numeric"),
            (["bolivar-harper", "editor"], "bolivar-harper", "too similar to the username"),
            (["b o", "editor"], GOOD, "Enter a valid username."),
            (["b" * 151, "editor"], GOOD, "at most 150 characters"),
        ],
    )
    def test_an_invalid_user_is_refused_with_a_sentence(self, arguments, typed, sentence):
        User.objects.create_user("ada")
        name, role = arguments
        done = add(name, "--email", "b@n.example", "--role", role, typed=typed)
        assert done.returncode == 1
        assert sentence in done.stderr
        assert User.objects.count() == 1

    def test_an_invalid_address_is_refused(self):
        done = add("bo", "--email", "b@", "--role", "editor")
        assert (done.returncode, "Enter a valid email address." in done.stderr) == (1, True)
        done = add("bo", "--role", "editor")
        assert (done.returncode, "--email" in done.stderr) == (2, True)
        assert not User.objects.exists()

    def test_the_address_of_another_user_is_refused(self):
        User.objects.create_user("jane", "jane@example.org")
        done = add("joe", "--email", "JANE@example.ORG", "--role", "editor")
        assert done.returncode == 1
        assert "email: jane already has this e-mail address. Enter another one." in done.stderr
        assert User.objects.count() == 1

    def test_without_a_terminal_nothing_is_asked(self):
        done = add("bo", "--email", "b@n.example", "--role", "editor", stdin="")
        assert done.returncode == 1
        assert "There is no terminal to type the password on." in done.stderr
        assert "--password-stdin" in done.stderr

    def test_on_a_terminal_the_password_is_asked_twice_and_never_shown(self):
        shown, status = on_a_terminal(
            "ada", "--email", "ada@n.example", "--role", "editor",
            answers=[b"short\n", b"harbour-lantern-9\n", b"harbour-lantern-8\n",
                     b"harbour-lantern-9\n", b"harbour-lantern-9\n"],
        )  # fmt: skip
        assert status == 0, shown
        assert "at least 12 characters" in shown
        assert "The two passwords differ. Type both again." in shown
        assert "ada can sign in as editor" in shown
        assert "lantern" not in shown
        assert User.objects.get().check_password(GOOD)

    def test_ctrl_c_at_the_password_creates_no_user(self):
        shown, status = on_a_terminal(
            "ada", "--email", "ada@n.example", "--role", "editor", answers=[b"\x03"]
        )
        assert (status, "No user was created." in shown) == (1, True)
        assert "Traceback" not in shown
        assert not User.objects.exists()


@pytest.mark.parametrize(
    "command",
    ["adduser a --email a@n.example --role editor --password-stdin", "demo --yes-public-passwords"],
)
def test_without_migrations_the_commands_ask_to_migrate_first(tmp_path, command):
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", *command.split()],
        input=GOOD, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3",
             "SECRET_KEY": "iJ4vYtqR0nC8sWz3hXeL6bGmPfU1oKdA9yTjQrE5wVxNc7ZkSu2H"},
    )  # fmt: skip
    assert done.returncode == 1
    sentence = "The database is not ready. Run manage.py migrate first"
    assert sentence in done.stderr.replace("`", "")


# --- At the desk -------------------------------------------------------------------------------


@pytest.fixture
def chief(at_desk, db):
    return at_desk(make_chief())


def form(chief):
    return chief.get("/admin/accounts/user/add/").content.decode()


def test_a_user_added_at_the_desk_can_sign_in(chief, client):
    shown = form(chief)
    assert "E-mail address" in shown
    assert "Email address" not in shown
    assert re.search(r'<input type="checkbox" name="is_staff"[^>]* checked', shown)
    editors = Group.objects.get(name="Editor")
    typed = {
        "username": "bo", "email": "bo@n.example", "groups": [editors.pk], "is_staff": "on",
        "password1": GOOD, "password2": GOOD,
    }  # fmt: skip
    answer = chief.post("/admin/accounts/user/add/", typed)
    assert answer.status_code == 302, answer.content.decode()
    bo = User.objects.get(username="bo")
    assert (bo.is_staff, list(bo.groups.all()), bo.email) == (True, [editors], "bo@n.example")
    assert "Email address" not in chief.get("/admin/accounts/user/").content.decode()
    client.logout()
    typed = {"username": "bo", "password": GOOD, "next": "/admin/"}
    assert client.post("/admin/login/", typed).status_code == 302
    assert "Write a release" in client.get("/admin/").content.decode()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"groups": []}, "Choose a group. Without a group, a user can’t do anything."),
        ({"groups": ["999999"]}, "is not one of the available choices"),
        ({"username": "CHIEF"}, "already exists"),
        ({"password2": "another-lantern-9"}, "fields didn’t match"),
        ({"password1": "short", "password2": "short"}, "at least 12 characters"),
        ({"email": "bo@"}, "Enter a valid email address."),
    ],
)
def test_the_form_of_an_invalid_user_has_a_sentence_and_keeps_the_typed_text(
    chief, typed, sentence
):
    User.objects.create_user("chief")
    editors = Group.objects.get(name="Editor")
    values = {
        "username": "bo", "email": "bo@n.example", "groups": [editors.pk], "is_staff": "on",
        "password1": GOOD, "password2": GOOD,
    } | typed  # fmt: skip
    shown = chief.post("/admin/accounts/user/add/", values).content.decode()
    assert sentence in shown
    assert f'value="{values["username"]}"' in shown
    assert not User.objects.filter(username="bo").exists()


def test_a_publisher_cannot_add_users(at_desk, publisher):
    assert at_desk(publisher).get("/admin/accounts/user/add/").status_code == 403


# --- A new key ---------------------------------------------------------------------------------

OLD, NEW = "old-" + "kL9wQ2xR" * 8, "new-" + "mB4tY7uZ" * 8


@pytest.mark.django_db
@pytest.mark.parametrize(("former", "stays"), [([OLD], True), ([], False)])
def test_sessions_and_previews_stay_open_while_the_old_key_is_a_fallback(
    settings, at_desk, editor, former, stays
):
    settings.SECRET_KEY = OLD
    desk = at_desk(editor)
    reader = Client()
    path = make_link(make_release("scheduled", title="Zaunkönigin speaks"))
    assert "Zaunkönigin" in accept(reader, path).content.decode()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, former
    for _ in range(2):
        assert desk.get("/admin/").status_code == (200 if stays else 302)
        assert ("Zaunkönigin" in reader.get(path).content.decode()) == stays
    # A session is signed with the new key when it is used, so it outlives the old key.
    settings.SECRET_KEY_FALLBACKS = []
    assert desk.get("/admin/").status_code == (200 if stays else 302)


@pytest.mark.django_db
def test_the_desk_refuses_the_address_of_another_user_and_accepts_an_old_duplicate(at_desk):
    User.objects.create_user("jane", "jane@example.org")
    joe = User.objects.create_user("joe", "joe@example.org")
    duplicate = User.objects.create_user("double", "Jane@example.org")
    desk = at_desk(make_chief())
    group = Group.objects.get(name="Editor").pk
    typed = {"username": "ann", "email": "JANE@example.org", "groups": group, "is_staff": "on",
             "password1": GOOD, "password2": GOOD}  # fmt: skip
    page = desk.post("/admin/accounts/user/add/", typed)
    assert "jane already has this e-mail address." in page.content.decode()
    form = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00"}
    for user, email, status in [
        (joe, "jane@example.org", 200),
        (joe, "JOE@example.org", 302),
        (duplicate, "Jane@example.org", 302),  # deactivating a user with an old duplicate must work
        (joe, "", 302),
    ]:
        typed = form | {"username": user.username, "email": email}
        answer = desk.post(f"/admin/accounts/user/{user.pk}/change/", typed)
        assert answer.status_code == status, (user, email)
    assert not User.objects.filter(username="ann").exists()
    assert not User.objects.get(username="double").is_active


@pytest.mark.django_db
def test_permissions_get_the_names_that_the_models_declare():
    hold = Permission.objects.get(codename="hold_release")
    Permission.objects.filter(pk=hold.pk).update(name="Can hold")
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
    hold.refresh_from_db()
    assert hold.name == "Can put a release on hold"
