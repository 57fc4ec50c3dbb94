"""The addresses of contracts. A change of state is a POST to a resource."""

from django.urls import path

from crm.ledger import views

app_name = "ledger"
urlpatterns = [
    path("reasons/", views.reasons, name="reasons"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/confirmation/", views.confirmation, name="confirmation"),
    path("<int:pk>/change/", views.change, name="change"),
    path("<int:pk>/cancellation/", views.cancellation, name="cancellation"),
    path("<int:pk>/pause/", views.pause, name="pause"),
    path("<int:pk>/resumption/", views.resumption, name="resumption"),
    path("<int:pk>/reinstatement/", views.reinstatement, name="reinstatement"),
]
