"""What crm/duplicates keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import crm.web.clock
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='AccountPair',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('strength', models.PositiveSmallIntegerField()),
            ('signs', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10))),
            ('found_at', models.DateTimeField(default=crm.web.clock.now)),
            ('put_off_until', models.DateTimeField(null=True)),
            ('apart_at', models.DateTimeField(null=True)),
            ('apart_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('first', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.account')),
            ('second', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.account')),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('apart_at', None)), fields=['strength', 'id'], name='account_pair_by_strength'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('first'), models.F('second'), name='account_pair_once'),
                models.CheckConstraint(condition=models.Q(('first__lt', models.F('second'))), name='account_pair_in_order'),
            ],
        },
    ),
    migrations.CreateModel(
        name='ContactPair',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('strength', models.PositiveSmallIntegerField()),
            ('signs', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10))),
            ('found_at', models.DateTimeField(default=crm.web.clock.now)),
            ('put_off_until', models.DateTimeField(null=True)),
            ('apart_at', models.DateTimeField(null=True)),
            ('apart_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('first', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.contact')),
            ('second', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.contact')),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('apart_at', None)), fields=['strength', 'id'], name='contact_pair_by_strength'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('first'), models.F('second'), name='contact_pair_once'),
                models.CheckConstraint(condition=models.Q(('first__lt', models.F('second'))), name='contact_pair_in_order'),
            ],
        },
    ),
    migrations.CreateModel(
        name='Sweep',
        fields=[
            ('subject', models.CharField(max_length=10, primary_key=True, serialize=False)),
            ('position', models.BigIntegerField(default=0)),
            ('since', models.DateTimeField(null=True)),
            ('began_at', models.DateTimeField(null=True)),
            ('last_began_at', models.DateTimeField(null=True)),
        ],
    ),
    migrations.CreateModel(
        name='Merge',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('subject', models.CharField(max_length=10)),
            ('keeper_id', models.BigIntegerField()),
            ('loser_id', models.BigIntegerField()),
            ('at', models.DateTimeField()),
            ('undone_at', models.DateTimeField(null=True)),
            ('detail', models.JSONField(default=dict)),
            ('act', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.act')),
            ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'indexes': [
                models.Index(fields=['subject', 'keeper_id', '-id'], name='merge_of_keeper'),
                models.Index(fields=['subject', 'loser_id', '-id'], name='merge_of_loser'),
            ],
        },
    ),
    migrations.CreateModel(
        name='MovedRows',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('owned', models.CharField(max_length=80)),
            ('row_ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField())),
            ('merge', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='moved', to='crm.merge')),
        ],
    ),
]
