"""E-mail: off without a server, limited in time if a server is slow, and reported correctly."""

import io
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings as site
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.test import override_settings
from environ import Env

from jobs import mail, outbox
from jobs.models import Email
from previews.models import PreviewLink
from releases.models import Event, Release
from tests import smtp_server
from tests.make import count_probes, make_chief, make_link, make_release, make_user
from tests.test_previews import accept, issue, move, text
from tests.test_settings import PRODUCTION

ROOT = Path(site.BASE_DIR)
OFF = "E-mail is off"


def use(server, **more):
    """Send through a server inside a `with` block."""
    return override_settings(
        EMAIL_BACKEND="jobs.mail.Backend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=server.port,
        EMAIL_TIMEOUT=1,
        **more,
    )


@pytest.fixture
def email_off(settings):
    """Production without EMAIL_URL."""
    settings.EMAIL_IS_ON = False
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    settings.EMAIL_HOST = ""


@pytest.fixture
def release(publisher):
    return make_release("scheduled", by=publisher)


def manage(*command, **environment):
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        # The .env of the checkout may set it to “on”.
        "DEBUG": "off",
        **PRODUCTION,
        "DATABASE_URL": "",
    } | environment
    return subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, capture_output=True,
        text=True, timeout=60,
    )  # fmt: skip


def send_test(port, scheme="smtp", login="", host="127.0.0.1", to="you@example.org", **more):
    """Run `manage.py sendtestmail` as an operator does; return its output and its exit status."""
    url = f"{scheme}://{login}{host}:{port}"
    begun = time.monotonic()
    environment = {"EMAIL_URL": url, "EMAIL_TIMEOUT": "2"} | more
    done = manage("sendtestmail", to, **environment)
    assert time.monotonic() - begun < 20
    assert "Traceback" not in done.stderr
    assert smtp_server.PASSWORD not in done.stdout + done.stderr
    return done.stdout + done.stderr, done.returncode


def send_here(port, scheme="smtp", login="", host="127.0.0.1", to="you@example.org", **more):
    """Do the same in this process, which is faster."""
    found = Env.email_url_config(f"{scheme}://{login}{host}:{port}")
    read = {name: found.get(name) or "" for name in
            ("EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD",
             "EMAIL_USE_TLS", "EMAIL_USE_SSL")}  # fmt: skip
    output, begun = io.StringIO(), time.monotonic()
    sender = PRODUCTION["NEWSROOM_EMAIL"]
    with (
        pytest.MonkeyPatch.context() as patch,
        override_settings(EMAIL_BACKEND="jobs.mail.Backend", EMAIL_TIMEOUT=1, **read,
                          NEWSROOM_EMAIL=sender, DEFAULT_FROM_EMAIL=sender),
    ):  # fmt: skip
        for name, value in more.items():
            patch.setenv(name, value)
        try:
            call_command("sendtestmail", to, stdout=output)
        except CommandError as problem:
            output.write(str(problem))
            status = 1
        else:
            status = 0
    assert time.monotonic() - begun < 5
    assert smtp_server.PASSWORD not in output.getvalue()
    return output.getvalue(), status


# --- sendtestmail ------------------------------------------------------------------------------


def test_a_test_message_arrives_and_names_its_sender():
    with smtp_server.running() as server:
        output, status = send_test(server.port)
    assert status == 0
    assert "The mail server accepted the message from press@news.example.org." in output
    assert server.recipients == ["you@example.org"]
    assert "Test message from" in server.letters[0]


def test_a_sender_that_most_servers_refuse_is_pointed_out():
    with smtp_server.running() as server:
        output, status = send_test(server.port, NEWSROOM_EMAIL="")
    assert status == 0
    assert "from newsroom@localhost" in output
    assert "NEWSROOM_EMAIL is empty" in output


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    place = tmp_path_factory.mktemp("certificates")
    return {name: smtp_server.certificate(place, name) for name in ("127.0.0.1", "other.test")}


