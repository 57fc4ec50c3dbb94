"""Facts of the ledger beside contracts: payments, purchases, cancellations; and what is derived: spans, movements."""

from typing import Any

import crm.web.clock
import django.db.models.deletion
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from crm.web.migrating import AtOnce, CreateTables
from django.db.models import F, Func, Value
from django.db.models.functions import Cast


def say_when_they_were_cancelled(apps: Any, schema_editor: Any) -> None:
    """As far as anybody knows: when they were last changed. Until then their terms count, from now on."""
    apps.get_model("crm", "Contract").objects.filter(status="cancelled").update(
        cancelled_on=Cast(Func(Value(settings.TIME_ZONE), F("updated_at"), function="timezone"), models.DateField())
    )


#: Why people leave, to begin with.
REASONS = (
    "Too expensive", "A feature is missing", "Not used enough", "Went to a competitor", "Unhappy with the service",
    "Closed down or was bought", "Something else",
)  # fmt: skip


def begin(apps: Any, schema_editor: Any) -> None:
    """Reasons; and where there is no contract yet, nothing is to be derived for what is there."""
    reason = apps.get_model("crm", "CancelReason")
    reason.objects.bulk_create([reason(name=name, order=place) for place, name in enumerate(REASONS)])
    if not apps.get_model("crm", "Contract").objects.exists():
        apps.get_model("crm", "Walk").objects.create(name="ledger.spans", stage=1, found={"window": 0})


