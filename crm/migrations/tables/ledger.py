"""What crm/ledger keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import crm.web.clock
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Contract',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('external_id', models.CharField(blank=True, max_length=120, null=True)),
            ('plan', models.CharField(blank=True, max_length=120)),
            ('status', models.CharField(choices=[('expected', 'Expected'), ('trial', 'Trial'), ('paid', 'Paid'), ('paused', 'Paused'), ('cancelled', 'Cancelled')], default='paid', max_length=10)),
            ('auto_renew', models.BooleanField(default=False)),
            ('currency', models.CharField(max_length=3)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
            ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='contracts', to='crm.account')),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('auto_renew', True), ('status', 'paid')), fields=['updated_at'], name='contract_renewing_by_change'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('external_id'), name='contract_external_id_once'),
            ],
            'triggers': [
                pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_contractchange" ("account_id", "auto_renew", "created_at", "currency", "external_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan", "status", "updated_at") VALUES (OLD."account_id", OLD."auto_renew", OLD."created_at", OLD."currency", OLD."external_id", NOW(), \'delete\', OLD."id", OLD."plan", OLD."status", OLD."updated_at"); RETURN NULL;', hash='6e4e93dde8ed8fd92a9b13df0009c950d186ad68', operation='DELETE', pgid='pgtrigger_remember_deletion_41b90', table='crm_contract', when='AFTER')),
                pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."auto_renew" IS DISTINCT FROM (NEW."auto_renew") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."plan" IS DISTINCT FROM (NEW."plan") OR OLD."status" IS DISTINCT FROM (NEW."status"))', func='INSERT INTO "crm_contractchange" ("account_id", "auto_renew", "created_at", "currency", "external_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan", "status", "updated_at") VALUES (OLD."account_id", OLD."auto_renew", OLD."created_at", OLD."currency", OLD."external_id", NOW(), \'update\', OLD."id", OLD."plan", OLD."status", OLD."updated_at"); RETURN NULL;', hash='51890dab51e76add78c5569b59bf6edbc441a90c', operation='UPDATE OF "plan", "status", "auto_renew", "currency", "external_id"', pgid='pgtrigger_remember_change_b4ca5', table='crm_contract', when='AFTER')),
            ],
        },
    ),
    migrations.CreateModel(
        name='ContractTerm',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('starts_on', models.DateField()),
            ('ends_on', models.DateField(blank=True, null=True)),
            ('mrr', models.DecimalField(decimal_places=2, max_digits=14)),
            ('rate', models.DecimalField(decimal_places=8, default=1, max_digits=18)),
            ('known_at', models.DateTimeField(default=crm.web.clock.now)),
            ('contract', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='terms', to='crm.contract')),
        ],
        options={
            'indexes': [
                models.Index(fields=['starts_on'], name='term_by_start'),
                models.Index(fields=['ends_on'], name='term_by_end'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('contract'), models.F('starts_on'), name='term_start_once'),
                models.CheckConstraint(condition=models.Q(('ends_on', None), ('ends_on__gt', models.F('starts_on')), _connector='OR'), name='term_ends_later'),
                models.CheckConstraint(condition=models.Q(('mrr__gte', 0)), name='term_mrr_not_negative'),
                django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('contract', '='), (models.Func('starts_on', 'ends_on', function='daterange', output_field=django.contrib.postgres.fields.ranges.DateRangeField()), '&&')], name='term_no_overlap'),
            ],
            'triggers': [
                pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."ends_on" IS DISTINCT FROM (NEW."ends_on") OR OLD."mrr" IS DISTINCT FROM (NEW."mrr") OR OLD."rate" IS DISTINCT FROM (NEW."rate") OR OLD."starts_on" IS DISTINCT FROM (NEW."starts_on"))', func='INSERT INTO "crm_contracttermchange" ("contract_id", "ends_on", "known_at", "mrr", "pgh_created_at", "pgh_label", "pgh_obj_id", "rate", "starts_on") VALUES (OLD."contract_id", OLD."ends_on", OLD."known_at", OLD."mrr", NOW(), \'update\', OLD."id", OLD."rate", OLD."starts_on"); RETURN NULL;', hash='d3a302261e417bf105951f51c3fd071a542b9c8a', operation='UPDATE OF "starts_on", "ends_on", "mrr", "rate"', pgid='pgtrigger_remember_change_b2d2e', table='crm_contractterm', when='AFTER')),
                pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_contracttermchange" ("contract_id", "ends_on", "known_at", "mrr", "pgh_created_at", "pgh_label", "pgh_obj_id", "rate", "starts_on") VALUES (OLD."contract_id", OLD."ends_on", OLD."known_at", OLD."mrr", NOW(), \'delete\', OLD."id", OLD."rate", OLD."starts_on"); RETURN NULL;', hash='c23b59bc25e89d0498b4b0e9826aa63945b0b309', operation='DELETE', pgid='pgtrigger_remember_deletion_97456', table='crm_contractterm', when='AFTER')),
            ],
        },
    ),
    migrations.CreateModel(
        name='CurrencyRate',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('code', models.CharField(max_length=3)),
            ('valid_from', models.DateField()),
            ('rate', models.DecimalField(decimal_places=8, max_digits=18)),
            ('added_at', models.DateTimeField(default=crm.web.clock.now)),
            ('added_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('code'), models.F('valid_from'), name='rate_once_a_day'),
                models.CheckConstraint(condition=models.Q(('rate__gt', 0)), name='rate_positive'),
            ],
        },
    ),
    migrations.CreateModel(
        name='ContractChange',
        fields=[
            ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
            ('pgh_label', models.TextField(help_text='The event label.')),
            ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
            ('account', models.BigIntegerField(db_column='account_id', null=True)),
            ('external_id', models.CharField(blank=True, max_length=120, null=True)),
            ('plan', models.CharField(blank=True, max_length=120)),
            ('status', models.CharField(choices=[('expected', 'Expected'), ('trial', 'Trial'), ('paid', 'Paid'), ('paused', 'Paused'), ('cancelled', 'Cancelled')], default='paid', max_length=10)),
            ('auto_renew', models.BooleanField(default=False)),
            ('currency', models.CharField(max_length=3)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
            ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
            ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.contract')),
        ],
        options={
            'abstract': False,
            'indexes': [
                models.Index(fields=['pgh_obj', 'pgh_id'], name='contractchange_of_row'),
                models.Index(fields=['act', 'pgh_obj'], name='contractchange_of_act'),
            ],
        },
    ),
    migrations.CreateModel(
        name='ContractTermChange',
        fields=[
            ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
            ('pgh_label', models.TextField(help_text='The event label.')),
            ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
            ('contract', models.BigIntegerField(db_column='contract_id', null=True)),
            ('starts_on', models.DateField()),
            ('ends_on', models.DateField(blank=True, null=True)),
            ('mrr', models.DecimalField(decimal_places=2, max_digits=14)),
            ('rate', models.DecimalField(decimal_places=8, default=1, max_digits=18)),
            ('known_at', models.DateTimeField(default=crm.web.clock.now)),
            ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
            ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.contractterm')),
        ],
        options={
            'abstract': False,
            'indexes': [
                models.Index(fields=['pgh_obj', 'pgh_id'], name='contracttermchange_of_row'),
                models.Index(fields=['act', 'pgh_obj'], name='contracttermchange_of_act'),
            ],
        },
    ),
    migrations.CreateModel(
        name='RfmScore',
        fields=[
            ('account', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='rfm', serialize=False, to='crm.account')),
            ('last_on', models.DateField()),
            ('times', models.IntegerField()),
            ('spent', models.DecimalField(decimal_places=2, max_digits=16)),
            ('r', models.SmallIntegerField(default=0)),
            ('f', models.SmallIntegerField(default=0)),
            ('m', models.SmallIntegerField(default=0)),
            ('code', models.CharField(blank=True, max_length=12)),
        ],
        options={
            'indexes': [
                models.Index(fields=['code', 'account'], name='rfm_by_class'),
            ],
        },
    ),
]
