from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0013_name_search")]

    operations = [
        migrations.AddField("mailpolicy", "opened_at", models.DateTimeField(null=True)),
    ]
