"""The demo's tickets as rows: each with its spells, what was said, what it was rated, and its lines on the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

from django.core.files.base import ContentFile

from crm.accounts.models import Account, Contact
from crm.correspondence.rules import shown
from crm.outbox.rules import REST_DAYS
from crm.tickets import clocks, rules
from crm.tickets.actions.saying import put
from crm.tickets.models import SOLVED, Ticket, TicketCategory, TicketMessage, TicketRating, TicketSpell
from crm.tickets.rules.mood import Mood, mood
from crm.tickets.rules.rating import ASKED_AFTER, SCORES
from crm.timeline.actions import Fact, record
from retention.demo.courses import Case, Line, Turn

_IN = TicketMessage.Kind.IN
#: How long customers think before they rate.
_FASTEST, _SLOWEST = 20, 2600  # minutes


@cache
def _mood(text: str) -> Mood | None:
    """The same words are said by many."""
    return mood(text)


class Rows:
    """Cases in the order in which they came; `told` are they with their tickets, once they are written."""

    def __init__(
        self, cases: Sequence[Case], categories: dict[str, TicketCategory], ours: dict[str, int], desk: clocks.Desk,
        now: datetime,
    ) -> None:  # fmt: skip
        self.cases, self.categories, self.ours, self.desk, self.now = cases, categories, ours, desk, now
        self.rng = Random(5)
        self.accounts = Account.objects.in_bulk([case.told.account_id for case in cases if case.told])
        self.contacts = Contact.objects.in_bulk([pk for case in cases if case.told for pk in case.told.contact_ids])
        self.told: list[tuple[Case, Ticket]] = []
        self.facts: list[Fact] = []

    def write(self) -> None:
        courses = [case.turns for case in self.cases]
        spells = [self._spells(course) for course in courses]
        tickets = [self._ticket(*each) for each in zip(self.cases, courses, spells, strict=True)]
        Ticket.objects.bulk_create(tickets)
        self.told = list(zip(self.cases, tickets, strict=True))
        for ticket, theirs in zip(tickets, spells, strict=True):
            for spell in theirs:
                spell.ticket = ticket
        TicketSpell.objects.bulk_create([spell for theirs in spells for spell in theirs])
        said = [(line, self._message(case, ticket, line)) for case, ticket in self.told for line in case.lines
                if line.kind]  # fmt: skip
        TicketMessage.objects.bulk_create([message for _, message in said])
        self._enclose(said)
        self._rate(spells)
        self._tell([message for _, message in said], spells)
        self._pause()

    # Tickets ------------------------------------------------------------------------------------------------------

    def _ticket(self, case: Case, course: list[Turn], spells: list[TicketSpell]) -> Ticket:
        came, done = case.lines[0].at, {turn.status: turn.at for turn in course}
        status, category = course[-1].status, self.categories[case.category]
        contact = self._contact(case)
        asked = [line for line in case.lines if line.kind == _IN]
        statuses = [turn.status for turn in course]
        row = Ticket(
            subject=case.subject, status=status, priority=case.priority, category=category, channel=case.channel,
            reply_channel=case.channel, account=self.accounts[case.told.account_id] if case.told else None,
            contact=contact, requester_name=case.asker, requester_handle=self._handle(case, contact),
            team_id=category.team_id, assignee_id=self.ours[case.assignee] if case.assignee else None,
            assigned_because="They answered first" if case.answered and case.assignee else "", tags=case.tags,
            token=f"{self.rng.getrandbits(80):020x}", created_at=came, updated_at=case.lines[-1].at,
            asked_at=asked[-1].at, answered_at=case.answered,
            solved_at=done["solved"] if status in SOLVED else None, closed_at=done.get("closed"),
            reopened=sum(rules.reopens(*pair) for pair in pairwise(statuses)),
            score=case.score, created_by_id=self.ours[case.logged_by] if case.logged_by else None,
            mood=None if case.logged_by else next(
                (found.score for line in reversed(asked) if (found := _mood(line.text))), None),
        )  # fmt: skip
        if contact and status in rules.WAITS_FOR_US:
            row.paused_until = asked[-1].at + timedelta(days=REST_DAYS["ticket"])
        row.level = self.desk.level_of(row)
        reading = self.desk.read(row, row.level, self.now, spells)
        row.alarms = sorted(name for at, name in clocks.alarms(reading) if at <= self.now)  # told when it was
        clocks.wind(row, self.now, self.desk, spells)
        return row

    def _contact(self, case: Case) -> Contact | None:
        return self.contacts[case.told.contact_ids[case.person]] if case.told else None

    def _handle(self, case: Case, contact: Contact | None) -> str:
        """As the channel knows them; who has no number there writes under an invented one."""
        if case.handle:
            return case.handle
        number = "".join(letter for letter in contact.phone if letter.isdigit()) if contact else ""
        match case.channel:
            case "phone" | "whatsapp":
                return number or f"4930231250{self.rng.randint(10, 99)}"
            case "telegram":
                return f"90000{self.rng.randint(1000, 9999)}"
        return (contact and contact.email) or ""

    def _spells(self, course: list[Turn]) -> list[TicketSpell]:
        ends = [turn.at for turn in course[1:]] + [None]
        return [
            TicketSpell(status=turn.status, began_at=turn.at, ended_at=end, because=turn.because,
                        by_id=self.ours[turn.by] if turn.by else None)
            for turn, end in zip(course, ends, strict=True)
        ]  # fmt: skip

    # What was said ------------------------------------------------------------------------------------------------

    def _message(self, case: Case, ticket: Ticket, line: Line) -> TicketMessage:
        message = TicketMessage(
            ticket=ticket, kind=line.kind, channel=case.channel, text=line.text, occurred_at=line.at,
            created_at=line.at, user_id=self.ours[line.by] if line.by else None,
        )  # fmt: skip
        if line.kind == _IN:
            message.contact, message.sender_name = ticket.contact, ticket.requester_name
            message.sender_handle, message.subject = ticket.requester_handle, case.subject
            if case.logged_by is None and (found := _mood(line.text)):
                message.mood, message.mood_words = found.score, list(found.words)
            if line is case.lines[0]:
                message.html = case.html
        elif line.kind != TicketMessage.Kind.NOTE:
            message.recipients = [[ticket.requester_name, ticket.requester_handle]]
        return message

    def _enclose(self, said: list[tuple[Line, TicketMessage]]) -> None:
        """Files, with the first message of those that brought one."""
        brought = {id(case.lines[0]): case.file for case in self.cases if case.file}
        for line, message in said:
            if given := brought.get(id(line)):
                put(message, ContentFile(given["text"].encode(), given["name"]))

    # How it was ---------------------------------------------------------------------------------------------------

    def _rate(self, spells: list[list[TicketSpell]]) -> None:
        """A question after each solving; the answer is to the last one."""
        rows = []
        for (case, ticket), theirs in zip(self.told, spells, strict=True):
            solvings = [spell for spell in theirs if spell.status == "solved"]
            for spell in solvings:
                rating = TicketRating(
                    ticket=ticket, spell=spell, account=ticket.account, contact=ticket.contact,
                    agent_id=ticket.assignee_id or spell.by_id, team_id=ticket.team_id, category=ticket.category,
                    token=f"{self.rng.getrandbits(100):025x}", asked_at=spell.began_at,
                )  # fmt: skip
                if spell is solvings[-1] and case.score:
                    self._answer(rating, case, spell.ended_at or self.now)
                rows.append(rating)
        TicketRating.objects.bulk_create(rows)
        self.facts += [self._rated(rating) for rating in rows if rating.score]

    def _answer(self, rating: TicketRating, case: Case, until: datetime) -> None:
        thought = ASKED_AFTER + timedelta(minutes=self.rng.randint(_FASTEST, _SLOWEST))
        at = min(rating.asked_at + thought, until)
        rating.score, rating.comment, rating.answered_at = case.score, case.comment, at

    def _rated(self, rating: TicketRating) -> Fact:
        assert rating.score
        assert rating.answered_at
        words = f"{rating.score} of 5, {dict(SCORES)[rating.score].lower()}"
        more: dict[str, Any] = {"score": rating.score, "rating": rating.pk}
        if rating.comment:
            more["note"] = rating.comment
        return self._fact(rating.ticket, "ticket.rated", words, rating.answered_at, "customer",
                          f"rating:{rating.pk}:{rating.score}", **more)  # fmt: skip

    # What the timeline tells of it --------------------------------------------------------------------------------

    def _tell(self, messages: list[TicketMessage], spells: list[list[TicketSpell]]) -> None:
        opened: set[int] = set()
        for message in messages:
            if message.kind != _IN:
                continue
            ticket, first = message.ticket, message.ticket_id not in opened
            opened.add(message.ticket_id)
            kind, words = (
                ("ticket.opened", "Ticket opened") if first else ("ticket.received", f"{message.sender} wrote")
            )
            self.facts.append(self._fact(
                ticket, kind, words, message.occurred_at, "person" if ticket.created_by_id else "customer",
                f"ticket-message:{message.pk}", channel=message.channel, note=shown(message.text), message=message.pk,
                category=str(ticket.category), priority=ticket.priority, actor=ticket.created_by_id,
            ))  # fmt: skip
        for theirs in spells:
            for before, spell in pairwise(theirs):
                if spell.status == "solved":
                    self.facts.append(self._fact(spell.ticket, "ticket.solved", "Ticket solved", spell.began_at,
                                                 "person", actor=spell.by_id))  # fmt: skip
                elif rules.reopens(before.status, spell.status):
                    self.facts.append(self._fact(spell.ticket, "ticket.reopened", "Ticket open again", spell.began_at))
        facts = [fact for fact in self.facts if fact.account_id]
        record(sorted(facts, key=lambda fact: fact.occurred_at or self.now), react=False, now=self.now)

    def _fact(
        self, ticket: Ticket, kind: str, words: str, at: datetime, source: str = "automatic", key: str | None = None,
        channel: str = "", actor: int | None = None, **payload: Any,
    ) -> Fact:  # fmt: skip
        """As `saying.tell_timeline` has it."""
        more = {"ticket": ticket.pk, "open_url": ticket.get_absolute_url(), **payload}
        return Fact(
            ticket.account_id or 0, kind, f"{words}: {ticket}", at, contact_id=ticket.contact_id, source=source,
            actor_id=actor, channel=channel, payload=more, key=key,
        )  # fmt: skip

    def _pause(self) -> None:
        """Nothing automatic is written to whoever waits for us."""
        for _, ticket in self.told:
            if ticket.contact_id and ticket.paused_until:
                waits = Contact.objects.filter(pk=ticket.contact_id)
                waits.update(automation_paused_until=ticket.paused_until)
