"""The corner of Today and of the settings' index that reminds admins of the first run."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def remind(viewer: Any, request: HttpRequest) -> dict[str, Any] | None:
    """For admins until it is put away. It costs the page nothing: how far the first run is, it fetches by itself."""
    return {} if viewer.is_admin and not getattr(viewer, "start_put_away_at", None) else None
