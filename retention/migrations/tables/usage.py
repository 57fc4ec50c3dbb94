"""What retention/usage keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='UsageDay',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('feature', models.CharField(max_length=120)),
            ('day', models.DateField()),
            ('count', models.PositiveIntegerField()),
            ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.account')),
            ('contact', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.contact')),
            ('file', models.BigIntegerField(null=True)),
            ('last_at', models.DateTimeField(null=True)),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('account'), models.F('feature'), models.F('day'), models.F('contact'), name='usage_day_once', nulls_distinct=False),
                models.CheckConstraint(condition=models.Q(('count__gte', 0)), name='usage_count_not_negative'),
            ],
        },
    ),
    migrations.CreateModel(
        name='UsageBefore',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('import_id', models.BigIntegerField()),
            ('day_id', models.BigIntegerField()),
            ('count', models.PositiveIntegerField(null=True)),
            ('last_at', models.DateTimeField(null=True)),
            ('file', models.BigIntegerField(null=True)),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('import_id'), models.F('day_id'), name='usage_before_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='UsageHabit',
        fields=[
            ('account', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='crm.account')),
            ('plan', models.CharField(blank=True, max_length=120)),
            ('active_days', models.SmallIntegerField()),
            ('interests', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=120))),
            ('shares', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField())),
            ('heavy', models.BooleanField(default=False)),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('heavy', True)), fields=['account'], name='habit_heavy'),
            ],
        },
    ),
]
