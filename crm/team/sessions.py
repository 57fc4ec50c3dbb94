"""Where somebody is signed in, and how that ends."""

from __future__ import annotations

from datetime import datetime

from allauth.core.internal.httpkit import get_client_ip
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest

from crm.team.models import Device, User

_LONGEST_AGENT = 300


def note(request: HttpRequest, user: User, now: datetime) -> None:
    """Put the browser that has just signed in on the list; those whose sessions have ended leave it."""
    if not request.session.session_key:
        request.session.save()
    Device.objects.filter(user=user).exclude(pk__in=devices_of(user, now).values("pk")).delete()
    about = {
        "user": user,
        "agent": request.headers.get("User-Agent", "")[:_LONGEST_AGENT],
        "address": get_client_ip(request),
        "signed_in_at": now,
    }
    Device.objects.update_or_create(session_key=request.session.session_key, defaults=about)


def devices_of(user: User, now: datetime) -> QuerySet[Device]:
    """Those whose session still opens something, the latest first."""
    living = Session.objects.filter(expire_date__gt=now).values("session_key")
    return Device.objects.filter(user=user, session_key__in=living).order_by("-signed_in_at", "-pk")


@transaction.atomic
def end(devices: QuerySet[Device]) -> int:
    """Sign these out; how many there were."""
    keys = list(devices.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    Device.objects.filter(session_key__in=keys).delete()
    return len(keys)


@transaction.atomic
def sign_out_everywhere(user: User) -> None:
    """End all sessions, those included that nobody listed: none of them knows the user's new sign-in hash."""
    User.objects.filter(pk=user.pk).update(sign_outs=F("sign_outs") + 1)
    end(Device.objects.filter(user=user))
