"""Forms whose entries become tickets, and what a mail of a ticket was about."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import crm.web.clock


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0044_ticket_queue'),
    ]

    operations = [
        migrations.CreateModel(
            name='TicketForm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('slug', models.SlugField(max_length=40, unique=True)),
                ('intro', models.TextField(blank=True)),
                ('shown', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('name', 'Name'), ('subject', 'Subject'), ('category', 'What it is about, from your categories'), ('files', 'Files')], max_length=10), blank=True, default=list)),
                ('thanks', models.TextField(blank=True)),
                ('origins', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list)),
                ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('category', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.ticketcategory')),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.team')),
            ],
            options={
                'ordering': ('name', 'id'),
            },
        ),
        migrations.AddField(
            model_name='ticketmessage',
            name='subject',
            field=models.CharField(blank=True, db_default='', max_length=300),
        ),
    ]
