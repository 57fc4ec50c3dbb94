"""The list of retention's tables for Django, which looks only here. Import from the rooms, never from this list."""

from retention.campaigns.models import Campaign, CampaignChange
from retention.dunning.models import (
    DunningCase,
    DunningCaseChange,
    DunningEvent,
    DunningSettings,
    DunningSettingsChange,
    StatusToken,
)
from retention.metrics.models import Snapshot
from retention.reports.models import MonthlyReview, ReviewReader
from retention.usage.models import UsageBefore, UsageDay, UsageHabit
from retention.value.models import AccountValue, ProductPair, ValueSettings, ValueSettingsChange
from retention.workflows.building.models import DraftEdit
from retention.workflows.experiments.models import HoldoutSettings, HoldoutSettingsChange
from retention.workflows.models import Enrollment, Move, Moved, StepRun, Trial, Turn, Workflow, WorkflowVersion
from retention.workflows.rehearsal.models import Rehearsal, RehearsalLine

__all__ = [
    "AccountValue", "Campaign", "CampaignChange", "DraftEdit", "DunningCase", "DunningCaseChange", "DunningEvent",
    "DunningSettings", "DunningSettingsChange", "Enrollment", "HoldoutSettings", "HoldoutSettingsChange",
    "MonthlyReview", "Move", "Moved", "ProductPair", "Rehearsal", "RehearsalLine", "ReviewReader", "Snapshot",
    "StatusToken", "StepRun", "Trial", "Turn", "UsageBefore", "UsageDay", "UsageHabit", "ValueSettings",
    "ValueSettingsChange", "Workflow", "WorkflowVersion",
]  # fmt: skip
