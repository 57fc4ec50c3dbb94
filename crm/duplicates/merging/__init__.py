"""Two records become one, and two again: each in one transaction, set-based over whatever hangs on them."""

from crm.duplicates.merging.joining import Preview, merge, preview
from crm.duplicates.merging.locks import Busy, Gone, NotPossible
from crm.duplicates.merging.parting import part

__all__ = ["Busy", "Gone", "NotPossible", "Preview", "merge", "part", "preview"]
