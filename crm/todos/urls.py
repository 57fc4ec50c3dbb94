"""The addresses of this room."""


app_name = "todos"
urlpatterns: list = []
