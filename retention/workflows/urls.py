"""The addresses of workflows. A change of state is a POST to a resource."""

from django.urls import path

from retention.workflows import enrollments, views
from retention.workflows.experiments.views import holdout
from retention.workflows.rehearsal import views as rehearsing
from retention.workflows.why.views import why

app_name = "workflows"
urlpatterns = [
    path("", views.workflow_list, name="list"),
    path("holdout/", holdout, name="holdout"),
    path("why/", why, name="why"),
    path("<slug:slug>/", views.detail, name="detail"),
    path("<slug:slug>/activation/", views.activation, name="activation"),
    path("<slug:slug>/deactivation/", views.deactivation, name="deactivation"),
    path("<slug:slug>/pause/", views.pause, name="pause"),
    path("<slug:slug>/resumption/", views.resumption, name="resumption"),
    path("<slug:slug>/settings/", views.configuration, name="settings"),
    path("<slug:slug>/rehearsals/", rehearsing.rehearsals, name="rehearsals"),
    path("<slug:slug>/rehearsals/<int:pk>/cancellation/", rehearsing.cancellation, name="rehearsal_cancellation"),
    path("<slug:slug>/enrollments/<int:pk>/", enrollments.enrollment, name="enrollment"),
    path("<slug:slug>/retry/<int:pk>/", enrollments.retry, name="retry"),
    path("<slug:slug>/discarding/<int:pk>/", enrollments.discard, name="discard"),
]
