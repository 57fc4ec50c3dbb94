"""The verbs of campaigns. Each is one transaction and one act in the audit log."""

from __future__ import annotations

import itertools
from datetime import datetime

from django.db import transaction

from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import UndoError
from crm.outbox.models import OutboundMessage
from crm.slots import tell
from crm.team.models import User
from crm.web import clock
from retention.campaigns.composing import composed
from retention.campaigns.models import WRITTEN as COLUMNS
from retention.campaigns.models import Campaign, CampaignChange, Written
from retention.workflows import publishing
from retention.workflows.changing import stopping
from retention.workflows.definition import DefinitionError
from retention.workflows.models import Enrollment, Workflow
from retention.workflows.recipes import RecipeError

MADE, WRITTEN, PLANNED = "campaign.made", "campaign.written", "campaign.planned"
ASKED, APPROVED, CALLED_OFF = "campaign.asked", "campaign.approved", "campaign.called_off"

State = Campaign.State
#: Whose workflows they are: see Workflow.room.
ROOM = "campaigns"


class CampaignError(ValueError):
    """What cannot be done with it now; the text says why, and what can. Nothing was changed."""


@transaction.atomic
def make(written: Written, by: User, now: datetime) -> Campaign:
    with act(MADE, f"made the campaign “{written['name']}”", by, now):
        return Campaign.objects.create(**written, made_by=by, made_at=now)


@transaction.atomic
def write(pk: int, written: Written, by: User, now: datetime) -> Act:
    """Raises CampaignError for one that is planned, or waits for a yes to what it says now."""
    row = _locked(pk)
    if not row.is_open:
        raise CampaignError(f"“{row}” is {row.get_state_display().lower()}: what it says cannot be changed now.")
    with act(WRITTEN, f"changed the campaign “{written['name']}”", by, now) as done:
        for name, value in written.items():
            setattr(row, name, value)
        row.save()
    return done


@transaction.atomic
def plan(pk: int, by: User, now: datetime) -> Campaign:
    """It leaves on its day; in a crisis as soon as another admin has said yes. Raises CampaignError."""
    row = _locked(pk)
    if not row.is_open:
        raise CampaignError(f"“{row}” is {row.get_state_display().lower()} already.")
    _check(row, now)
    if row.is_crisis:
        _ask(row, by, now)
    else:
        with act(PLANNED, f"planned the campaign “{row}”", by, now):
            _start(row, by, now)
    return row


def _check(row: Campaign, now: datetime) -> None:
    if row.day and row.day < clock.today(now) and not row.is_crisis:
        raise CampaignError("Its day has passed. Choose another one.")
    if not row.subject or not row.body:
        raise CampaignError("It says nothing yet. Write a subject and a text.")
    if row.tries_two and not (row.other_subject and row.other_body):
        raise CampaignError("The second wording lacks its subject or its text. Write both, or neither.")


def _ask(row: Campaign, by: User, now: datetime) -> None:
    row.state, row.asked_by = State.ASKED, by
    with act(ASKED, f"asked for a yes to the campaign “{row}”", by, now):
        row.save(update_fields=["state", "asked_by"])
        others = User.objects.filter(role=User.Role.ADMIN, is_active=True).exclude(pk=by.pk)
        key = f"campaign:{row.pk}:{now.isoformat()}"
        tell(
            others, ASKED, f"{by} asks for your yes: “{row}” is to leave at once", f"/campaigns/{row.pk}/", now, key=key
        )


@transaction.atomic
def approve(pk: int, by: User, now: datetime, read: str | None = None) -> Campaign:
    """A second admin's yes: it leaves. Whoever asked may say it alone only where there is no other admin.

    `read` is the digest of what they read, so that a yes is to nothing else; None: whatever it says.
    """
    row = _locked(pk)
    if row.state != State.ASKED:
        raise CampaignError(f"“{row}” does not wait for a yes.")
    if row.asked_by_id == by.pk and is_another_admin(by):
        raise CampaignError("Somebody else has to say yes: whoever asked cannot.")
    if read is not None and read != row.digest:
        raise CampaignError(f"“{row}” has been changed since you read it. Read it again before you say yes.")
    _check(row, now)
    with act(APPROVED, f"said yes to the campaign “{row}”", by, now):
        row.approved_by = by
        _start(row, by, now)
    return row


def is_another_admin(than: User) -> bool:
    return User.objects.filter(role=User.Role.ADMIN, is_active=True).exclude(pk=than.pk).exists()


