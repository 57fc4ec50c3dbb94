"""What billing systems say, whose it is, and what they are asked."""

import crm.web.clock
import crm.web.migrating
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0065_failed_payments'),
    ]

    operations = [
        crm.web.migrating.CreateTables(
            tables=[migrations.CreateModel(
                name='BillingCustomer',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('source', models.CharField(max_length=40)),
                    ('external_id', models.CharField(max_length=120)),
                    ('matched_by', models.CharField(blank=True, choices=[('external id', 'by the external id'), ('e-mail', 'by the e-mail of a person'), ('made', 'made from what billing said'), ('person', 'by hand')], max_length=12)),
                    ('name', models.CharField(blank=True, max_length=200)),
                    ('email', models.EmailField(blank=True, max_length=254)),
                    ('account_external_id', models.CharField(blank=True, max_length=120)),
                    ('put_away_at', models.DateTimeField(null=True)),
                    ('first_seen_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('account', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='billing_customers', to='crm.account')),
                    ('linked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('account', None), ('put_away_at', None)), fields=['-id'], name='billingcustomer_unmatched')],
                    'constraints': [models.UniqueConstraint(models.F('source'), models.F('external_id'), name='billingcustomer_once')],
                },
            ), migrations.CreateModel(
                name='BillingLook',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('source', models.CharField(default='stripe', max_length=40)),
                    ('started_at', models.DateTimeField()),
                    ('finished_at', models.DateTimeField(null=True)),
                    ('since', models.DateTimeField(null=True)),
                    ('stage', models.PositiveSmallIntegerField(default=0)),
                    ('after', models.CharField(blank=True, max_length=120)),
                    ('next_at', models.DateTimeField()),
                    ('failures', models.PositiveSmallIntegerField(default=0)),
                    ('trouble', models.CharField(blank=True, max_length=300)),
                    ('seen', models.PositiveIntegerField(default=0)),
                    ('mended', models.PositiveIntegerField(default=0)),
                    ('by_hand', models.BooleanField(default=False)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(models.F('source'), condition=models.Q(('finished_at', None)), name='billinglook_one_at_a_time')],
                    'indexes': [],
                },
            ), migrations.CreateModel(
                name='BillingDifference',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(max_length=10)),
                    ('external_id', models.CharField(max_length=120)),
                    ('what', models.CharField(max_length=300)),
                    ('mended', models.BooleanField()),
                    ('why_not', models.CharField(blank=True, max_length=300)),
                    ('found_at', models.DateTimeField()),
                    ('look', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='differences', to='crm.billinglook')),
                ],
                options={
                    'indexes': [],
                    'constraints': [],
                },
            ), migrations.CreateModel(
                name='BillingObject',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('source', models.CharField(max_length=40)),
                    ('kind', models.CharField(choices=[('contract', 'Contract'), ('payment', 'Payment'), ('refund', 'Refund'), ('method', 'Payment method'), ('customer', 'Customer')], max_length=10)),
                    ('external_id', models.CharField(max_length=120)),
                    ('names', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=120), default=list)),
                    ('state', models.JSONField(default=dict)),
                    ('stale', models.BooleanField(default=True)),
                    ('waits', models.CharField(blank=True, max_length=300)),
                    ('told_at', models.DateTimeField()),
                    ('customer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='objects_told', to='crm.billingcustomer')),
                ],
                options={
                    'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['names'], name='billingobject_names'), models.Index(condition=models.Q(('stale', True)), fields=['customer', 'kind'], name='billingobject_stale')],
                    'constraints': [models.UniqueConstraint(models.F('source'), models.F('kind'), models.F('external_id'), name='billingobject_once')],
                },
            ), migrations.CreateModel(
                name='BillingFact',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('key', models.CharField(max_length=160)),
                    ('at', models.DateTimeField()),
                    ('rank', models.SmallIntegerField(default=0)),
                    ('said', models.JSONField(default=dict)),
                    ('about', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='facts', to='crm.billingobject')),
                ],
                options={
                    'indexes': [],
                    'constraints': [models.UniqueConstraint(models.F('about'), models.F('key'), name='billingfact_once')],
                },
            ), migrations.CreateModel(
                name='BillingSettings',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('stripe_signing', models.TextField(blank=True)),
                    ('stripe_signing_former', models.TextField(blank=True)),
                    ('stripe_former_until', models.DateTimeField(null=True)),
                    ('stripe_key', models.TextField(blank=True)),
                    ('hook_secret', models.TextField(blank=True)),
                    ('hook_secret_former', models.TextField(blank=True)),
                    ('hook_former_until', models.DateTimeField(null=True)),
                    ('makes_accounts', models.BooleanField(default=False)),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='billingsettings_one_row')],
                    'indexes': [],
                },
            ), migrations.CreateModel(
                name='PaymentAttempt',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('key', models.CharField(max_length=200)),
                    ('state', models.CharField(choices=[('waiting', 'Waiting'), ('sending', 'Being asked'), ('told', 'Told to the billing system'), ('succeeded', 'Succeeded'), ('declined', 'Declined'), ('uncertain', 'Uncertain'), ('cancelled', 'Not needed any more'), ('failed', 'Could not be asked')], default='waiting', max_length=10)),
                    ('reason', models.CharField(blank=True, max_length=300)),
                    ('code', models.CharField(blank=True, max_length=60)),
                    ('was', models.PositiveSmallIntegerField(default=0)),
                    ('asked_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('due_at', models.DateTimeField()),
                    ('first_sent_at', models.DateTimeField(null=True)),
                    ('tries', models.PositiveSmallIntegerField(default=0)),
                    ('claims', models.PositiveIntegerField(default=0)),
                    ('settled_at', models.DateTimeField(null=True)),
                    ('payment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='retries', to='crm.payment')),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('state__in', ['waiting', 'sending'])), fields=['due_at', 'id'], name='paymentattempt_due')],
                    'constraints': [models.UniqueConstraint(models.F('key'), name='paymentattempt_once')],
                },
            ), migrations.CreateModel(
                name='PaymentMethod',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('external_id', models.CharField(max_length=120)),
                    ('brand', models.CharField(blank=True, max_length=40)),
                    ('last4', models.CharField(blank=True, max_length=4)),
                    ('exp_year', models.PositiveSmallIntegerField(null=True)),
                    ('exp_month', models.PositiveSmallIntegerField(null=True)),
                    ('expires_on', models.DateField(null=True)),
                    ('is_default', models.BooleanField(default=False)),
                    ('removed_at', models.DateTimeField(null=True)),
                    ('added_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('known_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='payment_methods', to='crm.account')),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('removed_at', None)), fields=['expires_on'], name='paymentmethod_ending')],
                    'constraints': [models.UniqueConstraint(models.F('external_id'), name='paymentmethod_once'), models.CheckConstraint(condition=models.Q(('exp_month', None), ('exp_month__range', (1, 12)), _connector='OR'), name='paymentmethod_month_of_a_year')],
                },
            )],
        ),
    ]
