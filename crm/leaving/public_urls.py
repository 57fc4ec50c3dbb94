"""The address that customers open to leave."""

from django.urls import path

from crm.leaving import public_views

app_name = "leave"
urlpatterns = [path("<str:token>/", public_views.page, name="page")]
