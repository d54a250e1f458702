"""Django's settings in tests: the tests' environment, then the real settings as they are."""

from tests.environment import prepare

prepare()

from config.settings import *  # noqa: E402, F403 settings are read after the environment is set

# A fast hash: tests log people in often. The real hasher is Django's default.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
