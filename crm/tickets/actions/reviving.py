"""What an act had turned stands as it did before, once that act is taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db.models import F, Max, Min, Q

from crm.history.models import Act
from crm.history.undoing import Kept, Undone
from crm.outbox import pressure
from crm.team.models import User
from crm.tickets import clocks, rating, rules
from crm.tickets.actions.saying import lock
from crm.tickets.actions.turning import begin_spell, pause_automation, turn, untell
from crm.tickets.models import Ticket, TicketMessage, TicketSpell

Kind = TicketMessage.Kind


def standing(row: Ticket) -> dict[str, str | None]:
    """For the act's detail: how it stands, before the act closes it."""
    return {"status": row.status, "solved_at": row.solved_at.isoformat() if row.solved_at else None}


def close(row: Ticket, by: User | None, now: datetime, because: str) -> None:
    """For a reason that is none of the customer's. The caller has locked it and taken down its `standing`."""
    turn(row, Ticket.Status.CLOSED, by, now, because)


def revive(row: Ticket, was: dict[str, str | None], by: User | None, now: datetime, because: str) -> None:
    """Back to what `standing` said; nobody has opened it again, so nothing is counted or told. The caller has locked
    it."""
    status = str(was["status"])
    if row.status == status:
        return
    row.status, row.closed_at = status, None
    row.solved_at = datetime.fromisoformat(was["solved_at"]) if was["solved_at"] and status in rules.DONE else None
    TicketSpell.objects.filter(ticket=row, ended_at=None).update(ended_at=now)
    begin_spell(row, by, now, because)
    keep(row, now)


def keep(row: Ticket, now: datetime) -> None:
    """Derive anew what hangs on its messages, after some came or went, and save it."""
    said = row.messages.aggregate(
        asked=Max("occurred_at", filter=Q(kind=Kind.IN, automatic=False)),
        answered=Min("occurred_at", filter=Q(kind=Kind.OUT, called_off_at=None)),
    )
    row.asked_at, row.answered_at, row.updated_at = said["asked"], said["answered"], now
    clocks.wind(row, now)
    row.save()


# As if it had not turned ----------------------------------------------------------------------------------------------


def turn_back(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo of an act: tickets stand as if it had not turned them, unless they have turned again since."""
    return each_turned_by(done, lambda row, was: unturn(row, by, now))


def each_turned_by(done: Act, put_back: Callable[[Ticket, str], object]) -> Undone:
    """Lock each ticket that the act turned, in order, and put it back to the status it had before, unless it has
    turned again since. Where `put_back` gives False, what was written since would have turned it, too."""
    reverted, kept = 0, []
    for pk in TicketSpell.objects.filter(act=done).order_by("ticket").values_list("ticket", flat=True).distinct():
        row = lock(pk)
        spells = _latest(row)
        if len(spells) < 2 or spells[0].act_id != done.pk:
            name = str(spells[0].by or "") if spells else ""
            kept.append(Kept(str(row), "status", row.status_label, name, None, "it has turned again since"))
        elif put_back(row, spells[1].status) is False:
            kept.append(Kept(str(row), "status", row.status_label, "", None, "somebody has written in it since"))
        else:
            reverted += 1
    return Undone(reverted, kept)


def unturn(row: Ticket, by: User | None, now: datetime) -> bool:
    """As if its last turn had not been: no spell, no question how it was, no word on the timeline, nothing counted.

    Once that question has left, the spell stays that it asks about. False: by now it would stand so all the same. The
    caller has locked it.
    """
    last, before = _latest(row)
    would = _would_stand(row, before, last)
    if would == row.status:
        return False
    if rating.withdraw(last, by, now):
        _drop(row, last, before, now)
    else:
        revive(row, standing(row) | {"status": before.status}, by, now, "the solving was taken back")
    if would != row.status:
        turn(row, would, None, now, "it was answered")
    return True


def _latest(row: Ticket) -> list[TicketSpell]:
    """The last two, the latest first."""
    return list(TicketSpell.objects.filter(ticket=row).order_by(F("began_at").desc(), F("pk").desc())[:2])


def _would_stand(row: Ticket, before: TicketSpell, last: TicketSpell) -> str:
    """Its status by now, had the last spell not begun: what was said since would have turned it."""
    since = row.messages.filter(created_at__gt=last.began_at, automatic=False, called_off_at=None)
    kinds, status = set(since.values_list("kind", flat=True)), before.status
    if Kind.IN in kinds:
        status = rules.after_customer(status)
    return rules.after_answer(status, "") if Kind.OUT in kinds else status


def _drop(row: Ticket, last: TicketSpell, before: TicketSpell, now: datetime) -> None:
    untell(last)
    last.delete()
    before.ended_at = None
    before.save(update_fields=["ended_at"])
    if rules.reopens(before.status, last.status):
        row.reopened -= 1
    row.status, row.closed_at = before.status, None
    row.solved_at = before.began_at if before.status == Ticket.Status.SOLVED else None
    keep(row, now)
    if row.status in rules.WAITS_FOR_US and row.asked_at and row.asked_at + pressure.rest_of(pressure.TICKET) > now:
        pause_automation(row, row.asked_at)
        row.save(update_fields=["paused_until"])
