"""The API router: each room adds its view sets here."""

urlpatterns: list = []
