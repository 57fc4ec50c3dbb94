"""The addresses of cohorts. A month is such as 2026-01."""

from django.urls import path

from retention.metrics.joined import views

app_name = "cohorts"
urlpatterns = [
    path("", views.cohort_map, name="map"),
    path("file/", views.file, name="file"),
    path("<str:first>/", views.cell, name="joined"),
    path("<str:first>/<str:month>/", views.cell, name="cell"),
]