@pytest.mark.parametrize("scheme", ["smtp+tls", "smtp+ssl"])
def test_problems_with_tls_and_password_are_named(certificates, scheme):
    (good, good_file), (other, other_file) = certificates.values()
    kind = "starttls" if scheme == "smtp+tls" else "tls"
    login = f"{smtp_server.USER}:{smtp_server.PASSWORD}@"
    trusted = {"SSL_CERT_FILE": str(good_file)}
    with smtp_server.running(**{kind: good}, wants_password=True) as server:
        output, status = send_here(server.port, scheme, login, **trusted)
        assert status == 0, output
        output, status = send_here(server.port, scheme, f"{smtp_server.USER}:wrong@", **trusted)
        assert status == 1
        assert "The mail server refused the username or the password." in output
        output, status = send_here(server.port, scheme, login)
        assert status == 1
        assert "The certificate of the mail server is not trusted: self-signed" in output
    with smtp_server.running(**{kind: other}) as server:
        output, status = send_here(server.port, scheme, SSL_CERT_FILE=str(other_file))
        assert status == 1
        assert "The certificate of the mail server is for another name than 127.0.0.1." in output


def test_a_server_without_the_configured_tls_is_named(certificates):
    (good, good_file), _other = certificates.values()
    with smtp_server.running() as server:
        output, status = send_here(server.port, "smtp+tls")
        assert (status, "The mail server offers no TLS (STARTTLS)." in output) == (1, True)
        output, status = send_here(server.port, "smtp+ssl")
        assert status == 1
        assert "does not start with TLS" in output
        assert "smtp+tls" in output
        output, status = send_here(server.port, "smtp", "press:letter-box@")
        assert status == 1
        assert "does not accept a username and password" in output
    with smtp_server.running(tls=good) as server:
        output, status = send_here(server.port, "smtp+tls", SSL_CERT_FILE=str(good_file))
        assert status == 1
        assert "did not answer within 1 seconds." in output
        assert "EMAIL_URL must start with smtp+ssl" in output


def test_an_unreachable_server_is_named():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        unused = probe.getsockname()[1]
    output, status = send_test(unused)
    assert status == 1
    assert f"No mail server answers at 127.0.0.1:{unused}" in output
    output, status = send_test(587, host="mail.invalid")
    assert status == 1
    assert "The name of the mail server, mail.invalid, could not be found." in output


@pytest.mark.parametrize("command", ["connect", "EHLO", "MAIL", "DATA"])
def test_a_server_that_stops_answering_is_named_in_time(command):
    with smtp_server.running(silent_from=command) as server:
        output, status = send_here(server.port)
    assert status == 1
    assert "accepted the connection, but did not answer" in output or "sending stopped" in output


@pytest.mark.parametrize(
    ("what", "answer", "sentence"),
    [
        ("connect", "554 no service", "refused the connection: “554 no service”."),
        (
            "MAIL",
            "550 who are you",
            "refused the sender press@news.example.org: “550 who are you”.",
        ),
        ("you@example.org", "550 nobody", "refused the recipient: you@example.org, “550 nobody”."),
        ("letter", "554 looks like spam", "refused the message: “554 looks like spam”."),
    ],
)
def test_the_reply_of_a_server_that_refuses_is_shown(what, answer, sentence):
    with smtp_server.running(refuses={what: answer}) as server:
        output, status = send_here(server.port)
    assert (status, sentence in output) == (1, True), output


@pytest.mark.parametrize("url", ["", "consolemail://", "filemail:///tmp/letters", "dummymail://"])
def test_no_test_message_is_sent_if_email_is_off(url):
    done = manage("sendtestmail", "you@example.org", EMAIL_URL=url)
    assert done.returncode == 1
    assert "E-mail is off: EMAIL_URL is empty, or does not name a mail server." in done.stderr
    assert "Subject" not in done.stdout + done.stderr
    done = manage("sendtestmail", "you@example")
    assert (done.returncode, "you@example is not an e-mail address." in done.stderr) == (1, True)


# --- Off ---------------------------------------------------------------------------------------

TRY = """
import django
django.setup()
from django.core.mail import send_mail
from jobs import mail, outbox
from django.core.mail import EmailMessage
send_mail("TOKEN", "TOKEN", None, ["reader@example.org"])
print(list(mail.send([EmailMessage("TOKEN", "TOKEN", to=["reader@example.org"])])))
"""


