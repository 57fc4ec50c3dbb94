"""Mail in the API: what waits for somebody's yes, and the topics that people choose among."""

from crm.outbox.api.approvals import ApprovalResource
from crm.outbox.api.topics import TopicResource

__all__ = ["ApprovalResource", "TopicResource"]
