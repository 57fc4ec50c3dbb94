"""What goes with every list: the filter builder, the choice of columns, and the verbs of saved views."""

from crm.segments.views.filtering import builder_form, filter_page
from crm.segments.views.keeping import (
    keep_view,
    view_default,
    view_deletion,
    view_name,
    view_position,
    view_restoration,
    view_state,
)
from crm.segments.views.laying_out import columns_page, quick_options

__all__ = [
    "builder_form", "columns_page", "filter_page", "keep_view", "quick_options", "view_default", "view_deletion",
    "view_name", "view_position", "view_restoration", "view_state",
]  # fmt: skip
