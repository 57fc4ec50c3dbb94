"""What crm/home keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import crm.web.clock
import datetime
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Alarm',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('opened_at', models.DateTimeField()),
            ('seen_at', models.DateTimeField()),
            ('closed_at', models.DateTimeField(null=True)),
            ('is_open', models.BooleanField(default=True)),
            ('worst', models.DurationField(default=datetime.timedelta)),
            ('cause', models.CharField(max_length=300)),
        ],
        options={
            'indexes': [
                models.Index(fields=['-opened_at'], name='alarm_latest'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('is_open'), condition=models.Q(('is_open', True)), name='alarm_open_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='PutAway',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('until', models.DateTimeField()),
            ('is_done', models.BooleanField()),
            ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.account')),
            ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('user'), models.F('account'), name='putaway_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='CalendarFeed',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('digest', models.CharField(max_length=64, unique=True)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('last_used_at', models.DateTimeField(null=True)),
            ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
    ),
]
