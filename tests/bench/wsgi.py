"""One server for both: the product's own pages, and under /bare/ their floors behind session and user alone."""

from __future__ import annotations

import os
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.settings"

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from crm.config.wsgi import application as product

_whole = settings.MIDDLEWARE
settings.MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tests.bench.floors.bare_views.bare_urls",
]
bare = WSGIHandler()  # reads the list once
settings.MIDDLEWARE = _whole


def application(environ: dict[str, Any], start_response: Any) -> Any:
    chosen = bare if environ["PATH_INFO"].startswith("/bare/") else product
    return chosen(environ, start_response)
