"""The list of retention's tables for Django, which looks only here. Import from the rooms, never from this list."""

from retention.usage.models import UsageBefore, UsageDay, UsageHabit
from retention.workflows.models import Enrollment, StepRun, Trial, Workflow, WorkflowVersion

__all__ = ["Enrollment", "StepRun", "Trial", "UsageBefore", "UsageDay", "UsageHabit", "Workflow", "WorkflowVersion"]
