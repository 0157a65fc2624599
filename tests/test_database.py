"""The database: who may read its file, one migrate at a time, and a server that is down."""

import os
import socket
import stat
import subprocess
import sys
import time

import pytest

from tests import forks
from tests.deployment import ROOT, environment

AWAY = "postgres://u:Geheimnis@127.0.0.1:1/newsroom"


def manage(*arguments, url, umask=0o022):
    return subprocess.Popen(
        [sys.executable, ROOT / "manage.py", *arguments],
        preexec_fn=lambda: os.umask(umask), env=environment(DATABASE_URL=url),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_database_is_private_and_two_migrate_commands_run_in_turn(tmp_path):
    file = tmp_path / "newsroom.sqlite3"
    both = [manage("migrate", "--no-input", url=f"sqlite:///{file}") for _ in range(2)]
    output = sorted((one.communicate(timeout=120)[0] for one in both), key=len)
    assert [one.returncode for one in both] == [0, 0], output
    assert "Another migrate is running on this database; waiting." in output[0]
    assert "No migrations to apply." in output[0]
    assert "people.0003_cases_consents_and_levels... OK" in output[1]
    assert {found.name: mode(found) for found in tmp_path.glob("newsroom*")} == {
        "newsroom.sqlite3": 0o600, "newsroom.sqlite3.migrate-lock": 0o600,
    }  # fmt: skip
    assert "W006" not in manage("check", "--deploy", url=f"sqlite:///{file}").communicate()[0]
    # Permissions that its owner has set are kept, and apply to the files beside it too.
    file.chmod(0o640)
    seen = manage(
        "shell", "--command", "from accounts.models import User; from pathlib import Path;"
        f"User.objects.create(username='x'); [print(oct(p.stat().st_mode)[-3:]) for p in"
        f" Path('{tmp_path}').glob('newsroom.sqlite3-*')]", url=f"sqlite:///{file}",
    ).communicate(timeout=60)[0]  # fmt: skip
    assert seen.split()[-2:] == ["640", "640"], seen
    assert mode(file) == 0o640
    warned = manage("check", "--deploy", url=f"sqlite:///{file}").communicate()[0]
    assert "(pressroom.W006) Other users of this machine can read the database" in warned
    assert f"chmod go= {file}*" in warned


@pytest.mark.parametrize(
    ("command", "status"),
    [(["migrate"], 1), (["leakcheck", "--sweep"], 2), (["leakcheck"], 2),
     (["forget"], 1), (["forget", "--dry-run"], 1), (["tidy"], 1)],
)  # fmt: skip
def test_an_unreachable_database_is_reported_in_a_sentence(command, status):
    done = forks.run(ROOT / "manage.py", *command, env=environment(DATABASE_URL=AWAY), timeout=60)
    output = done.stdout + done.stderr
    assert done.returncode == status, output
    assert "Traceback" not in output
    assert "Geheimnis" not in output
    if command != ["leakcheck"]:  # which asks the site first, and there is none here
        assert output.count("The database does not answer") == 1


def test_a_server_that_accepts_a_connection_and_does_not_answer_times_out():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        done = manage("migrate", url=f"postgres://u@127.0.0.1:{silent.getsockname()[1]}/newsroom")
        output = done.communicate(timeout=60)[0]
        assert time.monotonic() - began < 20
    assert done.returncode == 1
    assert "The database does not answer." in output
    assert "timeout" in output
