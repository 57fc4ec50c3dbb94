"""The one list: whatever rows a room declares, searched, filtered, sorted, saved as views, a keyset page at a time.

A room declares a `Listing` and registers it in `slots.lists`; `show(request, listing)` answers for its page.
"""

from crm.segments.listing.declaration import Listing, Order, Quick, Ready
from crm.segments.listing.page import show

__all__ = ["Listing", "Order", "Quick", "Ready", "show"]
