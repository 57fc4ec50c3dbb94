"""The addresses of customers' worth."""

from django.urls import path

from retention.value import views

app_name = "value"
urlpatterns = [
    path("retention/value/", views.overview, name="overview"),
    path("retention/value/accounts/<int:pk>/", views.beside, name="beside"),
    path("retention/value/accounts/<int:pk>/report/", views.report, name="report"),
    path("settings/value/", views.prices, name="prices"),
]
