"""Whom a campaign goes to: its trigger, which takes everybody who fits at one moment, and who of them would get it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from django.db import connection
from django.db.models import Exists, OuterRef
from pydantic import Field

from crm.accounts.models import Account, Contact
from crm.outbox.models import OutboundMessage
from crm.segments import filters
from crm.slots import FilterField, filter_subjects
from crm.web.wording import day
from retention.campaigns.models import Campaign
from retention.workflows.causes import Filtered, Tree
from retention.workflows.experiments import holdout
from retention.workflows.experiments.places import A_PERCENT, EVERYTHING, place_sql
from retention.workflows.kinds import Cause, TriggerKind, Verdict, trigger_kinds
from retention.workflows.models import Workflow


class CampaignTrigger(Filtered):
    """At one moment, once: each customer who fits by their reader, or each person of theirs who fits."""

    when: Literal["campaign"]
    on: date = Field(title="Day", description="The day on which it leaves, where each of them is.")
    at: datetime = Field(title="From", description="The moment at which the audience is taken.")
    among: Tree = Field(default_factory=dict)  # customers, before `where`, which people of ours do not write
    people: dict[str, Any] | None = None  # a filter on people; None: one for each customer, who reads for them


def _has_come(trigger: CampaignTrigger, workflow: Workflow, now: datetime) -> bool:
    """The audience is taken once: in the first look behind its moment, or behind the planning if that came later."""
    if trigger.at > now:
        return False
    swept = workflow.swept_until
    return swept is None or swept < trigger.at or swept <= (workflow.enabled_at or now)


def _causes(trigger: CampaignTrigger, workflow: Workflow, now: datetime) -> Cause | None:
    if not _has_come(trigger, workflow, now):
        return None
    found, found_values = _members(trigger.among, trigger.people, now)
    key = "" if trigger.people is None else " || ':' || contact_id"
    sql = f"""
        SELECT account_id, contact_id, 'campaign'{key} AS fact, %s::timestamptz AS at, %s::date AS anchor,
            %s::timestamptz AS due_at, '{{}}'::jsonb AS facts
        FROM ({found}) AS audience
    """  # noqa: S608  (SQL of ours)
    return Cause(sql, [now, trigger.on, now, *found_values], each_person=trigger.people is not None)


def _members(among: dict[str, Any], people: dict[str, Any] | None, now: datetime) -> tuple[str, list[Any]]:
    """A query of account_id and contact_id: each customer who fits, or with `people` each person of theirs who does."""
    accounts = filters.parse(among, "account").apply(Account.objects.all(), now).order_by().values("id")
    fitting, values = accounts.query.sql_with_params()
    if people is None:
        return f"SELECT id AS account_id, NULL::bigint AS contact_id FROM ({fitting}) AS fitting", [*values]  # noqa: S608
    persons = filters.parse(people, "contact").apply(Contact.objects.all(), now).order_by().values("id", "account_id")
    chosen, chosen_values = persons.query.sql_with_params()
    sql = f"SELECT account_id, id AS contact_id FROM ({chosen}) AS chosen WHERE account_id IN ({fitting})"  # noqa: S608
    return sql, [*chosen_values, *values]


def _next_moment(trigger: CampaignTrigger, workflow: Workflow, now: datetime) -> datetime | None:
    return trigger.at if trigger.at > now else None


def _why(trigger: CampaignTrigger, workflow: Workflow, account_id: int, now: datetime) -> list[Verdict]:
    fits = filters.parse(trigger.among, "account")
    holds = fits.apply(Account.objects.filter(pk=account_id), now).exists()
    return [
        Verdict("its day has come", day(trigger.on), trigger.at <= now),
        Verdict("they belong to the audience", fits.sentence() or "all customers", holds),
    ]


trigger_kinds.register(
    "campaign",
    TriggerKind(
        CampaignTrigger, "A campaign", "Made on the page of campaigns.", "megaphone", "",
        lambda trigger: f"Once, on {day(trigger.on)}, everybody of the audience",
        lambda facts, today: f"The campaign of {day(date.fromisoformat(facts['on']))}",
        _causes, _next_moment, why=_why, order=999, room="campaigns",
    ),
)  # fmt: skip


def _got(argument: str | None, now: datetime) -> Any:
    """Whether a campaign, by its number, has been sent to the person."""
    number = int(argument) if argument and argument.isdecimal() and len(argument) < 19 else 0
    series = Campaign.objects.filter(pk=number).values("workflow__slug")
    return Exists(OutboundMessage.objects.filter(contact=OuterRef("pk"), series__in=series, state="sent"))


def _got_there(argument: str | None, now: datetime) -> Any:
    """Whether it has been sent to anybody of the customer."""
    number = int(argument) if argument and argument.isdecimal() and len(argument) < 19 else 0
    series = Campaign.objects.filter(pk=number).values("workflow__slug")
    return Exists(OutboundMessage.objects.filter(account=OuterRef("pk"), series__in=series, state="sent"))


for _subject, _field in {"contact": _got, "account": _got_there}.items():
    filter_subjects[_subject].fields.register(
        "campaign.sent",
        FilterField(
            "Got a campaign", "bool", _field, takes_argument=True, argument="name", order=130, group="Campaigns"
        ),
    )


def fits(row: Campaign) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The audience as two filters: on customers, and on people (None: one of each customer, who reads for them)."""
    account: list[dict[str, Any]] = []
    person: list[dict[str, Any]] = []
    if row.segment is not None:
        asked = {"field": "segment", "op": "is_in", "value": row.segment.pk}
        (person if row.segment.subject == "contact" else account).append(asked)
    each = row.who == Campaign.Who.EVERYBODY or bool(person)
    if row.follows_id:
        got = {"field": f"campaign.sent:{row.follows_id}", "op": "is", "value": True}
        (person if each else account).append(got)
    return ({"all": account} if account else {}), (({"all": person} if person else {}) if each else None)


