"""The settings of an operator: safe defaults, refused values, and what the messages say."""

import compileall
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests import forks

pytestmark = pytest.mark.once
ROOT = Path(settings.BASE_DIR)
PRODUCT = [
    *("manage.py", ".env.example", "accounts", "assets", "demo", "desk", "importing", "jobs"),
    *("leakcheck", "newsroom", "people", "pressroom", "previews", "releases", "storing"),
    *("templates", "static", "locale"),
]
KEY = "iJ4vYtqR0nC8sWz3hXeL6bGmPfU1oKdA9yTjQrE5wVxNc7ZkSu2H"
PRODUCTION = {
    "SECRET_KEY": KEY,
    "ALLOWED_HOSTS": "news.example.org",
    "TRUST_PROXY": "on",
    "SITE_URL": "https://news.example.org",
    "NEWSROOM_EMAIL": "press@news.example.org",
    "EMAIL_URL": "smtp+tls://press:p%23ss@smtp.example.org:587",
    "DATABASE_URL": "postgres://press:p%40ss%2Fword@db.example.org:6432/newsroom",
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The product as an operator installs it: without our .env, var and environment."""
    place = tmp_path_factory.mktemp("installed")
    for name in PRODUCT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, place / name)
    compileall.compile_dir(place, quiet=2)
    return place


@pytest.fixture
def installed(compiled):
    """The installed product, without the files that earlier tests added to it."""
    yield compiled
    for path in compiled.iterdir():
        if path.name not in PRODUCT:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def process(installed, *command, **environment):
    """Run a command in a new interpreter; `run` forks one that has imported the libraries."""
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"} | environment
    return subprocess.run(
        [sys.executable, *command], cwd=installed, env=environment, capture_output=True, text=True
    )


def run(installed, *command, **environment):
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"} | environment
    return forks.run(*command, cwd=installed, env=environment)


def check(installed, *options, start=run, **environment):
    return start(installed, "manage.py", "check", *options, **environment)


def assert_accepted(installed, **environment):
    """Check that the start does not refuse the settings. A whole `check` takes ten times longer."""
    done = run(installed, "-c", START, **environment)
    assert done.returncode == 0, (environment, done.stderr)


def setting(installed, *names, **environment) -> list:
    code = "import json, sys; from django.conf import settings as s; " + (
        "print(json.dumps([getattr(s, name) for name in sys.argv[1:]]))"
    )
    environment["DJANGO_SETTINGS_MODULE"] = "pressroom.settings"
    done = run(installed, "-c", code, *names, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


BUCKET = {
    "S3_BUCKET": "newsroom",
    "S3_ENDPOINT_URL": "https://s3.example.org",
    "S3_ACCESS_KEY_ID": "press",
    "S3_SECRET_ACCESS_KEY": "nobody-may-read-this",
}

UNSAFE = {
    "no key": ({"SECRET_KEY": ""}, "SECRET_KEY is missing"),
    "a short key": ({"SECRET_KEY": KEY[:49]}, "shorter than 50"),
    "a key of few characters": ({"SECRET_KEY": "abcd" * 20}, "fewer than five different"),
    "debugging on a public host": (
        {"DEBUG": "on"},
        "DEBUG is on while ALLOWED_HOSTS admits news.example.org",
    ),
    "any host": ({"ALLOWED_HOSTS": "news.example.org,*"}, "ALLOWED_HOSTS is *"),
    "no host": ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is empty"),
    "plain HTTP": ({"HTTPS": "off"}, "HTTPS is off for a public host"),
    "an unsupported database": (
        {"DATABASE_URL": "mysql://u:p@h/n"},
        "DATABASE_URL is not the address",
    ),
    "no database": ({"DATABASE_URL": "nonsense"}, "DATABASE_URL is not the address"),
    "a weak former key": (
        {"SECRET_KEY_FALLBACKS": f"{KEY[::-1]},{KEY[:49]}"},
        "SECRET_KEY_FALLBACKS has a key that is shorter than 50 characters",
    ),
    "a former key of few characters": (
        {"SECRET_KEY_FALLBACKS": "ab" * 40},
        "SECRET_KEY_FALLBACKS has a key",
    ),
    "no mail server": ({"EMAIL_URL": "smtp+tls://"}, "EMAIL_URL has no host"),
    "a mail password with a hash sign": (
        {"EMAIL_URL": "smtp+tls://press:pa#ss@smtp.example.org"},
        "EMAIL_URL has no host, or can’t be read",
    ),
    "an unknown scheme of mail": (
        {"EMAIL_URL": "pigeon://loft"},
        "EMAIL_URL begins with pigeon, so Pressroom can’t send e-mail",
    ),
    "a mail timeout of a day": (
        {"EMAIL_TIMEOUT": "86400"},
        "EMAIL_TIMEOUT is 86400: set the seconds to wait",
    ),
    "a site address without a scheme": (
        {"SITE_URL": "news.example.org"},
        "SITE_URL is news.example.org",
    ),
    "an invalid name of a bucket": (
        BUCKET | {"S3_BUCKET": "https://s3.example.org/newsroom"},
        "S3_BUCKET is https://s3.example.org/newsroom, which is not a valid name of a bucket",
    ),
    "a bucket without a key": (
        BUCKET | {"S3_ACCESS_KEY_ID": ""},
        "S3_ACCESS_KEY_ID or S3_SECRET_ACCESS_KEY is missing",
    ),
    "a bucket without its secret": (
        BUCKET | {"S3_SECRET_ACCESS_KEY": ""},
        "S3_ACCESS_KEY_ID or S3_SECRET_ACCESS_KEY is missing",
    ),
    "a bucket without an endpoint": (
        BUCKET | {"S3_ENDPOINT_URL": ""},
        "S3_BUCKET is set without S3_ENDPOINT_URL or S3_REGION",
    ),
    "a bucket endpoint without a scheme": (
        BUCKET | {"S3_ENDPOINT_URL": "s3.example.org"},
        "S3_ENDPOINT_URL is s3.example.org, which is not an address",
    ),
    "a bucket over plain HTTP": (
        BUCKET | {"S3_ENDPOINT_URL": "http://s3.example.org:9000"},
        "S3_ENDPOINT_URL is http://s3.example.org:9000: originals and addresses of",
    ),
    "download addresses for a day": (
        BUCKET | {"S3_URL_SECONDS": "86400"},
        "S3_URL_SECONDS is 86400",
    ),
    "download addresses for no time": (BUCKET | {"S3_URL_SECONDS": "0"}, "S3_URL_SECONDS is 0"),
    "an unknown log format": ({"LOG_FORMAT": "xml"}, "LOG_FORMAT is xml: choose text, or json"),
    "a short token for metrics": (
        {"METRICS_TOKEN": "prometheus"},
        "METRICS_TOKEN is shorter than 32 characters",
    ),
    "a reporter that does not exist": (
        {"ERROR_REPORTER": "no.such.reporter"},
        "ERROR_REPORTER is no.such.reporter, which can’t be used (ModuleNotFoundError",
    ),
    "a reporter that is no function": (
        {"ERROR_REPORTER": "pressroom.settings.VERSION"},
        "ERROR_REPORTER is pressroom.settings.VERSION, which can’t be used (it is not a function)",
    ),
    "a file of stolen passwords that does not exist": (
        {"BREACHED_PASSWORDS_FILE": "stolen.txt"},
        "BREACHED_PASSWORDS_FILE is stolen.txt, which is not a file",
    ),
    "a file of stolen passwords in plain text": (
        {"BREACHED_PASSWORDS_FILE": "manage.py"},
        "manage.py, which has lines other than a SHA-1 hash and a count",
    ),
    "an invalid revision": ({"REVISION": "the newest"}, "REVISION is the newest, which is not"),
    "download addresses for a text": (
        BUCKET | {"S3_URL_SECONDS": "a day"},
        "S3_URL_SECONDS is a day",
    ),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_an_unsafe_setting_is_refused_with_a_sentence(installed, case):
    unsafe, sentence = UNSAFE[case]
    done = check(installed, **PRODUCTION | unsafe)
    assert done.returncode != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    for secret in (KEY[:20], BUCKET["S3_SECRET_ACCESS_KEY"]):
        assert secret not in done.stderr


# --- A wrong value of every setting ------------------------------------------------------------

PARTS = {"DATABASE_URL": "", "POSTGRES_HOST": "db.example.org"}
HIDDEN = "hunter2hunter2"
NO_NUMBER_OF_WORKERS = ["many", "0", "-1", "1.5", "65", "９"]
# For each setting: wrong values, a part of the message, and other settings that it needs.
WRONG = {
    "SECRET_KEY": (["", HIDDEN], "Set what this prints: python3 -c", {}),
    "SECRET_KEY_FALLBACKS": ([HIDDEN], "Remove it.", {}),
    "DEBUG": (["maybe", "on off"], "write on or off", {}),
    "ALLOWED_HOSTS": (
        ["https://news.example.org", "news.example.org:443", "*.example.org", "a b", "a,::1"],
        "write host names alone, such as news.example.org",
        {},
    ),
    "CSRF_TRUSTED_ORIGINS": (
        ["news.example.org", "https://news.example.org/", "https://", "https://a,b"],
        "write origins with https://",
        {},
    ),
    "HTTPS": (["maybe"], "write on or off", {}),
    "TRUST_PROXY": (["nginx"], "write on or off", {}),
    "BREACHED_PASSWORDS_FILE": (
        ["/no/such/file", "/", "accounts", "manage.py", "templates/base.html"], "which", {}
    ),
    "JOBS_IN_WEB": (["maybe"], "write on or off", {}),
    "REQUIRE_SECOND_FACTOR": (
        ["on", "all", "privileged,everybody"], "write privileged, everybody or nobody", {},
    ),
    "WEB_WORKERS": (NO_NUMBER_OF_WORKERS, "a whole number from 1 to 64", {}),
    "PROTECTED_NAMES_A_DAY": (["few", "0"], "a whole number from 1 to 10000", {}),
    "WEB_THREADS": (NO_NUMBER_OF_WORKERS, "a whole number from 1 to 64", {}),
    "LOG_FORMAT": (["xml"], "choose text, or json", {}),
    "METRICS_TOKEN": ([HIDDEN], "Set a long random text", {}),
    "ERROR_REPORTER": (["no.such.reporter"], "Name a function", {}),
    "REVISION": (["the newest"], "64 letters, digits", {}),
    "NEWSROOM_NAME": (["Our\nNewsroom"], "write one line of text", {}),
    "NEWSROOM_EMAIL": (
        ["press", "press@", "press@a.org\nBcc: x@b.org", "a@b.org, c@d.org"],
        "write one e-mail address",
        {},
    ),
    "NEWSROOM_PHONE": (["+44\n20"], "write one line of text", {}),
    "SITE_URL": (
        ["news.example.org", "https://", "https://a b", "https://news.example.org/a"],
        "Write it with https://",
        {},
    ),
    "SITE_NOTICE": (["A\ttest"], "write one line of text", {}),
    "TIME_ZONE": (["Mars", "Europe", "../etc/passwd", "/etc/passwd"], "as in Europe/London", {}),
    "LANGUAGE_CODE": (["fr", "xx", "english", "en"], "write one of en-gb", {}),
    "EXTRA_COUNTRIES": (["foo", "XK", "XK=", "Kosovo=XK", "XK=Kosovo;XV=V,x"], "XK=Kosovo", {}),
    "DATABASE_URL": (
        ["garbage", f"postgres://u:{HIDDEN}@ss/word#x@h/db", f"postgres://u:{HIDDEN}/a@h/db",
         f"postgres://u:{HIDDEN}#a@h/db", f"postgres://u:{HIDDEN}?a@h/db",
         f"postgres://u:{HIDDEN}[a@h/db", f"postgres://u:{HIDDEN}@h", f"postgres://u:{HIDDEN}@h:x/n",
         f"mysql://u:{HIDDEN}@h/n", "sqlite://var/news.sqlite3", "sqlite:////srv/a#b.sqlite3"],
        "",
        {},
    ),
    "POSTGRES_HOST": (
        ["db.example.org:5432", "postgres://db", "u@db", "a b"], "write the name", PARTS
    ),
    "POSTGRES_PORT": (["x", "0", "65536"], "a whole number from 1 to 65535", PARTS),
    "POSTGRES_DB": (["news\nroom"], "write one line of text", PARTS),
    "POSTGRES_USER": (["press\nroom"], "write one line of text", PARTS),
    "SCRATCH_DATABASE_URL": (
        ["garbage", "sqlite:////tmp/x", f"postgres://u:{HIDDEN}/a@h/db"], "postgres://", {}
    ),
    "CACHE_URL": (
        ["garbage", f"redis://u:{HIDDEN}/a@h/1", f"redis://u:{HIDDEN}#@h/1", "redis://", "foo://h",
         "redis://cache.example.org:6379/1"],
        "",
        {},
    ),
    "EMAIL_URL": (
        ["garbage", "pigeon://loft", f"smtp+tls://user:{HIDDEN}@ss/w#rd@mail.example.org:587",
         f"smtp://u:{HIDDEN}?x@h", f"smtp://u:{HIDDEN}[x@h", f"smtp://u:{HIDDEN}@h:x", "smtp://",
         f"smtp://u:{HIDDEN}é@h", f"smtp://ü:{HIDDEN}@h", f"smtp://u:{HIDDEN}%C3%A9@h"],
        "",
        {},
    ),
    "EMAIL_TIMEOUT": (["x", "0", "86400"], "a whole number from 1 to 30", {}),
    "MEDIA_ROOT": (["/etc/passwd", "/etc/passwd/media"], "write the path of one", {}),
    "S3_BUCKET": (["https://s3.example.org/newsroom"], "use at least three letters", BUCKET),
    "S3_ENDPOINT_URL": (["s3.example.org"], "Write it as in", BUCKET),
    "S3_REGION": (["eu central 1"], "the name of a region", BUCKET),
    "S3_ACCESS_KEY_ID": (["", f"{HIDDEN} x"], "", BUCKET),
    "S3_SECRET_ACCESS_KEY": (["", f"{HIDDEN} x"], "", BUCKET),
    "S3_URL_SECONDS": (["0", "86400", "a day"], "a whole number from 1 to 3600", {}),
    **{
        f"MAX_{name}": (["x", "0", "1.5", "-1", "999999"], "a whole number from", {})
        for name in ("PICTURE_MEGABYTES", "DOCUMENT_MEGABYTES", "PICTURE_MEGAPIXELS",
                     "PICTURE_SECONDS", "PICTURE_MEMORY_MEGABYTES")
    },
    **{
        f"{name}_DAYS": (["x", "0", "-1", "1.5", "3651"], "a whole number from 1 to 3650", {})
        for name in ("KEEP_PROBES", "KEEP_VISITS", "KEEP_EMAILS", "KEEP_LOGS", "RECORD")
    },
}  # fmt: skip
NEVER_WRONG = {
    "PORT": "make and Docker Compose read it, Pressroom does not; pressroom/preflight.py checks it",
    "DESK_PORT": "Docker Compose alone reads it",
    "FILES_PORT": "Docker Compose alone reads it",
    "POSTGRES_PASSWORD": "any text can be a password, and only the database knows",
}
SECRET = {"SECRET_KEY", "SECRET_KEY_FALLBACKS", "METRICS_TOKEN", "DATABASE_URL", "EMAIL_URL",
          "SCRATCH_DATABASE_URL", "CACHE_URL", "S3_ACCESS_KEY_ID",
          "S3_SECRET_ACCESS_KEY"}  # fmt: skip
START = """
import os, sys
from django.core.exceptions import ImproperlyConfigured
os.environ["DJANGO_SETTINGS_MODULE"] = "pressroom.settings"
from pressroom import errors
try:
    errors.check_reporter()
except ImproperlyConfigured as problem:
    sys.exit(str(problem))
"""


def test_every_setting_has_a_wrong_value_or_a_reason_for_none():
    names = re.findall(r"^#?([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(names) == sorted([*WRONG, *NEVER_WRONG])


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_stops_the_start_with_a_sentence_that_names_the_setting(installed, name):
    wrong, sentence, more = WRONG[name]
    for value in wrong:
        done = run(installed, "-c", START, **PRODUCTION | more | {name: value})
        output = done.stderr
        assert (done.returncode, "Traceback" in output) == (1, False), (value, output)
        output = output.removeprefix("Pressroom will not start with these settings:\n- ")
        assert output.count("\n") == 1, (value, output)
        assert name in output
        assert sentence in output
        assert HIDDEN not in output
        if name not in SECRET and "," not in value and "\n" not in value and "\t" not in value:
            assert value in output


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EMAIL_URL", "smtp+tls://user:p@ss/w#rd@mail.example.org:587"),
        ("DATABASE_URL", "postgres://u:p@ss/word#x@h/db"),
        ("CACHE_URL", "redis://u:p@ss/word#x@h/1"),
    ],
)
def test_an_unescaped_password_is_reported_without_being_quoted(installed, name, value):
    output = run(installed, "-c", START, **PRODUCTION | {name: value}).stderr
    assert "as their percent codes, such as %23 for #." in output
    assert value[value.index("ss/") :] not in output
    assert "ss" not in output.replace("password", "").replace("Pressroom", "")


MISSPELT = [
    ("ALOWED_HOSTS", "ALLOWED_HOSTS"), ("EMAIL_URLS", "EMAIL_URL"), ("TIMEZONE", "TIME_ZONE"),
    ("MEDIA_ROT", "MEDIA_ROOT"), ("trust_proxy", "TRUST_PROXY"), ("DEBGU", "DEBUG"),
    ("DJANGO_SECRET_KEY", "SECRET_KEY"), ("S3_ACES_KEY_ID", "S3_ACCESS_KEY_ID"),
    ("TIMZONE", "TIME_ZONE"),
]  # fmt: skip


@pytest.mark.parametrize("where", ["file", "environment"])
def test_a_misspelt_setting_is_reported_with_the_correct_name(installed, where):
    for name, meant in MISSPELT:
        given = {key: value for key, value in PRODUCTION.items() if key != meant}
        if where == "file":
            (installed / ".env").write_text(f"{name}={HIDDEN}\n")
            done = run(installed, "manage.py", "check", **given)
        else:
            done = run(installed, "manage.py", "check", **given | {name: HIDDEN})
        assert done.returncode == 1, name
        assert done.stderr.startswith(
            f"{name} is set, but Pressroom has no setting with this name. If "
        )
        assert f"If you mean {meant}, rename it" in done.stderr
        assert done.stderr.count("\n") == 1
        assert HIDDEN not in done.stderr


def test_a_misspelt_setting_stops_the_server_with_a_sentence(installed):
    given = {key: value for key, value in PRODUCTION.items() if key != "ALLOWED_HOSTS"}
    command = ["-m", "gunicorn", "--check-config", "-c", str(ROOT / "gunicorn.conf.py")]
    done = process(ROOT, *command, "pressroom.wsgi", **given | {"ALOWED_HOSTS": "x"})
    assert done.returncode
    assert "ALOWED_HOSTS is set" in done.stderr
    assert "Traceback" not in done.stderr


def test_variables_of_other_programs_are_ignored(installed):
    others = {
        "HTTP_PROXY": "x", "https_proxy": "x", "PORTS": "1", "HOST": "x", "EMAIL": "x", "TZ": "UTC",
        "PGPASSWORD": "x", "POSTGRES_PASSWORD_FILE": "/x", "GPG_KEY": "x", "REDIS_URL": "x",
        "NEWSROOM_SERVICE_HOST": "x", "NEWSROOM_PORT": "tcp://10.0.0.1:80", "AWS_REGION": "x",
        "DJANGO_SETTINGS_MODULE": "pressroom.settings", "WEB_CONCURRENCY": "2", "DATABASE": "x",
        # Names of other programs that are similar to our own, which are set too.
        "ALLOWED_HOST": "x", "TIMEZONE": "x", "TIME_ZONE": "UTC",
    }  # fmt: skip
    done = run(installed, "manage.py", "check", **PRODUCTION | others)
    assert done.returncode == 0, done.stderr


VALID = [
    {"DATABASE_URL": "postgres://u:p@[::1]:5432/news"},
    {"DATABASE_URL": "postgres://u:a,b@db1.example.org,db2.example.org/news"},
    {"DATABASE_URL": "postgres:///news?host=/var/run/postgresql"},
    {"DATABASE_URL": "postgres://u:p@127.0.0.1:5432/news?sslmode=require"},
    {"DATABASE_URL": "sqlite:////srv/a@b/news.sqlite3"},
    PARTS | {"POSTGRES_HOST": "/var/run/postgresql"},
    PARTS | {"POSTGRES_HOST": "fd00::1"},
    {"EMAIL_URL": "smtp://mail:25"},
    {"CACHE_URL": "filecache:///var/tmp/a"},
    {"CACHE_URL": "dummycache://"},
    {"ALLOWED_HOSTS": ".example.org, news.example.org,[::1],127.0.0.1"},
    {"CSRF_TRUSTED_ORIGINS": "https://*.example.org, http://localhost:8000"},
    {"NEWSROOM_NAME": "اتاق\u200cخبر $HOME"},
    {"EXTRA_COUNTRIES": "XK=Kosovo, XV=Valdria (invented),"},
    {"EXTRA_COUNTRIES": ""},
    {"LANGUAGE_CODE": "en_GB"},
    {"LANGUAGE_CODE": ""},
    {"SITE_URL": "https://news.example.org:8443/"},
    {"TIME_ZONE": "America/Argentina/Buenos_Aires"},
    {"DEBUG": "FALSE"},
]


def test_valid_settings_are_accepted(installed):
    for valid in VALID:
        assert_accepted(installed, **PRODUCTION | valid)


def test_a_name_may_begin_with_a_dollar(installed):
    assert setting(installed, "NEWSROOM_NAME", **PRODUCTION, NEWSROOM_NAME="$100 News") == [
        "$100 News"
    ]


def test_a_relative_media_root_does_not_depend_on_the_current_directory(installed):
    code = "from django.conf import settings as s; print(s.MEDIA_ROOT)"
    environment = PRODUCTION | {"DJANGO_SETTINGS_MODULE": "pressroom.settings", "MEDIA_ROOT": "up"}
    environment |= {"PYTHONPATH": str(installed)}
    for place in (installed, installed / "pressroom"):
        assert run(place, "-c", code, **environment).stdout == f"{installed}/up\n"


def test_a_file_of_settings_that_is_not_utf_8_is_reported(installed):
    (installed / ".env").write_bytes("NEWSROOM_NAME=Café".encode("latin-1"))
    done = check(installed, **PRODUCTION)
    assert (done.returncode, "is not in UTF-8. Save it as UTF-8." in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


def test_the_command_for_a_key_is_the_same_everywhere_and_its_key_is_accepted(installed):
    output = check(installed, SECRET_KEY="").stderr
    (command,) = re.findall(r"Set what this prints: python3 (-c '.+')$", output, re.MULTILINE)
    for place in (".env.example", "docs/operating.md"):
        assert f"python3 {command}" in (ROOT / place).read_text(), place
        assert "`make setup` writes" not in (ROOT / place).read_text()
    key = process(installed, *shlex.split(command)).stdout.strip()
    assert check(installed, SECRET_KEY=key).returncode == 0


def test_a_copied_example_does_not_override_variables_of_the_image(installed):
    """Docker Compose passes all variables of .env, even empty ones, which override the image's."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    dockerfile = dockerfile[dockerfile.rindex("FROM ") :]
    by_image = {
        name
        for line in re.findall(r"^(?:ENV|ARG) (.+)", dockerfile, re.MULTILINE)
        for name in re.findall(r"(\w+)=", line)
    }
    assert "REVISION" in by_image
    example = (ROOT / ".env.example").read_text()
    assert not by_image & set(re.findall(r"^(\w+)=", example, re.MULTILINE))
    (installed / ".env").write_text(example.replace("SECRET_KEY=", f"SECRET_KEY={KEY}"))
    (version,) = setting(installed, "VERSION", REVISION="3f2a1b9")
    assert version.endswith("+3f2a1b9")


def test_all_unsafe_settings_are_reported_together(installed):
    done = check(installed, SECRET_KEY="", ALLOWED_HOSTS="*", HTTPS="off", start=process)
    for sentence in ("SECRET_KEY is missing", "ALLOWED_HOSTS is *", "HTTPS is off"):
        assert sentence in done.stderr


def test_the_server_does_not_start_with_an_unsafe_setting(installed):
    done = process(
        installed, "-c", "import pressroom.wsgi", **PRODUCTION | {"SECRET_KEY": "secret"}
    )
    assert done.returncode != 0
    assert "Pressroom will not start with these settings" in done.stderr


def test_production_settings_pass_the_deployment_check(installed):
    done = check(installed, "--deploy", "--fail-level", "WARNING", start=process, **PRODUCTION)
    assert done.returncode == 0, done.stderr
    # W005 and W021 ask for HSTS on the whole domain, which a newsroom cannot decide. E001 asks for
    # the folder for uploads, which the first upload creates.
    assert setting(installed, "SILENCED_SYSTEM_CHECKS", **PRODUCTION) == [
        ["security.W005", "security.W021", "files.E001"]
    ]


@pytest.mark.parametrize(
    ("changed", "warned"),
    [
        ({"EMAIL_URL": ""}, ["pressroom.W001"]),
        ({"EMAIL_URL": "consolemail://"}, ["pressroom.W001"]),
        ({"EMAIL_URL": "filemail:///var/letters"}, ["pressroom.W001"]),
        ({"EMAIL_URL": "", "NEWSROOM_EMAIL": ""}, ["pressroom.W001"]),
        ({"NEWSROOM_EMAIL": ""}, ["pressroom.W002"]),
        ({"SITE_URL": ""}, ["pressroom.W003"]),
        ({"SITE_URL": "", "NEWSROOM_EMAIL": ""}, ["pressroom.W002", "pressroom.W003"]),
        ({"EMAIL_URL": "smtp://u:p@mail.example.org"}, ["pressroom.W004"]),
        ({"EMAIL_URL": "smtp://u:p@8.8.8.8:2525"}, ["pressroom.W004"]),
        ({"TRUST_PROXY": "off"}, ["pressroom.W005"]),
        ({"REQUIRE_SECOND_FACTOR": "nobody"}, ["pressroom.W008"]),
    ],
)
def test_the_deployment_check_warns_of_settings_that_a_newsroom_needs(installed, changed, warned):
    done = check(installed, "--deploy", "--fail-level", "WARNING", **PRODUCTION | changed)
    assert done.returncode != 0
    assert re.findall(r"pressroom\.W\d+", done.stderr) == warned
    assert_accepted(installed, **PRODUCTION | changed)


def test_only_the_deployment_check_warns_of_settings_that_a_newsroom_needs(installed):
    for mail in ("", "smtp://u:p@mail.example.org"):
        wanting = {"EMAIL_URL": mail, "NEWSROOM_EMAIL": "", "SITE_URL": "", "TRUST_PROXY": "off"}
        done = check(installed, "--fail-level", "WARNING", **PRODUCTION | wanting)
        assert done.returncode == 0, done.stderr
        assert "pressroom.W" not in done.stderr


@pytest.mark.parametrize(
    "changed",
    [
        {"EMAIL_URL": "smtp://u:p@127.0.0.1"},
        {"EMAIL_URL": "smtp://u:p@localhost:25"},
        {"EMAIL_URL": "smtp://u:p@10.1.2.3"},
        {"EMAIL_URL": "smtp://[::1]:25"},
        {"EMAIL_URL": "smtp://mail.example.org", "TRUST_PROXY": "off",
         "GUNICORN_CMD_ARGS": "--certfile=/etc/c.pem --keyfile=/etc/k.pem"},
        {"TRUST_PROXY": "off", "HTTPS": "off", "ALLOWED_HOSTS": "localhost"},
    ],
)  # fmt: skip
def test_the_deployment_check_does_not_warn_if_no_secret_is_sent_unencrypted(installed, changed):
    done = check(installed, "--deploy", **PRODUCTION | changed)
    assert done.returncode == 0, done.stderr
    assert "pressroom.W" not in done.stderr


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("smtp+tls://u:p%23@smtp.example.org", ["smtp.example.org", 587, "p#", True, False, True]),
        ("smtp+ssl://u:p@smtp.example.org", ["smtp.example.org", 465, "p", False, True, True]),
        ("smtp://localhost:2525", ["localhost", 2525, "", False, False, True]),
        ("", ["", 25, "", False, False, False]),
        ("consolemail://", ["", 25, "", False, False, False]),
    ],
)
def test_a_mail_server_is_read_from_its_url(installed, url, found):
    names = ["EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS", "EMAIL_USE_SSL"]
    shown = setting(installed, *names, "EMAIL_IS_ON", **PRODUCTION | {"EMAIL_URL": url})
    assert shown == found


