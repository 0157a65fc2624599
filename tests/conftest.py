import contextlib
import copy
import gc
import hashlib
import logging.config
import time
from uuid import uuid4

import pytest
from django.conf import settings as pressroom_settings
from django.core.cache import cache
from django.core.files.storage import storages
from django.core.servers.basehttp import WSGIRequestHandler
from django.db import connection
from django.template import Template
from django.test import override_settings
from django.test.utils import _TestState, instrumented_test_render

from assets import sandbox
from jobs.models import Job
from pressroom import logs
from releases import probes
from tests import cpu, databases, s3_server, sandbox_forks

DEADLINE = pytest.StashKey[float]()
LARGE = 200_000  # bytes; larger files are opened each time
_opened: dict = {}


def pytest_addoption(parser):
    cpu.pytest_addoption(parser)
    parser.addoption(
        "--stop-after", type=float, default=float("inf"), metavar="SECONDS",
        help="leave out the tests that have not begun by then",
    )  # fmt: skip


def pytest_configure(config):
    config.stash[DEADLINE] = time.monotonic() + config.getoption("--stop-after")
    cpu.pytest_configure(config)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, tmp_path_factory):
    """Give each thread of the live server its own connection, and keep none open.

    With a database in memory, SQLite would share the test's connection with these threads. With an
    open connection, PostgreSQL could not drop the database.
    """
    database = pressroom_settings.DATABASES["default"]
    database["CONN_MAX_AGE"] = 0
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "pressroom.sqlite3")


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment, django_db_blocker, django_db_modify_db_settings, django_db_createdb
):
    """The database of this worker, in place of the one that pytest-django would migrate.

    Yields a function that restores it.
    """
    name = connection.creation._get_test_db_name()
    with django_db_blocker.unblock():
        database = databases.of_this_worker(name, anew=django_db_createdb)
        restore = database.__enter__()
    yield restore
    with django_db_blocker.unblock():
        database.__exit__(None, None, None)


def pytest_runtest_setup(item):
    if time.monotonic() > item.config.stash[DEADLINE]:
        pytest.skip("not started by `make check` within its time: `make test` runs it")


def pytest_collection(session):
    gc.disable()  # until all tests are collected: each run would scan all tests collected so far


def pytest_collection_finish(session):
    gc.freeze()  # the collected tests stay in memory to the end
    gc.set_threshold(20_000, 10, 10)  # the default is 700 objects, and each page creates them
    gc.enable()


def pytest_collection_modifyitems(items):
    if pressroom_settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        left = pytest.mark.skip(reason="the same on both databases: the suite on SQLite runs it")
        for item in items:
            if item.get_closest_marker("once") or not asks_for_a_database(item):
                item.add_marker(left)


def asks_for_a_database(item) -> bool:
    """Return whether a test uses the database of the suite, or creates its own databases."""
    fixtures = {"db", "transactional_db", "live_server", "django_db_setup"}
    makes_its_own = item.path.stem in ("test_database", "test_upgrade")
    marked = item.get_closest_marker("django_db")
    return bool(makes_its_own or marked or fixtures & {*item.fixturenames})


