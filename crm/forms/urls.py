"""The addresses of this room, under the settings."""

from django.urls import path

from crm.forms.views import building, entries

app_name = "forms"
urlpatterns = [
    path("", building.forms, name="list"),
    path("new/", building.new, name="new"),
    path("new/arranging/", building.arranging, name="arranging_new"),
    path("new/preview/", building.preview, name="preview_new"),
    path("<int:pk>/", building.change, name="form"),
    path("<int:pk>/arranging/", building.arranging, name="arranging"),
    path("<int:pk>/preview/", building.preview, name="preview"),
    path("<int:pk>/switch/", building.switch, name="switch"),
    path("<int:pk>/entries/", entries.entries, name="entries"),
    path("entries/<int:pk>/passage/", entries.let_through, name="passage"),
    path("entries/<int:pk>/discarding/", entries.discard, name="discarding"),
]
