"""crm: the system of record."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig
from django.conf import settings


def load_slots(app: str) -> None:
    """Import the `slots.py` of each of the app's rooms, which register what they give to others."""
    for room in settings.ROOMS:
        if room.startswith(f"{app}.") and find_spec(f"{room}.slots"):
            import_module(f"{room}.slots")


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = "Record"

    def ready(self) -> None:
        from crm.web.faults import speak_plainly

        speak_plainly()
        load_slots(self.name)
