"""Files that come in and lists that leave, in the API."""

from crm.imports.api.exports import ExportResource
from crm.imports.api.files import ImportResource

__all__ = ["ExportResource", "ImportResource"]
