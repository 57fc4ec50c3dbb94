"""What filters, mails, the customer's page and Today are told of failed payments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    CharField,
    Count,
    DateTimeField,
    Exists,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Coalesce, Concat, TruncDate

from crm import slots
from crm.billing.models import PaymentMethod
from crm.home import reasons
from crm.ledger.models import Payment
from crm.slots import FilterField, TodayRows
from crm.team.models import User
from crm.web import clock, wording
from retention.dunning import rules
from retention.dunning.models import CaseQuerySet, DunningCase, DunningSettings
from retention.workflows.mail_facts import MailFact, mail_facts

#: How much a customer whose access ends needs a human: from 0 to 1, as other reasons have it.
_URGENCY = 0.9
#: So near the end of grace somebody should know.
_SOON = "%s::timestamptz + coalesce((SELECT near_days FROM retention_dunningsettings), 2) * interval '1 day'"


def _failing() -> CaseQuerySet:
    """Cases of an account (OuterRef "pk"), the one whose grace ends first."""
    return DunningCase.objects.failing().filter(account=OuterRef("pk")).order_by("grace_ends_at", "id")


def _came_in() -> QuerySet[DunningCase]:
    """The account's latest case, if its payment came in; billing may know so a moment before the case does."""
    cases = DunningCase.objects.filter(account=OuterRef("pk"))
    latest = DunningCase.objects.filter(account=OuterRef("account")).order_by("-pk").values("pk")[:1]
    came_in = Q(state=DunningCase.State.RECOVERED) | Q(state="open", payment__status__in=Payment.RECEIVED)
    return cases.filter(came_in, pk=Subquery(latest))


def _methods() -> Coalesce:
    there = PaymentMethod.objects.filter(account=OuterRef("pk"), removed_at=None).order_by().values("account")
    return Coalesce(Subquery(there.annotate(many=Count("pk")).values("many")), 0)


def _grace_ends_at() -> Subquery:
    return Subquery(_failing().values("grace_ends_at")[:1], output_field=DateTimeField())


def _days_of_grace(now: datetime) -> Func:
    """Days of access after today: 0 on the last day, negative when it could be cut."""
    ends, tomorrow = TruncDate(_grace_ends_at(), tzinfo=clock.zone()), Value(clock.today(now) + timedelta(days=1))
    return Func(ends, tomorrow, arg_joiner=" - ", template="(%(expressions)s)", output_field=IntegerField())


def register_fields() -> None:
    fields = slots.filter_subjects["account"].fields
    for name, field in {
        "payment_failing": FilterField(
            "Has a failed payment that is open", "bool", lambda argument, now: Exists(_failing()), group="Payments"
        ),
        "payment_recovered": FilterField(
            "Last failed payment came in", "bool", lambda argument, now: Exists(_came_in()), group="Payments"
        ),
        "payment_methods": FilterField(
            "Ways to pay on file", "number", lambda argument, now: _methods(), group="Payments"
        ),
        "payment_wants_card": FilterField(
            "Must give another card", "bool", lambda argument, now: Exists(_failing().filter(wants_card=True)),
            group="Payments",
        ),
        "payment_grace": FilterField(
            "Days of grace left", "number", lambda argument, now: _days_of_grace(now), unit="days", group="Payments"
        ),
    }.items():  # fmt: skip
        fields.register(name, field)
    slots.account_reads.register("payment_grace_ends_at", _grace_ends_at)


def _for_mails(account_ids: Sequence[int], now: datetime) -> Mapping[int, dict[str, Any]]:
    """Of each, the failing payment whose grace ends first: {{ failed_payment.amount }} and so on."""
    rows = DunningCase.objects.failing().filter(account__in=account_ids).select_related("payment")
    link, zone = DunningSettings.the_only().mend_url, clock.zone()
    found: dict[int, dict[str, Any]] = {}
    for case in rows.order_by("-grace_ends_at", "-pk"):
        last = rules.last_day(case.grace_ends_at, zone)
        found[case.account_id] = {
            "amount": f"{case.payment.amount:,.2f}", "currency": case.payment.currency, "reason": case.reason,
            "grace_until": f"{last.day} {last:%B %Y}", "wants_card": case.wants_card, "link": link,
        }  # fmt: skip
    return found


# Today --------------------------------------------------------------------------------------------------------------


def _near(viewer: User, now: datetime, limit: int) -> QuerySet[Any, Any]:
    """Customers whose days of grace end soon, or have ended; the most revenue first."""
    near = _failing().filter(grace_ends_at__lte=RawSQL(_SOON, [now], DateTimeField()))  # noqa: S611  (SQL of ours)
    amount = Concat(Cast("payment__amount", CharField()), Value(" "), "payment__currency")
    words = Subquery(near.annotate(said=amount).values("said")[:1], output_field=CharField())
    rows = reasons.looked_after_by(viewer).filter(Exists(near))
    return reasons.ranked("grace", rows, _days_of_grace(now), Value(_URGENCY), limit, words=words)


def _said(days: int, moment: None, words: str, now: datetime) -> tuple[str, None, str]:
    figure, _, currency = words.partition(" ")
    words = wording.money(Decimal(figure), currency)
    if days < 0:
        return f"{words} failed, and the days of grace are over", None, "Call"
    when = "tonight" if days == 0 else wording.in_days(days)
    return f"{words} failed, and their grace ends {when}", None, "Call"


def register_reason() -> None:
    reasons.register("grace", TodayRows(_near, _said, 8))


def register_mails() -> None:
    mail_facts.register("failed_payment", MailFact("their failed payment", _for_mails))
