"""Days of usage lose an index that another begins with: each costs every row of a file.

Django would change the field by a new foreign key, which reads all of the largest table while nobody can reach
customers. So the index goes by itself, beside everybody's work; the migration may be run again.
"""

import django.db.models.deletion
from django.db import migrations, models

_NAME = "retention_usageday_account_id_9f77386e"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("retention", "0007_awaiting")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"DROP INDEX CONCURRENTLY IF EXISTS {_NAME}",
                    f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {_NAME} ON retention_usageday (account_id)",
                ),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="usageday",
                    name="account",
                    field=models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="crm.account"
                    ),
                ),
            ],
        ),
    ]
