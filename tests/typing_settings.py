"""Settings for mypy's Django plugin, which reads the tables: the product's own, with a key that guards nothing."""

import os

os.environ.setdefault("SECRET_KEY", "only for the type checker")

from crm.config.settings import *  # noqa: F403