_REACH = """
    SELECT count(*), count(*) FILTER (WHERE c.email IS NULL),
        count(*) FILTER (WHERE c.email IS NOT NULL AND {careful} AND (c.do_not_contact OR a.do_not_contact)),
        count(*) FILTER (WHERE c.email IS NOT NULL AND NOT ({careful} AND (c.do_not_contact OR a.do_not_contact))
            AND {unwilling}),
        count(*) FILTER (WHERE c.email IS NOT NULL AND NOT ({careful} AND (c.do_not_contact OR a.do_not_contact))
            AND NOT ({unwilling}) AND {held})
    FROM ({members}) AS member JOIN crm_account a ON a.id = member.account_id LEFT JOIN {person} AS c ON {is_meant}
"""
# Whoever reads the customer's mail, as Contact.objects.mail_first() says.
_READER = """LATERAL (
        SELECT * FROM crm_contact p WHERE p.account_id = member.account_id AND p.email IS NOT NULL
        ORDER BY p.is_primary DESC, p.created_at, p.id LIMIT 1)"""
_UNWILLING = {Campaign.Kind.NEWS: "c.email_consent <> 'yes'", Campaign.Kind.SERVICE: "c.email_consent = 'no'"}


def reach(row: Campaign, now: datetime) -> dict[str, int]:
    """How many belong to the audience now, and how many of them get nothing, by the first reason that stops it.

    Bounced addresses, topics, caps and quiet hours come on top.
    """
    among, people = fits(row)
    members, values = _members(among, people, now)
    unwilling = _UNWILLING.get(Campaign.Kind(row.kind), "FALSE")
    percent = 0 if row.is_crisis else holdout.size()
    statement = _REACH.format(
        members=members, unwilling=unwilling, careful="FALSE" if row.is_crisis else "TRUE",
        held=f"{place_sql(EVERYTHING, 'a.id')} < {percent * A_PERCENT}",
        person="crm_contact" if people is not None else _READER,
        is_meant="c.id = member.contact_id" if people is not None else "TRUE",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        total, unknown, marked, refused, held = cursor.fetchone()
    return {
        "total": total, "unknown": unknown, "marked": marked, "refused": refused, "held": held,
        "get": total - unknown - marked - refused - held,
    }  # fmt: skip
