"""The addresses of the builder, among those of workflows."""

from django.urls import path

from retention.workflows.building.views import desk, edits, letters, making

before = [
    path("new/", making.new, name="new"),
    path("draft/customers/", letters.customers, name="draft_customers"),
]
urlpatterns = [
    path("<slug:slug>/building/", desk.builder, name="builder"),
    path("<slug:slug>/file/", making.file, name="file"),
    path("<slug:slug>/archiving/", making.archiving, name="archiving"),
    path("<slug:slug>/restoring/", making.restoring, name="restoring"),
    path("<slug:slug>/draft/steps/", edits.steps, name="draft_steps"),
    path("<slug:slug>/draft/steps/<slug:step>/", edits.part, name="draft_step"),
    path("<slug:slug>/draft/steps/<slug:step>/removal/", edits.removal, name="draft_removal"),
    path("<slug:slug>/draft/steps/<slug:step>/moving/", edits.moving, name="draft_moving"),
    path("<slug:slug>/draft/steps/<slug:step>/copying/", edits.copying, name="draft_copying"),
    path("<slug:slug>/draft/start/", edits.start, name="draft_start"),
    path("<slug:slug>/draft/trigger/", edits.part, {"at": "trigger"}, name="draft_trigger"),
    path("<slug:slug>/draft/whole/", edits.part, {"at": "whole"}, name="draft_whole"),
    path("<slug:slug>/draft/leaving/", edits.part, {"at": "leaving"}, name="draft_leaving"),
    path("<slug:slug>/draft/undo/", edits.undo, name="draft_undo"),
    path("<slug:slug>/draft/redo/", edits.redo, name="draft_redo"),
    path("<slug:slug>/draft/discarding/", edits.discarding, name="draft_discarding"),
    path("<slug:slug>/draft/publication/", edits.publication, name="draft_publication"),
    path("<slug:slug>/draft/preview/", letters.preview, name="draft_preview"),
    path("<slug:slug>/draft/trial/", letters.trial, name="draft_trial"),
]
