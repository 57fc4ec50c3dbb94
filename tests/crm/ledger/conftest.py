"""Files are loaded as the imports' own tests load them."""

from tests.crm.imports.conftest import load, rejects

__all__ = ["load", "rejects"]
