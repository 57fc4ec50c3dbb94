"""What the page of a ticket reads, each part in one statement."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import BigIntegerField, Case, Count, F, OuterRef, QuerySet, Subquery, TextField, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, JSONObject, Left, Length

from crm.accounts.models import Account, Contact
from crm.fields import known
from crm.team.models import Team, User
from crm.tickets.models import (
    ServiceLevel,
    Ticket,
    TicketCategory,
    TicketDraft,
    TicketFile,
    TicketFollower,
    TicketMessage,
    TicketRating,
)
from crm.timeline.models import TimelineEntry
from crm.web.composed import Composed
from crm.web.pagination import Page, Sort, cursor_at, edge_of, keyset_page

#: Messages that a page begins with, the latest, and those that each look further back brings.
SHOWN = 50
#: Characters of a message that stand on the page; what is longer has a page of its own.
LONGEST = 20_000
#: Lines between messages of one page: turns, hand-overs, merges.
EVENTS = 200
OTHERS, ENTRIES = 5, 5
#: Tickets of one category in so many days are told beside it.
SAME_FOR = timedelta(days=30)


#: What the page says of what a ticket points at, in the order in which they are put together.
_RELATED: dict[str, Any] = {
    "account": Account, "account__owner": User, "contact": Contact, "assignee": User, "team": Team,
    "category": TicketCategory, "level": ServiceLevel, "merged_into": Ticket,
}  # fmt: skip
_BESIDE = ("followed", "kept", "rated", "shown_account", "field_versions")


def _columns(model: Any) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


def _with_beside(rows: Any, viewer_id: int, shown_account: Any) -> QuerySet[Any, Any]:
    followed = TicketFollower.objects.filter(ticket=OuterRef("pk")).order_by("user__name", "user__email")
    kept = TicketDraft.objects.filter(ticket=OuterRef("pk"), user=viewer_id).order_by("-begun_in")  # its own first
    rated = TicketRating.objects.filter(ticket=OuterRef("pk")).order_by("-asked_at", "-pk")
    found: QuerySet[Any, Any] = rows.annotate(
        followed=ArraySubquery(followed.values(one=JSONObject(pk="user_id", name="user__name", email="user__email"))),
        kept=ArraySubquery(
            kept.values(one=JSONObject(is_note="is_note", text="text", macro="macro_id", saved_at="saved_at"))
        ),
        rated=Subquery(rated.values(one=JSONObject(score="score", because="because", asked_at="asked_at"))[:1]),
        field_versions=RawSQL(f"({known.VERSIONS})", [], TextField()),  # noqa: S611  (a constant of ours)
        shown_account=shown_account,
    ).values_list(
        *_columns(Ticket), *(f"{path}__{name}" for path, model in _RELATED.items() for name in _columns(model)),
        *_BESIDE,
    )  # fmt: skip
    return found


_anybodys = Composed(
    lambda pk, viewer: _with_beside(Ticket.objects.filter(pk=pk), viewer, F("account_id")), int, int
)  # fmt: skip


def ticket(pk: int, viewer: User) -> Ticket | None:
    """With what the page says around the conversation: `followed` by whom, the viewer's `kept` drafts, how it was
    `rated` last or why nobody was asked, and whether they may see its customer (`account_shown`)."""
    if viewer.sees_everything:
        rows = _anybodys.rows(pk, viewer.pk)
    else:
        visible = Ticket.objects.visible_to(viewer).filter(pk=pk)
        rows = list(_with_beside(visible, viewer.pk, _shown_account(viewer)))
    if not rows:
        return None
    values = iter(rows[0])
    found: Any = _built(Ticket, values)
    for path, model in _RELATED.items():
        *whose, name = path.split("__")
        related, of = _built(model, values), getattr(found, whose[0]) if whose else found
        if of is not None:
            setattr(of, name, related)
    found.followed, found.kept, found.rated, shown_account, versions = values
    known.told(versions)
    found.account_shown = shown_account is not None
    return found  # type: ignore[no-any-return]


def _built(model: Any, values: Iterator[Any]) -> Any:
    """A row of these columns, which are taken from the values; None where there is none."""
    columns = _columns(model)
    own = list(islice(values, len(columns)))
    return None if own[0] is None else model.from_db(DEFAULT_DB_ALIAS, columns, own)


def _shown_account(viewer: User) -> Any:
    """Its customer, if somebody who does not see everything may see that."""
    seen = Account.objects.visible_to(viewer).values("pk")
    return Case(When(account__in=seen, then=F("account_id")), default=Value(None))


_MESSAGE = (
    "pk", "kind", "channel", "user_id", "user__name", "user__email", "contact_id", "contact__first_name",
    "contact__last_name", "sender_name", "sender_handle", "recipients", "folded_at", "occurred_at", "automatic",
    "proven", "outbound_id", "outbound__state", "outbound__due_at", "outbound__reason", "called_off_at", "origin_id",
    "mood", "mood_words", "lacking", "words", "letters", "formatted", "enclosed", "arrival",
)  # fmt: skip
Message = namedtuple("Message", _MESSAGE)  # type: ignore[misc]


def _with_all(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    files = TicketFile.objects.filter(message=OuterRef("pk")).order_by("pk")
    one = JSONObject(pk="pk", name="name", size="size", content_type="content_type", content_id="content_id")
    found: QuerySet[Any, Any] = rows.annotate(
        words=Left("text", LONGEST), letters=Length("text"),
        formatted=Case(When(html="", then=False), default=True),
        enclosed=ArraySubquery(files.values(one=one)),
        arrival=Coalesce("arrived", "id", output_field=BigIntegerField()),
    ).values_list(*_MESSAGE, named=True)  # fmt: skip
    return found


_latest = Composed(
    lambda ticket: _with_all(TicketMessage.objects.filter(ticket_id=ticket)).order_by("-occurred_at", "-id")[
        : SHOWN + 1
    ],
    int,
)


def latest(ticket_id: int) -> Page[Any]:
    """The last messages, the newest first, of a ticket that passed the gate."""
    rows = [Message(*row) for row in _latest.rows(ticket_id)]
    last = rows[SHOWN - 1] if len(rows) > SHOWN else None
    return Page(rows[:SHOWN], cursor_at(last.occurred_at, last.pk) if last else None)


def earlier(ticket_id: int, cursor: str) -> tuple[Page[Any], datetime]:
    """Those before, and before which moment. Raises BadCursor."""
    rows, sort = _with_all(TicketMessage.objects.filter(ticket_id=ticket_id)), Sort("occurred_at", descending=True)
    return keyset_page(rows, sort, cursor, SHOWN), edge_of(rows, sort, cursor)[0]


def news(ticket_id: int, after: int, waiting: Sequence[int]) -> list[Any]:
    """What arrived later than `after`; those that were on their way and may have left; those that lack files."""
    rows = TicketMessage.objects.filter(ticket_id=ticket_id)
    news = rows.arrived_after(after) | rows.filter(pk__in=waiting) | rows.exclude(lacking=[])
    return list(_with_all(news).order_by("occurred_at", "id")[:SHOWN])


class Event(NamedTuple):
    """What happened between messages: `kind` is status, assigned, merged or rated."""

    at: datetime
    kind: str
    by: str
    what: str  # the status, whom it was given to, the other ticket's subject, the score
    because: str  # of a rating what was added in words
    beside: int | None  # the other ticket


class Talk(NamedTuple):
    """A stretch of the conversation, its messages the newest first and its events in order, and what goes before."""

    messages: Sequence[Any]
    events: list[Event]
    next: str | None


def talk(ticket_id: int, page: Page[Any], until: datetime | None = None) -> Talk:
    """A page of messages with what happened between them, up to a moment. Where that is more than a page shows, the
    stretch is shorter than the page of messages: what is left out begins the next one."""
    since = page.rows[-1].occurred_at if page.next and page.rows else None
    found = events(ticket_id, since, until)
    if len(found) <= EVENTS:
        return Talk(page.rows, found, page.next)
    cut = found[0].at
    shown = [row for row in page.rows if row.occurred_at > cut]
    return Talk(shown, [one for one in found if one.at > cut], cursor_at(cut + timedelta.resolution, 0))


def events(ticket_id: int, since: datetime | None, until: datetime | None = None) -> list[Event]:
    """Turns, hand-overs and merges between two moments, in order; of more than EVENTS the newest, and one more."""
    values = {"ticket": ticket_id, "since": since, "until": until, "most": EVENTS + 1}
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, values)
        return [Event(*row) for row in reversed(cursor.fetchall())]


_NAME = "coalesce(nullif({0}.name, ''), {0}.email, '')"
# Who has it now follows the last change that is remembered; before it stands what each next change found.
_EVENTS = f"""
    WITH given AS (
        SELECT change.act_id, change.assignee_id, change.team_id,
            lead(change.assignee_id, 1, ticket.assignee_id) OVER beside AS next_assignee,
            lead(change.team_id, 1, ticket.team_id) OVER beside AS next_team
        FROM crm_ticketchange change JOIN crm_ticket ticket ON ticket.id = change.pgh_obj_id
        WHERE change.pgh_obj_id = %(ticket)s WINDOW beside AS (ORDER BY change.pgh_id)
    ), told AS (
        SELECT spell.began_at AS at, 'status' AS kind, {_NAME.format("who")} AS by, spell.status AS what, spell.because,
            NULL::bigint AS beside, spell.id AS place
        FROM crm_ticketspell spell LEFT JOIN crm_user who ON who.id = spell.by_id
        WHERE spell.ticket_id = %(ticket)s AND EXISTS ( -- the first one is no turn
            SELECT FROM crm_ticketspell earlier WHERE earlier.ticket_id = spell.ticket_id AND earlier.id < spell.id)
        UNION ALL
        SELECT act.at, 'assigned', {_NAME.format("who")},
            coalesce(nullif({_NAME.format("user_now")}, ''), team_now.name, ''), '', NULL, act.id
        FROM given JOIN crm_act act ON act.id = given.act_id
        LEFT JOIN crm_user who ON who.id = act.by_id
        LEFT JOIN crm_user user_now ON user_now.id = given.next_assignee
        LEFT JOIN crm_team team_now ON team_now.id = given.next_team
        WHERE (given.assignee_id, given.team_id) IS DISTINCT FROM (given.next_assignee, given.next_team)
        UNION ALL
        SELECT spell.began_at, 'merged', {_NAME.format("who")}, gone.subject, '', gone.id, spell.id
        FROM crm_ticket gone JOIN crm_ticketspell spell ON spell.ticket_id = gone.id AND spell.ended_at IS NULL
        LEFT JOIN crm_user who ON who.id = spell.by_id
        WHERE gone.merged_into_id = %(ticket)s
        UNION ALL
        SELECT rating.answered_at, 'rated', coalesce(nullif(trim(concat(person.first_name, ' ', person.last_name)), ''),
            nullif(ticket.requester_name, '')), rating.score::text, rating.comment, NULL, rating.id
        FROM crm_ticketrating rating JOIN crm_ticket ticket ON ticket.id = rating.ticket_id
        LEFT JOIN crm_contact person ON person.id = rating.contact_id
        WHERE rating.ticket_id = %(ticket)s AND rating.score IS NOT NULL
    )
    SELECT at, kind, by, what, because, beside FROM told
    WHERE at >= coalesce(%(since)s, '-infinity'::timestamptz) AND at < coalesce(%(until)s, 'infinity'::timestamptz)
    ORDER BY at DESC, place DESC LIMIT %(most)s