def test_emails_are_printed_while_debugging(installed):
    assert setting(installed, "EMAIL_BACKEND", "EMAIL_IS_ON", DEBUG="on") == [
        "django.core.mail.backends.console.EmailBackend", True
    ]  # fmt: skip


def test_production_settings_with_a_bucket_pass_the_deployment_check(installed):
    done = check(installed, "--deploy", "--fail-level", "WARNING", **PRODUCTION | BUCKET)
    assert done.returncode == 0, done.stderr
    names = ["S3_URL_SECONDS", "STORAGES"]
    seconds, storages = setting(installed, *names, **PRODUCTION | BUCKET)
    assert seconds == 60
    assert storages["default"] == {"BACKEND": "assets.bucket.Bucket"}


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1:9000", "http://[::1]:9000", "http://localhost"]
)
def test_a_bucket_on_this_machine_needs_no_https(installed, place):
    assert_accepted(installed, **PRODUCTION | BUCKET | {"S3_ENDPOINT_URL": place})


def test_amazon_needs_a_region_and_no_endpoint(installed):
    amazon = {"S3_ENDPOINT_URL": "", "S3_REGION": "eu-central-1"}
    assert_accepted(installed, **PRODUCTION | BUCKET | amazon)


@pytest.mark.parametrize("package", ["storages", "boto3"])
def test_a_bucket_without_its_library_is_refused_and_a_folder_is_not(installed, package):
    # This suite has both installed. None in sys.modules makes an import fail.
    (installed / "sitecustomize.py").write_text(f"import sys; sys.modules[{package!r}] = None\n")
    environment = PRODUCTION | {"PYTHONPATH": str(installed)}
    done = check(installed, start=process, **environment | BUCKET)
    assert done.returncode != 0
    assert "pip install --require-hashes -r requirements-s3.txt" in done.stderr
    assert "Traceback" not in done.stderr
    assert check(installed, start=process, **environment).returncode == 0


