"""Every setting in one file, read from the environment; `.env.example` lists them all.

Safe by default: debugging is off, HTTPS is on; production will not start with an unsafe value.
"""

import os
import re
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from js_asset import static_lazy

from pressroom import __version__, environment, logs

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

env = environ.Env()


def secret(name: str, default: str = "") -> str:
    """Return a variable exactly as it is set: django-environ takes a first $ for a reference."""
    return os.environ.get(name, "") or default


def whole_number(name: str, default: int, least: int, most: int, what: str) -> int:
    """Return a whole number from the environment, or stop the start with a sentence."""
    text = env.str(name, default="").strip() or str(default)
    if not re.fullmatch(r"[0-9]{1,6}", text) or not least <= int(text) <= most:
        raise ImproperlyConfigured(
            f"{name} is {text}: set the {what}, a whole number from {least} to {most}."
        )
    return int(text)


ENV_FILE = BASE_DIR / ".env"
os.environ.update(environment.read(ENV_FILE))

# --- What must be right before anything starts -------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = secret("SECRET_KEY", "for-debugging-on-this-machine-only" if DEBUG else "")
# Former keys. What they signed (sessions, open previews) is still accepted, and signed anew.
SECRET_KEY_FALLBACKS = [
    key for key in map(str.strip, secret("SECRET_KEY_FALLBACKS").split(",")) if key
]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=LOCAL_HOSTS)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# HTTPS ends at the proxy as a rule. TRUST_PROXY says that ours sets X-Forwarded-Proto itself:
# without one, anybody could send that header and pass for secure.
HTTPS = env.bool("HTTPS", default=not DEBUG)
TRUST_PROXY = env.bool("TRUST_PROXY", default=False)


def is_weak(key: str) -> bool:
    """Return whether a key is too short or too uniform to sign anything with."""
    return len(key) < 50 or len(set(key)) < 5


def unsafe_settings() -> list[str]:
    """Return what makes these settings unsafe for production, a sentence each."""
    found = []
    if DEBUG and (strangers := set(ALLOWED_HOSTS) - set(LOCAL_HOSTS)):
        found.append(
            f"DEBUG is on while ALLOWED_HOSTS admits {', '.join(sorted(strangers))}: "
            "debug pages show the inside of the newsroom. Turn DEBUG off."
        )
    if not DEBUG and is_weak(SECRET_KEY):
        found.append(
            "SECRET_KEY is missing, shorter than 50 characters or of less than five different "
            "ones. `make setup` writes one to .env; elsewhere, set a long random text of your own."
        )
        if ENV_FILE.exists() and not os.access(ENV_FILE, os.R_OK):
            found.append(
                f"{ENV_FILE} is there, but the user who starts Pressroom may not read it. Give "
                "the file to that user, or to a group of theirs with mode 640."
            )
    if not DEBUG and any(map(is_weak, SECRET_KEY_FALLBACKS)):
        found.append(
            "SECRET_KEY_FALLBACKS has a key that is shorter than 50 characters or of less than "
            "five different ones: anybody who guesses it can sign in as any user. Remove it."
        )
    if "*" in ALLOWED_HOSTS:
        found.append(
            "ALLOWED_HOSTS is *: anybody could make the newsroom print links to their own site. "
            "Name your hosts."
        )
    if not DEBUG and not ALLOWED_HOSTS:
        found.append("ALLOWED_HOSTS is empty: the site would answer nobody. Name your hosts.")
    if not DEBUG and not HTTPS and set(ALLOWED_HOSTS) - set(LOCAL_HOSTS):
        found.append(
            "HTTPS is off for a public host: sign-ins and drafts would travel readable. "
            "Turn HTTPS on (and TRUST_PROXY, where a proxy ends it)."
        )
    return found


def refuse(found: list[str]) -> None:
    """Stop the start where anything was found, and name all of it."""
    if found:
        raise ImproperlyConfigured(
            "Pressroom will not start with these settings:\n- " + "\n- ".join(found)
        )


refuse(unsafe_settings())

SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if HTTPS else 0
# Whether every other name below the domain speaks HTTPS is for the domain's owner to promise.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SILENCED_SYSTEM_CHECKS += ["files.E001"]  # the folder for uploads is made with the first upload
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = "/admin/"  # the public site sees no cookie at all
SESSION_COOKIE_AGE = 60 * 60 * 12  # a working day

