"""Tickets in the API."""

from __future__ import annotations

from typing import Any

import pytest

from crm.accounts.models import Contact
from crm.outbox.models import OutboundMessage
from crm.team.models import Team, User
from crm.tickets import delivering
from crm.tickets.models import BlockedSender, Ticket, TicketCategory, TicketMessage
from crm.tickets.rules.mood import CHOICES
from crm.timeline.models import TimelineEntry
from tests import factories

TICKETS = "/api/v1/tickets/"
ASK = {"subject": "Export stops", "text": "It stops at 50,000 rows."}


@pytest.fixture
def sofia(db: None) -> Contact:
    return factories.contact(factories.account("Nordwind"), first_name="Sofia", email="sofia@nordwind.example")


@pytest.fixture(autouse=True)
def mail_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(delivering.ways._entries, "email", delivering.Way("email", "mail", lambda ticket, now: ""))


def test_a_ticket_is_made_read_and_edited(api: Any, sofia: Contact, sam: User) -> None:
    TicketCategory.objects.create(name="Billing")
    made = api.post(TICKETS, ASK | {
        "contact": sofia.pk, "priority": "high", "category": "Billing", "external_id": "z1", "tags": ["vip", "vip"],
        "assignee": "sam@example.com", "channel": "email",
    })  # fmt: skip
    assert made.status_code == 201, made.content
    body = made.json()
    assert body | {
        "status": "new", "priority": "high", "category": "Billing", "account": sofia.account_id, "tags": ["vip"],
        "assignee": "sam@example.com", "channel": "email", "requester_handle": "sofia@nordwind.example",
    } == body  # fmt: skip
    assert TimelineEntry.objects.filter(kind="ticket.opened").count() == 1
    url = made["Location"]
    assert (api.get(url).json(), api.get(url)["ETag"]) == (body, made["ETag"])
    changed = api.patch(
        url, {"priority": "urgent", "category": None, "subject": "Export"}, headers={"If-Match": made["ETag"]}
    )
    assert [changed.json()[name] for name in ("priority", "category", "subject")] == ["urgent", None, "Export"]
    assert api.patch(url, {"subject": "Late"}, headers={"If-Match": made["ETag"]}).status_code == 412
    assert Ticket.objects.get().subject == "Export"
    assert api.post(TICKETS, ASK | {"external_id": "z1"}).json()["errors"].keys() == {"external_id"}


def test_lists_are_narrowed(api: Any, sofia: Contact) -> None:
    one = api.post(TICKETS, ASK | {"contact": sofia.pk, "external_id": "z1"}).json()["id"]
    two = api.post(TICKETS, ASK | {"subject": "Other", "requester_handle": "A@b.example"}).json()["id"]
    Ticket.objects.filter(pk=two).update(status="solved")

    def ids(query: str) -> list[int]:
        return [row["id"] for row in api.get(f"{TICKETS}?{query}").json()["results"]]

    assert ids("") == [two, one]
    for query in (f"account={sofia.account_id}", f"contact={sofia.pk}", "external_id=z1", "status=unsolved"):
        assert ids(query) == [one], query
    assert ids("status=solved") == ids('filter={"field":"address","op":"is","value":"a@b.example"}') == [two]
    assert ids("limit=1") == [two]
    for wrong in ("status=lost", "filter={", "nonsense=1", "account=x"):
        assert api.get(f"{TICKETS}?{wrong}").status_code == 400, wrong


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text": ""}, "text"), ({"subject": ""}, "subject"), ({"priority": "enormous"}, "priority"),
        ({"category": "None such"}, "category"), ({"channel": "pigeon"}, "channel"), ({"status": "solved"}, "status"),
        ({"assignee": "nobody@example.com"}, "assignee"), ({"copied": ["x"]}, "copied"), ({"team": 7}, "team"),
    ],
)  # fmt: skip
def test_refusals(api: Any, change: dict[str, Any], field: str) -> None:
    answer = api.post(TICKETS, ASK | change)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Ticket.objects.exists()


