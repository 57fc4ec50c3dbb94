"""The pages of history: the audit log, an act with its undo, what became of one record, and bulk actions."""

from crm.history.views.acts import act, stop, undo
from crm.history.views.audit import audit
from crm.history.views.bulk import bulk
from crm.history.views.record import record

__all__ = ["act", "audit", "bulk", "record", "stop", "undo"]