def _start(row: Campaign, by: User, now: datetime) -> None:
    """Its workflow is on from now. Whom an earlier planning of it let in does not come in again: their key is the same.
    Where nobody had got anything by then, `reopen` has left that workflow behind.
    """
    if row.workflow is None:
        row.workflow = Workflow.objects.create(slug=_free_slug(row.pk), name=row.name, room=ROOM, created_at=now)
    workflow = Workflow.objects.select_for_update().get(pk=row.workflow.pk)
    try:
        publishing.publish(workflow, composed(row, now), now, by)
    except (DefinitionError, RecipeError) as error:
        raise CampaignError(str(error)) from error
    workflow.state, workflow.enabled_at, workflow.swept_until = Workflow.State.ON, now, now
    workflow.archived_at = None
    workflow.save()
    row.state, row.planned_at = State.PLANNED, now
    row.save(update_fields=["state", "planned_at", "workflow", "approved_by"])


def _free_slug(pk: int) -> str:
    """In addresses; others may have made workflows of that name."""
    taken = set(Workflow.objects.filter(slug__startswith=f"campaign-{pk}").values_list("slug", flat=True))
    wish = f"campaign-{pk}"
    return wish if wish not in taken else next(s for n in itertools.count(2) if (s := f"{wish}-{n}") not in taken)


@transaction.atomic
def call_off(pk: int, by: User, now: datetime) -> stopping.Stop:
    """Nothing more of it leaves, from this moment on. Raises CampaignError."""
    row = _locked(pk)
    if row.state == State.ASKED:
        with act(CALLED_OFF, f"took back the campaign “{row}”", by, now):
            row.state = State.DRAFT
            row.save(update_fields=["state"])
        return stopping.Stop(0, 0)
    if row.state != State.PLANNED or row.workflow_id is None:
        raise CampaignError(f"“{row}” is not planned.")
    workflow = Workflow.objects.select_for_update().get(pk=row.workflow_id)
    with act(CALLED_OFF, f"called off the campaign “{row}”", by, now):
        found = stopping.stop(workflow, by, now)
        # Put away: nobody switches it on again behind the campaign's back, by an undo either.
        Workflow.objects.filter(pk=workflow.pk).update(archived_at=now)
        row.state = State.CALLED_OFF
        row.save(update_fields=["state"])
    return found


@transaction.atomic
def reopen(pk: int, by: User, now: datetime) -> Campaign:
    """Called off, and to be changed and planned again. Raises CampaignError once somebody has got it."""
    row = _locked(pk)
    if row.state != State.CALLED_OFF:
        raise CampaignError(f"“{row}” was not called off.")
    if row.workflow and _reached(row.workflow.slug):
        raise CampaignError("Some have got it already. Make a copy: it goes to whom you choose.")
    with act(WRITTEN, f"opened the campaign “{row}” again", by, now):
        row.state = State.DRAFT
        if row.workflow and Enrollment.objects.filter(workflow=row.workflow).exists():
            row.workflow = None  # its audience was taken: planned again in the same one, nobody would come in any more
        row.save(update_fields=["state", "workflow"])
    return row


def _reached(series: str) -> bool:
    gone = [OutboundMessage.State.SENT, OutboundMessage.State.SENDING, OutboundMessage.State.UNCERTAIN]
    return OutboundMessage.objects.filter(series=series, state__in=gone).exists()


#: What a copy takes along.
_COPIED = tuple(name for name in COLUMNS if name != "day")


def copy(pk: int, by: User, now: datetime) -> Campaign:
    row = Campaign.objects.get(pk=pk)
    return make({name: getattr(row, name) for name in _COPIED} | {"name": f"{row.name[:112]} (copy)"}, by, now)


def follow_up(pk: int, by: User, now: datetime) -> Campaign:
    """Another one to exactly those whom this one reached: that what had broken is mended."""
    row = Campaign.objects.get(pk=pk)
    if row.state not in (State.PLANNED, State.CALLED_OFF):
        raise CampaignError("Nobody has got it yet, so there is nobody to tell more.")
    return make(
        {"name": f"{row.name[:100]}: what came of it", "kind": row.kind, "follows_id": row.pk, "who": row.who,
         "topic": row.topic, "hour": row.hour}, by, now,
    )  # fmt: skip


def _locked(pk: int) -> Campaign:
    return Campaign.objects.select_for_update(of=("self",)).get(pk=pk)


def kept_as_read(done: Act, stands: bool, now: datetime) -> None:
    """An undo of writing it, or its redo, changes nothing that waits for a yes or is planned. Raises UndoError."""
    if done.kind != WRITTEN:
        return
    changed = CampaignChange.objects.filter(act=done).values("pgh_obj_id")
    if row := Campaign.objects.filter(pk__in=changed, state__in=[State.ASKED, State.PLANNED]).first():
        raise UndoError(f"“{row}” is {row.get_state_display().lower()}: what it says cannot be changed now.")
