"""What was handed over from whom to whom; what the DNS said about the sender's domain."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0020_history")]

    operations = [
        migrations.CreateModel(
            name="DomainLook",
            fields=[
                ("domain", models.CharField(max_length=253, primary_key=True, serialize=False)),
                ("looked_at", models.DateTimeField()),
                ("spf", models.CharField(blank=True, max_length=300)),
                ("dkim", models.CharField(blank=True, max_length=300)),
                ("dmarc", models.CharField(blank=True, max_length=300)),
                ("problems", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="HandOver",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("to_words", models.CharField(max_length=200)),
                ("moved", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                ("returned_at", models.DateTimeField(null=True)),
                ("returned", models.JSONField(default=dict)),
                (
                    "act",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="crm.act"
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "giver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("returned_at", None), ("until__isnull", False)),
                        fields=["until", "id"], name="handover_due",
                    ),
                    models.Index(fields=["giver", "-at"], name="handover_of_giver"),
                    models.Index(fields=["at"], name="handover_by_time"),
                ]
            },
        ),
        migrations.CreateModel(
            name="HandedRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("holding", models.CharField(max_length=40)),
                ("row_id", models.BigIntegerField()),
                (
                    "hand_over",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="rows",
                        to="crm.handover",
                    ),
                ),
                (
                    "receiver",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("hand_over"), models.F("holding"), models.F("row_id"), name="handedrow_once"
                    )
                ]
            },
        ),
    ]
