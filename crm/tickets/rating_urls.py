"""The address that a customer is asked at."""

from django.urls import path

from crm.tickets.views import rating

app_name = "rating"
urlpatterns = [path("<slug:token>/", rating.page, name="page")]
