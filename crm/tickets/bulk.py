"""What can be done to many tickets at once, and what takes that back where columns cannot tell.

Each verb locks its rows in the order of their ids and leaves alone what is so already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q
from django.urls import reverse

from crm.accounts.bulk import ViewedForm, tagging
from crm.history.actions import present_act
from crm.history.bulk.acting import Refused
from crm.history.models import Act
from crm.history.undoing import Undone, echoes, undoers
from crm.slots import BulkAction, bulk_actions, tell
from crm.team.models import Team, User
from crm.tickets import clocks
from crm.tickets.actions import blocking, merging
from crm.tickets.actions.reviving import each_turned_by, revive, standing, turn_back
from crm.tickets.actions.saying import TicketError, lock
from crm.tickets.actions.turning import turn
from crm.tickets.models import Ticket, TicketCategory, TicketChange, TicketFollower, TicketSpell

#: More are one conversation no longer.
MOST_MERGED = 20

# What is asked -------------------------------------------------------------------------------------------------------


class AssigneeForm(ViewedForm):
    assignee = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Nobody", label="Give to")

    def __init__(self, *args: Any, viewer: User, **more: Any) -> None:
        super().__init__(*args, viewer=viewer, **more)
        active = User.objects.filter(is_active=True).order_by("name", "id")
        self.fields["assignee"].queryset = active  # type: ignore[attr-defined]
        self.fields["assignee"].initial = viewer.pk


class TeamForm(ViewedForm):
    team = forms.ModelChoiceField(Team.objects.order_by("name"), required=False, empty_label="No team")


class StatusForm(ViewedForm):
    status = forms.ChoiceField(
        choices=[choice for choice in Ticket.Status.choices if choice[0] not in ("new", "closed")], initial="solved"
    )


class PriorityForm(ViewedForm):
    priority = forms.TypedChoiceField(choices=Ticket.Priority.choices, coerce=int, initial=Ticket.Priority.NORMAL)


class CategoryForm(ViewedForm):
    category = forms.ModelChoiceField(
        TicketCategory.objects.filter(archived_at=None), required=False, empty_label="No category"
    )


class MergeForm(ViewedForm):
    into = forms.IntegerField(
        label="Into", min_value=1, required=False, widget=forms.NumberInput({"placeholder": "the oldest of them"}),
        help_text="The number of the one that stays.",
    )  # fmt: skip


# Doing it -------------------------------------------------------------------------------------------------------------


def _rows(ids: Iterable[int], differing: Q = Q()) -> Iterator[Ticket]:  # noqa: B008  (never changed)
    """Each locked, with what it hangs on."""
    for pk in Ticket.objects.filter(differing, pk__in=list(ids)).order_by("pk").values_list("pk", flat=True):
        yield lock(pk)


def _set(ids: Sequence[int], differing: Q, now: datetime, **values: Any) -> int:
    """Columns of which no clock depends."""
    locked = Ticket.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    rows = Ticket.objects.filter(differing, pk__in=list(locked.values_list("pk", flat=True)))
    return rows.update(**values, updated_at=now)


def _wind(ids: Iterable[int], now: datetime, differing: Q = Q(), **values: Any) -> int:  # noqa: B008  (as above)
    """Columns by which clocks go, and what follows from them."""
    locked = Ticket.objects.filter(differing, pk__in=list(ids)).prefetch_related("account").order_by("pk")
    rows = list(locked.select_for_update(of=("self",), no_key=True))
    spells: dict[int, list[TicketSpell]] = defaultdict(list)
    for spell in TicketSpell.objects.filter(ticket__in=rows).order_by("began_at", "pk"):
        spells[spell.ticket_id].append(spell)
    desk = clocks.Desk()
    for row in rows:
        for name, value in values.items():
            setattr(row, name, value)
        row.updated_at = now
        clocks.wind(row, now, desk, spells[row.pk])
    Ticket.objects.bulk_update(rows, [*values, *clocks.WOUND, "updated_at"], batch_size=200)
    return len(rows)


def assign(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    assignee: User | None = data["assignee"]
    others = Q(assignee__isnull=False) if assignee is None else Q(assignee=None) | ~Q(assignee=assignee)
    changed = _set(ids, others, now, assignee=assignee, assigned_because=f"{by} chose so")
    if changed and assignee and assignee != by:
        deed = present_act()
        key = f"tickets:{deed.pk}:{assignee.pk}" if deed else None  # of an act that comes slice by slice, once
        text = f"{by} gave you a ticket" if changed == 1 else f"{by} gave you {changed:,} tickets"
        tell([assignee], "ticket.assigned", text, f"{reverse('tickets:list')}?view=mine", now, key=key, by=by)
    return changed


def set_team(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    team: Team | None = data["team"]
    return _wind(ids, now, Q(team__isnull=False) if team is None else Q(team=None) | ~Q(team=team), team=team)


def set_priority(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    return _wind(ids, now, ~Q(priority=data["priority"]), priority=data["priority"])


def set_category(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    category = data["category"]
    others = Q(category__isnull=False) if category is None else Q(category=None) | ~Q(category=category)
    return _set(ids, others, now, category=category)


def set_status(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    """Those that are closed or merged stay as they are."""
    changed = 0
    # All are locked before the first turns, which may wait for others of the same people.
    for row in list(_rows(ids, ~Q(status__in=(data["status"], Ticket.Status.CLOSED)) & Q(merged_into=None))):
        if row.status != Ticket.Status.CLOSED and not row.merged_into_id:
            turn(row, data["status"], by, now)
            changed += 1
    return changed


def mark_as_spam(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    return _each(_rows(ids, Q(is_spam=False, merged_into=None)),
                 lambda row: blocking.mark_as_spam(row, by, now, block=False))  # fmt: skip


def merge(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    """All into one, if they are of one customer. Raises Refused."""
    stays = Ticket.objects.visible_to(by).filter(pk=data["into"] or min(ids)).first()
    others = list(Ticket.objects.filter(pk__in=ids).exclude(pk=stays.pk).order_by("pk")) if stays else []
    if stays is None:
        raise Refused(f"There is no ticket #{data['into']} that you may see.")
    if not others or len(others) > MOST_MERGED:
        raise Refused(f"Choose two tickets or more to merge, and at most {MOST_MERGED} besides the one that stays.")
    if any((row.account_id or row.requester_handle) != (stays.account_id or stays.requester_handle) for row in others):
        raise Refused("These tickets are of several customers. Merge them one by one, on their own pages.")
    try:
        for row in others:
            done = merging.merge(row, stays, by, now)
            _put_down(done, "merges", {"ticket": row.pk, "into": stays.pk, **_taken(done)})
    except TicketError as error:
        raise Refused(str(error)) from None
    return len(others)


def follow(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    known = set(TicketFollower.objects.filter(user=by, ticket__in=ids).values_list("ticket", flat=True))
    new = sorted(set(ids) - known)
    TicketFollower.objects.bulk_create([TicketFollower(ticket_id=pk, user=by) for pk in new], ignore_conflicts=True)
    _put_down(present_act(), "followed", *new)
    return len(new)


def _each(rows: Iterable[Ticket], verb: Callable[[Ticket], object]) -> int:
    """How many it could be done to."""
    done = 0
    for row in rows:
        try:
            verb(row)
        except TicketError:
            continue
        done += 1
    return done


def _put_down(deed: Act | None, name: str, *notes: Any) -> None:
    """For the undo: in the act's detail, at once, since a worker does it slice by slice."""
    if deed:
        deed.detail[name] = [*deed.detail.get(name, []), *notes]
        deed.save(update_fields=["detail"])


