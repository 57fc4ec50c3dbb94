"""The addresses of Today; in the demo also the folder into which its mail goes."""

from django.conf import settings
from django.urls import path

from crm.home import demo_mail, views

app_name = "home"
urlpatterns = [
    path("", views.today, name="today"),
    path("live/", views.live, name="live"),
]
if settings.HOLDFAST_DEMO:
    urlpatterns += [
        path("demo/mail/", demo_mail.folder, name="demo_mail"),
        path("demo/mail/<str:name>/", demo_mail.letter, name="demo_letter"),
    ]