"""  # noqa: S608  (names of ours)


_entries = Composed(
    lambda account: (
        TimelineEntry.objects.filter(account_id=account)
        .exclude(kind__startswith="ticket.")
        .newest_first()
        .values_list("pk", "kind", "source", "text", "occurred_at", "payload", "actor__name", "actor__email")[:ENTRIES]
    ),
    int,
)


def entries(account_id: int) -> list[tuple[Any, ...]]:
    """What the customer's timeline says last, besides tickets."""
    return _entries.rows(account_id)


_OTHER = ("pk", "subject", "status", "created_at", "alike")
Other = namedtuple("Other", _OTHER)  # type: ignore[misc]


def _others(rows: Any, account: int, but: int, category: int, since: datetime) -> QuerySet[Any, Any]:
    rows = rows.filter(account_id=account).exclude(pk=but)
    same = rows.filter(category_id=category, created_at__gt=since).order_by().values("account_id")
    latest = rows.filter(merged_into=None, is_spam=False).order_by("-created_at", "-id")
    alike = Subquery(same.annotate(many=Count("pk")).values("many")[:1])
    found: QuerySet[Any, Any] = latest.annotate(alike=alike).values_list(*_OTHER)[:OTHERS]
    return found


_all_others = Composed(lambda *asked: _others(Ticket.objects.all(), *asked), int, int, int, datetime)


def others(of: Ticket, viewer: User, now: datetime) -> list[Any]:
    """The customer's other tickets, the latest first, each with `alike`: how many of the same category of late."""
    if of.account_id is None:
        return []
    asked = (of.account_id, of.pk, of.category_id or 0, now - SAME_FOR)
    visible = Ticket.objects.visible_to(viewer)
    rows = _all_others.rows(*asked) if viewer.sees_everything else _others(visible, *asked)
    return [Other(*row) for row in rows]
