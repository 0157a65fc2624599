# Above 450 lines because all settings are in one file, in the order of .env.example.
"""All settings, read from the environment. `.env.example` lists them.

The defaults are safe: debugging is off, and HTTPS is on. Production does not start with an unsafe
value.
"""

import os
import re
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from js_asset import static_lazy

from accounts import breached_passwords
from pressroom import __version__, environment, logs, values

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

ENV_FILE = BASE_DIR / ".env"
try:
    os.environ.update(environment.read(ENV_FILE))
except UnicodeDecodeError:
    raise ImproperlyConfigured(f"{ENV_FILE} is not in UTF-8. Save it as UTF-8.") from None
values.refuse_misspelt(os.environ, BASE_DIR / ".env.example")
# The command that makes a key. It is in .env.example too.
MAKE_KEY = "python3 -c 'import secrets; print(secrets.token_urlsafe(60))'"

# --- Security ----------------------------------------------------------------------------------

DEBUG = values.flag("DEBUG", False)
SECRET_KEY = values.secret("SECRET_KEY", "for-debugging-on-this-machine-only" if DEBUG else "")
# Earlier keys. Sessions and open previews that were signed with them are still accepted, and are
# signed again with SECRET_KEY.
SECRET_KEY_FALLBACKS = [
    key for key in map(str.strip, values.secret("SECRET_KEY_FALLBACKS").split(",")) if key
]
ALLOWED_HOSTS = values.texts(
    "ALLOWED_HOSTS",
    LOCAL_HOSTS,
    r"\*|\.?[A-Za-z0-9_-][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]",
    "host names alone, such as news.example.org",
)
CSRF_TRUSTED_ORIGINS = values.texts(
    "CSRF_TRUSTED_ORIGINS",
    [],
    r"https?://(\*\.)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?",
    "origins with https:// and without a path, such as https://news.example.org",
)

# HTTPS usually ends at the proxy. TRUST_PROXY means that the proxy sets X-Forwarded-Proto. Without
# such a proxy, anybody could send this header, and HTTP requests would count as HTTPS.
HTTPS = values.flag("HTTPS", not DEBUG)
TRUST_PROXY = values.flag("TRUST_PROXY", False)


def is_weak(key: str) -> bool:
    """Return whether a key is too short or too uniform to sign anything with."""
    return len(key) < 50 or len(set(key)) < 5


# The sentences in this file are in English only: settings are read before gettext can be used.
def unsafe_settings() -> list[str]:
    """Return what makes these settings unsafe for production, as sentences."""
    found = []
    if DEBUG and (strangers := set(ALLOWED_HOSTS) - set(LOCAL_HOSTS)):
        found.append(
            f"DEBUG is on while ALLOWED_HOSTS admits {', '.join(sorted(strangers))}: "
            "debug pages show code and data of the newsroom. Turn DEBUG off."
        )
    if not DEBUG and is_weak(SECRET_KEY):
        found.append(
            "SECRET_KEY is missing, is shorter than 50 characters, or has fewer than five "
            f"different characters. Set what this prints: {MAKE_KEY}"
        )
        if ENV_FILE.exists() and not os.access(ENV_FILE, os.R_OK):
            found.append(
                f"{ENV_FILE} exists, but the user who starts Pressroom can’t read it. Give "
                "the file to that user, or to a group of theirs with mode 640."
            )
    if not DEBUG and any(map(is_weak, SECRET_KEY_FALLBACKS)):
        found.append(
            "SECRET_KEY_FALLBACKS has a key that is shorter than 50 characters or has fewer than "
            "five different characters: anybody who guesses it can sign in as any user. Remove it."
        )
    if "*" in ALLOWED_HOSTS:
        found.append(
            "ALLOWED_HOSTS is *: anybody could make the newsroom print links to their own site. "
            "Name your hosts."
        )
    if not DEBUG and not ALLOWED_HOSTS:
        found.append("ALLOWED_HOSTS is empty: every request would be refused. Name your hosts.")
    if not DEBUG and not HTTPS and set(ALLOWED_HOSTS) - set(LOCAL_HOSTS):
        found.append(
            "HTTPS is off for a public host: passwords and drafts would be sent without "
            "encryption. Turn HTTPS on, and TRUST_PROXY if a proxy ends HTTPS."
        )
    return found


