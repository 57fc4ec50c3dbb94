"""The addresses of campaigns."""

from django.urls import path

from retention.campaigns import views

app_name = "campaigns"
urlpatterns = [
    path("campaigns/", views.campaigns, name="list"),
    path("campaigns/new/", views.new, name="new"),
    path("campaigns/<int:pk>/", views.campaign, name="campaign"),
    path("campaigns/<int:pk>/edit/", views.edit, name="edit"),
    path("campaigns/<int:pk>/planning/", views.planning, name="planning"),
    path("campaigns/<int:pk>/approval/", views.approval, name="approval"),
    path("campaigns/<int:pk>/calling-off/", views.calling_off, name="calling_off"),
    path("campaigns/<int:pk>/reopening/", views.reopening, name="reopening"),
    path("campaigns/<int:pk>/trial/", views.trial, name="trial"),
    path("campaigns/<int:pk>/copies/", views.copies, name="copies"),
    path("campaigns/<int:pk>/follow-ups/", views.follow_ups, name="follow_ups"),
]
