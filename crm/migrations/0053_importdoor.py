"""By which door somebody asked a worker for what it does with a file."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0052_payload_ignored")]

    operations = [
        migrations.AddField(
            model_name="import", name="job_door", field=models.CharField(blank=True, db_default="", max_length=10)
        )
    ]