def refuse(found: list[str]) -> None:
    """Raise ImproperlyConfigured with all problems that were found, if there are any."""
    if found:
        raise ImproperlyConfigured(
            "Pressroom will not start with these settings:\n- " + "\n- ".join(found)
        )


refuse(unsafe_settings())

SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if HTTPS else 0
# No HSTS for subdomains, and no preloading: only the owner of the domain knows whether all
# subdomains use HTTPS.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SILENCED_SYSTEM_CHECKS += ["files.E001"]  # the first upload creates the folder for uploads
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_ENGINE = "pressroom.sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = "/admin/"  # the public site has no cookies
SESSION_COOKIE_AGE = 60 * 60 * 12  # a working day

# Sorted hashes of passwords that were stolen elsewhere. New passwords are looked up in it.
BREACHED_PASSWORDS_FILE = values.file("BREACHED_PASSWORDS_FILE", BASE_DIR)
if BREACHED_PASSWORDS_FILE and (wrong := breached_passwords.problem_of(BREACHED_PASSWORDS_FILE)):
    refuse([f"BREACHED_PASSWORDS_FILE is {BREACHED_PASSWORDS_FILE}, which {wrong}."])
# Who must have a second factor to use the desk.
REQUIRE_SECOND_FACTOR = values.choice(
    "REQUIRE_SECOND_FACTOR", "privileged", ["privileged", "everybody", "nobody"]
)

# For gunicorn.conf.py. Not WEB_CONCURRENCY: gunicorn reads it before any of our code runs, so a
# value that is not a number would cause a traceback.
WEB_WORKERS = values.whole_number(
    "WEB_WORKERS", 2, 1, 64, "number of processes that answer requests"
)
WEB_THREADS = values.whole_number("WEB_THREADS", 4, 1, 64, "number of threads in each of them")

# Whether web processes also run background jobs. If off, `manage.py worker` runs them.
JOBS_IN_WEB = values.flag("JOBS_IN_WEB", True)

# --- Monitoring ---------------------------------------------------------------------------------

LOG_FORMAT = values.text("LOG_FORMAT", "text")
METRICS_TOKEN = values.secret("METRICS_TOKEN").strip()
ERROR_REPORTER = values.text("ERROR_REPORTER")
REVISION = values.text("REVISION")
# With a local version label as in PEP 440: 0.2.0+3f2a1b9c0d1e
VERSION = f"{__version__}+{REVISION[:12]}" if REVISION else __version__


def unusable_monitoring() -> list[str]:
    """Return what is wrong with the settings for logs and metrics, as sentences."""
    found = [logs.format_problem(LOG_FORMAT)]
    if METRICS_TOKEN and not re.fullmatch(r"[!-~]{32,}", METRICS_TOKEN):
        found.append(
            "METRICS_TOKEN is shorter than 32 characters, or has characters other than letters, "
            "digits and punctuation. Set a long random text, or leave it empty to have no metrics."
        )
    if REVISION and not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", REVISION):
        found.append(
            f"REVISION is {REVISION}, which is not the name of a commit: use at most 64 letters, "
            "digits, dots, underscores and hyphens."
        )
    return [sentence for sentence in found if sentence]


refuse(unusable_monitoring())

LOGGING = logs.configuration(LOG_FORMAT, report_errors=bool(ERROR_REPORTER))

# --- The newsroom ------------------------------------------------------------------------------

NEWSROOM_NAME = values.text("NEWSROOM_NAME", "Pressroom")
NEWSROOM_EMAIL = values.address("NEWSROOM_EMAIL")
NEWSROOM_PHONE = values.text("NEWSROOM_PHONE")
SITE_URL = values.site("SITE_URL")
SITE_NOTICE = values.text("SITE_NOTICE")
TIME_ZONE = values.time_zone("TIME_ZONE")
# Without this limit, one account could find out who is protected.
PROTECTED_NAMES_A_DAY = values.whole_number(
    "PROTECTED_NAMES_A_DAY", 20, 1, 10_000, "number of different protected names shown a day"
)
USE_TZ = True
# One language for all screens of an installation, desk and public: docs/decisions/0048.
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_CODE = values.language("LANGUAGE_CODE", "en-gb", LOCALE_PATHS[0])
LANGUAGES = [(LANGUAGE_CODE, LANGUAGE_CODE)]
USE_I18N = True
FORMAT_MODULE_PATH = "pressroom.formats"

