"""Addresses that people outside open: forms that become tickets."""

from django.urls import path

from crm.tickets import public_views

app_name = "ticket_forms"
urlpatterns = [
    path("<slug:slug>/", public_views.form, name="form"),
    path("<slug:slug>/thanks/", public_views.thanks, name="thanks"),
]
