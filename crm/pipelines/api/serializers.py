"""How deals read in JSON, and what may be sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from crm.accounts.models import Account, Contact
from crm.fields.api import CustomField, WithCustomFields
from crm.pipelines.models import Deal, LossReason, Pipeline, Stage
from crm.pipelines.values import SUBJECT
from crm.team.api import UserField
from crm.web.resources import Day, Moment, ResourceSerializer, StrictSerializer, VisibleField

MOST_TAGS, MOST_CONTACTS = 50, 50
#: What is said once, when a deal is opened, with where else it is changed.
_ONCE = {
    "account": "A deal stays with its customer.", "pipeline": "Move it under place/.", "stage": "Move it under place/.",
}  # fmt: skip


class PeopleField(serializers.ListField):
    """The people of the deal's customer who have to do with it, by id."""

    child = VisibleField(queryset=Contact.objects)

    def get_attribute(self, instance: Deal) -> list[Contact]:
        return sorted((link.contact for link in instance.people.all()), key=lambda contact: contact.pk)


class DealSerializer(WithCustomFields, ResourceSerializer):
    pipeline = serializers.PrimaryKeyRelatedField(
        queryset=Pipeline.objects.all(), required=False, help_text="Left out: that of the stage."
    )
    stage = serializers.PrimaryKeyRelatedField(
        queryset=Stage.objects.all(), required=False,
        help_text="Left out: the first open one of the pipeline. Changed under place/, winning/ and loss/.",
    )  # fmt: skip
    owner = UserField(
        allow_null=True,
        required=False,
        queryset=Deal.objects.none(),
        help_text="Left out of a new one: its customer’s.",
    )
    currency = serializers.RegexField(r"^[A-Z]{3}$", required=False, help_text="ISO 4217; left out: the reporting one.")
    value = serializers.DecimalField(
        20, 2, read_only=True, help_text="The amount in the reporting currency, 0 while it is not known."
    )
    tags = serializers.ListField(child=serializers.CharField(max_length=60), max_length=MOST_TAGS, required=False)
    contacts = PeopleField(max_length=MOST_CONTACTS, required=False)
    custom = CustomField(SUBJECT)
    lost_because = serializers.CharField(source="lost_because.name", read_only=True, allow_null=True)
    contract = serializers.IntegerField(source="contract_id", read_only=True, allow_null=True)
    created_by = serializers.EmailField(source="created_by.email", read_only=True, allow_null=True)

    class Meta:
        model = Deal
        fields = (
            "id", "external_id", "account", "title", "pipeline", "stage", "outcome", "owner", "amount", "currency",
            "value", "expected_on", "source", "next_step", "next_on", "plan", "mrr", "months", "starts_on", "tags",
            "contacts", "custom", "lost_because", "lost_note", "contract", "created_at", "created_by", "updated_at",
            "entered_at", "stuck_at", "closed_at",
        )  # fmt: skip
        read_only_fields = (
            "outcome", "lost_note", "created_at", "updated_at", "entered_at", "stuck_at", "closed_at",
        )  # fmt: skip
        extra_kwargs = {
            "amount": {"min_value": 0}, "months": {"min_value": 1, "max_value": 120},
            "mrr": {"min_value": 0, "help_text": "Of the contract it is to become: a month, in the deal’s currency."},
        }  # fmt: skip

    def validate_external_id(self, external_id: str | None) -> str | None:
        return external_id or None

    def validate_tags(self, tags: list[str]) -> list[str]:
        return list(dict.fromkeys(tags))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        data = super().validate(attrs)
        row: Any = self.instance
        if row is None:
            return self._fits_new(data)
        for name, why in _ONCE.items():
            if name in data and data[name] != getattr(row, name):
                raise serializers.ValidationError({name: [why]})
        _of_the_customer(data.get("contacts", []), row.account)
        return data

    def _fits_new(self, data: dict[str, Any]) -> dict[str, Any]:
        pipeline, stage = data.get("pipeline"), data.get("stage")
        if pipeline is None and stage is None:
            raise serializers.ValidationError({"pipeline": ["Say the pipeline, or the stage."]})
        if pipeline and stage and stage.pipeline_id != pipeline.pk:
            raise serializers.ValidationError({"stage": ["This stage is not of the pipeline."]})
        _of_the_customer(data.get("contacts", []), data["account"])
        return data