# How gunicorn serves: gunicorn.conf.py asks for these. Not WEB_CONCURRENCY, which gunicorn reads
# before any of our code runs: a value that is no number, or none, ends there in a traceback.
WEB_WORKERS = whole_number("WEB_WORKERS", 2, 1, 64, "number of processes that answer requests")
WEB_THREADS = whole_number("WEB_THREADS", 4, 1, 64, "number of threads in each of them")

# --- How it is watched --------------------------------------------------------------------------

LOG_FORMAT = env.str("LOG_FORMAT", default="") or "text"
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
ERROR_REPORTER = env.str("ERROR_REPORTER", default="")
REVISION = env.str("REVISION", default="")
# As PEP 440 writes a build of a version: 0.2.0+3f2a1b9c0d1e
VERSION = f"{__version__}+{REVISION[:12]}" if REVISION else __version__


def unusable_monitoring() -> list[str]:
    """Return what is wrong with the settings for logs and metrics, a sentence each."""
    found = [logs.wrong_format(LOG_FORMAT)]
    if METRICS_TOKEN and not re.fullmatch(r"[!-~]{32,}", METRICS_TOKEN):
        found.append(
            "METRICS_TOKEN is shorter than 32 characters or holds something other than letters, "
            "digits and punctuation. Set a long random text, or leave it empty: no metrics."
        )
    if REVISION and not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", REVISION):
        found.append(
            f"REVISION is {REVISION}, which names no commit: take letters, digits, dots and "
            "hyphens, 64 at most."
        )
    return [sentence for sentence in found if sentence]


refuse(unusable_monitoring())

LOGGING = logs.configuration(LOG_FORMAT, report_errors=bool(ERROR_REPORTER))

# --- The newsroom ------------------------------------------------------------------------------

NEWSROOM_NAME = env.str("NEWSROOM_NAME", default="") or "Pressroom"
NEWSROOM_EMAIL = env.str("NEWSROOM_EMAIL", default="")
NEWSROOM_PHONE = env.str("NEWSROOM_PHONE", default="")
SITE_URL = env.str("SITE_URL", default="").rstrip("/")
if SITE_URL and not SITE_URL.startswith(("https://", "http://")):
    raise ImproperlyConfigured(
        f"SITE_URL is {SITE_URL}, which no link can begin with. Write it with https:// in front."
    )
SITE_NOTICE = env.str("SITE_NOTICE", default="")
TIME_ZONE = env.str("TIME_ZONE", default="") or "UTC"
USE_TZ = True
LANGUAGE_CODE = "en-gb"
USE_I18N = True
FORMAT_MODULE_PATH = "pressroom.formats"

# Places that ISO 3166 has no code for go under its user-assigned ones, as XK for Kosovo.
COUNTRIES_OVERRIDE = env.dict("EXTRA_COUNTRIES", default={"XK": "Kosovo"})

# --- Where things are kept ---------------------------------------------------------------------

# `or`, since a copied .env.example or a compose file sets what it leaves open to nothing.
SQLITE_FILE = f"sqlite:///{BASE_DIR / 'var' / 'pressroom.sqlite3'}"
_address = env.str("DATABASE_URL", default="")
_host = env.str("POSTGRES_HOST", default="")
if _host and not _address:
    # One variable for each part, so that a password needs no encoding: as docker-compose.yml does.
    DATABASES: dict[str, dict[str, Any]] = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": _host,
            "PORT": env.str("POSTGRES_PORT", default="") or "5432",
            "NAME": env.str("POSTGRES_DB", default="") or "pressroom",
            "USER": env.str("POSTGRES_USER", default="") or "pressroom",
            "PASSWORD": secret("POSTGRES_PASSWORD"),
        }
    }
else:
    DATABASES = {"default": env.db_url_config(_address or SQLITE_FILE)}
_engine = DATABASES["default"].get("ENGINE")
if _engine not in ("django.db.backends.sqlite3", "django.db.backends.postgresql"):
    raise ImproperlyConfigured(
        "DATABASE_URL names neither PostgreSQL (postgres://user:password@host:5432/name) nor an "
        "SQLite file (sqlite:////path/to/file): Pressroom runs on these two."
    )
if _engine == "django.db.backends.sqlite3":
    # A write takes its lock at once instead of failing half-way, and readers never wait for it.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
