"""What a mail provider reports is found by the name it gave the mail; built while others go on working."""

from django.db import migrations, models

from crm.web.migrating import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("crm", "0075_doors")]

    operations = [
        AddIndexBeside(
            model_name="outboundmessage",
            index=models.Index(
                condition=models.Q(("channel", "email"), models.Q(("provider_id", ""), _negated=True)),
                fields=["provider_id"],
                name="message_by_provider_id",
            ),
        ),
    ]