def test_what_is_said_is_read_answered_noted_and_brought(api: Any, sofia: Contact, mira: User) -> None:
    url = api.post(TICKETS, ASK | {"contact": sofia.pk, "channel": "email"})["Location"]
    said = f"{url}messages/"
    answer = api.post(said, {"kind": "out", "text": "It is lifted.", "then": "pending"})
    assert (answer.status_code, answer.json()["user"]) == (201, mira.email)
    assert OutboundMessage.objects.get().addressed_to == "sofia@nordwind.example"
    assert api.get(url).json()["status"] == "pending"
    assert api.post(said, {"kind": "note", "text": "Call them."}).status_code == 201
    brought = {"kind": "in", "text": "Still.", "external_key": "k1"}
    assert api.post(said, brought).json()["id"] == api.post(said, brought).json()["id"]
    row = api.get(url).json()
    assert (row["status"], row["reply_channel"], row["requester_handle"]) == ("open", "email", "sofia@nordwind.example")
    assert [one["kind"] for one in api.get(said).json()["results"]] == ["in", "note", "out", "in"]
    seen = TicketMessage.objects.order_by("pk").first()
    assert seen
    assert api.post(said, {"kind": "out", "text": "Again", "seen": seen.pk}).status_code == 409
    assert api.post(said, {"kind": "in", "text": "x", "occurred_at": "2026-06-01T12:00:01Z"}).status_code == 400
    assert OutboundMessage.objects.count() == 1


def test_a_key_makes_an_answer_once(api: Any, sofia: Contact) -> None:
    url = api.post(TICKETS, ASK | {"contact": sofia.pk, "channel": "email"})["Location"]
    for _ in range(2):
        answer = api.post(f"{url}messages/", {"kind": "out", "text": "Done."}, headers={"Idempotency-Key": "one"})
        assert answer.status_code == 201
    assert OutboundMessage.objects.count() == 1


def test_status_assignment_and_merge(api: Any, sofia: Contact, sam: User) -> None:
    Team.objects.create(name="North")
    one, two = (api.post(TICKETS, ASK | {"contact": sofia.pk})["Location"] for _ in range(2))
    assert api.post(f"{one}status/", {"status": "solved"}).json()["status"] == "solved"
    assert api.post(f"{one}status/", {"status": "closed"}).status_code == 400
    given = api.post(f"{one}assignment/", {"assignee": "sam@example.com"}).json()
    assert (given["assignee"], given["team"]) == ("sam@example.com", None)
    given = api.post(f"{one}assignment/", {"team": "North"}).json()
    assert (given["assignee"], given["team"]) == ("sam@example.com", "North")
    assert api.patch(one, {"team": None}).status_code == 400
    number = api.get(one).json()["id"]
    assert api.post(f"{two}merge/", {"into": number}).json()["merged_into"] == number
    assert api.post(f"{two}merge/", {"into": number}).json()["errors"].keys() == {"into"}
    assert api.post(f"{two}merge/", {"into": 999_999}).status_code == 400


def test_what_was_merged_is_parted_and_what_is_another_matter_split_off(api: Any, sofia: Contact) -> None:
    one, two = (api.post(TICKETS, ASK | {"contact": sofia.pk, "subject": name}).json()["id"] for name in "ab")
    assert api.post(f"{TICKETS}{one}/unmerge/").status_code == 400
    assert api.post(f"{TICKETS}{one}/merge/", {"into": two}).json()["merged_into"] == two
    assert (
        api.post(f"{TICKETS}{one}/unmerge/").json() | {"merged_into": None, "status": "new"}
        == api.get(f"{TICKETS}{one}/").json()
    )
    said = api.post(f"{TICKETS}{one}/messages/", {"kind": "in", "text": "And invoices?"}).json()["id"]
    foreign = {"message": said, "subject": "Invoices"}
    assert api.post(f"{TICKETS}{two}/split/", foreign).json()["errors"].keys() == {"message"}
    new = api.post(f"{TICKETS}{one}/split/", foreign)
    assert (new.status_code, new.json()["subject"], Ticket.objects.count()) == (201, "Invoices", 3)
    assert TicketMessage.objects.get(pk=said).ticket_id == new.json()["id"]


