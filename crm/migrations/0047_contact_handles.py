"""By what people are known in chats."""

import crm.web.clock
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0046_message_address'),
    ]

    operations = [
        migrations.CreateModel(
            name='ContactHandle',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(max_length=10)),
                ('handle', models.CharField(max_length=254)),
                ('name', models.CharField(blank=True, max_length=120)),
                ('linked_at', models.DateTimeField(default=crm.web.clock.now)),
                ('contact', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='handles', to='crm.contact')),
                ('linked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(models.F('channel'), models.F('handle'), name='contacthandle_once')],
            },
        ),
    ]
