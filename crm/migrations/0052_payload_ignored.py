"""Ignored payloads are found without reading all that came in; built while others go on storing."""

from django.db import migrations, models

from crm.web.migrating import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("crm", "0051_account_by_sight")]

    operations = [
        AddIndexBeside(
            model_name="inboundpayload",
            index=models.Index(condition=models.Q(("state", "ignored")), fields=["-id"], name="payload_ignored"),
        ),
    ]