def _taken(deed: Act) -> dict[str, Any]:
    """What a merge has put down of itself, out of the way of the next one."""
    return {name: deed.detail.pop(name) for name in ("was", "messages", "followers")}


# Taking it back -------------------------------------------------------------------------------------------------------


def wound_anew(began: Act, stands: bool, now: datetime) -> None:
    """Columns went back, of one ticket or of many, and clocks follow them."""
    _wind(TicketChange.objects.filter(act=began).values_list("pgh_obj", flat=True).distinct(), now)


def spam_undone(done: Act, by: User | None, now: datetime) -> Undone:
    """They stand as before, unless they have turned again since."""

    def put_back(row: Ticket, status: str) -> None:
        revive(row, standing(row) | {"status": status}, by, now, "it was no spam")

    return each_turned_by(done, put_back)


def merges_undone(done: Act, by: User | None, now: datetime) -> Undone:
    undone = Undone(0)
    for detail in reversed(done.detail.get("merges", [])):
        one = copy(done)
        one.detail = detail
        undone += merging.part(one, by, now)
    return undone


def following_undone(done: Act, by: User | None, now: datetime) -> Undone:
    gone, _ = TicketFollower.objects.filter(user=done.by, ticket__in=done.detail.get("followed", [])).delete()
    return Undone(gone)


def register_bulk() -> None:
    for order, (name, (label, icon, run, past, form)) in enumerate(_ACTIONS.items()):
        action = BulkAction(label, icon, "ticket", run, past, form, right="tickets", order=5 * order)
        bulk_actions.register(f"ticket.{name}", action)
    undoers.register("bulk.status", turn_back)
    undoers.register("bulk.spam", spam_undone)
    undoers.register("bulk.merge", merges_undone)
    undoers.register("bulk.follow", following_undone)
    echoes.register("tickets", wound_anew)


def _named(value: Any, of: Any) -> str:
    return str(dict(of)[value]).lower()


_TAG, _UNTAG = tagging(Ticket)
_ACTIONS: dict[str, tuple[str, str, Any, Any, type[forms.Form] | None]] = {
    "assign": (
        "Assign", "user-round", assign, lambda data, rows: f"gave {rows} to {data['assignee'] or 'nobody'}",
        AssigneeForm,
    ),
    "status": (
        "Set status", "circle-check", set_status,
        lambda data, rows: f"turned {rows} {_named(data['status'], Ticket.Status.choices)}", StatusForm,
    ),
    "priority": (
        "Set priority", "chevrons-up", set_priority,
        lambda data, rows: f"set {rows} to {_named(data['priority'], Ticket.Priority.choices)} priority", PriorityForm,
    ),
    "team": (
        "Hand to a team", "users-round", set_team, lambda data, rows: f"handed {rows} to {data['team'] or 'no team'}",
        TeamForm,
    ),
    "category": (
        "Set category", "folder", set_category,
        lambda data, rows: f"filed {rows} under {data['category'] or 'nothing'}", CategoryForm,
    ),
    "tag": _TAG,
    "untag": _UNTAG,
    "merge": ("Merge into one", "merge", merge, lambda data, rows: f"merged {rows} into one", MergeForm),
    "follow": ("Follow", "bell", follow, lambda data, rows: f"followed {rows}", None),
    "spam": ("Mark as spam", "shield-alert", mark_as_spam, lambda data, rows: f"marked {rows} as spam", None),
}  # fmt: skip