def test_it_is_followed_judged_and_marked_as_spam(api: Any, sofia: Contact) -> None:
    row = api.post(TICKETS, ASK | {"contact": sofia.pk}).json()["id"]
    ticket, said = Ticket.objects.get(pk=row), TicketMessage.objects.get()
    assert api.post(f"{TICKETS}{row}/following/").status_code == 201
    assert ticket.followers.count() == 1
    api.post(f"{TICKETS}{row}/following/", {"follows": False})
    assert ticket.followers.count() == 0
    frustrated, *_ = CHOICES
    assert api.post(f"{TICKETS}{row}/mood/", {"message": said.pk, "mood": "cross"}).status_code == 400
    assert api.post(f"{TICKETS}{row}/mood/", {"message": said.pk, "mood": frustrated}).json()["mood"] == CHOICES[
        frustrated
    ]  # fmt: skip
    assert api.post(f"{TICKETS}{row}/spam/", {"block": True}).json()["is_spam"] is True
    assert BlockedSender.objects.get().handle == "sofia@nordwind.example"
    assert api.post(f"{TICKETS}{row}/spam/").json()["errors"].keys() == {"block"}


def test_what_one_may_not_see_is_not_there(calling: Any, olaf: User, mira: User, sofia: Contact, sam: User) -> None:
    sofia.account.owner = mira
    sofia.account.save()
    url = calling(mira).post(TICKETS, ASK | {"contact": sofia.pk})["Location"]
    other = calling(olaf)
    assert other.get(TICKETS).json()["results"] == []
    for path, sent in {"": None, "messages/": {"kind": "note", "text": "x"}, "status/": {"status": "solved"}}.items():
        answer = other.get(url) if sent is None else other.post(f"{url}{path}", sent)
        assert answer.status_code == 404, path
    assert other.post(TICKETS, ASK | {"contact": sofia.pk}).status_code == 400
    assert calling(sam, "read").post(f"{url}status/", {"status": "solved"}).status_code == 403
    assert Ticket.objects.get().status == "new"


@pytest.mark.parametrize(
    "verb", ["status", "assignment", "merge", "unmerge", "split", "spam", "following", "mood", "messages"]
)
def test_no_verb_reaches_a_ticket_of_others(calling: Any, olaf: User, mira: User, sofia: Contact, verb: str) -> None:
    """Refused before what was sent is looked at: of what one may not see, no error tells that it is there."""
    sofia.account.owner = mira
    sofia.account.save()
    url = calling(mira).post(TICKETS, ASK | {"contact": sofia.pk})["Location"]
    nowhere = url.replace(f"/{Ticket.objects.get().pk}/", "/999999/")
    for sent in ({}, {"nonsense": 1}):
        other, none = (calling(olaf).post(f"{at}{verb}/", sent) for at in (url, nowhere))
        assert (other.status_code, none.status_code) == (404, 404)
        assert other.json()["detail"] == none.json()["detail"]
    assert (Ticket.objects.get().status, TicketMessage.objects.count()) == ("new", 1)


def test_what_one_may_see_goes_into_none_of_others(calling: Any, olaf: User, mira: User, sofia: Contact) -> None:
    sofia.account.owner = mira
    sofia.account.save()
    hidden = calling(mira).post(TICKETS, ASK | {"contact": sofia.pk}).json()["id"]
    url = calling(olaf).post(TICKETS, ASK | {"requester_handle": "a@b.example"})["Location"]
    told = [calling(olaf).post(f"{url}merge/", {"into": pk}) for pk in (hidden, 999_999)]
    assert [one.status_code for one in told] == [400, 400]
    assert told[0].json()["errors"] == told[1].json()["errors"]
    assert not Ticket.objects.exclude(merged_into=None).exists()


def test_a_key_that_is_guessed_tells_nothing(calling: Any, olaf: User, mira: User, sofia: Contact) -> None:
    sofia.account.owner = mira
    sofia.account.save()
    said = {"kind": "in", "text": "What nobody else may read.", "external_key": "k1"}
    theirs = calling(mira).post(TICKETS, ASK | {"contact": sofia.pk})["Location"]
    assert calling(mira).post(f"{theirs}messages/", said).status_code == 201
    own = calling(olaf).post(TICKETS, ASK)["Location"]
    guessed = calling(olaf).post(f"{own}messages/", said | {"text": "?"})
    assert (guessed.status_code, list(guessed.json()["errors"])) == (400, ["external_key"])
