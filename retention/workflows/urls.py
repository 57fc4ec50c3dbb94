"""The addresses of workflows. A change of state is a POST to a resource."""

from django.urls import path

from retention.workflows import enrollments, views
from retention.workflows.building import urls as building
from retention.workflows.changing.views import moving, pauses, persons
from retention.workflows.experiments.views import held_out, holdout, winner
from retention.workflows.rehearsal import views as rehearsing
from retention.workflows.why.views import why

app_name = "workflows"
urlpatterns = [
    path("", views.workflow_list, name="list"),
    path("holdout/", holdout, name="holdout"),
    path("why/", why, name="why"),
    *building.before,
    path("<slug:slug>/", views.detail, name="detail"),
    path("<slug:slug>/activation/", views.activation, name="activation"),
    path("<slug:slug>/deactivation/", pauses.deactivation, name="deactivation"),
    path("<slug:slug>/pause/", views.pause, name="pause"),
    path("<slug:slug>/resumption/", pauses.resumption, name="resumption"),
    path("<slug:slug>/return/", pauses.bringing_back, name="return"),
    path("<slug:slug>/moving/", moving.moving, name="moving"),
    path("<slug:slug>/moving/people/", moving.people, name="moving-people"),
    path("<slug:slug>/versions/<int:number>/restoration/", moving.restoration, name="restoration"),
    path("<slug:slug>/holdout/", held_out, name="held_out"),
    path("<slug:slug>/winner/", winner, name="winner"),
    path("<slug:slug>/settings/", views.configuration, name="settings"),
    path("<slug:slug>/rehearsals/", rehearsing.rehearsals, name="rehearsals"),
    path("<slug:slug>/rehearsals/<int:pk>/cancellation/", rehearsing.cancellation, name="rehearsal_cancellation"),
    path("<slug:slug>/enrollments/<int:pk>/", enrollments.enrollment, name="enrollment"),
    path("<slug:slug>/enrollments/<int:pk>/hold/", persons.hold, name="hold"),
    path("<slug:slug>/enrollments/<int:pk>/release/", persons.release, name="release"),
    path("<slug:slug>/enrollments/<int:pk>/skip/", persons.skip, name="skip"),
    path("<slug:slug>/enrollments/<int:pk>/leaving/", persons.leave, name="leaving"),
    path("<slug:slug>/retry/<int:pk>/", enrollments.retry, name="retry"),
    path("<slug:slug>/discarding/<int:pk>/", enrollments.discard, name="discard"),
    *building.urlpatterns,
]
