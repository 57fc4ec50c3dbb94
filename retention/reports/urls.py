"""The addresses of reviews. A month is such as 2026-05."""

from django.urls import path

from retention.reports import views

app_name = "reports"
urlpatterns = [
    path("", views.review_list, name="list"),
    path("mail/", views.reading, name="reading"),
    path("<str:month>/", views.review, name="review"),
    path("<str:month>/<str:what>/", views.names, name="names"),
]
