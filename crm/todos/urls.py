"""The addresses of tasks. A change of state is a POST to a resource."""

from django.urls import path

from crm.todos import views

app_name = "todos"
urlpatterns = [
    path("", views.task_list, name="list"),
    path("new/", views.new_task, name="new"),
    path("customers/", views.customers, name="customers"),
    path("quick/", views.quick, name="quick"),
    path("bulk/", views.bulk, name="bulk"),
    path("bulk/undoing/", views.bulk_undoing, name="bulk_undoing"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/completion/", views.completion, name="completion"),
    path("<int:pk>/reopening/", views.reopening, name="reopening"),
    path("<int:pk>/snooze/", views.snooze, name="snooze"),
    path("<int:pk>/owner/", views.owner, name="owner"),
]
