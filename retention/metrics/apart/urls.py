"""The addresses of the breakdown."""

from django.urls import path

from retention.metrics.apart import views

app_name = "apart"
urlpatterns = [path("<str:by>/", views.breakdown_page, name="of")]
