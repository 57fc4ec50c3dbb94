from __future__ import annotations

from django.db import migrations, models

from crm.web.migrating import AddIndexBeside


class Migration(migrations.Migration):
    """What left a stage in a period, and what stands in one, by an index."""

    atomic = False
    dependencies = [("crm", "0061_term_period")]
    operations = [
        AddIndexBeside("dealspell", models.Index(fields=["stage", "ended_at"], name="dealspell_left")),
    ]
