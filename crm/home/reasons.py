"""Why customers need somebody today, as far as the record itself knows: all reasons are found in one statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    CharField,
    DateField,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat, ExtractDay, ExtractMonth, Least

from crm import slots
from crm.accounts.models import Account, AccountQuerySet, Contact, HandOff
from crm.home import rules
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from crm.web import clock

#: Whom it is worth to keep: not those who never bought, nor those who have gone.
_KEPT = (Account.Lifecycle.CUSTOMER, Account.Lifecycle.TRIAL, Account.Lifecycle.PAUSED)

type Found = Iterator[tuple[int, str, float, str]]
#: Account, the number that its sentence says, urgency, last touch, words.
type _Row = tuple[int, int, float, datetime | None, str]


def looked_after_by(viewer: User) -> AccountQuerySet:
    """Customers that this user should think of: an admin of all, everybody else of their own and of nobody's."""
    visible = Account.objects.visible_to(viewer).filter(lifecycle__in=_KEPT)
    return visible if viewer.is_admin else _own(visible, viewer)


def _own(rows: AccountQuerySet, viewer: User) -> AccountQuerySet:
    return rows.filter(Q(owner=viewer) | Q(owner=None))


def last_touch() -> Subquery:
    """When somebody of ours last spoke or wrote to the customer, or a mail left for them."""
    touches = TimelineEntry.objects.filter(Q(source="person") | Q(kind="email.sent"), account=OuterRef("pk"))
    return Subquery(touches.order_by("-occurred_at", "-id").values("occurred_at")[:1])


def finder(name: str) -> Callable[[User, datetime, int], Found]:
    """`TodayReason.find` of one reason. Whoever asks for all of them in turn asks the database once."""

    def find(viewer: User, now: datetime, limit: int) -> Found:
        for account, number, urgency, touched, words in _rows(name, viewer, now, limit):
            yield account, *_said(name, number, urgency, touched, words, now)

    return find


def register(name: str, rows: slots.TodayRows) -> None:
    """Rows of a room above."""
    slots.today_rows.register(name, rows)
    slots.today_reasons.register(name, slots.TodayReason(finder(name), rows.order))


def _rows(name: str, viewer: User, now: datetime, limit: int) -> list[_Row]:
    """What was found for the reason; what was found for the others waits at the viewer, each to be taken once."""
    asked, waiting = viewer.__dict__.get("_reasons", (None, {}))
    if asked != (now, limit) or name not in waiting:
        every = _PARTS | {name: of.rows for name, of in slots.today_rows.items()}
        waiting = {name: [] for name in every}
        parts = [part(viewer, now, limit) for part in every.values()]
        for reason, *row in parts[0].union(*parts[1:], all=True):
            waiting[reason].append(tuple(row))
        viewer.__dict__["_reasons"] = ((now, limit), waiting)
    return waiting.pop(name)  # type: ignore[no-any-return]


def _said(
    name: str, number: int, urgency: float, touched: datetime | None, words: str, now: datetime
) -> tuple[str, float, str]:
    """Sentence, urgency and action."""
    match name:
        case "renewal":
            return *rules.renewal_need(number, None if touched is None else (now - touched).days), "Call"
        case "silence":
            return f"Nobody has seen them for {rules.days_words(number)}", urgency, "Say hello"
        case "stopped":
            when = rules.in_days_words(number)
            return f"Renewal {when}, and no reminder reaches them: do not contact", urgency, "Decide"
        case "goal":
            return rules.goal_need(number, words), urgency, "Ask them"
        case "hand_off":
            since = "Since today" if number == 0 else f"For {rules.days_words(number)}"
            waits = f"; {words} waits for it" if words else ""
            return f"{since} a customer, and nothing was handed over{waits}", urgency, "Ask sales"
    if rows := slots.today_rows.get(name):
        sentence, own, action = rows.told(number, touched, words, now)
        return sentence, urgency if own is None else own, action
    when = rules.in_days_words(rules.days_to(number, clock.today(now)))
    return f"Birthday of {words}, who decides, {when}", urgency, "Congratulate"


# What each reason looks for; the most revenue × urgency first ---------------------------------------------------------

_NO_MOMENT = Cast(Value(None), DateTimeField())


def ranked(
    name: str, rows: AccountQuerySet, number: Any, urgency: Any, limit: int, touched: Any = _NO_MOMENT,
    words: Any = Value(""),  # noqa: B008  (never changed)
) -> QuerySet[Any, Any]:  # fmt: skip
    """The last touch is looked for when the worst are known: a select list that costs is worked out behind LIMIT."""
    ranked = rows.annotate(
        reason=Value(name), number=number, urgency=ExpressionWrapper(urgency, output_field=FloatField()),
        revenue=Cast("mrr", FloatField()), touched=touched, words=Cast(words, CharField()),
    ).order_by((F("revenue") * F("urgency")).desc(), "id")  # fmt: skip
    return ranked.values_list("reason", "pk", "number", "urgency", "touched", "words")[:limit]