# Places without an official ISO 3166 code have a user-assigned code, such as XK for Kosovo.
COUNTRIES_OVERRIDE = values.countries("EXTRA_COUNTRIES", {"XK": "Kosovo"})

# --- Storage -----------------------------------------------------------------------------------

# Used below with `or` and not as a default: a copied .env.example or a compose file sets unused
# settings to an empty text.
SQLITE_FILE = f"sqlite:///{BASE_DIR / 'var' / 'pressroom.sqlite3'}"
_address = values.secret("DATABASE_URL").strip()
_host = values.text(
    "POSTGRES_HOST",
    shape=r"/\S*|[\w.,-]+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*",
    write="the name of a host alone, such as db.example.org, or the folder of a socket",
)
if _host and not _address:
    # Separate variables, because a password in a URL needs percent encoding. docker-compose.yml
    # uses them.
    DATABASES: dict[str, dict[str, Any]] = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": _host,
            "PORT": str(values.whole_number("POSTGRES_PORT", 5432, 1, 65535, "port")),
            "NAME": values.text("POSTGRES_DB", "pressroom"),
            "USER": values.text("POSTGRES_USER", "pressroom"),
            "PASSWORD": values.secret("POSTGRES_PASSWORD"),
        }
    }
else:
    DATABASES = {"default": values.database("DATABASE_URL", _address or SQLITE_FILE)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A transaction takes the write lock at its start instead of failing half-way. With WAL, readers
    # never wait for it.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    # An unavailable server causes an error within seconds, not minutes, so that no thread is
    # blocked. The values are in seconds and milliseconds. DATABASE_URL can override them.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5, "tcp_user_timeout": 20_000,
    } | DATABASES["default"].get("OPTIONS", {})  # fmt: skip
# An empty PostgreSQL database for checking backups. Without it, a database is created and dropped.
SCRATCH_DATABASE_URL = values.secret("SCRATCH_DATABASE_URL").strip()
if SCRATCH_DATABASE_URL:
    values.database("SCRATCH_DATABASE_URL", SCRATCH_DATABASE_URL, sqlite=False)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": values.cache("CACHE_URL", "locmemcache://")}

_email_scheme, _email = values.mail("EMAIL_URL")
EMAIL_HOST, EMAIL_HOST_USER = _email["EMAIL_HOST"] or "", _email["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_PASSWORD"] or ""
EMAIL_PORT = _email["EMAIL_PORT"] or values.MAIL_PORTS.get(_email_scheme, 25)
EMAIL_USE_TLS = _email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _email.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = _email["EMAIL_FILE_PATH"]
# How long to wait for a mail server, in seconds.
EMAIL_TIMEOUT = values.whole_number(
    "EMAIL_TIMEOUT", 10, 1, 30, "seconds to wait for the mail server"
)
# Whether e-mails are sent. The console, file and memory backends are for debugging. In production
# they would write preview links into a log, so e-mail is off instead.
EMAIL_IS_ON = DEBUG or _email_scheme in values.MAIL_PORTS
EMAIL_BACKEND = (
    "jobs.mail.Backend"
    if _email_scheme in values.MAIL_PORTS
    else _email["EMAIL_BACKEND"]
    if DEBUG
    else "django.core.mail.backends.dummy.EmailBackend"
)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = NEWSROOM_EMAIL or "newsroom@localhost"

# Originals and renditions. No web server may serve this folder; newsroom.views checks each request.
MEDIA_ROOT = values.folder("MEDIA_ROOT", BASE_DIR / "var" / "media", BASE_DIR)
# The bucket for the same files. assets.storage gives access to both.
S3_BUCKET = values.text("S3_BUCKET")
S3_ENDPOINT_URL = values.text("S3_ENDPOINT_URL").rstrip("/")
S3_REGION = values.text(
    "S3_REGION", shape="[A-Za-z0-9._-]+", write="the name of a region, such as eu-central-1"
)
S3_ACCESS_KEY_ID = values.secret("S3_ACCESS_KEY_ID").strip()
S3_SECRET_ACCESS_KEY = values.secret("S3_SECRET_ACCESS_KEY")
# A signed URL works until it expires, even if the release has been withdrawn since.
S3_URL_SECONDS = values.whole_number(
    "S3_URL_SECONDS", 60, 1, 3600, "seconds for which the address of a download works"
)


