"""retention: what keeps customers. It reasons and acts on the record through its slots."""

from django.apps import AppConfig

from crm.apps import load_slots


class RetentionConfig(AppConfig):
    name = "retention"
    verbose_name = "Retention"

    def ready(self) -> None:
        load_slots(self.name)