def _field(name: str, now: datetime) -> Any:
    return slots.filter_subjects["account"].fields[name].expression(None, now)


def _days(one: Any, other: Any) -> Func:
    return Func(one, other, arg_joiner=" - ", template="(%(expressions)s)", output_field=IntegerField())


def _renewals(viewer: User, now: datetime, limit: int) -> QuerySet[Any, Any]:
    today, days = clock.today(now), _field("days_to_renewal", now)
    soon = looked_after_by(viewer).filter(renews_on__range=(today, today + timedelta(days=rules.RENEWAL_DAYS)))
    return ranked("renewal", soon, days, rules.renewal_urgency(days), limit, last_touch())


def _stopped(viewer: User, now: datetime, limit: int) -> QuerySet[Any, Any]:
    """A renewal in sight of which nobody will remind them."""
    today, days = clock.today(now), _field("days_to_renewal", now)
    soon = looked_after_by(viewer).filter(renews_on__range=(today, today + timedelta(days=rules.STOPPED_DAYS)))
    return ranked("stopped", soon.filter(do_not_contact=True), days, rules.renewal_urgency(days), limit)


def _silent(viewer: User, now: datetime, limit: int) -> QuerySet[Any, Any]:
    quiet = looked_after_by(viewer).filter(seen__silent_since__lte=now - timedelta(days=rules.SILENT_DAYS))
    days = _field("days_silent", now)
    return ranked("silence", quiet, days, rules.silence_urgency(Least(days, rules.SILENT_DAYS_WORST)), limit)


def _goals(viewer: User, now: datetime, limit: int) -> QuerySet[Any, Any]:
    """Goals of the viewer's customers that are due and of which nobody has asked lately."""
    today = clock.today(now)
    due = (today - timedelta(days=rules.GOAL_DAYS_WORST), today + timedelta(days=rules.GOAL_DAYS))
    open_ones = _own(looked_after_by(viewer), viewer).filter(goal_due_on__range=due, goal_state__in=("", "partly"))
    asked = Q(goal_checked_on__gt=today - timedelta(days=rules.GOAL_DAYS))
    rows = open_ones.exclude(goal="").exclude(asked & Q(goal_checked_on__isnull=False))
    days = _days(F("goal_due_on"), Value(today, DateField()))
    return ranked("goal", rows, days, rules.goal_urgency(days), limit, words=F("goal"))


def _hand_offs(viewer: User, now: datetime, limit: int) -> QuerySet[Any, Any]:
    """New customers of the viewer's of whom sales has told nothing, and what waits for that."""
    today = clock.today(now)
    new = _own(looked_after_by(viewer), viewer).filter(
        customer_since__range=(today - timedelta(days=rules.HAND_OFF_DAYS), today)
    )
    days = _days(Value(today, DateField()), F("customer_since"))
    missing = new.exclude(Exists(HandOff.objects.filter(account=OuterRef("pk"))))
    waits = Coalesce(*(of("hand_off.written") for of in slots.fact_waits), Value(""), Value(""))
    return ranked("hand_off", missing, days, rules.hand_off_urgency(days), limit, words=waits)


def _birthdays(viewer: User, now: datetime, limit: int) -> QuerySet[Any, Any]:
    """Deciders of the viewer's customers who may be written to; the number is month × 100 + day."""
    today = clock.today(now)
    near = [today + timedelta(days=ahead) for ahead in range(rules.BIRTHDAY_DAYS + 1)]
    deciders = Contact.objects.annotate(yearly=ExtractMonth("birthday") * 100 + ExtractDay("birthday")).filter(
        account=OuterRef("pk"), roles__contains=[Contact.Role.DECIDES.value], do_not_contact=False,
        yearly__in=[rules.yearly(day) for day in near],
    )  # fmt: skip
    first = deciders.order_by("id")
    rows = _own(looked_after_by(viewer), viewer).filter(Exists(deciders), do_not_contact=False)
    name = Subquery(first.annotate(called=Concat("first_name", Value(" "), "last_name")).values("called")[:1])
    number = Subquery(first.values("yearly")[:1], output_field=IntegerField())
    return ranked("birthday", rows, number, Value(rules.BIRTHDAY_URGENCY), limit, words=name)


_PARTS: dict[str, Callable[[User, datetime, int], QuerySet[Any, Any]]] = {
    "stopped": _stopped, "renewal": _renewals, "silence": _silent, "goal": _goals, "hand_off": _hand_offs,
    "birthday": _birthdays,
}  # fmt: skip
#: In the order in which equals are named.
NAMES = tuple(_PARTS)