def unsafe_bucket() -> list[str]:
    """Return why files cannot be stored safely in the bucket, as sentences."""
    found = []
    if not (find_spec("storages") and find_spec("boto3")):
        found.append(
            "S3_BUCKET is set, but the packages for it are not installed: "
            "pip install --require-hashes -r requirements-s3.txt"
        )
    if not re.fullmatch(r"[A-Za-z0-9._-]{3,255}", S3_BUCKET):
        found.append(
            f"S3_BUCKET is {S3_BUCKET}, which is not a valid name of a bucket: use at least three "
            "letters, digits, dots and hyphens."
        )
    if not (S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY):
        found.append(
            "S3_BUCKET is set, but S3_ACCESS_KEY_ID or S3_SECRET_ACCESS_KEY is missing: a private "
            "bucket needs both. Set those of a user who may only use this bucket."
        )
    if not re.fullmatch("[!-~]*", S3_ACCESS_KEY_ID + S3_SECRET_ACCESS_KEY):
        found.append(
            "S3_ACCESS_KEY_ID or S3_SECRET_ACCESS_KEY has characters other than letters, digits "
            "and punctuation, such as a space: copy both again."
        )
    if not S3_ENDPOINT_URL and not S3_REGION:
        found.append(
            "S3_BUCKET is set without S3_ENDPOINT_URL or S3_REGION. Set S3_REGION for a bucket at "
            "Amazon, S3_ENDPOINT_URL for one of another provider."
        )
    address = urlsplit(S3_ENDPOINT_URL)
    if S3_ENDPOINT_URL and not (address.scheme in ("http", "https") and address.hostname):
        found.append(
            f"S3_ENDPOINT_URL is {S3_ENDPOINT_URL}, which is not an address. Write it as in "
            "https://s3.example.org"
        )
    local = address.hostname in [host.strip("[]") for host in LOCAL_HOSTS]
    if address.scheme == "http" and not local and (HTTPS or not DEBUG):
        found.append(
            f"S3_ENDPOINT_URL is {S3_ENDPOINT_URL}: originals and addresses of downloads would be "
            "sent without encryption. Write https://, or use a bucket on this machine."
        )
    return found


if S3_BUCKET:
    refuse(unsafe_bucket())

STATIC_ROOT = BASE_DIR / "var" / "static"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
_files = "assets.bucket.Bucket" if S3_BUCKET else "assets.storage.Folder"
STORAGES = {
    "default": {"BACKEND": _files},
    # Readable for all users: the server may run as another user than collectstatic.
    "staticfiles": {
        "BACKEND": "pressroom.static.StaticStorage",
        "OPTIONS": {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755},
    },
}
# The folder for large uploads. Each site and each user has a separate one, so that clearing it does
# not affect files of other programs. It is in TMPDIR. `pressroom.uploads` creates it.
_database = DATABASES["default"]
_site = sha256(f"{BASE_DIR} {_database.get('HOST')} {_database['NAME']}".encode()).hexdigest()[:8]
FILE_UPLOAD_TEMP_DIR = Path(gettempdir()) / f"pressroom-{os.getuid()}-{_site}"
FILE_UPLOAD_HANDLERS = [
    "pressroom.upload_gate.MarkedViewsUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "pressroom.uploads.UploadHandler",
]
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # enough for a case with the maximum of rows in its formsets
# Limits for opening an upload. A process that exceeds them is ended.
MAX_PICTURE_MEGABYTES = values.whole_number(
    "MAX_PICTURE_MEGABYTES", 40, 1, 1000, "megabytes of the largest picture"
)
MAX_DOCUMENT_MEGABYTES = values.whole_number(
    "MAX_DOCUMENT_MEGABYTES", 100, 1, 10000, "megabytes of the largest document or recording"
)
MAX_PICTURE_MEGAPIXELS = values.whole_number(
    "MAX_PICTURE_MEGAPIXELS", 100, 1, 1000, "megapixels of the largest picture"
)
MAX_PICTURE_SECONDS = values.whole_number(
    "MAX_PICTURE_SECONDS", 2, 1, 60, "seconds that a picture may take of a processor"
)
MAX_PICTURE_MEMORY_MEGABYTES = values.whole_number(
    "MAX_PICTURE_MEMORY_MEGABYTES", 300, 50, 16000, "megabytes that a picture may take of memory"
)

