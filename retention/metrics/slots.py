"""What the figures give to others: what filters can ask of the past."""

from crm import slots
from retention.metrics.apart.dimensions import register_dimensions
from retention.metrics.fields import register_fields

register_fields()
slots.menu.register("retention", slots.MenuEntry("Retention", "trending-up", "retention:dashboard", 60))
slots.start_pages.register("retention", slots.StartPage("Retention", "retention:dashboard", "view", 10))
register_dimensions()
