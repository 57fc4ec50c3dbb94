"""The addresses of this room."""


app_name = "team"
urlpatterns: list = []
