"""What the figures give to others: what filters can ask of the past."""

from crm import slots
from retention.metrics.apart.dimensions import register_dimensions
from retention.metrics.fields import register_fields
from retention.metrics.heading import headed

register_fields()
slots.list_heads.register("account", headed)
slots.menu.register("retention", slots.MenuEntry("Retention", "trending-up", "retention:dashboard", 60))
slots.start_pages.register("retention", slots.StartPage("Retention", "retention:dashboard", "view", 10))
register_dimensions()
slots.keeping_places.register("dashboard", slots.Place("Dashboard", "retention:dashboard", 10))
slots.keeping_places.register("cohorts", slots.Place("Cohorts", "cohorts:map", 20))
slots.keeping_places.register("apart", slots.Place("Breakdown", "apart:of", 30, args=("plan",)))
slots.keeping_places.register("known", slots.Place("As it was known", "known:page", 40))
