"""The steps of workflows: each its model, its verb over many enrollments at once, and its line on pages."""

from retention.workflows.steps import (
    awaiting,
    branching,
    deals,
    enrolling,
    hooks,
    messages,
    notifying,
    offering,
    setting,
    splitting,
    tasks,
    waiting,
)

__all__ = [
    "awaiting", "branching", "deals", "enrolling", "hooks", "messages", "notifying", "offering", "setting",
    "splitting", "tasks", "waiting",
]  # fmt: skip
