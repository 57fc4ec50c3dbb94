"""The addresses of this room: conversations, mail that nobody could place, and one's own mail."""

from django.urls import path

from crm.correspondence import views

app_name = "correspondence"
urlpatterns = [
    path("accounts/<int:pk>/mail/", views.write, name="write"),
    path("conversations/<int:pk>/", views.thread, name="thread"),
    path("conversations/<int:pk>/reply/", views.reply, name="reply"),
    path("letters/<uuid:bundle>/cancellation/", views.cancellation, name="cancellation"),
    path("letters/<int:pk>/html/", views.html, name="html"),
    path("unmatched-mail/", views.unmatched, name="unmatched"),
    path("unmatched-mail/<int:pk>/link/", views.link, name="link"),
    path("unmatched-mail/<int:pk>/person/", views.person, name="person"),
    path("unmatched-mail/<int:pk>/ignoring/", views.ignoring, name="ignoring"),
    path("unmatched-mail/<int:pk>/heeding/", views.heeding, name="heeding"),
    path("me/mail/", views.me, name="me"),
    path("me/mail/address/", views.new_address, name="new_address"),
]
