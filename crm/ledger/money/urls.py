"""Under a customer: what they paid and bought, and what is entered about it. Under a payment: what became of it."""

from django.urls import path

from crm.ledger.money import views

app_name = "money"
urlpatterns = [
    path("accounts/<int:pk>/payments/", views.payments, name="payments"),
    path("accounts/<int:pk>/purchases/", views.purchases, name="purchases"),
    path("accounts/<int:pk>/contracts/new/", views.new_contract, name="new_contract"),
    path("accounts/<int:pk>/payments/new/", views.new_payment, name="new_payment"),
    path("accounts/<int:pk>/purchases/new/", views.new_purchase, name="new_purchase"),
    path("payments/<int:pk>/receipt/", views.receipt, name="receipt"),
    path("payments/<int:pk>/refunds/new/", views.refund, name="refund"),
]
