"""Django settings of Obole, read from the environment; `.env.example` explains every variable.

In production each secret must be given (as `X` or as `X_FILE`, a path to a file that holds it); the process refuses
to start without. `make demo` writes `.data/demo.env`, which is read here when no DATABASE_URL is set, so that
`manage.py` talks to the running demo.
"""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
import fontpkg_hanken_grotesk
import fontpkg_newsreader
from csp.constants import NONCE, NONE, SELF
from environs import FileAwareEnv, validate

from config.log import logging_config
from rooms.livekit import settings as livekit
from rooms.relay.grants import MIN_KEY_BYTES

BASE_DIR = Path(__file__).resolve().parent.parent

env = FileAwareEnv(strip_whitespace=True)
# Not where the environment says production: there, a missing address is an error and not the demo's.
if env.str("OBOLE_ENV", "development") == "development" and not env.str("DATABASE_URL", ""):
    env.read_env(str(Path(env.str("DATA_DIR", str(BASE_DIR / ".data"))) / "demo.env"), recurse=False)

REQUIRED = validate.Length(min=1, error="must be set; .env.example explains it")

# -- where we run ----------------------------------------------------------------------------------
OBOLE_ENV = env.str("OBOLE_ENV", "production")
if OBOLE_ENV not in {"production", "development", "test"}:
    raise ValueError(f"OBOLE_ENV is {OBOLE_ENV!r}; set it to production, development or test")
PRODUCTION = OBOLE_ENV == "production"
DEBUG = env.bool("DEBUG", False) and not PRODUCTION
SECRET_KEY = env.str("SECRET_KEY", validate=REQUIRED)
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / ".data")))
PUBLIC_URL = env.str("PUBLIC_URL", validate=REQUIRED).rstrip("/")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", validate=REQUIRED)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# -- applications ----------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # the default one would put its own site in place of ours
    "unfold.contrib.filters",
    "config.apps.AdminConfig",  # after unfold, whose templates take the place of Django's
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rooms",  # before allauth: its templates take the place of allauth's
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_filters",
    "django_htmx",
    "django_structlog",
    "djmoney",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "ledger",
    "payouts",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],  # before unfold's own
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "rooms.context.site",
            ],
        },
    }
]

# -- data ------------------------------------------------------------------------------------------
# DATABASE_URL names the application role. `migrate` runs with the owner role's URL in DATABASE_URL instead.
DATABASES = {
    "default": dj_database_url.parse(
        env.str("DATABASE_URL", validate=REQUIRED), conn_max_age=0 if OBOLE_ENV == "test" else 60
    )
    | {"CONN_HEALTH_CHECKS": True, "ENGINE": "django.db.backends.postgresql"}
}
DATABASES["default"].setdefault("OPTIONS", {}).update(
    # One forgotten open transaction would stall sealing and folding, which wait for every earlier one to end.
    options="-c idle_in_transaction_session_timeout=60s -c lock_timeout=10s -c statement_timeout=60s -c timezone=UTC",
    prepare_threshold=5,  # for the ledger's calls alone: Django's cursors prepare nothing
)
REDIS_URL = env.str("REDIS_URL", validate=REQUIRED)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "config.cache.ValkeyCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}

