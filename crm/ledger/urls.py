"""The addresses of contracts. A change of state is a POST to a resource."""

from django.urls import path

from crm.ledger import views

app_name = "ledger"
urlpatterns = [path("<int:pk>/confirmation/", views.confirmation, name="confirmation")]