def test_defaults_are_safe_if_only_a_key_is_set(installed):
    names = [
        "DEBUG", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
        "SESSION_COOKIE_HTTPONLY", "CSRF_COOKIE_HTTPONLY", "SECURE_PROXY_SSL_HEADER",
        "ALLOWED_HOSTS",
    ]  # fmt: skip
    assert setting(installed, *names, SECRET_KEY=KEY) == [
        False, True, True, True, True, True, None, ["localhost", "127.0.0.1", "[::1]"]
    ]  # fmt: skip


def test_debugging_needs_no_key_and_stays_on_this_machine(installed):
    assert check(installed, DEBUG="on").returncode == 0
    assert setting(installed, "DEBUG", "SECURE_SSL_REDIRECT", DEBUG="on") == [True, False]


def test_postgresql_is_read_from_its_url_with_any_password(installed):
    (databases,) = setting(installed, "DATABASES", **PRODUCTION)
    found = databases["default"]
    assert [found[name] for name in ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")] == [
        "django.db.backends.postgresql", "newsroom", "press", "p@ss/word", "db.example.org", 6432
    ]  # fmt: skip
    assert found["CONN_HEALTH_CHECKS"]


PASSWORDS = [
    """$HOME @/#?%41"' \\ $$é:&=+""",
    '"quoted"',
    "'",
    "a\\'b",
    "\\n\\t",
    " blanks ",
    "ends\\",
    "#",
    "${HOME}",
]


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("where", ["file", "environment"])
def test_any_password_is_used_unchanged(installed, password, where):
    environment = PRODUCTION | {"DATABASE_URL": "", "POSTGRES_HOST": "db.example.org"}
    if where == "file":
        quoted = "'" + password.replace("'", "\\'") + "'"
        (installed / ".env").write_text(f"POSTGRES_PASSWORD={quoted}\n")
    else:
        environment["POSTGRES_PASSWORD"] = password
    (databases,) = setting(installed, "DATABASES", **environment)
    found = databases["default"]
    assert found["PASSWORD"] == password
    assert [found[name] for name in ("ENGINE", "NAME", "USER", "HOST", "PORT")] == [
        "django.db.backends.postgresql", "pressroom", "pressroom", "db.example.org", "5432"
    ]  # fmt: skip
    assert found["CONN_HEALTH_CHECKS"]


