"""The addresses of this room."""

from django.urls import path

from crm.web import views

app_name = "web"
urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics_text, name="metrics"),
    path("theme/", views.theme, name="theme"),
]
