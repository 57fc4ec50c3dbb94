"""Addresses that billing systems post to."""

from django.urls import path

from crm.billing import public_views

app_name = "billing_hooks"
urlpatterns = [
    path("stripe/", public_views.stripe, name="stripe"),
    path("billing/", public_views.billing, name="billing"),
]
