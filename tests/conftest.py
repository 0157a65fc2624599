import pytest
from django.conf import settings as pressroom_settings
from django.core.cache import cache
from django.core.files.storage import storages
from django.test import override_settings

from releases import guesses


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, tmp_path_factory):
    """Each thread of the live server has a connection of its own, and leaves none behind.

    In memory, SQLite would share the test's with them. A connection kept for a browser's next
    request would keep PostgreSQL from dropping the database.
    """
    database = pressroom_settings.DATABASES["default"]
    database["CONN_MAX_AGE"] = 0
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "pressroom.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def _plain_http():
    """Tests speak HTTP; a server for the browser reads this once, when it starts."""
    with override_settings(
        SECURE_SSL_REDIRECT=False, SESSION_COOKIE_SECURE=False, CSRF_COOKIE_SECURE=False
    ):
        yield


@pytest.fixture(autouse=True)
def _newsroom(settings, monkeypatch, tmp_path_factory):
    """Every test has a folder of its own for files, and no say of the machine's environment."""
    settings.MEDIA_ROOT = tmp_path_factory.mktemp("media")
    settings.STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True
    settings.DEBUG = False
    settings.NEWSROOM_NAME = "The Newsroom"
    settings.NEWSROOM_EMAIL = "press@newsroom.example"
    settings.SITE_URL = ""
    settings.SITE_NOTICE = ""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    storages._storages = {}
    monkeypatch.setattr("releases.guesses._begin", lambda: None)
    guesses._waiting.queue.clear()
    cache.clear()
    yield
    storages._storages = {}


@pytest.fixture
def author(db):
    from tests.make import make_user

    return make_user("author", "Author")


@pytest.fixture
def editor(db):
    from tests.make import make_user

    return make_user("editor", "Editor")


@pytest.fixture
def publisher(db):
    from tests.make import make_user

    return make_user("publisher", "Publisher")


@pytest.fixture
def at_desk(client):
    """Sign a user in and return the client."""

    def sign_in(user):
        client.force_login(user)
        return client

    return sign_in
