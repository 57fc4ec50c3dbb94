"""The steps of workflows: each its model, its verb over many enrollments at once, and its line on pages."""

from retention.workflows.steps import branching, messages, setting, tasks, waiting

__all__ = ["branching", "messages", "setting", "tasks", "waiting"]
