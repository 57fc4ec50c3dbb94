"""What makes customers enter: facts on the timeline, dates that come near, silence, segments. One statement each.

Every entry carries a trigger key made of the fact that caused it, unique for workflow and customer, so that one fact
enrolls once whatever is retried. Each kind is a file here and registers itself.
"""

from retention.workflows.triggers import dates, facts, months, offering, segments, silence
from retention.workflows.triggers.entering import enter
from retention.workflows.triggers.stretch import SWEEP_EVERY
from retention.workflows.triggers.sweeping import next_due, sweep

__all__ = ["SWEEP_EVERY", "dates", "enter", "facts", "months", "next_due", "offering", "segments", "silence", "sweep"]
