"""What was learned since a moment is found without reading every movement; built while others go on working."""

import django.contrib.postgres.indexes
from django.db import migrations

from crm.web.migrating import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("crm", "0072_leave_links")]

    operations = [
        AddIndexBeside(
            model_name="mrrmovement",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True, fields=["known_at"], name="movement_known"
            ),
        ),
    ]
