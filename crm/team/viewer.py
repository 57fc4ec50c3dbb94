"""Who looks at a page."""

from __future__ import annotations

from django.http import HttpRequest

from crm.team.models import User


def viewer_of(request: HttpRequest) -> User:
    """The user signed in; for pages only, to which LoginRequiredMiddleware lets nobody else."""
    assert isinstance(request.user, User)
    return request.user
