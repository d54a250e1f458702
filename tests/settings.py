"""Django's settings in tests: the tests' environment, then the real settings as they are."""

from tests.environment import prepare

prepare()

from config.settings import *  # noqa: E402, F403 settings are read after the environment is set

# A fast hash: tests log people in often. The real hasher is Django's default.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# WhiteNoise warns of a missing folder, and a warning fails a test. Tests take static files from the apps.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405
