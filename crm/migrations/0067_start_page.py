"""Where people begin when they have signed in."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0066_billing'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='start_page',
            field=models.CharField(blank=True, db_default='', default='', max_length=40),
        ),
    ]
