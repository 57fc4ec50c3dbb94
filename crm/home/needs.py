"""Who needs a human today: the reasons that rooms name, ranked, without those whom the viewer has put away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import CharField, Value
from django.db.models.functions import Coalesce, NullIf

from crm import slots
from crm.accounts.models import Account
from crm.home import rules
from crm.home.models import PutAway
from crm.team.models import User
from crm.team.viewer import SIGHT
from crm.web.addresses import address
from crm.web.composed import NUMBERS, Composed

#: (account id, its reasons as (sentence, urgency, action), the most urgent first): as it is kept for a minute.
type Ranked = tuple[int, tuple[tuple[str, float, str], ...]]


def ranked(viewer: User, now: datetime) -> dict[str, Any]:
    """`needs`: every customer that any room names, the most at stake first; `more`: a room has more than it may name;
    `known`: their rows.

    Each room names its worst, so the worst are all here.
    """
    found = [[rules.Need(*row) for row in reason.find(viewer, now, rules.MOST_NEEDS)] for reason in slots.today_reasons]
    reasons = rules.by_customer(need for named in found for need in named)
    known = rows(viewer, reasons)
    order = sorted(known, key=lambda pk: (-rules.priority(known[pk]["mrr"], reasons[pk][0].urgency), pk))
    needs: list[Ranked] = [
        (pk, tuple((need.sentence, need.urgency, need.action) for need in reasons[pk])) for pk in order
    ]
    return {"needs": needs, "more": any(len(named) >= rules.MOST_NEEDS for named in found), "known": known}


def _rows(viewer: User, ids: Sequence[int]) -> Any:
    owner = Coalesce(NullIf("owner__name", Value("")), "owner__email", Value("Nobody"), output_field=CharField())
    found = Account.objects.visible_to(viewer).filter(pk__in=ids).annotate(whose=owner)
    return found.order_by().values_list("id", "name", "mrr", "whose")


_known = Composed(_rows, SIGHT, NUMBERS)


def rows(viewer: User, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """What a line says about each, of those whom the viewer may see: name, mrr and whose."""
    wanted = list(ids)
    found = _known.rows(viewer, wanted) if wanted else ()
    return {pk: {"name": name, "mrr": mrr, "whose": whose} for pk, name, mrr, whose in found}


_put_away = Composed(
    lambda viewer, now: PutAway.objects.filter(user_id=viewer, until__gt=now).values_list("account_id"), int, datetime
)


def put_away(viewer: User, now: datetime) -> set[int]:
    """Customers who do not stand in the viewer's day."""
    return {account for (account,) in _put_away.rows(viewer.pk, now)}


def lines(needs: Sequence[Ranked], known: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    """For the page; who went out of the viewer's sight since they were ranked is left out."""
    return [
        {
            "pk": pk, "url": address("accounts:detail", pk), "done": address("home:done", pk),
            "snooze": address("home:snooze", pk), "name": known[pk]["name"], "owner": known[pk]["whose"],
            "a_year": rules.a_year(known[pk]["mrr"]), "sentence": reasons[0][0], "action": reasons[0][2],
            "others": [sentence for sentence, *_ in reasons[1:]],
        }
        for pk, reasons in needs
        if pk in known
    ]  # fmt: skip


@transaction.atomic
def put(viewer: User, account_id: int, until: datetime, *, is_done: bool, now: datetime) -> None:
    """Take a customer out of the viewer's day until then. Twice is once; what is over is swept away."""
    PutAway.objects.filter(user=viewer, until__lte=now).exclude(account=account_id).delete()
    PutAway.objects.bulk_create(
        [PutAway(user=viewer, account_id=account_id, until=until, is_done=is_done)],
        update_conflicts=True, unique_fields=["user", "account"], update_fields=["until", "is_done"],
    )  # fmt: skip


def bring_back(viewer: User, account_id: int, until: datetime) -> bool:
    """Undo a `put`, known by its moment. False: it has been brought back, or put off to another one, since."""
    return bool(PutAway.objects.filter(user=viewer, account=account_id, until=until).delete()[0])
