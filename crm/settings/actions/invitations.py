"""Inviting by mail: the link is in a message of the outbox, and is shown once to whoever invites."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from crm.outbox import settling
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import OutboundMessage
from crm.team import actions
from crm.team.models import Invitation, Organisation, User

_SUBJECT = "{{ by }} invites you to {{ organisation }} in Holdfast"
_BODY = """Hello {{ name }},

{{ by }} has made a place for you in Holdfast, where {{ organisation }} looks after its customers.

Choose a password here, and you are in:

{{ link }}

The link works once, until {{ until }}. If you did not expect this, do nothing."""


@transaction.atomic
def invite(
    email: str, name: str, role: str, sees: str, teams: Iterable[int], by: User, now: datetime
) -> tuple[User, str]:
    """Make a place and plan the mail; the user and the link, which nobody can read again. Raises TeamError.

    Whoever was invited before gets a new link; the old one, and its mail if it has not left, are void.
    """
    _call_off(User.objects.filter(email=email).first(), by, now)
    made, secret = actions.invite(email, name, role, sees, teams, by, now)
    link = settings.BASE_URL + reverse("team:invitation", args=[secret])
    organisation = Organisation.the_only().name or "your organisation"
    facts = {"by": str(by), "organisation": organisation, "name": name, "link": link,
             "until": f"{made.expires_at.astimezone(by.zone):%-d %B, %H:%M %Z}"}  # fmt: skip
    draft = Draft(
        key=_key(made), category=OutboundMessage.Category.TRANSACTIONAL, template_id=template(_SUBJECT, _BODY),
        due_at=now, user_id=made.user_id, facts=facts, expires_at=made.expires_at, origin=OutboundMessage.SIGN_IN,
    )  # fmt: skip
    enqueue([draft], now=now)
    return made.user, link


@transaction.atomic
def withdraw(user: User, by: User, now: datetime) -> bool:
    """The link opens nothing any more, and its mail stays if it has not left. Raises TeamError."""
    _call_off(user, by, now)
    return actions.withdraw(user, by)


def _key(made: Invitation) -> str:
    return f"invitation:{made.digest}"


def _call_off(user: User | None, by: User, now: datetime) -> None:
    made = Invitation.objects.filter(user=user).first() if user else None
    planned = OutboundMessage.objects.filter(key=_key(made)).first() if made else None
    if planned:
        with suppress(settling.NotPossible):  # it has left: the link opens nothing all the same
            settling.cancel(planned.pk, "The invitation was withdrawn.", by, now)