@pytest.mark.parametrize("url", ["", "consolemail://", "filemail:///{}", "memorymail://"])
def test_in_production_no_letter_goes_to_a_log_or_a_file(tmp_path, url):
    environment = PRODUCTION | {"PATH": os.environ["PATH"], "EMAIL_URL": url.format(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", TRY], cwd=ROOT, capture_output=True, text=True,
        env=environment | {"DJANGO_SETTINGS_MODULE": "pressroom.settings"},
    )  # fmt: skip
    assert done.stdout.strip() == "['E-mail is off for this newsroom.']"
    assert "TOKEN" not in done.stdout + done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.django_db
def test_links_are_shown_and_not_called_sent_if_email_is_off(email_off, at_desk, editor, release):
    client = at_desk(editor)
    form = text(client.get(f"/admin/previews/previewlink/issue/{release.pk}/press/"))
    assert OFF in form
    assert 'name="send_email"' not in form
    page = text(
        issue(
            client,
            release,
            recipients="Rita, r@p.example",
            send_email="on",
            message="{name} {link}",
        )
    )
    assert "Sent" not in page
    assert re.search(r"/preview/[\w-]{43}/", page)
    assert "r@p.example" in str(PreviewLink.objects.values())
    assert PreviewLink.objects.get().mailed_at is None


@pytest.mark.django_db
def test_a_moved_embargo_lists_who_to_notify_if_email_is_off(email_off, client, at_desk, publisher):
    release = make_release("scheduled", by=publisher)
    accept(client, make_link(release, name="Rita", email="rita@paper.example"))
    form = f"/admin/releases/release/{release.pk}/reschedule/"
    asked = text(at_desk(publisher).get(form))
    assert OFF in asked
    assert "Rita" in asked
    assert 'name="notify"' not in asked


@pytest.mark.django_db
def test_the_desk_says_that_email_is_off_to_those_who_issue_links(
    email_off, at_desk, editor, author
):
    assert "set EMAIL_URL" in text(at_desk(make_chief()).get("/admin/"))
    assert "E-mail is off" in text(at_desk(editor).get("/admin/"))
    assert "E-mail is off" not in text(at_desk(author).get("/admin/"))


@pytest.mark.django_db
def test_the_desk_has_no_notice_if_email_is_on(at_desk, editor, release):
    assert "E-mail is off" not in text(at_desk(make_chief()).get("/admin/"))
    assert OFF not in text(
        at_desk(editor).get(f"/admin/previews/previewlink/issue/{release.pk}/press/")
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("no_waiting_probes")
def test_probes_are_counted_without_a_message_if_email_is_off(email_off, client, caplog):
    approver = make_user("approver", "Publisher", email="publisher@newsroom.example")
    client.get(make_release("scheduled", by=approver).get_absolute_url())
    count_probes()
    assert Event.objects.filter(verb="guessed").count() == 1
    assert "sent" not in caplog.text


# --- Slow, silent and refusing servers ---------------------------------------------------------

READERS = "\n".join(f"Reader {number}, r{number}@p.example" for number in range(25))


@pytest.mark.django_db
@pytest.mark.parametrize("behaviour", [{"silent_from": "DATA"}, {"slow": 0.4}])
def test_no_editor_waits_for_a_mail_server_and_every_address_is_shown(
    at_desk, editor, release, behaviour
):
    client = at_desk(editor)
    with smtp_server.running(**behaviour) as server, use(server):
        page = issue(client, release, recipients=READERS, send_email="on", message="{name} {link}")
        assert server.connections == 0
        outbox.send_due()
        assert server.connections == 1
    assert len(set(re.findall(r"/preview/[\w-]{43}/", text(page)))) == 25
    shown = text(client.get(page.request["PATH_INFO"]))
    arrived = len(server.letters)
    assert arrived == (0 if "silent_from" in behaviour else 25)
    assert PreviewLink.objects.exclude(mailed_at=None).count() == arrived
    assert shown.count("yet: The mail server") == 25 - arrived


# The phase in which the reply of the server never ends: its behaviour, and our settings.
ENDLESS = {
    "greeting": ({"endless": "connect"}, {}),
    "EHLO": ({"endless": "EHLO"}, {}),
    "EHLO, at full speed": ({"endless": "EHLO", "drips": b"250-X\r\n" * 50_000}, {}),
    "TLS": ({"endless": "handshake", "tls": True}, {"EMAIL_USE_SSL": True}),
    "STARTTLS": ({"endless": "handshake", "starttls": True}, {"EMAIL_USE_TLS": True}),
    "EHLO in TLS": ({"endless": "EHLO", "tls": True}, {"EMAIL_USE_SSL": True}),
    "AUTH": (
        {"endless": "AUTH", "wants_password": True, "drips": b"334-X\r\n"},
        {"EMAIL_HOST_USER": smtp_server.USER, "EMAIL_HOST_PASSWORD": smtp_server.PASSWORD},
    ),
    "MAIL": ({"endless": "MAIL"}, {}),
    "RCPT": ({"endless": "RCPT"}, {}),
    "DATA": ({"endless": "DATA"}, {}),
    "sending": ({"sips": True}, {}),
    "sending in TLS": ({"sips": True, "tls": True}, {"EMAIL_USE_SSL": True}),
    "the answer to the letter": ({"endless": "letter"}, {}),
}
LARGE = EmailMessage("s", "word " * 2_000_000, to=["you@example.org"])


@pytest.mark.parametrize("shorter", ["EMAIL_TIMEOUT", "the total time"])
@pytest.mark.parametrize("phase", ENDLESS)
def test_a_server_whose_reply_never_ends_is_abandoned_in_time(
    certificates, monkeypatch, phase, shorter
):
    """The server sends or accepts a little all the time, so that no single wait is long."""
    behaviour, settings = ENDLESS[phase]
    context, file = certificates["127.0.0.1"]
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    behaviour = {name: context if value is True and "tls" in name else value
                 for name, value in behaviour.items()}  # fmt: skip
    wait, total = (0.6, 30) if shorter == "EMAIL_TIMEOUT" else (30, 0.6)
    if "sending" in phase:  # each piece is accepted in time, so only the total is limited
        wait, total = 30, 0.6
    with smtp_server.running(**behaviour) as server, use(server, **settings):
        begun = time.monotonic()
        with override_settings(EMAIL_TIMEOUT=wait):
            letters = [LARGE] if "sending" in phase else [EmailMessage("s", "w", to=["y@e.org"])]
            (failure,) = mail.send(letters, seconds=total)
        assert 0.5 < time.monotonic() - begun < 2
    assert "did not answer within" in failure or "too slow, so sending stopped" in failure
    assert server.letters == [] or phase == "the answer to the letter"


def test_a_server_that_never_closes_the_connection_has_accepted_the_message():
    with smtp_server.running(endless="QUIT") as server, use(server):
        begun = time.monotonic()
        letter = EmailMessage("s", "w", to=["you@example.org"])
        assert list(mail.send([letter], seconds=0.6)) == [""]
        assert time.monotonic() - begun < 2
    assert len(server.letters) == 1


def test_a_machine_that_accepts_no_connection_is_named_in_time():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        place = full.getsockname()
        waiting = [
            socket.socket() for _ in range(3)
        ]  # these fill the kernel's queue of connections
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(place)
        begun = time.monotonic()
        with override_settings(EMAIL_BACKEND="jobs.mail.Backend", EMAIL_HOST=place[0],
                               EMAIL_PORT=place[1], EMAIL_TIMEOUT=0.5):  # fmt: skip
            (failure,) = mail.send([EmailMessage("s", "w", to=["you@example.org"])])
        assert 0.4 < time.monotonic() - begun < 2
        assert failure.startswith("No connection to the mail server at 127.0.0.1:")
        for each in waiting:
            each.close()


@pytest.mark.django_db
def test_a_refused_recipient_does_not_stop_other_messages(at_desk, editor, release, caplog):
    refuses = {"b@p.example": "550 5.1.1 nobody of that name"}
    with smtp_server.running(refuses=refuses) as server, use(server):
        client = at_desk(editor)
        page = issue(
            client, release, send_email="on", message="{link}",
            recipients="Ann, a@p.example\nBo, b@p.example\nCy, c@p.example",
        )  # fmt: skip
        outbox.send_due()
    page = text(client.get(page.request["PATH_INFO"]))
    assert server.recipients == ["a@p.example", "c@p.example"]
    assert server.connections == 1
    assert "Sent to a@p.example, " in page
    assert "Sent to c@p.example, " in page
    assert "Not sent to b@p.example: " in page
    assert "550 5.1.1 nobody of that name" in page
    assert "/preview/" not in caplog.text
    mailed = PreviewLink.objects.exclude(mailed_at=None).values_list("name", flat=True)
    assert set(mailed) == {"Ann", "Cy"}


@pytest.mark.django_db
@pytest.mark.parametrize("code", [554, 451])
@pytest.mark.parametrize(
    "quoted", ["https://n.example/preview/{}/", "(hxxp://n.example/preview/{}/)", "{}", "<{}>",
               "preview%2F{}%2F", "preview&#x2f;{}&#x2f;", "“/preview/{}”,"],
)  # fmt: skip
def test_a_token_that_a_server_quotes_is_neither_logged_nor_stored(
    at_desk, editor, release, caplog, quoted, code
):
    token = []

    def refuse(text):
        token.append(re.search("/preview/([^/]+)/", text)[1])
        return f"{code} 5.7.1 the address {quoted.format(token[0])} is listed, says the filter"

    client = at_desk(editor)
    with smtp_server.running(refuses={"letter": refuse}) as server, use(server):
        issue(client, release, send_email="on", message="{link}", recipients="Ann, a@p.example")
        outbox.send_due()
    assert "SMTPDataError" in caplog.text
    assert token[0] not in caplog.text
    reason = Email.objects.get().reason
    assert token[0] not in reason
    assert "is listed, says the filter" in reason
    for path in ("/admin/", "/admin/jobs/email/"):
        assert token[0] not in client.get(path).content.decode()


def test_letters_continue_on_a_new_connection_if_a_server_ends_one():
    letters = [EmailMessage("s", "w", to=[f"r{number}@p.example"]) for number in range(7)]
    with smtp_server.running(letters_a_connection=3) as server, use(server):
        assert list(mail.send(letters)) == [""] * 7
    assert server.recipients == [f"r{number}@p.example" for number in range(7)]
    assert server.connections == 3


@pytest.mark.django_db(transaction=True)
def test_an_editor_sees_who_was_not_notified_of_a_moved_embargo(client, at_desk, publisher):
    release = make_release("scheduled", by=publisher)
    accept(client, make_link(release, name="Rita", email="rita@paper.example"))
    accept(client, make_link(release, name="Omar", email="omar@radio.example"))
    refuses = {"rita@paper.example": "550 nobody"}
    form = f"/admin/releases/release/{release.pk}/reschedule/"
    typed = {"publish_at_0": "2031-07-01", "publish_at_1": "09:00", "version": release.version}
    with smtp_server.running(refuses=refuses) as server, use(server):
        page = at_desk(publisher).post(form, typed | {"notify": "on"}, follow=True)
        assert server.connections == 0
        outbox.send_due()
    assert server.recipients == ["omar@radio.example"]
    assert server.connections == 1
    page = text(client.get(page.request["PATH_INFO"]))
    assert "Not sent to rita@paper.example: " in page
    assert "omar@radio.example" not in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_waiting_probes")
def test_a_silent_server_delays_neither_a_moved_embargo_nor_the_count_of_probes(client):
    approver = make_user("approver", "Publisher", email="publisher@newsroom.example")
    release = make_release("scheduled", by=approver)
    accept(client, make_link(release, name="Rita", email="rita@paper.example"))
    client.logout()
    with smtp_server.running(silent_from="connect") as server, use(server):
        moved = move(release, 5)
        client.get(release.get_absolute_url())
        count_probes()
        assert server.connections == 0
        outbox.send_due()
        assert server.connections == 1
    assert Release.objects.get().publish_at == moved.publish_at
    assert Event.objects.filter(verb="guessed").count() == 1