def _of_the_customer(contacts: list[Contact], account: Account) -> None:
    if any(contact.account_id != account.pk for contact in contacts):
        raise serializers.ValidationError({"contacts": ["One of them is not of this account."]})


class FilledSerializer(StrictSerializer):
    """What stages may ask goes along; other fields are sent to the deal itself, beforehand."""

    seen_stage = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=10**17,
        help_text="Where it was read to be: 409 if it is elsewhere.",
    )
    after = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=10**17, help_text="The card above it; left out: on top."
    )
    checked = serializers.ListField(
        child=serializers.CharField(max_length=12), max_length=50, required=False,
        help_text="Ids of lines of the checklist of the stage it leaves that are done.",
    )  # fmt: skip


class PlaceSerializer(FilledSerializer):
    stage = serializers.IntegerField(min_value=1, max_value=10**17)


class WinningSerializer(FilledSerializer):
    """What was sold. Without `plan` and `mrr`, as the deal says; left out where the pipeline books nothing."""

    plan = serializers.CharField(max_length=120, required=False)
    mrr = serializers.DecimalField(14, 2, min_value=Decimal(0), required=False)
    starts_on = Day(required=False)
    months = serializers.IntegerField(min_value=1, max_value=120, required=False, allow_null=True)
    auto_renew = serializers.BooleanField(required=False, default=False)


class LossSerializer(FilledSerializer):
    reason = serializers.SlugRelatedField(
        slug_field="name", queryset=LossReason.objects.filter(archived_at=None), help_text="Its name."
    )
    note = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class StageSerializer(ResourceSerializer):
    pipeline = serializers.PrimaryKeyRelatedField(queryset=Pipeline.objects.all())
    checklist = serializers.ListField(
        child=serializers.DictField(child=serializers.CharField(max_length=200)), max_length=20, required=False,
        help_text="[{“label”: “Budget is known”}]; a line keeps its “id” when it is sent with it.",
    )  # fmt: skip
    required: Any = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=30, required=False,
        help_text="Names of fields of a deal, “custom.…” and “contacts” among them.",
    )  # fmt: skip
    archived_at = Moment(read_only=True, allow_null=True)

    class Meta:
        model = Stage
        fields = (
            "id", "pipeline", "name", "colour", "outcome", "probability", "expected_days", "checklist", "required",
            "order", "archived_at",
        )  # fmt: skip
        read_only_fields = ("order",)
        validators: tuple[Any, ...] = ()  # the verb says it

    def validate_checklist(self, lines: list[dict[str, str]]) -> list[dict[str, str]]:
        if any(
            not line.get("label") or line.keys() - {"id", "label"} or len(line.get("id", "")) > 12 for line in lines
        ):
            raise serializers.ValidationError("Each line has a label, and an id if it was read with one.")
        return lines

    def validate_probability(self, probability: int) -> int:
        if probability > 100:
            raise serializers.ValidationError("must be between 0 and 100, per cent")
        return probability

    def validate_pipeline(self, pipeline: Pipeline) -> Pipeline:
        row: Any = self.instance
        if row and pipeline.pk != row.pipeline_id:
            raise serializers.ValidationError("A stage stays in its pipeline.")
        return pipeline


class PipelineSerializer(ResourceSerializer):
    stages = serializers.SerializerMethodField(help_text="Ids of those in use, from left to right.")

    class Meta:
        model = Pipeline
        fields = ("id", "name", "purpose", "books", "order", "stages", "created_at", "archived_at")
        read_only_fields = ("order", "created_at", "archived_at")
        validators: tuple[Any, ...] = ()  # the verb says it

    def get_stages(self, row: Pipeline) -> list[int]:
        return [stage.pk for stage in row.stages.all() if stage.archived_at is None]


class MoveToSerializer(StrictSerializer):
    move_to = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=10**17,
        help_text="The open stage where its open deals go; needed if there are any.",
    )  # fmt: skip
