"""From a due row to a message in the world, once: claim, decide, hand over, note what became of it."""

from crm.outbox.sending.loop import next_due, work

__all__ = ["next_due", "work"]
