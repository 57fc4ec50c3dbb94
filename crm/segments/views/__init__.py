"""What goes with every list: the filter builder, the choice of columns, and the verbs of saved views; and segments."""

from crm.segments.views.defining import (
    edit_segment,
    new_segment,
    segment_archiving,
    segment_count,
    segment_restoration,
)
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
from crm.segments.views.segments import segment_list, segment_page

__all__ = [
    "builder_form", "columns_page", "edit_segment", "filter_page", "keep_view", "new_segment", "quick_options",
    "segment_archiving", "segment_count", "segment_list", "segment_page", "segment_restoration", "view_default",
    "view_deletion", "view_name", "view_position", "view_restoration", "view_state",
]  # fmt: skip
