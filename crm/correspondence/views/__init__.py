"""The pages of this room."""

from crm.correspondence.views.composing import cancellation, reply, write
from crm.correspondence.views.oneself import me, new_address
from crm.correspondence.views.threads import html, thread
from crm.correspondence.views.unmatched import heeding, ignoring, link, person, unmatched

__all__ = [
    "cancellation", "heeding", "html", "ignoring", "link", "me", "new_address", "person", "reply", "thread",
    "unmatched", "write",
]  # fmt: skip
