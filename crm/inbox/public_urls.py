"""Addresses that providers post to."""

from django.urls import path

from crm.inbox import public_views

app_name = "hooks"
urlpatterns = [path("mail/<slug:provider>/", public_views.mail, name="mail")]
