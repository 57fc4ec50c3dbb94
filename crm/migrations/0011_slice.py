import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0010_signin_limit"),
    ]

    operations = [
        migrations.CreateModel(
            name="Slice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "message_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                ("attempts", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ("backend_pid", models.IntegerField()),
                ("backend_start", models.DateTimeField()),
                ("lease_until", models.DateTimeField()),
                ("cleared", models.BooleanField(default=False)),
            ],
        ),
        migrations.AddField(
            model_name="mailpolicy",
            name="revision",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="outboundmessage",
            name="suspect",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="outboundmessage",
            name="resend_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="outboundmessage",
            index=models.Index(
                condition=models.Q(("state", "due"), ("suspect", True)),
                fields=["due_at", "id"],
                name="message_suspect",
            ),
        ),
    ]
