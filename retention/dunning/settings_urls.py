"""Addresses under the settings: how failed payments are followed up, and the banner."""

from django.urls import path

from retention.dunning.views import setting

app_name = "dunning_settings"
urlpatterns = [
    path("", setting.ways, name="ways"),
    path("banner/", setting.banner, name="banner"),
    path("tokens/<int:pk>/revocation/", setting.revocation, name="revocation"),
]
