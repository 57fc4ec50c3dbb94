"""Workflows, their versions and who is in them, as the API tells them; and what its verbs take."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from crm.accounts.models import Account
from crm.web.resources import ResourceSerializer, StrictSerializer, VisibleField
from retention.workflows import figures
from retention.workflows.changing.resuming import CHOICES
from retention.workflows.models import Enrollment, Workflow, WorkflowVersion


class WorkflowFiguresSerializer(serializers.Serializer[Any]):
    """Customers by how they stand, and mail. A figure of 10,001 means more than 10,000."""

    active = serializers.IntegerField()
    parked = serializers.IntegerField(help_text="A step failed for them again and again.")
    done = serializers.IntegerField()
    reached = serializers.IntegerField(help_text="They reached the goal.")
    exited = serializers.IntegerField(help_text="They left early.")
    sent = serializers.IntegerField()
    skipped = serializers.IntegerField(help_text="Mail that was not sent, with its reason.")
    uncertain = serializers.IntegerField()


class WorkflowSerializer(ResourceSerializer):
    version = serializers.IntegerField(source="version.number", read_only=True, allow_null=True, default=None)

    class Meta:
        model = Workflow
        fields = ("id", "slug", "name", "state", "version", "settings", "enabled_at", "paused_at", "created_at")
        read_only_fields = fields


class OneWorkflowSerializer(WorkflowSerializer):
    """With what it does and how it goes."""

    definition = serializers.SerializerMethodField(help_text="What it does now; null: nothing of it is published.")
    figures = serializers.SerializerMethodField()

    class Meta:
        model = Workflow
        fields = (*WorkflowSerializer.Meta.fields, "definition", "figures")
        read_only_fields = fields

    @extend_schema_field({"type": ["object", "null"]})
    def get_definition(self, workflow: Workflow) -> Any:
        return workflow.version.definition if workflow.version else None

    @extend_schema_field(WorkflowFiguresSerializer)
    def get_figures(self, workflow: Workflow) -> Any:
        return WorkflowFiguresSerializer(figures.of([workflow]).get(workflow.pk, figures.Figures())).data


class WorkflowVersionSerializer(ResourceSerializer):
    definition = serializers.JSONField(read_only=True)

    class Meta:
        model = WorkflowVersion
        fields = ("id", "number", "definition", "published_at")
        read_only_fields = fields


class EnrollmentSerializer(ResourceSerializer):
    version = serializers.IntegerField(source="version.number", read_only=True)
    step = serializers.CharField(source="step_id", read_only=True, help_text="The step that is next; blank: none.")
    paused = serializers.SerializerMethodField(help_text="Somebody lets them stand still.")

    class Meta:
        model = Enrollment
        fields = (
            "id", "account", "contact", "version", "state", "step", "due_at", "paused", "entered_at", "ended_at",
            "ended_because",
        )  # fmt: skip
        read_only_fields = fields

    def get_paused(self, enrollment: Enrollment) -> bool:
        return enrollment.held is not None


# What verbs take --------------------------------------------------------------------------------------------------


class ActivationSerializer(StrictSerializer):
    include_current = serializers.BooleanField(
        default=False, help_text="Also those whom the trigger fits already: already silent, or inside the window."
    )


class ResumptionSerializer(StrictSerializer):
    """What becomes of what came due while it stood still."""

    how = serializers.ChoiceField(choices=list(CHOICES.items()), default="skip")
    hours = serializers.IntegerField(min_value=1, max_value=720, default=48, help_text="Over which it is spread.")


class MoveSerializer(StrictSerializer):
    visit_added = serializers.BooleanField(
        default=False, help_text="Steps that were added before their place are visited first; else they are not."
    )


class MovedSerializer(serializers.Serializer[Any]):
    """A move to the current version; many are moved by a worker, slice by slice."""

    act = serializers.IntegerField(source="act_id", help_text="Undone through /acts/.")
    state = serializers.CharField(help_text="running, done or undone")
    total = serializers.IntegerField()
    moved = serializers.IntegerField()
    ended = serializers.IntegerField(help_text="Nothing was left to do for them.")


class PlaceSerializer(serializers.Serializer[Any]):
    """So many stand before one step of one version, and would stand before another (blank: they would finish)."""

    version = serializers.IntegerField()
    at = serializers.CharField()
    to = serializers.CharField()
    how = serializers.CharField()
    count = serializers.IntegerField()


class ReachSerializer(serializers.Serializer[Any]):
    step = serializers.CharField(source="step_id")
    certain = serializers.IntegerField()
    perhaps = serializers.IntegerField(help_text="Where ways part before it.")


class MovePreviewSerializer(serializers.Serializer[Any]):
    """What moving everybody to the current version would do."""

    total = serializers.IntegerField()
    ended = serializers.IntegerField()
    lines = PlaceSerializer(many=True)
    gains = ReachSerializer(many=True, help_text="What they would come to and otherwise would not.")
    losses = ReachSerializer(many=True)
    dropped = serializers.IntegerField(help_text="Planned mail of steps that are gone: it does not leave.")
    kept = serializers.IntegerField(help_text="Planned mail of steps with other words: it leaves as planned.")


class EnrollSerializer(StrictSerializer):
    """By hand; who is in it already stays where they are."""

    account = VisibleField(queryset=Account.objects.all())


class EnrollmentReasonSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=200)


class DefinitionSerializer(StrictSerializer):
    definition = serializers.JSONField(help_text="As recipes and exported files have it: name, trigger, steps.")


class DefinitionProblemSerializer(serializers.Serializer[Any]):
    place = serializers.CharField(help_text="steps[2].body")
    reason = serializers.CharField()


class NewWorkflowSerializer(StrictSerializer):
    """Empty under a `name`; or a copy of another one, or what a `definition` says."""

    name = serializers.CharField(max_length=120, required=False, help_text="Blank of a copy: as the other one, (own).")
    copy_of = serializers.PrimaryKeyRelatedField(queryset=Workflow.objects.filter(room=""), required=False)
    definition = serializers.JSONField(required=False, help_text="As recipes and exported files have it.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "definition" in attrs and len(attrs) > 1:
            raise serializers.ValidationError({"definition": ["Send it alone: it has its own name."]})
        return attrs


class PublicationSerializer(StrictSerializer):
    note = serializers.CharField(max_length=300, default="", allow_blank=True, help_text="What has changed, and why.")


class DraftSerializer(serializers.Serializer[Any]):
    edition = serializers.IntegerField(help_text="Grows with each change; the ETag of the draft.")
    begun = serializers.BooleanField(help_text="Whether anybody has changed anything since it was published.")
    definition = serializers.JSONField()
    problems = DefinitionProblemSerializer(many=True, help_text="What keeps it from being published.")
    drafted_at = serializers.DateTimeField(allow_null=True)


class ValidationSerializer(serializers.Serializer[Any]):
    valid = serializers.BooleanField()
    problems = DefinitionProblemSerializer(many=True)
