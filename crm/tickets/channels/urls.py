"""The addresses of the channels, under the settings."""

from django.urls import path

from crm.tickets.channels import views

app_name = "channels"
urlpatterns = [
    path("", views.channels, name="list"),
    path("<slug:channel>/test/", views.test, name="test"),
    path("<slug:channel>/pause/", views.pause, name="pause"),
]
