"""What makes customers enter: facts on the timeline, dates that come near, silence, segments. One statement each.

Every entry carries a trigger key made of the fact that caused it, unique for workflow and customer, so that one fact
enrolls once whatever is retried. Each kind is a file here and registers itself.
"""

from retention.workflows.triggers import (
    byhand,
    dates,
    facts,
    lacks,
    moments,
    months,
    offering,
    segments,
    silence,
    yearly,
)  # fmt: skip
from retention.workflows.triggers.entering import enter
from retention.workflows.triggers.stretch import SWEEP_EVERY
from retention.workflows.triggers.sweeping import next_due, sweep

__all__ = [
    "SWEEP_EVERY", "byhand", "dates", "enter", "facts", "lacks", "moments", "months", "next_due", "offering",
    "segments", "silence", "sweep", "yearly",
]  # fmt: skip
