from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("retention", "0006_usage_files"),
    ]

    operations = [
        migrations.AddField(
            model_name="enrollment",
            name="awaits_until",
            field=models.DateTimeField(null=True),
        ),
    ]
