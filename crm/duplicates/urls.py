"""The addresses of this room."""

from django.urls import path, register_converter

from crm.duplicates import views


class Kind:
    """Customers or people, as an address says it."""

    regex = "accounts|contacts"

    def to_python(self, value: str) -> str:
        return value.removesuffix("s")

    def to_url(self, value: str) -> str:
        return f"{value.removesuffix('s')}s"


register_converter(Kind, "kind")

app_name = "duplicates"
urlpatterns = [
    path("", views.pair_list, name="list"),
    path("<kind:subject>/like/", views.looks_like, name="like"),
    path("<kind:subject>/pairs/<int:pk>/parting/", views.keep_apart, name="apart"),
    path("<kind:subject>/pairs/<int:pk>/putting-off/", views.put_off, name="later"),
    path("<kind:subject>/pairs/<int:pk>/return/", views.ask_again, name="again"),
    path("<kind:subject>/<int:pk>/", views.choose, name="choose"),
    path("<kind:subject>/<int:keeper>/<int:loser>/", views.merge, name="merge"),
]
