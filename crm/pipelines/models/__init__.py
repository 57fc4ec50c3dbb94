"""Pipelines with their stages, the deals that move through them, and plans for key accounts."""

from crm.pipelines.models.deals import Deal, DealChange, DealContact, DealQuerySet, DealSpell, DealTicket
from crm.pipelines.models.pipelines import (
    LossReason,
    LossReasonChange,
    Outcome,
    Pipeline,
    PipelineChange,
    Stage,
    StageChange,
)
from crm.pipelines.models.plans import KeyAccountPlan, KeyAccountPlanChange

__all__ = [
    "Deal", "DealChange", "DealContact", "DealQuerySet", "DealSpell", "DealTicket", "KeyAccountPlan",
    "KeyAccountPlanChange", "LossReason", "LossReasonChange", "Outcome", "Pipeline", "PipelineChange", "Stage",
    "StageChange",
]  # fmt: skip