# An empty PostgreSQL database in which backups are tried; empty: one is created and dropped.
SCRATCH_DATABASE_URL = env.str("SCRATCH_DATABASE_URL", default="")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": env.cache_url_config(env.str("CACHE_URL", default="") or "locmemcache://"),
}

_email_url = env.str("EMAIL_URL", default="") or "consolemail://"
_email_scheme = _email_url.partition(":")[0]
_email_ports = {"smtp": 25, "smtps": 587, "smtp+tls": 587, "smtp+ssl": 465}
if _email_scheme not in _email_ports and _email_scheme not in (
    *("consolemail", "filemail", "memorymail", "dummymail"),
):
    raise ImproperlyConfigured(
        f"EMAIL_URL begins with {_email_scheme}, which Pressroom cannot send e-mail with. Write "
        "it as in smtp+tls://user:password@smtp.example.org:587, or leave it empty: e-mail is "
        "off then."
    )
try:
    _email = env.email_url_config(_email_url)
    _unread = _email_scheme in _email_ports and not _email["EMAIL_HOST"]
except ValueError:
    _unread = True
if _unread:
    raise ImproperlyConfigured(
        "EMAIL_URL names no mail server, or cannot be read: a character such as / # ? @ : in "
        "the user name or the password has to be written as its percent code, %23 for #."
    )
EMAIL_HOST, EMAIL_HOST_USER = _email["EMAIL_HOST"] or "", _email["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_PASSWORD"] or ""
EMAIL_PORT = _email["EMAIL_PORT"] or _email_ports.get(_email_scheme, 25)
EMAIL_USE_TLS = _email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _email.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = _email["EMAIL_FILE_PATH"]
# How long a mail server may keep us waiting, in seconds.
EMAIL_TIMEOUT = whole_number("EMAIL_TIMEOUT", 10, 1, 30, "seconds to wait for the mail server")
# Whether letters reach their readers. Console, files and memory are for debugging: in production
# they would keep the address of a preview in a log, so there is no e-mail then.
EMAIL_IS_ON = DEBUG or _email_scheme in _email_ports
EMAIL_BACKEND = (
    "accounts.mail.Backend"
    if _email_scheme in _email_ports
    else _email["EMAIL_BACKEND"]
    if DEBUG
    else "django.core.mail.backends.dummy.EmailBackend"
)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = NEWSROOM_EMAIL or "newsroom@localhost"

# Originals and renditions: no web server may serve this folder, only the gate in releases.views.
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default="") or BASE_DIR / "var" / "media")
# The same in a bucket, where one is named; assets.storage is the door to either.
S3_BUCKET = env.str("S3_BUCKET", default="")
S3_ENDPOINT_URL = env.str("S3_ENDPOINT_URL", default="").rstrip("/")
S3_REGION = env.str("S3_REGION", default="")
S3_ACCESS_KEY_ID = env.str("S3_ACCESS_KEY_ID", default="")
S3_SECRET_ACCESS_KEY = secret("S3_SECRET_ACCESS_KEY")
_seconds = env.str("S3_URL_SECONDS", default="") or "60"
S3_URL_SECONDS = int(_seconds) if _seconds.isdecimal() else 0


def unsafe_bucket() -> list[str]:
    """Return what keeps files from being stored safely in the bucket, a sentence each."""
    found = []
    if not (find_spec("storages") and find_spec("boto3")):
        found.append(
            "S3_BUCKET is set, and what speaks with a bucket is not installed: "
            "pip install --require-hashes -r requirements-s3.txt"
        )
    if not re.fullmatch(r"[A-Za-z0-9._-]{3,255}", S3_BUCKET):
        found.append(
            f"S3_BUCKET is {S3_BUCKET}, which no bucket can be called: take at least three "
            "letters, digits, dots and hyphens."
        )
    if not (S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY):
        found.append(
            "S3_BUCKET is set, and S3_ACCESS_KEY_ID or S3_SECRET_ACCESS_KEY is missing: a private "
            "bucket lets nobody in without both. Set those of a user who may use this bucket alone."
        )
    if not S3_ENDPOINT_URL and not S3_REGION:
        found.append(
            "S3_BUCKET is set without S3_ENDPOINT_URL or S3_REGION: nothing says where the bucket "
            "is. Set the region for Amazon, the address for anybody else."
        )
    address = urlsplit(S3_ENDPOINT_URL)
    if S3_ENDPOINT_URL and not (address.scheme in ("http", "https") and address.hostname):
        found.append(
            f"S3_ENDPOINT_URL is {S3_ENDPOINT_URL}, which is no address. Write it as in "
            "https://s3.example.org"
        )
    local = address.hostname in [host.strip("[]") for host in LOCAL_HOSTS]
    if address.scheme == "http" and not local and (HTTPS or not DEBUG):
        found.append(
            f"S3_ENDPOINT_URL is {S3_ENDPOINT_URL}: originals would travel readable, and so would "
            "the addresses that let readers in. Write https://, or use a bucket on this machine."
        )
    if not 1 <= S3_URL_SECONDS <= 3600:
        found.append(
            f"S3_URL_SECONDS is {_seconds}: whoever has such an address gets the file until it "
            "ends, whatever happens to the release. Take 1 to 3600 seconds, such as 60."
        )
    return found