def test_database_url_overrides_the_postgres_settings(installed):
    environment = PRODUCTION | {"POSTGRES_HOST": "elsewhere.example.org"}
    (databases,) = setting(installed, "DATABASES", **environment)
    assert databases["default"]["HOST"] == "db.example.org"


def test_a_key_may_begin_with_a_dollar(installed):
    assert setting(installed, "SECRET_KEY", SECRET_KEY=f"${KEY}") == [f"${KEY}"]
    (installed / ".env").write_text(f"SECRET_KEY='${KEY}'\n")
    assert setting(installed, "SECRET_KEY") == [f"${KEY}"]


def test_former_keys_are_read_from_a_list(installed):
    keys = f" {KEY[::-1]}, {KEY[::-1]}x,"
    shown = setting(installed, "SECRET_KEY_FALLBACKS", **PRODUCTION, SECRET_KEY_FALLBACKS=keys)
    assert shown == [[KEY[::-1], f"{KEY[::-1]}x"]]


def test_a_copied_example_needs_only_a_key(installed):
    example = (installed / ".env.example").read_text()
    (installed / ".env").write_text(example)
    assert "SECRET_KEY is missing" in check(installed).stderr
    (installed / ".env").write_text(example.replace("SECRET_KEY=", f"SECRET_KEY={KEY}"))
    assert check(installed).returncode == 0
    as_if_unset = [
        *("DATABASES", "STORAGES", "TIME_ZONE", "NEWSROOM_NAME", "COUNTRIES_OVERRIDE", "CACHES"),
        *("EMAIL_BACKEND", "EMAIL_IS_ON", "EMAIL_TIMEOUT", "WEB_WORKERS", "WEB_THREADS"),
        *("SECRET_KEY_FALLBACKS", "MAX_PICTURE_MEGABYTES", "SECURE_SSL_REDIRECT", "ALLOWED_HOSTS"),
    ]
    copied = setting(installed, *as_if_unset)
    (installed / ".env").unlink()
    assert copied == setting(installed, *as_if_unset, SECRET_KEY=KEY)


