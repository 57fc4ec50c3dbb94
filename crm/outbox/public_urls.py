"""Addresses that people outside open: unsubscribing and preferences."""


app_name = "public"
urlpatterns: list = []