# --- Retention ----------------------------------------------------------------------------------

# In days, for `manage.py forget`. docs/operating.md lists what is kept for ever.
KEEP_PROBES_DAYS = values.whole_number(
    "KEEP_PROBES_DAYS", 90, 1, 3650, "days to keep attempts at unpublished addresses"
)
KEEP_VISITS_DAYS = values.whole_number(
    "KEEP_VISITS_DAYS", 365, 1, 3650, "days to keep openings of preview links"
)
KEEP_EMAILS_DAYS = values.whole_number(
    "KEEP_EMAILS_DAYS", 30, 1, 3650, "days to keep e-mails that were sent or given up"
)
KEEP_LOGS_DAYS = values.whole_number("KEEP_LOGS_DAYS", 365, 1, 3650, "days to keep the desk's log")
RECORD_DAYS = values.whole_number(
    "RECORD_DAYS", 730, 1, 3650, "days to keep the record of sign-ins and access"
)

# --- Applications and middleware ---------------------------------------------------------------

INSTALLED_APPS = [
    "pressroom",
    "leakcheck",
    "demo",
    "desk",
    "previews",
    "newsroom",
    "releases",
    "people",
    "assets",
    "accounts",
    "jobs",
    "desk.apps.NewsroomAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_countries",
    "django_prose_editor",
    "simple_history",
]

MIDDLEWARE = [
    "pressroom.middleware.RequestIdMiddleware",
    "pressroom.metrics.MetricsMiddleware",
    "pressroom.middleware.HealthCheckMiddleware",
    "pressroom.middleware.CacheControlMiddleware",
    "pressroom.middleware.BrowserPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "pressroom.middleware.TextGZipMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "csp.middleware.CSPMiddleware",
    "pressroom.search_gate.SearchLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "pressroom.upload_gate.UploadLimitMiddleware",  # before CSRF, which reads the body
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "pressroom.middleware.GateMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "accounts.hash_slots.PasswordHashLimitMiddleware",
    "pressroom.middleware.OutageMiddleware",
    "pressroom.middleware.MethodNotAllowedMiddleware",
    "pressroom.middleware.TypedTextMiddleware",
    "pressroom.middleware.UniformNotFoundMiddleware",
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
    {"NAME": "accounts.password_rules.PasswordValidator", "OPTIONS": {"min_length": 12}}
]
PASSWORD_HASHERS = ["accounts.hashers.LimitedPasswordHasher"]
CSRF_FAILURE_VIEW = "accounts.views.sign_in.expired_form"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
PASSWORD_RESET_TIMEOUT = 60 * 60 * 24  # a day

# allauth has the steps of sign-in, and the second factors. Our pages are in accounts/views/, our
# limits for guesses in accounts/: those of allauth count in the cache, which is not shared.
ACCOUNT_ADAPTER = "accounts.adapter.Adapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]  # allauth checks it; nobody signs up
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts.addresses confirms addresses
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False
ACCOUNT_SESSION_REMEMBER = True  # for SESSION_COOKIE_AGE
ACCOUNT_REAUTHENTICATION_TIMEOUT = 60 * 15
MFA_ADAPTER = "accounts.adapter.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # 30 seconds before and after
MFA_RECOVERY_CODE_DIGITS = 10

# Reverting with simple_history would bypass the workflow. This hides its button. desk.admin.base
# rejects the POST.
SIMPLE_HISTORY_REVERT_DISABLED = True

# Nothing from other hosts and nothing inline, except the editor's import map, which has a nonce.
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
        # If a module exports an extension with the name of one of the editor's, it replaces that.
        "js": [static_lazy(f"js/{name}.js") for name in ("editor", "schema", "toolbar", "paste")],
        # None of these extends the editor's allow-list: releases.document cleans on every save.
        "extensions": {
            name: (lambda config, shared: None)
            for name in (
                "Quotation",
                "Mention",
                "LibraryPicture",
                "Footnote",
                "Background",
                "CleanPaste",
            )
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
    {"group": "table"},
]
