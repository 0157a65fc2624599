"""Health checks for containers and load balancers, which know only an address and a port."""

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings

pytestmark = pytest.mark.django_db

PROBES = ["/healthz", "/readyz"]


@pytest.mark.parametrize("probe", PROBES)
def test_a_probe_needs_no_host_name_and_no_https(client, settings, probe):
    settings.ALLOWED_HOSTS = ["news.example.org"]
    with override_settings(SECURE_SSL_REDIRECT=True):
        client = type(client)()  # middleware reads the setting when it starts
        response = client.get(probe, headers={"Host": "10.1.2.3:8000"})
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "status"),
    [
        (False, "127.0.0.1", "", 200),
        (False, "10.9.8.7", "", 200),
        (False, "fd00::1", "", 200),
        (False, "8.8.8.8", "", 400),
        (False, "127.0.0.1", "8.8.8.8", 400),  # an untrusted proxy
        (False, "127.0.0.1", "10.9.8.7", 400),
        (True, "127.0.0.1", "8.8.8.8", 400),
        (True, "127.0.0.1", "10.9.8.7, 8.8.8.8", 400),
        (True, "127.0.0.1", "8.8.8.8, 10.9.8.7", 200),
        (True, "127.0.0.1", "nobody", 400),
    ],
)
def test_another_host_name_is_accepted_only_on_the_local_network(
    client, settings, probe, trusted, peer, forwarded, status
):
    settings.ALLOWED_HOSTS, settings.TRUST_PROXY = ["news.example.org"], trusted
    sent = {"REMOTE_ADDR": peer} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})
    assert client.get(probe, headers={"Host": "10.1.2.3:8000"}, **sent).status_code == status
    assert client.get(probe, headers={"Host": "news.example.org"}, **sent).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_site_with_missing_migrations_is_healthy_but_not_ready(client, settings):
    recorder = MigrationRecorder(connection)
    (newest,) = recorder.migration_qs.filter(app="releases").order_by("-pk")[:1]
    newest.delete()
    try:
        assert client.get("/healthz").status_code == 200
        response = client.get("/readyz")
    finally:
        recorder.record_applied(newest.app, newest.name)
    assert response.status_code == 503
    assert response.content == f"not ready: migrations\nversion {settings.VERSION}\n".encode()


def test_a_site_that_cannot_reach_its_files_is_not_ready(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "unmounted"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.content == f"not ready: storage\nversion {settings.VERSION}\n".encode()


@pytest.mark.parametrize("probe", PROBES)
def test_a_probe_shows_only_the_state_and_the_version(client, settings, probe):
    response = client.get(probe)
    expected = {"/healthz": "ok\n", "/readyz": f"ready\nversion {settings.VERSION}\n"}
    assert response.content.decode() == expected[probe]
    assert client.post(probe).status_code == 405
    assert client.head(probe).content == b""