# -- people ----------------------------------------------------------------------------------------
AUTH_USER_MODEL = "rooms.User"
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # e-mail is unique without regard to case, by the constraint user_email_unique
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "rooms.accounts.forms.SignupForm"
ACCOUNT_EMAIL_VERIFICATION = env.str("EMAIL_VERIFICATION", "mandatory")
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = ACCOUNT_EMAIL_VERIFICATION == "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Obole: "
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if PRODUCTION else "http"
ACCOUNT_SESSION_REMEMBER = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Obole"
MFA_ALLOW_UNVERIFIED_EMAIL = ACCOUNT_EMAIL_VERIFICATION != "mandatory"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
SESSION_ENGINE = "django.contrib.sessions.backends.db"  # a login outlives a restart of the cache
EMAIL_CONFIG = env.dj_email_url("EMAIL_URL", "console:")
EMAIL_BACKEND = EMAIL_CONFIG["EMAIL_BACKEND"]
EMAIL_HOST = EMAIL_CONFIG["EMAIL_HOST"]
EMAIL_PORT = EMAIL_CONFIG["EMAIL_PORT"]
EMAIL_HOST_USER = EMAIL_CONFIG["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = EMAIL_CONFIG["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = EMAIL_CONFIG["EMAIL_USE_TLS"]
EMAIL_USE_SSL = EMAIL_CONFIG["EMAIL_USE_SSL"]
EMAIL_FILE_PATH = EMAIL_CONFIG["EMAIL_FILE_PATH"] or str(DATA_DIR / "mail")
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", "Obole <hello@obole.example>")

# -- Stripe ----------------------------------------------------------------------------------------
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", validate=REQUIRED)
# Several while one is being rotated.
STRIPE_WEBHOOK_SECRETS: list[str] = env.list("STRIPE_WEBHOOK_SECRETS", validate=REQUIRED)
# Of the endpoint that hears of connected accounts alone, where it is not the same one.
STRIPE_CONNECT_WEBHOOK_SECRETS: list[str] = env.list("STRIPE_CONNECT_WEBHOOK_SECRETS", []) or STRIPE_WEBHOOK_SECRETS
STRIPE_API_BASE = env.str("STRIPE_API_BASE", "")  # empty: Stripe itself; else the local sandbox
STRIPE_LIVEMODE = env.bool("STRIPE_LIVEMODE", False)
STRIPE_TIMEOUT_S = env.float("STRIPE_TIMEOUT_S", 10.0)
if PRODUCTION and STRIPE_LIVEMODE and (STRIPE_API_BASE or not STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))):
    raise ValueError("STRIPE_LIVEMODE is on: set a live STRIPE_SECRET_KEY and leave STRIPE_API_BASE empty")

# -- live audio ------------------------------------------------------------------------------------
RELAY = env.str("RELAY", "own")  # own: rooms/relay; livekit: LiveKit, through rooms/livekit
LIVEKIT_URL = env.str("LIVEKIT_URL", "").rstrip("/")
LIVEKIT_API_KEY = env.str("LIVEKIT_API_KEY", "")
LIVEKIT_API_SECRET = env.str("LIVEKIT_API_SECRET", "")
if RELAY not in {"own", "livekit"}:
    raise ValueError(f"RELAY is {RELAY!r}; set it to own or livekit")
RELAY_URL = env.str("RELAY_URL", "").rstrip("/")  # as browsers reach it; empty: no live audio
RELAY_GRANT_KEY = env.str("RELAY_GRANT_KEY", "")
RELAY_GRANT_ISSUER = env.str("RELAY_GRANT_ISSUER", "obole")
if RELAY_URL and len(RELAY_GRANT_KEY.encode()) < MIN_KEY_BYTES:
    raise ValueError(f"RELAY_URL is set: set RELAY_GRANT_KEY to {MIN_KEY_BYTES} bytes or more, the same for the relay")
if RELAY_URL and not RELAY_URL.startswith(("https://", "http://")):
    raise ValueError("RELAY_URL: give an address that browsers reach, beginning with https://")
if RELAY == "livekit":
    complaint = livekit.complaint(url=LIVEKIT_URL, key=LIVEKIT_API_KEY, secret=LIVEKIT_API_SECRET)
    if complaint:
        raise ValueError(f"RELAY is livekit. {complaint}")
    RELAY_URL = LIVEKIT_URL
RELAY_ORIGIN = "{0.scheme}://{0.netloc}".format(urlsplit(RELAY_URL)) if RELAY_URL else ""
RELAY_RECORDINGS = DATA_DIR / "recordings"  # where the relay writes; it reads the same DATA_DIR
RECORDING_KEEP_DAYS = env.int("RECORDING_KEEP_DAYS", 90)
RECORDINGS_EVERY_S = 15.0
LEASE_EVERY_S = 10.0  # the relay lets sessions live for 60 s without
LISTEN_EVERY_S = 1.0  # how late pages learn who has come

# -- money rules -----------------------------------------------------------------------------------
CLOCK_URL = env.str("CLOCK_URL", "")  # development only: follow the sandbox's clock
if PRODUCTION and CLOCK_URL:
    raise ValueError("CLOCK_URL is for development; production runs on real time: leave it empty")
