"""The addresses of this room."""

from django.urls import path

from crm.fields import views

app_name = "fields"
urlpatterns = [
    path("", views.fields, name="list"),
    path("new/", views.make, name="new"),
    path("<int:pk>/", views.field, name="field"),
    path("<int:pk>/archival/", views.archival, name="archival"),
    path("<int:pk>/restoration/", views.restoration, name="restoration"),
    path("<int:pk>/place/", views.place, name="place"),
    path("<int:pk>/options/<slug:code>/removal/", views.option_removal, name="option_removal"),
]