# For all tests: plain HTTP, and no value from the environment of this machine.
SETTINGS = {
    "SECURE_SSL_REDIRECT": False, "SESSION_COOKIE_SECURE": False, "CSRF_COOKIE_SECURE": False,
    "STORAGES": {
        "default": {"BACKEND": "assets.storage.Folder"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    },
    "S3_BUCKET": "", "WHITENOISE_AUTOREFRESH": True, "WHITENOISE_USE_FINDERS": True,
    "DEBUG": False, "SITE_URL": "", "SITE_NOTICE": "", "NEWSROOM_NAME": "The Newsroom",
    "NEWSROOM_EMAIL": "press@newsroom.example",
    "REQUIRE_SECOND_FACTOR": "nobody",  # tests sign in by force_login
    "EMAIL_IS_ON": True,  # Django collects the e-mails of tests in django.core.mail.outbox
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
}  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def _settings_of_the_suite():
    with override_settings(**SETTINGS):
        yield


@pytest.fixture(scope="session", autouse=True)
def _pages_are_rendered_plainly(django_test_environment):
    """Undo Django's copying of each template's context in tests. Our tests read the HTML."""
    Template._render = _TestState.saved_data.template_render


@pytest.fixture
def template_contexts(monkeypatch):
    """Store template contexts with responses, for tests that read a form from them."""
    monkeypatch.setattr(Template, "_render", instrumented_test_render)


# Django's test server sends the headers of a response before the body. The kernel would hold the
# body until the client has acknowledged the headers, which takes 40 ms for each request.
WSGIRequestHandler.disable_nagle_algorithm = True


@pytest.fixture(autouse=True)
def _newsroom(settings, tmp_path_factory):
    """Give each test its own folder for files and an empty cache."""
    settings.MEDIA_ROOT = tmp_path_factory.mktemp("media")
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path_factory.mktemp("tmp") / "uploads"
    cache.clear()


@pytest.fixture(scope="session")
def s3_address(tmp_path_factory):
    """The address of a real S3 server, which starts when the first test needs it."""
    with s3_server.running(tmp_path_factory.mktemp("s3")) as address:
        yield address


@pytest.fixture
def bucket(s3_address, settings):
    """A bucket as `checkstorage --prepare` makes it, used for all files of the test."""
    settings.S3_BUCKET = f"newsroom-{uuid4()}"
    settings.S3_ENDPOINT_URL, settings.S3_REGION = s3_address, s3_server.REGION
    settings.S3_URL_SECONDS = 60
    settings.S3_ACCESS_KEY_ID, settings.S3_SECRET_ACCESS_KEY = (
        s3_server.ACCESS_KEY,
        s3_server.SECRET_KEY,
    )
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": "assets.bucket.Bucket"}}
    made = storages["default"]
    made.prepare()
    return made


# The tests of the sandbox process itself, and of its results.
REAL_PROCESS = sandbox.Process
OF_THE_PROCESS = {"test_confinement", "test_processing", "test_pictures", "test_tracing"}


@pytest.fixture(scope="session", autouse=True)
def _files_are_opened_by_forks():
    sandbox.Process = sandbox_forks.Fork
    yield
    sandbox.Process = REAL_PROCESS


@pytest.fixture(autouse=True)
def _the_same_picture_is_opened_once(request, monkeypatch):
    """Process the same file once in each worker, since most tests use the same picture."""
    if request.path.stem in OF_THE_PROCESS:
        monkeypatch.setattr(sandbox, "Process", REAL_PROCESS)
        return

    def once(real, listed):
        def remembering(file, *asked):
            file.seek(0)
            content = file.read(LARGE)
            file.seek(0)
            if len(content) == LARGE:
                return real(file, *asked)
            key = (real, hashlib.sha256(content).digest(), repr(asked))
            if key not in _opened:
                _opened[key] = listed(real(file, *asked))
            return copy.deepcopy(_opened[key])

        return remembering

    monkeypatch.setattr(sandbox, "inspect", once(sandbox.inspect, lambda seen: seen))
    monkeypatch.setattr(sandbox, "renditions", once(sandbox.renditions, list))


@pytest.fixture
def new_log(caplog, monkeypatch):
    """caplog with the lines that a process writes to its log, from the start of the process.

    Its filters are new: they count lines, and have not seen those of earlier tests.
    """
    # The first handler decides whether a line is logged, so there must be no other one.
    monkeypatch.setattr(logging.root, "handlers", [caplog.handler])
    configured = logs.configuration("text", report_errors=False)
    new_filter = logging.config.DictConfigurator(configured).configure_filter
    with contextlib.ExitStack() as filters:
        for name in configured["handlers"]["console"]["filters"]:
            filters.enter_context(caplog.filtering(new_filter(configured["filters"][name])))
        yield caplog


@pytest.fixture
def no_waiting_probes(db):
    """Remove what earlier tests requested, so that only requests of this test are counted."""
    probes.waiting.flush()
    Job.objects.filter(name=probes.count_probes.name).delete()


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
def account(transactional_db, settings):
    """The name of an editor whose password (make.PASSWORD) works in processes of a deployment.

    They do not use the fast password hasher of the test settings.
    """
    from tests.make import PASSWORD, make_user

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    return make_user("editor", "Editor", password=PASSWORD).username


@pytest.fixture
def at_desk(client):
    """Sign a user in and return the client."""

    def sign_in(user):
        client.force_login(user)
        return client

    return sign_in
