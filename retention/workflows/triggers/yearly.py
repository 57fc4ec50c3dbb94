"""A day that comes round each year: a person's birthday, or the day on which somebody became a customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from django.db import connection
from pydantic import Field

from crm.accounts.models import Account, Contact
from crm.accounts.rules import YEAR_UNKNOWN, next_yearly
from crm.web import clock
from crm.web.wording import day, day_near
from retention.workflows import rules
from retention.workflows.causes import Filtered
from retention.workflows.kinds import Cause, TriggerKind, Verdict, trigger_kinds
from retention.workflows.models import Workflow
from retention.workflows.rules import days


@dataclass(frozen=True)
class _Kept:
    """Where a day stands: its table's rows give id, account_id, contact_id and day."""

    label: str
    rows: str


_KEPT = {
    "birthday": _Kept(
        "birthday of a person",
        "SELECT id, account_id, id AS contact_id, birthday AS day FROM crm_contact WHERE birthday IS NOT NULL",
    ),
    "customer_since": _Kept(
        "day they became a customer",
        "SELECT id, id AS account_id, NULL::bigint AS contact_id, customer_since AS day FROM crm_account "
        "WHERE customer_since IS NOT NULL",
    ),
}


class YearlyTrigger(Filtered):
    """A day comes round: on it, or so many days before or after it. Whoever has the birthday reads the mail."""

    when: Literal["yearly"]
    of: Literal["birthday", "customer_since"] = Field(
        "birthday", title="Which day", description="29 February is kept on 28 February in other years."
    )
    offset_days: int = Field(
        0, ge=-60, le=60, title="Days after it", description="0: on the day itself; −7: a week before it."
    )


# The month and day are put side by side, so that all days of the stretch are compared in one look at the rows.
_ROUND = """
    SELECT kept.account_id, kept.contact_id, %s || ':' || kept.id || ':' || to_char(round.day, 'YYYY-MM-DD') AS fact,
        (round.day + %s)::timestamp AT TIME ZONE %s AS at, round.day + %s AS anchor, %s::timestamptz AS due_at,
        jsonb_build_object('day', round.day, 'years', CASE WHEN extract(year FROM kept.day) <> %s
            THEN extract(year FROM round.day) - extract(year FROM kept.day) END) AS facts
    FROM ({kept}) AS kept JOIN unnest(%s::int[], %s::date[]) AS round(place, day)
        ON round.place = extract(month FROM kept.day)::int * 100 + extract(day FROM kept.day)::int
    WHERE kept.day < round.day
"""


def _causes(trigger: YearlyTrigger, workflow: Workflow, now: datetime) -> Cause | None:
    """Once a day and once an hour: when the day has begun anywhere on Earth, and for days that became known late.

    A workflow that takes the current ones too has never swept: for it, the days since the earliest that still lasts
    have just come.
    """
    last, swept = rules.last_day_begun(now), workflow.swept_until
    if swept and rules.same_hour(swept, now) and rules.last_day_begun(swept) == last:
        return None
    first = clock.today(now)
    if swept:
        first = max(
            min(clock.today(swept), first), clock.today(workflow.enabled_at or swept), last - timedelta(days=365)
        )
    offset = timedelta(days=trigger.offset_days)
    found = rules.yearly_between(first - offset, last - offset)
    places, round_ = [month * 100 + number for month, number, _ in found], [each for *_, each in found]
    sql = _ROUND.format(kept=_KEPT[trigger.of].rows)
    values = [
        trigger.of,
        trigger.offset_days,
        str(clock.zone()),
        trigger.offset_days,
        now,
        YEAR_UNKNOWN,
        places,
        round_,
    ]
    return Cause(sql, values, each_person=trigger.of == "birthday")


def _next_moment(trigger: YearlyTrigger, workflow: Workflow, now: datetime) -> datetime | None:
    """When the next calendar day begins somewhere."""
    tomorrow = rules.last_day_begun(now) + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=UTC) - rules.EARLIEST_DAWN


# A key names the row and the day on which it came round; the day has not changed if it still comes round then.
_STANDING = """
    SELECT entered.account_id, entered.key FROM unnest(%s::bigint[], %s::text[]) AS entered(account_id, key)
    JOIN ({kept}) AS kept ON kept.account_id = entered.account_id AND kept.id::text = split_part(entered.key, ':', 2)
    CROSS JOIN LATERAL (SELECT split_part(entered.key, ':', 3)::date AS day) AS round
    WHERE split_part(entered.key, ':', 1) = %s AND (
        to_char(kept.day, 'MM-DD') = to_char(round.day, 'MM-DD') OR (to_char(kept.day, 'MM-DD') = '02-29'
            AND to_char(round.day, 'MM-DD') = '02-28' AND to_char(round.day + 1, 'MM-DD') = '03-01'))
"""


def _standing(trigger: YearlyTrigger, entered: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
    sql = _STANDING.format(kept=_KEPT[trigger.of].rows)
    with connection.cursor() as cursor:
        cursor.execute(sql, [[pk for pk, _ in entered], [key for _, key in entered], trigger.of])
        return set(cursor.fetchall())


def _sentence(trigger: YearlyTrigger) -> str:
    label, offset = _KEPT[trigger.of].label, trigger.offset_days
    each = f"the {label}" if trigger.of == "birthday" else f"the anniversary of the {label}"
    return f"{days(abs(offset)).capitalize()} {'before' if offset < 0 else 'after'} {each}" if offset else f"On {each}"


def _told(facts: dict[str, Any], today: date) -> str:
    on, years = date.fromisoformat(facts["day"]), facts.get("years")
    if facts["of"] == "birthday":
        return f"Birthday: {day_near(on, today)}"
    return f"{years} year{'' if years == 1 else 's'} a customer on {day(on)}"


def _why(trigger: YearlyTrigger, workflow: Workflow, account_id: int, now: datetime) -> list[Verdict]:
    """When it comes round next, for the account or each of its people."""
    today, offset = clock.today(now), timedelta(days=trigger.offset_days)
    if trigger.of == "birthday":
        kept = Contact.objects.filter(account=account_id).exclude(birthday=None).order_by("id")
        found = [(str(person), person.birthday) for person in kept[:20]]
    else:
        found = [("customer since", each) for each in Account.objects.filter(pk=account_id).values_list(
            "customer_since", flat=True) if each]  # fmt: skip
    if not found:
        return [Verdict(f"the {_KEPT[trigger.of].label} is known", "–", False)]
    again = [(name, next_yearly(each, today - offset) + offset) for name, each in found if each]
    return [Verdict(f"the day has come: {name}", day_near(on, today), on == today) for name, on in again]


trigger_kinds.register(
    "yearly",
    TriggerKind(
        YearlyTrigger,
        "A birthday or an anniversary", "Starts each year on a person’s birthday, or when they became a customer.",
        "cake", "Dates", _sentence, _told, _causes, _next_moment, standing=_standing, why=_why, order=25,
    ),
)  # fmt: skip