PAYOUT_HOLD_S = env.int("PAYOUT_HOLD_S", 2 * 24 * 3600)
PAYOUT_MINIMUM_MINOR = env.int("PAYOUT_MINIMUM_MINOR", 500)
# A renewal that fails is tried again for two weeks; access is kept for so long after the paid time.
SUBSCRIPTION_GRACE_DAYS = env.int("SUBSCRIPTION_GRACE_DAYS", 7)
# As set in Stripe's dashboard (Billing, Revenue recovery, Retries): how often a failed renewal is tried again.
SUBSCRIPTION_RETRIES = env.int("SUBSCRIPTION_RETRIES", 3)
SEAT_HOLD_S = env.int("SEAT_HOLD_S", 15 * 60)
# Hosts refund listeners for so many days after the room, out of so much of what they have; finance may do more.
CREATOR_REFUND_DAYS = env.int("CREATOR_REFUND_DAYS", 30)
CREATOR_REFUND_SHARE_PERCENT = env.int("CREATOR_REFUND_SHARE_PERCENT", 100)
# A room that nobody came to speak in refunds its buyers so long after its end: news of a voice may come late.
NO_SHOW_REFUND_AFTER_S = env.int("NO_SHOW_REFUND_AFTER_S", 2 * 3600)
if not 15 * 60 <= NO_SHOW_REFUND_AFTER_S <= 7 * 24 * 3600:
    raise ValueError(
        f"NO_SHOW_REFUND_AFTER_S is {NO_SHOW_REFUND_AFTER_S}; set it to seconds from 900 (15 minutes, since news of a "
        "voice may come late) to 604800 (a week): buyers were promised their money back"
    )
NO_SHOWS_EVERY_S = 60.0
# So long before the bank's date a dispute's evidence goes out by itself; 0: never.
DISPUTE_ANSWER_BEFORE_S = env.int("DISPUTE_ANSWER_BEFORE_S", 24 * 3600)
# Early fraud warnings about charges up to so much are refunded by themselves, by currency: "USD=5000,EUR=5000".
EARLY_FRAUD_REFUND_MAX: dict[str, int] = env.dict("EARLY_FRAUD_REFUND_MAX", {}, subcast_values=int)
# A payment can be disputed for a year and a half; until then it matters where it came from.
ADDRESSES_KEPT_DAYS = env.int("ADDRESSES_KEPT_DAYS", 540)
CURRENCIES = (
    "USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "KRW", "TWD", "ISK",
    "KWD", "UGX",
)  # fmt: skip
DEFAULT_CURRENCY = "USD"
# Packs of Stars: so many, for so many cents. A Star is worth one cent to whom it is given; what a pack costs above its
# Stars has to pay for the card, 30 cents and 2.9% of it.
STAR_PACKS = ((200, 250), (500, 560), (1_000, 1_100), (5_000, 5_400))

# -- jobs ------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Publishing happens in web requests: when Valkey is away, give up at once. The sweeper wakes what was dropped.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "max_retries": 0,  # of connecting in order to publish: kombu would try for seconds, whatever the line above says
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")
SWEEP_EVERY_S = env.float("SWEEP_EVERY_S", 5.0)
CELERY_BEAT_SCHEDULE = {
    task: {"task": task, "schedule": SWEEP_EVERY_S, "options": {"expires": SWEEP_EVERY_S}}
    for task in (
        "payouts.tasks.heartbeat",
        "payouts.tasks.keep_ledger",
        "payouts.tasks.sweep_inbox",
        "payouts.tasks.sweep_outbox",
        "payouts.tasks.import_balance_transactions",
        "payouts.tasks.settle_due",
        "payouts.tasks.release_due",
        "payouts.tasks.catch_up_subscriptions",
        "payouts.tasks.run_payouts",
        "payouts.tasks.answer_disputes",
        "rooms.tasks.carry_on_cancellations",
        "rooms.tasks.end_seat_holds",
        "rooms.tasks.sweep_mail",
        "rooms.tasks.lapse_subscriptions",
    )
}
CELERY_BEAT_SCHEDULE["rooms.tasks.forget_addresses"] = {
    "task": "rooms.tasks.forget_addresses",
    "schedule": 24 * 3600.0,
}
CATCH_UP_EVERY_S = env.float("CATCH_UP_EVERY_S", 60.0)
CELERY_BEAT_SCHEDULE["payouts.tasks.catch_up_events"] = {
    "task": "payouts.tasks.catch_up_events",
    "schedule": CATCH_UP_EVERY_S,
    "options": {"expires": CATCH_UP_EVERY_S},
}
RECONCILE_EVERY_S = env.float("RECONCILE_EVERY_S", 300.0)
CELERY_BEAT_SCHEDULE["payouts.tasks.reconcile"] = {
    "task": "payouts.tasks.reconcile",
    "schedule": RECONCILE_EVERY_S,
    "options": {"expires": RECONCILE_EVERY_S},
}
CELERY_BEAT_SCHEDULE["rooms.tasks.forget_engine_events"] = {
    "task": "rooms.tasks.forget_engine_events",
    "schedule": 24 * 3600.0,
}
CELERY_BEAT_SCHEDULE["rooms.tasks.keep_recordings"] = {
    "task": "rooms.tasks.keep_recordings",
    "schedule": RECORDINGS_EVERY_S,
    "options": {"expires": RECORDINGS_EVERY_S},
}
CELERY_BEAT_SCHEDULE["rooms.tasks.cancel_no_shows"] = {
    "task": "rooms.tasks.cancel_no_shows",
    "schedule": NO_SHOWS_EVERY_S,
    "options": {"expires": NO_SHOWS_EVERY_S},
}
CELERY_BEAT_SCHEDULE["rooms.tasks.renew_leases"] = {
    "task": "rooms.tasks.renew_leases",
    "schedule": LEASE_EVERY_S,
    "options": {"expires": LEASE_EVERY_S},
}
CELERY_BEAT_SCHEDULE["rooms.tasks.listen_to_relay"] = {
    "task": "rooms.tasks.listen_to_relay",
    "schedule": LISTEN_EVERY_S,
    "options": {"expires": LISTEN_EVERY_S},
}

