"""The addresses of this room."""

from django.urls import path

from crm.outbox import views

app_name = "outbox"
urlpatterns = [
    path("", views.mail_list, name="list"),
    path("mode/", views.mode, name="mode"),
    path("stop/", views.stop, name="stop"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/cancellation/", views.cancellation, name="cancellation"),
    path("<int:pk>/requeueing/", views.requeueing, name="requeueing"),
    path("<int:pk>/readmission/", views.readmission, name="readmission"),
    path("<int:pk>/resending/", views.resending, name="resending"),
    path("<int:pk>/settlement/", views.settlement, name="settlement"),
]
