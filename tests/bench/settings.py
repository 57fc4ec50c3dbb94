"""The product's settings, with cached figures of its own: what the bench counts must not show up in an installation."""

from crm.config.settings import *  # noqa: F403
from crm.config.settings import CACHES

for _cache in CACHES.values():
    _cache["KEY_PREFIX"] = "holdfast-bench"
