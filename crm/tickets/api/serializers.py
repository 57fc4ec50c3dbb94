"""How tickets and what is said in them read in JSON, and what may be sent."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from crm.fields.api import CustomField, WithCustomFields
from crm.team.api import UserField
from crm.team.models import Team
from crm.tickets import rules
from crm.tickets.models import Ticket, TicketCategory, TicketFile, TicketMessage
from crm.web.resources import Moment, ResourceSerializer, StrictSerializer

MOST_TAGS, MOST_COPIED = 50, 20
#: What is said once, when a ticket is made.
_ONCE = ("channel", "account", "requester_name", "requester_handle")
#: That one of ours can choose: the others follow from what happens.
STATUSES = tuple(
    (status.value, str(status.label)) for status in Ticket.Status if status not in ("new", "closed")
)  # fmt: skip


class PriorityField(serializers.ChoiceField):
    """By name: low, normal, high, urgent."""

    def __init__(self, **options: Any) -> None:
        named = [(priority.name.lower(), str(priority.label)) for priority in Ticket.Priority]
        super().__init__(**({"choices": named} | options))

    def to_internal_value(self, data: Any) -> Any:
        return int(Ticket.Priority[super().to_internal_value(data).upper()])

    def to_representation(self, value: Any) -> str:
        return Ticket.Priority(value).name.lower()


class NamedField(serializers.SlugRelatedField):  # type: ignore[type-arg]
    """A row by its name."""

    def __init__(self, **options: Any) -> None:
        usual: dict[str, Any] = {"slug_field": "name", "allow_null": True, "required": False}
        super().__init__(**(usual | options))

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class TicketSerializer(WithCustomFields, ResourceSerializer):
    priority = PriorityField(required=False)
    category = NamedField(queryset=TicketCategory.objects.filter(archived_at=None), help_text="Its name.")
    team = NamedField(queryset=Team.objects.all(), help_text="Its name. Changed under assignment/.")
    assignee = UserField(
        allow_null=True, required=False, queryset=Ticket.objects.none(), help_text="Changed under assignment/."
    )
    channel = serializers.ChoiceField(Ticket.Channel.choices, default=Ticket.Channel.API)
    tags = serializers.ListField(child=serializers.CharField(max_length=60), max_length=MOST_TAGS, required=False)
    copied = serializers.ListField(child=serializers.EmailField(), max_length=MOST_COPIED, required=False)
    custom = CustomField("ticket")
    due_by = Moment(allow_null=True, read_only=True, help_text="The sooner of answer_by and solve_by.")
    text = serializers.CharField(
        max_length=rules.LONGEST_TEXT, write_only=True, required=False,
        help_text="What the customer said; needed for a new ticket, and its first message.",
    )  # fmt: skip
    merged_into = serializers.IntegerField(source="merged_into_id", read_only=True, allow_null=True)
    follows = serializers.IntegerField(source="follows_id", read_only=True, allow_null=True)
    created_by = serializers.EmailField(source="created_by.email", read_only=True, allow_null=True)

    class Meta:
        model = Ticket
        fields = (
            "id", "external_id", "subject", "text", "status", "priority", "category", "channel", "reply_channel",
            "account", "contact", "requester_name", "requester_handle", "copied", "team", "assignee", "tags", "custom",
            "created_at", "created_by", "updated_at", "asked_at", "answered_at", "solved_at", "closed_at", "reopened",
            "answer_by", "solve_by", "due_by", "overran", "mood", "score", "merged_into", "follows", "is_spam",
        )  # fmt: skip
        read_only_fields = (
            "status", "reply_channel", "created_at", "updated_at", "asked_at", "answered_at", "solved_at", "closed_at",
            "reopened", "answer_by", "solve_by", "due_by", "overran", "mood", "score", "is_spam",
        )  # fmt: skip

    def validate_external_id(self, external_id: str | None) -> str | None:
        return external_id or None

    def validate_tags(self, tags: list[str]) -> list[str]:
        return list(dict.fromkeys(tags))

    def validate_copied(self, copied: list[str]) -> list[str]:
        return list(dict.fromkeys(one.lower() for one in copied))

    def validate_requester_handle(self, handle: str) -> str:
        return handle.lower()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        data = super().validate(attrs)
        return self._fits_new(data) if self.instance is None else self._fits(data)

    def _fits_new(self, data: dict[str, Any]) -> dict[str, Any]:
        if not data.get("text"):
            raise serializers.ValidationError({"text": ["This field is required."]})
        contact, account = data.get("contact"), data.get("account")
        if contact and account and contact.account_id != account.pk:
            raise serializers.ValidationError({"contact": ["This contact does not belong to the account."]})
        return data

    def _fits(self, data: dict[str, Any]) -> dict[str, Any]:
        row: Any = self.instance
        if "text" in data:
            raise serializers.ValidationError({"text": ["What was said stays. Add to it under messages/."]})
        for name in _ONCE:
            if name in data and name in self.initial_data and data[name] != getattr(row, name):
                raise serializers.ValidationError({name: ["This is said when the ticket is made, and stays."]})
        for name in ("team", "assignee"):
            if name in data and data[name] != getattr(row, name):
                raise serializers.ValidationError({name: ["Hand it on under assignment/."]})
        if "contact" in data and data["contact"] is None and row.contact_id:
            raise serializers.ValidationError({"contact": ["Name another person: somebody asks."]})
        return data


class EnclosedSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    """A file that came along. Its bytes are at files/<id>/ of the ticket."""

    class Meta:
        model = TicketFile
        fields = ("id", "name", "content_type", "size")
        read_only_fields = fields


class MessageSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    """`kind`: in (from the customer), out (an answer), note, auto (by the house)."""

    user = serializers.EmailField(source="user.email", read_only=True, allow_null=True)
    occurred_at = Moment()
    created_at = Moment()
    called_off_at = Moment(allow_null=True)
    files = EnclosedSerializer(many=True, read_only=True)
    arrival = serializers.IntegerField(
        read_only=True, help_text="In which order they came into the ticket: what a merge brought came later."
    )

    class Meta:
        model = TicketMessage
        fields = (
            "id", "kind", "channel", "user", "contact", "sender_name", "sender_handle", "text", "occurred_at",
            "created_at", "automatic", "external_key", "called_off_at", "mood", "files", "arrival",
        )  # fmt: skip
        read_only_fields = fields


class NewMessageSerializer(StrictSerializer):
    kind = serializers.ChoiceField(
        [("in", "As the customer"), ("out", "Answer"), ("note", "Note to the team")],
        help_text="An answer leaves after a few seconds, on the channel that the customer used last.",
    )
    text = serializers.CharField(max_length=rules.LONGEST_TEXT)
    external_key = serializers.CharField(
        max_length=255, required=False, help_text="Of kind in: its own key at its channel. Said twice, it is one."
    )
    occurred_at = Moment(required=False, help_text="Of kind in: when they said it. Blank: now.")
    then = serializers.ChoiceField(STATUSES, required=False, help_text="Of kind out and note: the status it sets.")
    channel = serializers.ChoiceField(
        Ticket.Channel.choices, required=False,
        help_text="Of kind out: another one, on which the person who asks is known.",
    )  # fmt: skip
    seen = serializers.IntegerField(
        required=False, min_value=0, max_value=10**17,
        help_text="Of kind out: the highest arrival read; 409 if another message came since.",
    )  # fmt: skip
    files = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True), required=False,
        help_text="Parts of a form (multipart/form-data), ten at most.",
    )  # fmt: skip


class StatusSerializer(StrictSerializer):
    status = serializers.ChoiceField(STATUSES)


class AssignmentSerializer(StrictSerializer):
    """What is not sent stays as it is."""

    assignee = UserField(allow_null=True, required=False, queryset=Ticket.objects.none())
    team = NamedField(queryset=Team.objects.all())


class MergeSerializer(StrictSerializer):
    into = serializers.IntegerField(min_value=1, max_value=10**17, help_text="The ticket that stays.")
