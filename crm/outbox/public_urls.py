"""Addresses that people outside open: unsubscribing and preferences."""

from django.urls import path

from crm.outbox import public_views

app_name = "public"
urlpatterns = [path("<str:token>/", public_views.unsubscribing, name="unsubscribe")]
