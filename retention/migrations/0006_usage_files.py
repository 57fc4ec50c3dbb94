from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("retention", "0005_usage_habits"),
    ]

    operations = [
        migrations.AddField(
            model_name="usageday",
            name="file",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="usageday",
            name="last_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="UsageBefore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("import_id", models.BigIntegerField()),
                ("day_id", models.BigIntegerField()),
                ("count", models.PositiveIntegerField(null=True)),
                ("last_at", models.DateTimeField(null=True)),
                ("file", models.BigIntegerField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(models.F("import_id"), models.F("day_id"), name="usage_before_once")
                ],
            },
        ),
    ]
