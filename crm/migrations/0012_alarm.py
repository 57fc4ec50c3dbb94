"""When work stood still; and parked facts by an index of their own."""

import datetime

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("crm", "0011_slice")]

    operations = [
        migrations.CreateModel(
            name="Alarm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("opened_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("is_open", models.BooleanField(default=True)),
                ("worst", models.DurationField(default=datetime.timedelta)),
                ("cause", models.CharField(max_length=300)),
            ],
            options={
                "indexes": [models.Index(fields=["-opened_at"], name="alarm_latest")],
                "constraints": [
                    models.UniqueConstraint("is_open", condition=Q(is_open=True), name="alarm_open_once"),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="pending",
            index=models.Index(fields=["-id"], condition=Q(parked_at__isnull=False), name="pending_parked"),
        ),
    ]
