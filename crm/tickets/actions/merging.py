"""Two tickets become one, and two again: what was said in the one goes on in the other, and back from there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Coalesce

from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import Kept, Undone
from crm.team.models import User
from crm.tickets import rules
from crm.tickets.actions import drafting
from crm.tickets.actions.reviving import close, keep, revive, standing
from crm.tickets.actions.saying import TicketError, lock
from crm.tickets.actions.turning import turn
from crm.tickets.models import Ticket, TicketFollower, TicketMessage
from crm.web.locks import take_turns

KIND = "ticket.merged"
#: Merges are few, and one beside another could close a circle: they take turns.
_TURN = "tickets:merging"


@transaction.atomic
def merge(ticket: Ticket, into: Ticket, by: User, now: datetime) -> Act:
    """What was said in `ticket` goes on in `into`, with who follows and who reads along; `ticket` closes.

    Whoever asked there reads along here if that is somebody else. Raises TicketError.
    """
    take_turns(_TURN)
    _refuse(Ticket.objects.get(pk=ticket.pk), Ticket.objects.get(pk=into.pk))
    rows = {pk: lock(pk) for pk in sorted((ticket.pk, into.pk))}
    gone, stays = rows[ticket.pk], rows[into.pk]
    _refuse(gone, stays)
    with act(KIND, f"merged {gone} into {stays}", by, now, {"ticket": gone.pk, "into": stays.pk}) as made:
        made.detail |= {"was": standing(gone), "messages": _move(gone, stays), "followers": _follow(gone, stays)}
        readers = _readers(gone, stays)
        stays.copied = [*stays.copied, *readers]
        if gone.paused_until and gone.contact_id == stays.contact_id:
            stays.paused_until = max(gone.paused_until, stays.paused_until or gone.paused_until)
        if gone.status in rules.WAITS_FOR_US and stays.status not in rules.WAITS_FOR_US:
            turn(stays, Ticket.Status.OPEN, by, now, f"#{gone.pk} was merged into it")
        close(gone, by, now, f"merged into #{stays.pk}")
        gone.merged_into = stays
        keep(gone, now)
        keep(stays, now)
    return made


def _refuse(gone: Ticket, stays: Ticket) -> None:
    if gone.pk == stays.pk:
        raise TicketError("A ticket cannot be merged into itself. Choose another one.")
    for row in (gone, stays):
        if row.merged_into_id:
            raise TicketError(f"#{row.pk} was merged into #{row.merged_into_id}. Choose that, or take it back first.")
        if row.status == Ticket.Status.CLOSED:
            raise TicketError(f"#{row.pk} is closed for good: nothing can be merged with it.")


def _move(gone: Ticket, stays: Ticket) -> list[int]:
    """Which messages it were; where somebody was writing, the draft goes along."""
    ids = list(gone.messages.values_list("pk", flat=True))
    gone.messages.move(stays, origin=Coalesce("origin", Value(gone.pk)))
    drafting.take_along(gone, stays)
    return ids


def _follow(gone: Ticket, stays: Ticket) -> list[int]:
    """Who follows the one that stays for the first time."""
    new = set(gone.followers.values_list("user", flat=True)) - set(stays.followers.values_list("user", flat=True))
    rows = [TicketFollower(ticket=stays, user_id=user) for user in sorted(new)]
    TicketFollower.objects.bulk_create(rows, ignore_conflicts=True)
    return sorted(new)


def _readers(gone: Ticket, stays: Ticket) -> list[str]:
    """Addresses that are to read along, and did not."""
    asked = [gone.requester_handle] if gone.contact_id is None or gone.contact_id != stays.contact_id else []
    known = {*stays.copied, stays.requester_handle}
    return [one for one in dict.fromkeys([*asked, *gone.copied]) if one not in known and _is_address(one)]


def _is_address(handle: str) -> bool:
    try:
        validate_email(handle)
    except ValidationError:
        return False
    return True


def made(ticket: Ticket) -> Act | None:
    """The act that merged it into another one; None: it is not merged, or was together with others."""
    spell = ticket.spells.select_related("act").filter(ended_at=None).first()
    found = spell.act if ticket.merged_into_id and spell else None
    return found if found and found.kind == KIND else None


def part(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo of a merge: exactly what came goes back. What was written since stays, and is said to."""
    take_turns(_TURN)
    rows = {pk: lock(pk) for pk in sorted((done.detail["ticket"], done.detail["into"]))}
    gone, stays = rows[done.detail["ticket"]], rows[done.detail["into"]]
    came = TicketMessage.objects.filter(pk__in=done.detail["messages"], ticket__in=_homes(stays))
    here = Case(When(origin=gone.pk, then=Value(None)), default=F("origin"))
    back = came.move(gone, origin=here)
    drafting.give_back(gone)
    TicketFollower.objects.filter(ticket=stays, user__in=done.detail["followers"]).delete()
    gone.merged_into = None
    revive(gone, done.detail["was"], by, now, f"taken out of #{stays.pk} again")
    keep(gone, now)
    keep(stays, now)
    return Undone(1, list(_kept(done, stays, len(done.detail["messages"]) - back)))


def _homes(row: Ticket) -> list[int]:
    """Where its messages may be by now: in itself, or in what that was merged into."""
    found = [row.pk]
    while row.merged_into and row.merged_into_id not in found:
        row = row.merged_into
        found.append(row.pk)
    return found


def _kept(done: Act, stays: Ticket, elsewhere: int) -> Any:
    since = stays.messages.filter(created_at__gt=done.at).count()
    if since:
        words = "1 message that was" if since == 1 else f"{since} messages that were"
        yield Kept(f"{words} written since", "", None, "", None, f"stays in #{stays.pk}")
    if elsewhere:
        words = "1 message that was" if elsewhere == 1 else f"{elsewhere} messages that were"
        yield Kept(f"{words} split off since", "", None, "", None, "stays where it is")
