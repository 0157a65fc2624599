"""People at the desk: the first administrator, and everybody after."""

import subprocess
import sys

import pytest

from accounts.models import User
from tests.deployment import ROOT, environment
from tests.make import make_chief

PASSWORD = "a long and quiet river"

pytestmark = pytest.mark.django_db(transaction=True)


def adduser(*arguments, typed=PASSWORD):
    """Run the command as a script does, with the password on standard input."""
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", "adduser", "--password-stdin", *arguments],
        env=environment(), input=f"{typed}\n", capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("role", ["administrator", "publisher", "editor", "author"])
def test_one_command_makes_an_account_that_can_sign_in(client, settings, role):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    done = adduser("jane", "--role", role, "--email", "jane@news.example")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"jane can sign in as {role} at /admin/ of your site"
    user = User.objects.get()
    assert (str(user), user.email, user.is_staff) == ("jane", "jane@news.example", True)
    assert user.is_superuser == (role == "administrator")
    groups = list(user.groups.values_list("name", flat=True))
    assert groups == ([] if user.is_superuser else [role.capitalize()])
    answer = client.post(
        "/admin/login/?next=/admin/", {"username": "jane", "password": PASSWORD}, follow=True
    )
    assert answer.redirect_chain == [("/admin/", 302)]
    assert b"Write a release" in answer.content


def test_what_cannot_be_made_is_refused_in_a_sentence_and_nothing_is_left():
    User.objects.create_user("taken")
    email = ["--email", "jane@news.example"]
    for arguments, typed, sentence in [
        (["Taken", "--role", "editor", *email], PASSWORD, "The name Taken is taken."),
        (["jane", "--role", "editor", *email], "brook", "This password is too short."),
        (["jane", "--role", "editor", *email], "password1234", "This password is too common."),
        (["jane", "--role", "editor", *email], "", "The password is empty."),
        (["jane", "--role", "chief", *email], PASSWORD, "There is no role chief."),
        (["jane", *email], PASSWORD, "the following arguments are required: --role"),
        (["jane doe!", "--role", "editor", *email], PASSWORD, "Enter a valid username."),
        (["jane", "--role", "editor", "--email", "x"], PASSWORD, "Enter a valid email address."),
    ]:
        done = adduser(*arguments, typed=typed)
        assert done.returncode != 0, arguments
        assert sentence in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
        if typed:
            assert typed not in done.stdout + done.stderr
    assert list(User.objects.values_list("username", flat=True)) == ["taken"]


def test_an_account_made_at_the_desk_can_sign_in_and_work(at_desk, client):
    form = at_desk(make_chief()).get("/admin/accounts/user/add/").context["adminform"].form
    assert form["is_staff"].value()
    groups = form.fields["groups"].queryset
    answer = client.post("/admin/accounts/user/add/", {
        "username": "jane", "email": "", "is_staff": "on",
        "password1": PASSWORD, "password2": PASSWORD,
        "groups": [groups.get(name="Author").pk],
    })  # fmt: skip
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    client.logout()
    assert client.login(username="jane", password=PASSWORD)
    assert b"Write a release" in client.get("/admin/").content
