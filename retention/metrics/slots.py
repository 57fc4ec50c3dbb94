"""What the figures give to others: what filters can ask of the past."""

from retention.metrics.fields import register_fields

register_fields()