class Migration(AtOnce):

    dependencies = [
        ('crm', '0056_webhooks'),
    ]

    operations = [
        CreateTables([
            migrations.CreateModel(
                name='Cancellation',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('note', models.CharField(blank=True, max_length=400)),
                    ('asked_on', models.DateField()),
                    ('effective_on', models.DateField(blank=True, null=True)),
                    ('saved_by', models.CharField(blank=True, choices=[('pause', 'A pause'), ('discount', 'A discount')], max_length=10, null=True)),
                    ('withdrawn_on', models.DateField(blank=True, null=True)),
                    ('took', models.JSONField(default=dict)),
                    ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cancellations', to='crm.account')),
                    ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('contract', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cancellations', to='crm.contract')),
                    ('reason', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.cancelreason')),
                ],
                options={
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(models.Q(('effective_on__isnull', False), ('saved_by', None)), models.Q(('effective_on', None), ('saved_by__isnull', False), ('withdrawn_on', None)), _connector='OR'), name='cancellation_leaves_or_is_saved'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."effective_on" IS DISTINCT FROM (NEW."effective_on") OR OLD."note" IS DISTINCT FROM (NEW."note") OR OLD."saved_by" IS DISTINCT FROM (NEW."saved_by") OR OLD."withdrawn_on" IS DISTINCT FROM (NEW."withdrawn_on"))', func='INSERT INTO "crm_cancellationchange" ("account_id", "asked_on", "by_id", "contract_id", "created_at", "effective_on", "note", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason_id", "saved_by", "took", "withdrawn_on") VALUES (OLD."account_id", OLD."asked_on", OLD."by_id", OLD."contract_id", OLD."created_at", OLD."effective_on", OLD."note", NOW(), \'update\', OLD."id", OLD."reason_id", OLD."saved_by", OLD."took", OLD."withdrawn_on"); RETURN NULL;', hash='9d7dc571621020c230ec3c6306303ec24fe2b826', operation='UPDATE OF "note", "effective_on", "withdrawn_on", "saved_by"', pgid='pgtrigger_remember_change_2b734', table='crm_cancellation', when='AFTER')),
                        pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_cancellationchange" ("account_id", "asked_on", "by_id", "contract_id", "created_at", "effective_on", "note", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason_id", "saved_by", "took", "withdrawn_on") VALUES (OLD."account_id", OLD."asked_on", OLD."by_id", OLD."contract_id", OLD."created_at", OLD."effective_on", OLD."note", NOW(), \'delete\', OLD."id", OLD."reason_id", OLD."saved_by", OLD."took", OLD."withdrawn_on"); RETURN NULL;', hash='db7b52107c8cca099f21edfe5ff88c956b9e1359', operation='DELETE', pgid='pgtrigger_remember_deletion_a3fbc', table='crm_cancellation', when='AFTER')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='CancellationChange',
                fields=[
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('account', models.BigIntegerField(db_column='account_id', null=True)),
                    ('contract', models.BigIntegerField(db_column='contract_id', null=True)),
                    ('reason', models.BigIntegerField(db_column='reason_id', null=True)),
                    ('by', models.BigIntegerField(db_column='by_id', null=True)),
                    ('note', models.CharField(blank=True, max_length=400)),
                    ('asked_on', models.DateField()),
                    ('effective_on', models.DateField(blank=True, null=True)),
                    ('saved_by', models.CharField(blank=True, choices=[('pause', 'A pause'), ('discount', 'A discount')], max_length=10, null=True)),
                    ('withdrawn_on', models.DateField(blank=True, null=True)),
                    ('took', models.JSONField(default=dict)),
                    ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.cancellation')),
                ],
                options={
                    'abstract': False,
                    'indexes': [
                        models.Index(fields=['pgh_obj', 'pgh_id'], name='cancellationchange_of_row'),
                        models.Index(fields=['act', 'pgh_obj'], name='cancellationchange_of_act'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='CancelReason',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=80)),
                    ('order', models.PositiveSmallIntegerField(default=0)),
                    ('archived_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'ordering': ('order', 'name', 'id'),
                    'constraints': [
                        models.UniqueConstraint(django.db.models.functions.text.Lower('name'), name='cancelreason_name_once'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."archived_at" IS DISTINCT FROM (NEW."archived_at") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."order" IS DISTINCT FROM (NEW."order"))', func='INSERT INTO "crm_cancelreasonchange" ("archived_at", "name", "order", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."archived_at", OLD."name", OLD."order", NOW(), \'update\', OLD."id"); RETURN NULL;', hash='9af7a9fa067eced5994a667773a3324b3453e0bd', operation='UPDATE OF "name", "order", "archived_at"', pgid='pgtrigger_remember_change_1ba6a', table='crm_cancelreason', when='AFTER')),
                        pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_cancelreasonchange" ("archived_at", "name", "order", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."archived_at", OLD."name", OLD."order", NOW(), \'delete\', OLD."id"); RETURN NULL;', hash='8a4eb4978a12f8add988772e2be227c811839676', operation='DELETE', pgid='pgtrigger_remember_deletion_5a45d', table='crm_cancelreason', when='AFTER')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='CancelReasonChange',
                fields=[
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('name', models.CharField(max_length=80)),
                    ('order', models.PositiveSmallIntegerField(default=0)),
                    ('archived_at', models.DateTimeField(blank=True, null=True)),
                    ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.cancelreason')),
                ],
                options={
                    'abstract': False,
                    'indexes': [
                        models.Index(fields=['pgh_obj', 'pgh_id'], name='cancelreasonchange_of_row'),
                        models.Index(fields=['act', 'pgh_obj'], name='cancelreasonchange_of_act'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='CustomerSpan',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('starts_on', models.DateField()),
                    ('ends_on', models.DateField(blank=True, null=True)),
                    ('mrr', models.DecimalField(decimal_places=2, max_digits=16)),
                    ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='spans', to='crm.account')),
                ],
                options={
                    'indexes': [
                        models.Index(fields=['starts_on'], name='span_by_start'),
                        models.Index(fields=['ends_on'], name='span_by_end'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('account'), models.F('starts_on'), name='span_start_once'),
                        models.CheckConstraint(condition=models.Q(('ends_on', None), ('ends_on__gt', models.F('starts_on')), _connector='OR'), name='span_ends_later'),
                        models.CheckConstraint(condition=models.Q(('mrr__gte', 0)), name='span_mrr_not_negative'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='EnteredSpend',
                fields=[
                    ('account', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='crm.account')),
                    ('amount', models.DecimalField(decimal_places=2, max_digits=14)),
                ],
            ),
            migrations.CreateModel(
                name='MrrMovement',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('day', models.DateField()),
                    ('kind', models.CharField(choices=[('new', 'New'), ('expansion', 'Expansion'), ('contraction', 'Contraction'), ('churn', 'Churn'), ('reactivation', 'Reactivation')], max_length=12)),
                    ('amount', models.DecimalField(decimal_places=2, max_digits=16)),
                    ('customers', models.SmallIntegerField()),
                    ('known_at', models.DateTimeField()),
                    ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='movements', to='crm.account')),
                ],
                options={
                    'indexes': [
                        models.Index(fields=['account', 'day'], name='movement_of_account'),
                        models.Index(fields=['day'], name='movement_by_day'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='keep', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'Movements are never changed: append what differs.' USING ERRCODE = '23514';", hash='6f18d39ce70446a30dbe95d55a7f77b35a2d59a0', operation='UPDATE OF "day", "kind", "amount", "customers", "known_at"', pgid='pgtrigger_keep_d74ff', table='crm_mrrmovement', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='stay', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="\n                    IF EXISTS (SELECT FROM crm_account WHERE id = OLD.account_id) THEN\n                        RAISE EXCEPTION 'Movements go with their account alone.' USING ERRCODE = '23514';\n                    END IF;\n                    RETURN NULL;\n                ", hash='e9d33a8801a9eb88c007bc4bff142688ac15fd24', operation='DELETE', pgid='pgtrigger_stay_9eb8e', table='crm_mrrmovement', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Payment',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('external_id', models.CharField(blank=True, max_length=120, null=True)),
                    ('due_at', models.DateTimeField()),
                    ('paid_at', models.DateTimeField(blank=True, null=True)),
                    ('amount', models.DecimalField(decimal_places=2, max_digits=14)),
                    ('currency', models.CharField(max_length=3)),
                    ('rate', models.DecimalField(decimal_places=8, default=1, max_digits=18)),
                    ('status', models.CharField(choices=[('open', 'Open'), ('paid', 'Paid'), ('failed', 'Failed'), ('partly_refunded', 'Partly refunded'), ('refunded', 'Refunded'), ('void', 'Void')], default='open', max_length=15)),
                    ('attempts', models.PositiveSmallIntegerField(default=0)),
                    ('failed_at', models.DateTimeField(blank=True, null=True)),
                    ('failure_reason', models.CharField(blank=True, max_length=200)),
                    ('refunded', models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                    ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='payments', to='crm.account')),
                    ('contract', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='payments', to='crm.contract')),
                ],
                options={
                    'indexes': [
                        models.Index(condition=models.Q(('status__in', ('open', 'failed'))), fields=['due_at'], name='payment_unpaid'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('external_id'), name='payment_external_id_once'),
                        models.CheckConstraint(condition=models.Q(('amount__gte', 0)), name='payment_not_negative'),
                        models.CheckConstraint(condition=models.Q(('refunded__gte', 0), ('refunded__lte', models.F('amount'))), name='payment_refund_fits'),
                        models.CheckConstraint(condition=models.Q(('status__in', ('open', 'failed', 'void')), ('paid_at__isnull', False), _connector='OR'), name='payment_paid_at_some_time'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."attempts" IS DISTINCT FROM (NEW."attempts") OR OLD."contract_id" IS DISTINCT FROM (NEW."contract_id") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."due_at" IS DISTINCT FROM (NEW."due_at") OR OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."failed_at" IS DISTINCT FROM (NEW."failed_at") OR OLD."failure_reason" IS DISTINCT FROM (NEW."failure_reason") OR OLD."paid_at" IS DISTINCT FROM (NEW."paid_at") OR OLD."rate" IS DISTINCT FROM (NEW."rate") OR OLD."refunded" IS DISTINCT FROM (NEW."refunded") OR OLD."status" IS DISTINCT FROM (NEW."status"))', func='INSERT INTO "crm_paymentchange" ("account_id", "amount", "attempts", "contract_id", "created_at", "currency", "due_at", "external_id", "failed_at", "failure_reason", "paid_at", "pgh_created_at", "pgh_label", "pgh_obj_id", "rate", "refunded", "status", "updated_at") VALUES (OLD."account_id", OLD."amount", OLD."attempts", OLD."contract_id", OLD."created_at", OLD."currency", OLD."due_at", OLD."external_id", OLD."failed_at", OLD."failure_reason", OLD."paid_at", NOW(), \'update\', OLD."id", OLD."rate", OLD."refunded", OLD."status", OLD."updated_at"); RETURN NULL;', hash='ab673565ef0ec85e0e4391d95e789060e529037a', operation='UPDATE OF "contract_id", "external_id", "due_at", "paid_at", "amount", "currency", "rate", "status", "attempts", "failed_at", "failure_reason", "refunded"', pgid='pgtrigger_remember_change_3b2f5', table='crm_payment', when='AFTER')),
                        pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_paymentchange" ("account_id", "amount", "attempts", "contract_id", "created_at", "currency", "due_at", "external_id", "failed_at", "failure_reason", "paid_at", "pgh_created_at", "pgh_label", "pgh_obj_id", "rate", "refunded", "status", "updated_at") VALUES (OLD."account_id", OLD."amount", OLD."attempts", OLD."contract_id", OLD."created_at", OLD."currency", OLD."due_at", OLD."external_id", OLD."failed_at", OLD."failure_reason", OLD."paid_at", NOW(), \'delete\', OLD."id", OLD."rate", OLD."refunded", OLD."status", OLD."updated_at"); RETURN NULL;', hash='46aeacd09b321ee26500e71d826089f145e0c117', operation='DELETE', pgid='pgtrigger_remember_deletion_bec37', table='crm_payment', when='AFTER')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='PaymentChange',
                fields=[
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('account', models.BigIntegerField(db_column='account_id', null=True)),
                    ('contract', models.BigIntegerField(db_column='contract_id', null=True)),
                    ('external_id', models.CharField(blank=True, max_length=120, null=True)),
                    ('due_at', models.DateTimeField()),
                    ('paid_at', models.DateTimeField(blank=True, null=True)),
                    ('amount', models.DecimalField(decimal_places=2, max_digits=14)),
                    ('currency', models.CharField(max_length=3)),
                    ('rate', models.DecimalField(decimal_places=8, default=1, max_digits=18)),
                    ('status', models.CharField(choices=[('open', 'Open'), ('paid', 'Paid'), ('failed', 'Failed'), ('partly_refunded', 'Partly refunded'), ('refunded', 'Refunded'), ('void', 'Void')], default='open', max_length=15)),
                    ('attempts', models.PositiveSmallIntegerField(default=0)),
                    ('failed_at', models.DateTimeField(blank=True, null=True)),
                    ('failure_reason', models.CharField(blank=True, max_length=200)),
                    ('refunded', models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                    ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.payment')),
                ],
                options={
                    'abstract': False,
                    'indexes': [
                        models.Index(fields=['pgh_obj', 'pgh_id'], name='paymentchange_of_row'),
                        models.Index(fields=['act', 'pgh_obj'], name='paymentchange_of_act'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Purchase',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('external_id', models.CharField(blank=True, max_length=120, null=True)),
                    ('purchased_at', models.DateTimeField()),
                    ('currency', models.CharField(max_length=3)),
                    ('rate', models.DecimalField(decimal_places=8, default=1, max_digits=18)),
                    ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='purchases', to='crm.account')),
                    ('contact', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='purchases', to='crm.contact')),
                ],
                options={
                    'indexes': [
                        models.Index(fields=['account', 'purchased_at'], name='purchase_of_account'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('external_id'), name='purchase_external_id_once'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."contact_id" IS DISTINCT FROM (NEW."contact_id") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."purchased_at" IS DISTINCT FROM (NEW."purchased_at") OR OLD."rate" IS DISTINCT FROM (NEW."rate"))', func='INSERT INTO "crm_purchasechange" ("account_id", "contact_id", "created_at", "currency", "external_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purchased_at", "rate", "updated_at") VALUES (OLD."account_id", OLD."contact_id", OLD."created_at", OLD."currency", OLD."external_id", NOW(), \'update\', OLD."id", OLD."purchased_at", OLD."rate", OLD."updated_at"); RETURN NULL;', hash='f0cd318822cf7535115b25b0bd159863802ccefe', operation='UPDATE OF "contact_id", "external_id", "purchased_at", "currency", "rate"', pgid='pgtrigger_remember_change_dbe58', table='crm_purchase', when='AFTER')),
                        pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_purchasechange" ("account_id", "contact_id", "created_at", "currency", "external_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purchased_at", "rate", "updated_at") VALUES (OLD."account_id", OLD."contact_id", OLD."created_at", OLD."currency", OLD."external_id", NOW(), \'delete\', OLD."id", OLD."purchased_at", OLD."rate", OLD."updated_at"); RETURN NULL;', hash='eaaf795ec7696de733f836d12d7501b829682050', operation='DELETE', pgid='pgtrigger_remember_deletion_33718', table='crm_purchase', when='AFTER')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='PurchaseChange',
                fields=[
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('account', models.BigIntegerField(db_column='account_id', null=True)),
                    ('contact', models.BigIntegerField(db_column='contact_id', null=True)),
                    ('external_id', models.CharField(blank=True, max_length=120, null=True)),
                    ('purchased_at', models.DateTimeField()),
                    ('currency', models.CharField(max_length=3)),
                    ('rate', models.DecimalField(decimal_places=8, default=1, max_digits=18)),
                    ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.purchase')),
                ],
                options={
                    'abstract': False,
                    'indexes': [
                        models.Index(fields=['pgh_obj', 'pgh_id'], name='purchasechange_of_row'),
                        models.Index(fields=['act', 'pgh_obj'], name='purchasechange_of_act'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='PurchaseItem',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('place', models.PositiveSmallIntegerField()),
                    ('product', models.CharField(blank=True, max_length=200)),
                    ('quantity', models.PositiveIntegerField(default=1)),
                    ('amount', models.DecimalField(decimal_places=2, max_digits=14)),
                    ('purchase', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='items', to='crm.purchase')),
                ],
                options={
                    'ordering': ('purchase', 'place'),
                    'constraints': [
                        models.UniqueConstraint(models.F('purchase'), models.F('place'), name='item_place_once'),
                        models.CheckConstraint(condition=models.Q(('amount__gte', 0)), name='item_not_negative'),
                        models.CheckConstraint(condition=models.Q(('quantity__gte', 1)), name='item_at_least_one'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."product" IS DISTINCT FROM (NEW."product") OR OLD."quantity" IS DISTINCT FROM (NEW."quantity"))', func='INSERT INTO "crm_purchaseitemchange" ("amount", "pgh_created_at", "pgh_label", "pgh_obj_id", "place", "product", "purchase_id", "quantity") VALUES (OLD."amount", NOW(), \'update\', OLD."id", OLD."place", OLD."product", OLD."purchase_id", OLD."quantity"); RETURN NULL;', hash='441f6b6b30ec9395c061c9fbc31bfe9328ef6e86', operation='UPDATE OF "product", "quantity", "amount"', pgid='pgtrigger_remember_change_c883e', table='crm_purchaseitem', when='AFTER')),
                        pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_purchaseitemchange" ("amount", "pgh_created_at", "pgh_label", "pgh_obj_id", "place", "product", "purchase_id", "quantity") VALUES (OLD."amount", NOW(), \'delete\', OLD."id", OLD."place", OLD."product", OLD."purchase_id", OLD."quantity"); RETURN NULL;', hash='1e48aef86fddf8b0dce324077c9685cc37601379', operation='DELETE', pgid='pgtrigger_remember_deletion_c83d1', table='crm_purchaseitem', when='AFTER')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='PurchaseItemChange',
                fields=[
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('purchase', models.BigIntegerField(db_column='purchase_id', null=True)),
                    ('place', models.PositiveSmallIntegerField()),
                    ('product', models.CharField(blank=True, max_length=200)),
                    ('quantity', models.PositiveIntegerField(default=1)),
                    ('amount', models.DecimalField(decimal_places=2, max_digits=14)),
                    ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.purchaseitem')),
                ],
                options={
                    'abstract': False,
                    'indexes': [
                        models.Index(fields=['pgh_obj', 'pgh_id'], name='purchaseitemchange_of_row'),
                        models.Index(fields=['act', 'pgh_obj'], name='purchaseitemchange_of_act'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Refund',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('external_id', models.CharField(blank=True, max_length=120, null=True)),
                    ('amount', models.DecimalField(decimal_places=2, max_digits=14)),
                    ('refunded_at', models.DateTimeField()),
                    ('payment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='refunds', to='crm.payment')),
                ],
                options={
                    'constraints': [
                        models.UniqueConstraint(models.F('external_id'), name='refund_external_id_once'),
                        models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='refund_positive'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."refunded_at" IS DISTINCT FROM (NEW."refunded_at"))', func='INSERT INTO "crm_refundchange" ("amount", "external_id", "payment_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "refunded_at") VALUES (OLD."amount", OLD."external_id", OLD."payment_id", NOW(), \'update\', OLD."id", OLD."refunded_at"); RETURN NULL;', hash='82fe138cfc7d06976a9683a55bd8445f2181de93', operation='UPDATE OF "amount", "refunded_at", "external_id"', pgid='pgtrigger_remember_change_963d8', table='crm_refund', when='AFTER')),
                        pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_refundchange" ("amount", "external_id", "payment_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "refunded_at") VALUES (OLD."amount", OLD."external_id", OLD."payment_id", NOW(), \'delete\', OLD."id", OLD."refunded_at"); RETURN NULL;', hash='b779dccc2af0c9cb055e863257d99acd60c91f86', operation='DELETE', pgid='pgtrigger_remember_deletion_6a56c', table='crm_refund', when='AFTER')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='RefundChange',
                fields=[
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('payment', models.BigIntegerField(db_column='payment_id', null=True)),
                    ('external_id', models.CharField(blank=True, max_length=120, null=True)),
                    ('amount', models.DecimalField(decimal_places=2, max_digits=14)),
                    ('refunded_at', models.DateTimeField()),
                    ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.refund')),
                ],
                options={
                    'abstract': False,
                    'indexes': [
                        models.Index(fields=['pgh_obj', 'pgh_id'], name='refundchange_of_row'),
                        models.Index(fields=['act', 'pgh_obj'], name='refundchange_of_act'),
                    ],
                },
            ),
        ]),
        pgtrigger.migrations.RemoveTrigger(
            model_name='contract',
            name='remember_deletion',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='contract',
            name='remember_change',
        ),
        migrations.AddField(
            model_name='contract',
            name='cancelled_on',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='contract',
            name='paid_from',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='contractchange',
            name='cancelled_on',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='contractchange',
            name='paid_from',
            field=models.DateField(blank=True, null=True),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='contract',
            trigger=pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."auto_renew" IS DISTINCT FROM (NEW."auto_renew") OR OLD."cancelled_on" IS DISTINCT FROM (NEW."cancelled_on") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."paid_from" IS DISTINCT FROM (NEW."paid_from") OR OLD."plan" IS DISTINCT FROM (NEW."plan") OR OLD."status" IS DISTINCT FROM (NEW."status"))', func='INSERT INTO "crm_contractchange" ("account_id", "auto_renew", "cancelled_on", "created_at", "currency", "external_id", "paid_from", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan", "status", "updated_at") VALUES (OLD."account_id", OLD."auto_renew", OLD."cancelled_on", OLD."created_at", OLD."currency", OLD."external_id", OLD."paid_from", NOW(), \'update\', OLD."id", OLD."plan", OLD."status", OLD."updated_at"); RETURN NULL;', hash='02674fa2879a91738c8926b5b817d4f988666f5a', operation='UPDATE OF "plan", "status", "auto_renew", "currency", "external_id", "paid_from", "cancelled_on"', pgid='pgtrigger_remember_change_b4ca5', table='crm_contract', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='contract',
            trigger=pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_contractchange" ("account_id", "auto_renew", "cancelled_on", "created_at", "currency", "external_id", "paid_from", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan", "status", "updated_at") VALUES (OLD."account_id", OLD."auto_renew", OLD."cancelled_on", OLD."created_at", OLD."currency", OLD."external_id", OLD."paid_from", NOW(), \'delete\', OLD."id", OLD."plan", OLD."status", OLD."updated_at"); RETURN NULL;', hash='532366ed43b7a3d2f141b786a3aa72ab8a4a1389', operation='DELETE', pgid='pgtrigger_remember_deletion_41b90', table='crm_contract', when='AFTER')),
        ),
        migrations.RunPython(say_when_they_were_cancelled, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='contract',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('cancelled_on__isnull', False), ('status', 'cancelled')), models.Q(models.Q(('status', 'cancelled'), _negated=True), ('cancelled_on', None)), _connector='OR'), name='contract_cancelled_on_a_day'),
        ),
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
