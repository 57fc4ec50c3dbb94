"""In which order messages came into their ticket, and drafts of several pages that became one."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0049_pipelines")]

    operations = [
        migrations.RemoveConstraint("ticketdraft", "draft_once"),
        migrations.AddField(
            "ticketdraft", "begun_in",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="crm.ticket"
            ),
        ),
        migrations.AddField("ticketmessage", "arrived", models.BigIntegerField(null=True)),
        migrations.AddConstraint(
            "ticketdraft",
            models.UniqueConstraint("ticket", "user", "is_note", "begun_in", name="draft_once", nulls_distinct=False),
        ),
    ]