def test_the_environment_overrides_the_file(installed):
    (installed / ".env").write_text(f"SECRET_KEY={KEY}\nNEWSROOM_NAME=From the file\n")
    assert setting(installed, "NEWSROOM_NAME") == ["From the file"]
    assert setting(installed, "NEWSROOM_NAME", NEWSROOM_NAME="Mine") == ["Mine"]


ASK = """
import django
django.setup()
from django.test import Client
for headers in ({}, {"X-Forwarded-Proto": "https"}):
    answer = Client().get("/robots.txt", headers={"Host": "news.example.org", **headers})
    print(answer.status_code, answer.get("Location", "-"), "Strict-Transport-Security" in answer)
answer = Client().get("/robots.txt", secure=True, headers={"Host": "evil.example.org"})
print(answer.status_code)
"""


@pytest.mark.parametrize("trusted", ["on", "off"])
def test_http_redirects_to_https_and_an_untrusted_header_is_ignored(installed, trusted):
    environment = PRODUCTION | {"TRUST_PROXY": trusted, "DATABASE_URL": ""}
    environment["DJANGO_SETTINGS_MODULE"] = "pressroom.settings"
    done = run(installed, "-c", ASK, **environment)
    assert done.returncode == 0, done.stderr
    redirect = "301 https://news.example.org/robots.txt False"
    secure = "200 - True" if trusted == "on" else redirect
    assert done.stdout.splitlines() == [redirect, secure, "400"]


# --- Probes in front of a database that does not answer -----------------------------------------


PROBE = """
import django
django.setup()
from django.test import Client
for path in ("/healthz", "/readyz"):
    answer = Client().get(path, headers={"Host": "10.1.2.3:8000"})
    print(answer.status_code, answer.content.decode().splitlines()[0])
"""


@pytest.mark.parametrize(
    "address", ["postgres://u:hunter2@127.0.0.1:1/n", "sqlite:////nonexistent/newsroom.sqlite3"]
)
def test_a_site_without_its_database_is_up_and_not_ready(installed, address):
    (installed / "var" / "media").mkdir(parents=True)
    environment = PRODUCTION | {"DATABASE_URL": address}
    environment["DJANGO_SETTINGS_MODULE"] = "pressroom.settings"
    done = run(installed, "-c", PROBE, **environment)
    assert done.stdout.splitlines() == ["200 ok", "503 not ready: database, migrations"]
    assert "hunter2" not in done.stderr
