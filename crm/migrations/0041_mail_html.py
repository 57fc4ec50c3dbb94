from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0040_notification_of_act'),
    ]

    operations = [
        migrations.AddField(
            model_name='mail',
            name='html',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
    ]
