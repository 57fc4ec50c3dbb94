"""What is done with a ticket through the API, each a POST to a resource below it; doing so again changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.history.actions import UndoError, undo
from crm.tickets import moods
from crm.tickets.actions import answering, assigning, blocking, following, merging, splitting, turning
from crm.tickets.actions.saying import TicketError
from crm.tickets.api.serializers import (
    AssignmentSerializer,
    MergeSerializer,
    StatusSerializer,
    TicketSerializer,
)
from crm.tickets.models import Ticket, TicketMessage
from crm.tickets.rules.mood import CHOICES
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.problems import Conflict
from crm.web.resources import StrictSerializer


class FollowingSerializer(StrictSerializer):
    follows = serializers.BooleanField(default=True, help_text="Whether the caller is told what happens to it.")


class SpamSerializer(StrictSerializer):
    block = serializers.BooleanField(default=False, help_text="Whether nothing from its sender begins a ticket more.")


class UnmergeSerializer(StrictSerializer):
    """Nothing needs to be said."""


class MessageOfSerializer(StrictSerializer):
    message = serializers.IntegerField(min_value=1, max_value=10**17, help_text="One that its customer wrote.")


class SplitSerializer(MessageOfSerializer):
    subject = serializers.CharField(max_length=300)
    rest = serializers.BooleanField(default=False, help_text="Whether what was said after it goes along.")


class MoodSerializer(MessageOfSerializer):
    mood = serializers.ChoiceField(list(CHOICES))


type Verb = Callable[[Ticket, Mapping[str, Any], Any, datetime], object]


def _posting(serializer: Any) -> Callable[[Any], Any]:
    """An action that takes this, and answers with the ticket as it is then."""
    described = extend_schema(request=serializer, responses={201: TicketSerializer}, parameters=[KEY_PARAMETER])
    return lambda method: described(action(detail=True, methods=["post"])(idempotent(method)))


class Doing:
    """For the resource of tickets, which gives `_read(pk)`."""

    @_posting(StatusSerializer)
    def status(self, request: Request, pk: str) -> Response:
        """Turn it. Doing so again changes nothing."""
        return self._done(request, pk, StatusSerializer, "status", lambda row, data, by, now: turning.set_status(
            row, data["status"], by, now))  # fmt: skip

    @_posting(AssignmentSerializer)
    def assignment(self, request: Request, pk: str) -> Response:
        """Hand it to somebody, or to a team. Doing so again changes nothing."""
        return self._done(request, pk, AssignmentSerializer, "assignee", lambda row, data, by, now: assigning.assign(
            row, data.get("assignee", row.assignee), data.get("team", row.team), by, now))  # fmt: skip

    @_posting(MergeSerializer)
    def merge(self, request: Request, pk: str) -> Response:
        """Let what was said in it go on in another ticket. It closes."""
        return self._done(request, pk, MergeSerializer, "into", lambda row, data, by, now: merging.merge(
            row, self._stays(data["into"]), by, now))  # fmt: skip

    @_posting(UnmergeSerializer)
    def unmerge(self, request: Request, pk: str) -> Response:
        """Take its merge into another back. What was written since stays there."""
        return self._done(request, pk, UnmergeSerializer, "merged_into", lambda row, data, by, now: _unmerge(
            row, by, now))  # fmt: skip

    @_posting(SplitSerializer)
    def split(self, request: Request, pk: str) -> Response:
        """Make a message a ticket of its own, which is the answer."""
        row = get_object_or_404(self._visible(), pk=pk)
        data = checked(SplitSerializer, request)
        with refusing("message"), transaction.atomic():
            message = heard(row, data["message"])
            new, _ = splitting.split(message, data["subject"], request.user, clock.now(), rest=data["rest"])  # type: ignore[arg-type]
        return self.answer(self._read(new.pk), 201)  # type: ignore[attr-defined, no-any-return]

    @_posting(SpamSerializer)
    def spam(self, request: Request, pk: str) -> Response:
        """It closes and counts nowhere. Undo its act to take that back."""
        return self._done(request, pk, SpamSerializer, "block", lambda row, data, by, now: blocking.mark_as_spam(
            row, by, now, block=data["block"]))  # fmt: skip

    @_posting(FollowingSerializer)
    def following(self, request: Request, pk: str) -> Response:
        """Be told what happens to it, or not any more."""
        return self._done(request, pk, FollowingSerializer, "follows", lambda row, data, by, now: (
            following.follow if data["follows"] else following.unfollow)(row, by))  # fmt: skip

    @_posting(MoodSerializer)
    def mood(self, request: Request, pk: str) -> Response:
        """Say how a message really sounds. No reading of words changes it any more."""
        return self._done(request, pk, MoodSerializer, "message", lambda row, data, by, now: moods.correct(
            heard(row, data["message"]), data["mood"], by, now))  # fmt: skip

    def _visible(self) -> Any:
        return self.get_queryset()  # type: ignore[attr-defined]

    def _stays(self, pk: int) -> Ticket:
        found: Ticket | None = self._visible().filter(pk=pk).first()
        if found is None:
            raise TicketError("There is no such ticket that you may see.")
        return found

    def _done(self, request: Request, pk: str, serializer: Any, field: str, verb: Verb) -> Response:
        """What is refused is said about the field; of what one may not see not even that is said."""
        row = get_object_or_404(self._visible(), pk=pk)
        data = checked(serializer, request)
        with refusing(field), transaction.atomic():
            verb(row, data, request.user, clock.now())
        return self.answer(self._read(row.pk), 201)  # type: ignore[attr-defined, no-any-return]


def _unmerge(row: Ticket, by: Any, now: datetime) -> None:
    made = merging.made(row)
    if made is None:
        raise TicketError("It is not merged into another one, or was together with others: undo that act.")
    try:
        undo(made, by, now)
    except UndoError as refusal:
        raise TicketError(str(refusal)) from None


def heard(row: Ticket, pk: int) -> TicketMessage:
    """What its customer wrote. Raises TicketError."""
    found = row.messages.filter(pk=pk, kind=TicketMessage.Kind.IN).first()
    if found is None:
        raise TicketError("Its customer wrote no such message in this ticket.")
    return found


@contextmanager
def refusing(field: str) -> Iterator[None]:
    """What a verb refuses, the request is told about this field; 409 where somebody was quicker."""
    try:
        yield
    except answering.Overtaken as overtaken:
        raise Conflict(str(overtaken)) from None
    except TicketError as error:
        raise ValidationError({field: [str(error)]}) from None


def checked(serializer: Any, request: Request) -> Mapping[str, Any]:
    given = serializer(data=request.data)
    given.is_valid(raise_exception=True)
    return given.validated_data  # type: ignore[no-any-return]