if S3_BUCKET:
    refuse(unsafe_bucket())

STATIC_ROOT = BASE_DIR / "var" / "static"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
_files = "assets.bucket.Bucket" if S3_BUCKET else "django.core.files.storage.FileSystemStorage"
STORAGES = {
    "default": {"BACKEND": _files},
    # Everybody may read these, above all a server that is not the user who collected them.
    "staticfiles": {
        "BACKEND": "pressroom.static.StaticStorage",
        "OPTIONS": {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755},
    },
}
# Large uploads wait in a folder of this site and this user, so that clearing it touches no other
# program's files. TMPDIR says where. `pressroom.uploads` makes it.
_database = DATABASES["default"]
_site = sha256(f"{BASE_DIR} {_database.get('HOST')} {_database['NAME']}".encode()).hexdigest()[:8]
FILE_UPLOAD_TEMP_DIR = Path(gettempdir()) / f"pressroom-{os.getuid()}-{_site}"
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "pressroom.uploads.UploadHandler",
]
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# What an upload may ask of us: the process that opens it is ended above these.
MAX_PICTURE_MEGABYTES = env.int("MAX_PICTURE_MEGABYTES", default=40)
MAX_DOCUMENT_MEGABYTES = env.int("MAX_DOCUMENT_MEGABYTES", default=100)
MAX_PICTURE_MEGAPIXELS = env.int("MAX_PICTURE_MEGAPIXELS", default=100)
MAX_PICTURE_SECONDS = env.int("MAX_PICTURE_SECONDS", default=2)
MAX_PICTURE_MEMORY_MEGABYTES = env.int("MAX_PICTURE_MEMORY_MEGABYTES", default=300)

# --- What it is built of -----------------------------------------------------------------------

INSTALLED_APPS = [
    "pressroom",
    "previews",
    "releases",
    "people",
    "assets",
    "accounts",
    "pressroom.apps.NewsroomAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_countries",
    "django_prose_editor",
    "simple_history",
]

MIDDLEWARE = [
    "pressroom.middleware.RequestIdMiddleware",
    "pressroom.metrics.MetricsMiddleware",
    "pressroom.middleware.ProbesFirst",
    "pressroom.middleware.NothingKept",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "pressroom.middleware.CompressedWords",
    "django.middleware.http.ConditionalGetMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "pressroom.middleware.FilesAway",
    "pressroom.middleware.OneNotFound",
]

ROOT_URLCONF = "pressroom.urls"
WSGI_APPLICATION = "pressroom.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "pressroom.context.newsroom",
            ],
        },
    },
]

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in [
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    ]
]
LOGIN_URL = "admin:login"

# Its own revert would go round the workflow: simple-history only records and shows.
SIMPLE_HISTORY_REVERT_DISABLED = True

# Nothing from elsewhere, nothing inline. A nonce exists for the editor's import map alone.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

DJANGO_PROSE_EDITOR_EXTENSIONS = [
    {
        "js": [static_lazy("js/editor.js")],
        # The allow-list stands in releases.body, which cleans on every save: nothing to add here.
        "extensions": {
            name: (lambda config, shared: None)
            for name in ("Quotation", "Mention", "LibraryPicture", "CleanPaste")
        },
    }
]
DJANGO_PROSE_EDITOR_MENU_GROUPS = [
    {"group": "blockType -lists", "type": "dropdown", "minItems": 2},
    {"group": "lists"},
    {"group": "marks"},
    {"group": "link"},
    {"group": "newsroom"},
    {"group": "history"},
]
