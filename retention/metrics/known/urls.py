"""The address of a period as it was known."""

from django.urls import path

from retention.metrics.known import views

app_name = "known"
urlpatterns = [path("", views.page, name="page")]
