"""Addresses that products and foreign pages ask."""

from django.urls import path

from retention.dunning.views import public

app_name = "dunning_status"
urlpatterns = [
    path("banner.js", public.banner, name="banner"),
    path("<str:token>/", public.status, name="status"),
]
