"""Workflows in the API."""

from retention.workflows.api.resource import WorkflowResource

__all__ = ["WorkflowResource"]
