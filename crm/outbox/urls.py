"""The addresses of this room."""


app_name = "outbox"
urlpatterns: list = []
