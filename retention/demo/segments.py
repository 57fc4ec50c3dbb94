"""The demo's segments: ready-made ones and a set chosen by hand, with two months of sizes behind them."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from crm.accounts.models import Account
from crm.ledger.rfm.walking import RFM
from crm.segments import counting, defining, members
from crm.segments.models import Segment, SegmentPart, SegmentSize
from crm.slots import segment_ideas
from crm.team.models import User
from retention.usage.habits.walking import HABITS

#: Days of sizes before today.
_DAYS = 60
_MANY = 12
#: Which customers are in it was chosen by hand.
CHOSEN = "Customer day in Berlin"
#: Who is in it gets the news; made when there were some.
CUSTOMERS = "Paying customers"


def tell(ours: dict[str, int], now: datetime) -> None:
    """Made by Mira, shared, counted today and, by invention, on the days before."""
    mira = User.objects.get(pk=ours["mira"])
    made = [
        defining.make(mira, idea.subject, {
            "name": idea.name, "description": idea.description, "tree": idea.tree, "shared": True
        }, now)
        for _, idea in segment_ideas.items()
    ]  # fmt: skip
    told = {"name": CHOSEN, "kind": Segment.Kind.STATIC, "shared": True}
    chosen = defining.make(mira, "account", told | {"description": "Who has been invited."}, now)
    largest = Account.objects.filter(lifecycle="customer").order_by("-mrr", "id").values_list("pk", flat=True)
    members.add(chosen, list(largest[:_MANY]), mira, now)
    while RFM.run(now) or HABITS.run(now):
        pass
    while counting.run(now):
        pass
    for segment in [*made, chosen]:
        _invent(segment, now)


def _invent(segment: Segment, now: datetime) -> None:
    """A history that ends with today's count."""
    rng, today = Random(segment.name), SegmentSize.objects.get(segment=segment)
    inside = [pk for ids in SegmentPart.objects.filter(segment=segment).values_list("ids", flat=True) for pk in ids]
    rows, size = [], today.size
    for days in range(_DAYS):
        came = rng.choices((0, 1, 2), (6, 3, 1))[0] if size > 1 else 0
        left = rng.choices((0, 1, 2), (7, 2, 1))[0] if segment.kind == Segment.Kind.DYNAMIC else 0
        rows.append(
            SegmentSize(
                segment=segment, day=today.day - timedelta(days=days), size=size, entered=came, left=left,
                came=rng.sample(inside, min(came, len(inside))), counted_at=now - timedelta(days=days),
            )
        )  # fmt: skip
        size += left - came
    today.delete()
    SegmentSize.objects.bulk_create(rows)
