"""The addresses of the dashboard. Counting anew is a POST."""

from django.urls import path

from retention.metrics import views

app_name = "retention"
urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("counting/", views.recount, name="recount"),
]
