"""Where people begin when they have signed in: on Today, or on a page of their own choice."""

from __future__ import annotations

from django.conf import settings
from django.shortcuts import resolve_url

from crm import slots
from crm.team.models import User
from crm.team.permissions import allows
from crm.web.addresses import page


def start_pages_for(user: User) -> dict[str, slots.StartPage]:
    """What they can choose from beside Today, by name: pages that there are and that they may open."""
    return {
        name: start
        for name, start in slots.start_pages.items()
        if page(start.url_name) and allows(user, start.permission)
    }


def front_url() -> str:
    """Today, which every link to the whole house leads to."""
    return resolve_url(settings.LOGIN_REDIRECT_URL)


def start_url(user: User) -> str:
    """Where this person begins. A choice that is gone, or theirs no more, is kept but means Today."""
    chosen = start_pages_for(user).get(user.start_page) if user.start_page else None
    return page(chosen.url_name) if chosen else front_url()
