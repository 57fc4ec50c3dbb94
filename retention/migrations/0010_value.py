"""What customers are worth, what an hour with them costs, and which products go together."""

import crm.web.migrating
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0064_leaving'),
        ('retention', '0009_dunning'),
    ]

    operations = [
        crm.web.migrating.CreateTables(
            tables=[
                migrations.CreateModel(
                    name='ValueSettings',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('cost_per_hour', models.DecimalField(decimal_places=2, default=Decimal('60'), max_digits=10, validators=[django.core.validators.MinValueValidator(0)])),
                        ('minutes_per_reply', models.PositiveSmallIntegerField(default=10, validators=[django.core.validators.MaxValueValidator(480)])),
                        ('minutes_per_touch', models.PositiveSmallIntegerField(default=20, validators=[django.core.validators.MaxValueValidator(480)])),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='valuesettings_one_row')],
                        'indexes': [],
                        'triggers': [pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."cost_per_hour" IS DISTINCT FROM (NEW."cost_per_hour") OR OLD."minutes_per_reply" IS DISTINCT FROM (NEW."minutes_per_reply") OR OLD."minutes_per_touch" IS DISTINCT FROM (NEW."minutes_per_touch"))', func='INSERT INTO "retention_valuesettingschange" ("cost_per_hour", "minutes_per_reply", "minutes_per_touch", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."cost_per_hour", OLD."minutes_per_reply", OLD."minutes_per_touch", NOW(), \'update\', OLD."id"); RETURN NULL;', hash='dfc37e4c65e40cb32e74abd5f6c0f7cd4895b7f1', operation='UPDATE OF "cost_per_hour", "minutes_per_reply", "minutes_per_touch"', pgid='pgtrigger_remember_change_171bf', table='retention_valuesettings', when='AFTER')), pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "retention_valuesettingschange" ("cost_per_hour", "minutes_per_reply", "minutes_per_touch", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."cost_per_hour", OLD."minutes_per_reply", OLD."minutes_per_touch", NOW(), \'delete\', OLD."id"); RETURN NULL;', hash='1fdcb3a837420deb8f129cd133274d87265e1787', operation='DELETE', pgid='pgtrigger_remember_deletion_0d78e', table='retention_valuesettings', when='AFTER'))],
                    },
                ),
                migrations.CreateModel(
                    name='AccountValue',
                    fields=[
                        ('account', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='crm.account')),
                        ('plan', models.CharField(blank=True, max_length=120)),
                        ('spend', models.DecimalField(decimal_places=2, max_digits=18)),
                        ('minutes', models.IntegerField()),
                        ('cost', models.DecimalField(decimal_places=2, max_digits=18)),
                        ('margin', models.DecimalField(decimal_places=2, max_digits=18)),
                        ('uses', models.BigIntegerField()),
                        ('uses_before', models.BigIntegerField()),
                        ('csat', models.SmallIntegerField(null=True)),
                        ('complaints', models.IntegerField()),
                        ('payments', models.IntegerField()),
                        ('late', models.IntegerField()),
                        ('typical', models.BigIntegerField(null=True)),
                        ('met', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), default=list)),
                        ('ready', models.BooleanField(default=False)),
                        ('verdict', models.CharField(blank=True, choices=[('grow', 'Should be grown'), ('costs', 'Costs more than they bring')], max_length=6)),
                    ],
                    options={
                        'indexes': [models.Index(condition=models.Q(('verdict', 'costs')), fields=['margin', 'account'], name='value_that_costs'), models.Index(condition=models.Q(('verdict', 'grow')), fields=['-spend', 'account'], name='value_to_grow')],
                        'constraints': [],
                    },
                ),
                migrations.CreateModel(
                    name='ProductPair',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('product', models.CharField(max_length=200)),
                        ('other', models.CharField(max_length=200)),
                        ('buyers', models.IntegerField()),
                        ('together', models.IntegerField()),
                        ('lift', models.DecimalField(decimal_places=2, max_digits=12)),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(models.F('product'), models.F('other'), name='productpair_once')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='ValueSettingsChange',
                    fields=[
                        ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                        ('pgh_label', models.TextField(help_text='The event label.')),
                        ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                        ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
                        ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='retention.valuesettings')),
                        ('cost_per_hour', models.DecimalField(decimal_places=2, default=Decimal('60'), max_digits=10, validators=[django.core.validators.MinValueValidator(0)])),
                        ('minutes_per_reply', models.PositiveSmallIntegerField(default=10, validators=[django.core.validators.MaxValueValidator(480)])),
                        ('minutes_per_touch', models.PositiveSmallIntegerField(default=20, validators=[django.core.validators.MaxValueValidator(480)])),
                    ],
                    options={
                        'abstract': False,
                        'indexes': [models.Index(fields=['pgh_obj', 'pgh_id'], name='valuesettingschange_of_row'), models.Index(fields=['act', 'pgh_obj'], name='valuesettingschange_of_act')],
                        'constraints': [],
                    },
                ),
            ],
        ),
    ]
