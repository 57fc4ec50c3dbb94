"""From a delivery that is due to one that is done: claim, write, post, note. See crm.webhooks."""

from crm.webhooks.sending.loop import next_due, try_now, work

__all__ = ["next_due", "try_now", "work"]
