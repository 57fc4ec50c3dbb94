"""The addresses that our people open about customers who leave."""

from django.urls import path

from crm.leaving import views

app_name = "leaving"
urlpatterns = [
    path("leaving/", views.why, name="report"),
    path("settings/leaving/", views.offers, name="offers"),
    path("contracts/<int:pk>/leave-link/", views.link, name="link"),
    path("contracts/<int:pk>/leave-link/revocation/", views.revocation, name="revocation"),
]
