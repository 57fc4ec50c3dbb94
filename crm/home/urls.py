"""The addresses of this room."""


app_name = "home"
urlpatterns: list = []
