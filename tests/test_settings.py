"""An operator's environment: what is safe without a word, what is refused, and in which words."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PRODUCT = ["manage.py", ".env.example", "pressroom", "accounts", "assets", "people", "previews",
           "releases", "templates", "static"]  # fmt: skip
KEY = "iJ4vYtqR0nC8sWz3hXeL6bGmPfU1oKdA9yTjQrE5wVxNc7ZkSu2H"
PRODUCTION = {
    "SECRET_KEY": KEY,
    "ALLOWED_HOSTS": "news.example.org",
    "SITE_URL": "https://news.example.org",
    "NEWSROOM_EMAIL": "press@news.example.org",
    "EMAIL_URL": "smtp+tls://press:p%23ss@smtp.example.org:587",
    "DATABASE_URL": "postgres://press:p%40ss%2Fword@db.example.org:6432/newsroom",
}


@pytest.fixture
def installed(tmp_path):
    """The product as an operator installs it: without our .env, var and environment."""
    for name in PRODUCT:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def run(installed, *command, **environment):
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"} | environment
    return subprocess.run(
        [sys.executable, *command], cwd=installed, env=environment, capture_output=True, text=True
    )


def check(installed, *options, **environment):
    return run(installed, "manage.py", "check", *options, **environment)


def setting(installed, *names, **environment) -> list:
    shown = "import json, sys; from django.conf import settings as s; " + (
        "print(json.dumps([getattr(s, name) for name in sys.argv[1:]]))"
    )
    environment["DJANGO_SETTINGS_MODULE"] = "pressroom.settings"
    done = run(installed, "-c", shown, *names, **environment)
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
    "an even key": ({"SECRET_KEY": "abcd" * 20}, "less than five different"),
    "debugging in public": (
        {"DEBUG": "on"},
        "DEBUG is on while ALLOWED_HOSTS admits news.example.org",
    ),
    "any host": ({"ALLOWED_HOSTS": "news.example.org,*"}, "ALLOWED_HOSTS is *"),
    "no host": ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is empty"),
    "plain HTTP": ({"HTTPS": "off"}, "HTTPS is off for a public host"),
    "another database": ({"DATABASE_URL": "mysql://u:p@h/n"}, "DATABASE_URL names neither"),
    "no database": ({"DATABASE_URL": "nonsense"}, "DATABASE_URL names neither"),
    "a weak former key": (
        {"SECRET_KEY_FALLBACKS": f"{KEY[::-1]},{KEY[:49]}"},
        "SECRET_KEY_FALLBACKS has a key that is shorter than 50 characters",
    ),
    "an even former key": (
        {"SECRET_KEY_FALLBACKS": "ab" * 40},
        "SECRET_KEY_FALLBACKS has a key",
    ),
    "no mail server": ({"EMAIL_URL": "smtp+tls://"}, "EMAIL_URL names no mail server"),
    "a mail password that is cut short": (
        {"EMAIL_URL": "smtp+tls://press:pa#ss@smtp.example.org"},
        "EMAIL_URL names no mail server, or cannot be read",
    ),
    "another way of mail": (
        {"EMAIL_URL": "pigeon://loft"},
        "EMAIL_URL begins with pigeon, which Pressroom cannot send e-mail with",
    ),
    "a mail server that may take all day": (
        {"EMAIL_TIMEOUT": "86400"},
        "EMAIL_TIMEOUT is 86400: set the seconds to wait",
    ),
    "half an address": ({"SITE_URL": "news.example.org"}, "SITE_URL is news.example.org"),
    "no name for a bucket": (
        BUCKET | {"S3_BUCKET": "https://s3.example.org/newsroom"},
        "S3_BUCKET is https://s3.example.org/newsroom, which no bucket can be called",
    ),
    "a bucket without a key": (
        BUCKET | {"S3_ACCESS_KEY_ID": ""},
        "S3_ACCESS_KEY_ID or S3_SECRET_ACCESS_KEY is missing",
    ),
    "a bucket without its secret": (
        BUCKET | {"S3_SECRET_ACCESS_KEY": ""},
        "S3_ACCESS_KEY_ID or S3_SECRET_ACCESS_KEY is missing",
    ),
    "a bucket nowhere": (
        BUCKET | {"S3_ENDPOINT_URL": ""},
        "S3_BUCKET is set without S3_ENDPOINT_URL or S3_REGION",
    ),
    "a bucket at half an address": (
        BUCKET | {"S3_ENDPOINT_URL": "s3.example.org"},
        "S3_ENDPOINT_URL is s3.example.org, which is no address",
    ),
    "a bucket over plain HTTP": (
        BUCKET | {"S3_ENDPOINT_URL": "http://s3.example.org:9000"},
        "S3_ENDPOINT_URL is http://s3.example.org:9000: originals would travel readable",
    ),
    "an address for days": (BUCKET | {"S3_URL_SECONDS": "86400"}, "S3_URL_SECONDS is 86400"),
    "an address for no time": (BUCKET | {"S3_URL_SECONDS": "0"}, "S3_URL_SECONDS is 0"),
    "another format of the log": ({"LOG_FORMAT": "xml"}, "LOG_FORMAT is xml: choose text, or json"),
    "a short token for metrics": (
        {"METRICS_TOKEN": "prometheus"},
        "METRICS_TOKEN is shorter than 32 characters",
    ),
    "a reporter that is nowhere": (
        {"ERROR_REPORTER": "no.such.reporter"},
        "ERROR_REPORTER is no.such.reporter, which cannot be used (ModuleNotFoundError",
    ),
    "a reporter that is no function": (
        {"ERROR_REPORTER": "pressroom.settings.VERSION"},
        "ERROR_REPORTER is pressroom.settings.VERSION, which cannot be used (it is not a function)",
    ),
    "a revision that is none": ({"REVISION": "the newest"}, "REVISION is the newest, which names"),
    "an address for a word": (BUCKET | {"S3_URL_SECONDS": "a day"}, "S3_URL_SECONDS is a day"),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_an_unsafe_setting_is_refused_in_a_sentence(installed, case):
    unsafe, sentence = UNSAFE[case]
    done = check(installed, **PRODUCTION | unsafe)
    assert done.returncode != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    for secret in (KEY[:20], BUCKET["S3_SECRET_ACCESS_KEY"]):
        assert secret not in done.stderr


def test_all_that_is_unsafe_is_named_at_once(installed):
    done = check(installed, SECRET_KEY="", ALLOWED_HOSTS="*", HTTPS="off")
    for sentence in ("SECRET_KEY is missing", "ALLOWED_HOSTS is *", "HTTPS is off"):
        assert sentence in done.stderr


def test_the_server_itself_does_not_start_with_an_unsafe_setting(installed):
    done = run(installed, "-c", "import pressroom.wsgi", **PRODUCTION | {"SECRET_KEY": "secret"})
    assert done.returncode != 0
    assert "Pressroom will not start with these settings" in done.stderr


def test_a_production_passes_the_deployment_check(installed):
    done = check(installed, "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert done.returncode == 0, done.stderr
    # Silenced: what a whole domain promises about HTTPS is not a newsroom's to say, and the folder
    # for uploads is made with the first upload.
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
    ],
)
def test_the_deployment_check_warns_of_what_a_newsroom_needs(installed, changed, warned):
    done = check(installed, "--deploy", "--fail-level", "WARNING", **PRODUCTION | changed)
    assert done.returncode != 0
    assert re.findall(r"pressroom\.W\d+", done.stderr) == warned
    assert check(installed, **PRODUCTION | changed).returncode == 0


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
def test_a_mail_server_is_taken_from_its_address(installed, url, found):
    names = ["EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS", "EMAIL_USE_SSL"]
    told = setting(installed, *names, "EMAIL_IS_ON", **PRODUCTION | {"EMAIL_URL": url})
    assert told == found


def test_letters_are_printed_while_debugging(installed):
    assert setting(installed, "EMAIL_BACKEND", "EMAIL_IS_ON", DEBUG="on") == [
        "django.core.mail.backends.console.EmailBackend", True
    ]  # fmt: skip


def test_a_production_with_a_bucket_passes_the_deployment_check(installed):
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
    assert check(installed, **PRODUCTION | BUCKET | {"S3_ENDPOINT_URL": place}).returncode == 0


def test_amazon_needs_a_region_and_no_address(installed):
    amazon = {"S3_ENDPOINT_URL": "", "S3_REGION": "eu-central-1"}
    assert check(installed, **PRODUCTION | BUCKET | amazon).returncode == 0


@pytest.mark.parametrize("package", ["storages", "boto3"])
def test_a_bucket_without_what_speaks_with_it_is_refused_and_a_folder_is_not(installed, package):
    # As Python itself keeps a module from being found, since this suite has both installed.
    (installed / "sitecustomize.py").write_text(f"import sys; sys.modules[{package!r}] = None\n")
    environment = PRODUCTION | {"PYTHONPATH": str(installed)}
    done = check(installed, **environment | BUCKET)
    assert done.returncode != 0
    assert "pip install --require-hashes -r requirements-s3.txt" in done.stderr
    assert "Traceback" not in done.stderr
    assert check(installed, **environment).returncode == 0


def test_with_a_key_alone_everything_is_at_its_safest(installed):
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


def test_postgresql_is_taken_from_its_address_with_any_password(installed):
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
def test_any_password_is_taken_as_it_is(installed, password, where):
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


def test_an_address_of_the_database_goes_before_its_parts(installed):
    environment = PRODUCTION | {"POSTGRES_HOST": "elsewhere.example.org"}
    (databases,) = setting(installed, "DATABASES", **environment)
    assert databases["default"]["HOST"] == "db.example.org"


def test_a_key_may_begin_with_a_dollar(installed):
    assert setting(installed, "SECRET_KEY", SECRET_KEY=f"${KEY}") == [f"${KEY}"]
    (installed / ".env").write_text(f"SECRET_KEY='${KEY}'\n")
    assert setting(installed, "SECRET_KEY") == [f"${KEY}"]


def test_former_keys_are_taken_from_a_list(installed):
    keys = f" {KEY[::-1]}, {KEY[::-1]}x,"
    told = setting(installed, "SECRET_KEY_FALLBACKS", **PRODUCTION, SECRET_KEY_FALLBACKS=keys)
    assert told == [[KEY[::-1], f"{KEY[::-1]}x"]]


def test_a_copied_example_needs_a_key_and_nothing_else(installed):
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


def test_the_environment_has_the_last_word_over_the_file(installed):
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
def test_https_is_asked_for_and_a_strangers_header_does_not_pass_for_it(installed, trusted):
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
