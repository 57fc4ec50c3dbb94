"""Deals in the API, with each move as a POST to a resource; and the pipelines and stages that they go through."""

from crm.pipelines.api.deals import DealResource
from crm.pipelines.api.shapes import PipelineResource, StageResource

__all__ = ["DealResource", "PipelineResource", "StageResource"]