# -- web -------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
# The typefaces come from packages, like every other asset.
STATICFILES_DIRS = [
    ("fonts", str(Path(package.__file__).parent / "files")) for package in (fontpkg_hanken_grotesk, fontpkg_newsreader)
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Private: no address leads to it but the replay page's, which asks for access.
    "recordings": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(DATA_DIR / "replays")},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION  # development serves the apps' own files, so an edit shows on reload
WHITENOISE_AUTOREFRESH = not PRODUCTION  # looks for a file when it is asked for, not for all of them at each start
MEDIA_ROOT = DATA_DIR / "media"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_TLS_PROXY", PRODUCTION) else None
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        # LiveKit's client opens a web socket, and asks by HTTP why that failed.
        "connect-src": [SELF]
        + ([RELAY_ORIGIN] if RELAY_ORIGIN else [])
        + ([RELAY_ORIGIN.replace("ws", "http", 1)] if RELAY == "livekit" else []),
        "media-src": [SELF] + (["blob:"] if RELAY_ORIGIN else []),  # audio over HTTPS is put together by the page
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # `form-action` also governs redirects after a form post: to Checkout, onboarding and the customer portal.
        "form-action": [
            SELF,
            "https://checkout.stripe.com",
            "https://connect.stripe.com",
            "https://billing.stripe.com",
        ]
        + ([STRIPE_API_BASE] if STRIPE_API_BASE else []),
    }
}

# -- API -------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_THROTTLE_RATES": {"user": "120/min", "anon": "60/min", "stage": "300/min", "reactions": "90/min"},
    "EXCEPTION_HANDLER": "config.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Obole API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# -- admin -----------------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "Obole finance",
    "SITE_HEADER": "Obole finance",
    "SITE_SUBHEADER": "Ledger, Stripe and payouts",
    "SITE_SYMBOL": "account_balance",
    "SHOW_VIEW_ON_SITE": True,
    "ENVIRONMENT": "config.admin.environment_badge",
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": "config.admin.navigation"},
    "COLORS": {
        # The brass of the coin, the same hue as the site's accent.
        "primary": {
            "50": "253 250 240", "100": "250 242 216", "200": "244 226 173", "300": "236 204 121",
            "400": "226 176 73", "500": "208 148 40", "600": "176 118 26", "700": "141 90 24",
            "800": "116 73 26", "900": "97 61 25", "950": "57 33 11",
        },
    },
}  # fmt: skip

# -- logs ------------------------------------------------------------------------------------------
LOG_FORMAT = env.str("LOG_FORMAT", "console" if sys.stderr.isatty() and not PRODUCTION else "json")
LOGGING = logging_config(json=LOG_FORMAT == "json", level=env.str("LOG_LEVEL", "INFO"))
DJANGO_STRUCTLOG_CELERY_ENABLED = True
