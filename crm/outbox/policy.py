"""Whether mail leaves: live, on hold or redirected, and the kill switches. All flip with the gate closed."""

from __future__ import annotations

import re
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from crm.history.actions import act
from crm.outbox.actions import close_the_gate
from crm.outbox.models import CHATS, MailPolicy, Switch
from crm.team.models import User
from crm.web import standing

Mode = MailPolicy.Mode

#: Acts in the audit log. Their undo is to do the opposite.
STOPPED, LIFTED = "mail.stopped", "mail.let_go_on"

_CHANNELS = "|".join(["email", *CHATS])
_SCOPE = re.compile(
    rf"all|automatic|category:(?:service|marketing)|channel:(?:{_CHANNELS})|" r"sender:.{1,60}|contact:[1-9][0-9]{0,18}"
)


@transaction.atomic
def go_live(now: datetime, by: User | None = None) -> MailPolicy:
    """Mail leaves from now on, and imports do not hold it any more."""
    return _set(Mode.LIVE, "", f"Live since {now:%-d %B %Y}" + (f", by {by}." if by else "."), now, went_live_at=now)


@transaction.atomic
def hold(reason: str = "Somebody put it on hold.") -> MailPolicy:
    """Nothing leaves; what is planned waits."""
    return _set(Mode.HOLD, "", reason, None)


@transaction.atomic
def redirect_to(address: str, now: datetime) -> MailPolicy:
    """Everything goes to one address and says whom it was meant for. Raises ValueError for what is no address."""
    try:
        validate_email(address)
    except ValidationError as error:
        raise ValueError(f"“{address}” is no e-mail address.") from error
    return _set(Mode.REDIRECT, address, f"All mail goes to {address}.", now)


@transaction.atomic
def hold_for_import(now: datetime) -> bool:
    """Contacts were imported: hold all mail until somebody goes live, unless somebody has. Says whether it is held now.

    So nobody writes to a customer base that has just been copied from elsewhere before a person has looked.
    """
    policy = close_the_gate()
    if policy.went_live_at is not None or policy.mode != Mode.LIVE:
        return False
    _set(Mode.HOLD, "", f"Contacts were imported on {now:%-d %B %Y}; mail waits until somebody goes live.", None)
    return True


def _set(
    mode: Mode, redirect: str, reason: str, opens_at: datetime | None, went_live_at: datetime | None = None
) -> MailPolicy:
    policy = close_the_gate()
    if policy.mode == Mode.HOLD:
        policy.opened_at = opens_at or policy.opened_at
    policy.mode, policy.redirect_to, policy.mode_reason = mode, redirect, reason[:200]
    policy.went_live_at = went_live_at or policy.went_live_at
    policy.save()
    transaction.on_commit(standing.forget)
    return policy


@transaction.atomic
def throw(scope: str, reason: str, now: datetime, by: User | None = None) -> None:
    """Stop mail at once, what is already claimed included: all | automatic | category:<service or marketing> |
    channel:<name> | sender:<name> | contact:<id>. `automatic` keeps workflows from moving on as well.

    Raises ValueError for any other scope, which would stop nothing.
    """
    if not _SCOPE.fullmatch(scope):
        raise ValueError(
            f"{scope!r} is no switch: all, automatic, category:<name>, channel:<name>, sender:<name> or contact:<id>."
        )
    close_the_gate()
    thrown = {"reason": reason[:200], "thrown_at": now, "thrown_by": by}
    Switch.objects.update_or_create(scope=scope, defaults=thrown)
    if by:
        with act(STOPPED, f"stopped {Switch(scope=scope).words}: {reason}"[:200], by, now, {"scope": scope}):
            pass
    transaction.on_commit(standing.forget)


@transaction.atomic
def lift(scope: str, now: datetime, by: User | None = None) -> bool:
    """Let mail go on; what has become too late meanwhile is skipped. False if the switch was off."""
    policy = close_the_gate()
    if not Switch.objects.filter(scope=scope).delete()[0]:
        return False
    if by:
        with act(LIFTED, f"let {Switch(scope=scope).words} go on", by, now, {"scope": scope}):
            pass
    policy.opened_at = now
    policy.save(update_fields=["opened_at"])
    transaction.on_commit(standing.forget)
    return True
