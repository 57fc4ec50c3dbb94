"""Pipelines to begin with: stages, how likely each leads to a sale, how long it should take, what is done in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class StageDraft:
    name: str
    colour: str
    probability: int = 50  # per cent; of open stages
    expected_days: int | None = None
    checklist: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    outcome: str = "open"


@dataclass(frozen=True)
class Template:
    """A whole pipeline; `books`: a deal that is won books a contract."""

    label: str
    about: str  # one sentence, for whoever chooses
    purpose: str  # Pipeline.Purpose
    books: bool
    stages: tuple[StageDraft, ...]


def _ends(won: str, lost: str) -> tuple[StageDraft, StageDraft]:
    return StageDraft(won, "green", 100, outcome="won"), StageDraft(lost, "red", 0, outcome="lost")


#: By their names in addresses, in the order in which they are offered.
TEMPLATES: Mapping[str, Template] = {
    "sales": Template(
        "Sales", "From the first talk to the first contract.", "sales", True, (
            StageDraft("Qualify", "grey", 10, 7, ("Need is understood", "Somebody who decides is known")),
            StageDraft("Demo", "blue", 30, 14, ("Shown with their own example", "Their questions are answered")),
            StageDraft("Proposal", "violet", 55, 14, ("Price is agreed on with them",), ("amount", "expected_on")),
            StageDraft("Negotiation", "amber", 75, 21, ("Contract was read by their side",), ("plan", "mrr")),
            *_ends("Won", "Lost"),
        ),
    ),
    "onboarding": Template(
        "Onboarding", "From the first purchase over mastery to a customer who recommends you.", "onboarding", False, (
            StageDraft("First purchase", "blue", 60, 3, ("Welcome call is held", "Goal of theirs is written down")),
            StageDraft("Set up", "teal", 70, 10, ("Their data is in", "Everybody who works with it can sign in")),
            StageDraft("First value", "violet", 80, 14, ("They reached what they bought it for once",)),
            StageDraft("Mastery", "green", 90, 60, ("Works with it every week", "First review with them is held")),
            *_ends("Ambassador", "Gave up"),
        ),
    ),
    "upsell": Template(
        "Upsell", "Add-ons, extras and larger plans for customers who are well.", "upsell", True, (
            StageDraft("Spotted", "grey", 15, 14, ("They are well: no open complaint", "Reason is written down")),
            StageDraft("Talked about", "blue", 40, 14, ("Benefit is named in their own figures",)),
            StageDraft("Offered", "violet", 65, 14, ("Offer was received",), ("plan", "mrr", "expected_on")),
            *_ends("Expanded", "Not now"),
        ),
    ),
    "win-back": Template(
        "Win-back", "For those who cancelled a trial or let their membership lapse.", "win_back", True, (
            StageDraft("Left", "grey", 5, 14, ("Reason why they left is known",)),
            StageDraft("Contacted", "blue", 15, 21, ("Somebody answered",)),
            StageDraft("Reason solved", "amber", 40, 21, ("What made them leave is mended or answered",)),
            StageDraft("Offer made", "violet", 60, 14, ("Terms of coming back are said",), ("plan", "mrr")),
            *_ends("Back", "Stays away"),
        ),
    ),
    "renewal": Template(
        "Renewal", "For contracts that end and do not renew by themselves.", "renewal", True, (
            StageDraft("Coming up", "grey", 70, 30, ("Use of the last months was looked at",), ("expected_on",)),
            StageDraft("Review held", "blue", 80, 21, ("Their goals for the next term are known",)),
            StageDraft("Offer sent", "violet", 90, 14, ("Whoever signs has it",), ("plan", "mrr", "starts_on")),
            StageDraft("Agreed", "teal", 95, 7, ("Said yes in writing",)),
            *_ends("Renewed", "Ended"),
        ),
    ),
}  # fmt: skip

#: Of a pipeline that begins from nothing.
PLAIN = (StageDraft("New", "grey", 20), StageDraft("In progress", "blue", 50), *_ends("Won", "Lost"))

#: Why deals are lost, until an admin says otherwise.
REASONS = (
    "Too expensive", "Chose somebody else", "No budget", "Not the right time", "Something is missing in the product",
    "No need any more", "Does not answer",
)  # fmt: skip
