"""Where programs ask for cohorts."""

from django.urls import path

from retention.metrics.joined.api import CohortResource

urlpatterns = [path("", CohortResource.as_view({"get": "list"}), name="api-cohort-list")]
