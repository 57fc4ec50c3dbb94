"""The list of retention's tables for Django, which looks only here. Import from the rooms, never from this list."""

from retention.usage.models import UsageDay
from retention.workflows.models import Enrollment, StepRun, Trial, Workflow, WorkflowVersion

__all__ = ["Enrollment", "StepRun", "Trial", "UsageDay", "Workflow", "WorkflowVersion"]
