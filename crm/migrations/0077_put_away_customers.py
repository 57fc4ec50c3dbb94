"""The list of billing customers that were put away is read in its order, however many were; built beside all work."""

from django.db import migrations, models

from crm.web.migrating import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("crm", "0076_message_by_provider")]

    operations = [
        AddIndexBeside(
            model_name="billingcustomer",
            index=models.Index(
                condition=models.Q(("account", None), ("put_away_at__isnull", False)),
                fields=["-id"],
                name="billingcustomer_put_away",
            ),
        ),
    ]
