"""Addresses of failed payments."""

from django.urls import path

from retention.dunning.views import cases, deciding

app_name = "dunning"
urlpatterns = [
    path("", cases.cases, name="list"),
    path("report/", cases.report, name="report"),
    path("<int:pk>/", cases.case, name="case"),
    path("<int:pk>/attempt/", deciding.attempt, name="attempt"),
    path("<int:pk>/halt/", deciding.halt, name="halt"),
    path("<int:pk>/resumption/", deciding.resumption, name="resumption"),
    path("<int:pk>/forgiveness/", deciding.forgiveness, name="forgiveness"),
    path("<int:pk>/note/", deciding.note, name="note"),
]
