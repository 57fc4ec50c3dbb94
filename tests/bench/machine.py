"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from typing import Any

import django
from django.db import connection

#: Settings of Postgres that move the figures.
_SETTINGS = (
    "shared_buffers", "work_mem", "effective_cache_size", "random_page_cost", "jit", "fsync", "synchronous_commit",
    "max_wal_size",
)  # fmt: skip


def facts() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY (%s)", [list(_SETTINGS)])
        settings = dict(sorted(cursor.fetchall()))
        cursor.execute("SHOW server_version")
        postgres = cursor.fetchone()[0]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(), "memory_gb": round(memory / 2**30, 1), "python": platform.python_version(),
        "django": django.get_version(), "postgres": postgres, "settings": settings,
        "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


def sentence(known: dict[str, Any]) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in known["settings"].items())
    return (
        f"{known['cores']} cores, {known['memory_gb']} GB, Python {known['python']}, Django {known['django']}, "
        f"Postgres {known['postgres']} ({settings}); load {known['load']} at the start."
    )
