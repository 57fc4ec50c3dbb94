from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0008_sender_minutes'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='contract',
            index=models.Index(condition=models.Q(('auto_renew', True), ('status', 'paid')), fields=['updated_at'], name='contract_renewing_by_change'),
        ),
    ]
