"""The pages of billing."""

from django.urls import path

from crm.billing import views

app_name = "billing"
urlpatterns = [
    path("", views.page, name="page"),
    path("guide/", views.guide, name="guide"),
    path("connection/", views.connection, name="connection"),
    path("hook-secret/", views.hook_secret, name="hook_secret"),
    path("test/", views.test, name="test"),
    path("looks/", views.look, name="look"),
    path("customers/put-away/", views.away, name="away"),
    path("customers/<int:pk>/link/", views.link, name="link"),
    path("customers/<int:pk>/put-away/", views.put_away, name="put_away"),
]
