"""The addresses of this room."""

from django.urls import path

from crm.quality import views

app_name = "quality"
urlpatterns = [
    path("", views.report, name="report"),
    path("counting/", views.counting_again, name="counting"),
]
