"""Addresses that people outside open: public forms, and the script that puts one into another page."""

from django.urls import path

from crm.forms import public_views

app_name = "public_forms"
urlpatterns = [
    path("<slug:slug>/", public_views.form, name="form"),
    path("<slug:slug>/thanks/", public_views.thanks, name="thanks"),
    path("<slug:slug>/embed.js", public_views.embed, name="embed"),
]
