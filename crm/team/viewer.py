"""Who looks at a page."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest

from crm.team.models import User


def viewer_of(request: HttpRequest) -> User:
    """The user signed in; for pages only, to which LoginRequiredMiddleware lets nobody else."""
    assert isinstance(request.user, User)
    return request.user


type _Shape = tuple[bool, str, str, bool]


class _Sight:
    """A viewer as a value of a `crm.web.composed.Composed`, which may ask for rows that they may see, and for their
    own: role and sight say how, and their numbers are those of the viewer and of the team mates."""

    def shape(self, viewer: User) -> _Shape:
        return viewer.is_active, viewer.role, viewer.sees, viewer.mates is not None

    def numbers(self, viewer: User) -> Sequence[int]:
        return [viewer.pk, *sorted({*(viewer.mates or ())} - {viewer.pk})]

    def standing_in(self, shape: _Shape, numbers: Sequence[int]) -> User:
        is_active, role, sees, has_mates = shape
        found = User(pk=numbers[0], is_active=is_active, role=role, sees=sees)
        found.mates = numbers[1:] if has_mates else None
        return found


SIGHT = _Sight()
