import crm.web.clock
import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from crm.web.migrating import CreateTables


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0055_desk_indexes'),
    ]

    operations = [
        CreateTables([
            migrations.CreateModel(
                name='WebhookDelivery',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('key', models.CharField(max_length=200, null=True)),
                    ('uid', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID())),
                    ('kind', models.CharField(max_length=60)),
                    ('body', models.TextField(null=True)),
                    ('state', models.CharField(choices=[('waiting', 'Waiting'), ('sending', 'Being sent'), ('done', 'Delivered'), ('failed', 'Failed'), ('skipped', 'Not sent')], db_default='waiting', default='waiting', max_length=10)),
                    ('due_at', models.DateTimeField()),
                    ('tries', models.PositiveSmallIntegerField(db_default=0, default=0)),
                    ('claims', models.PositiveIntegerField(db_default=0, default=0)),
                    ('status', models.PositiveSmallIntegerField(null=True)),
                    ('error', models.CharField(blank=True, db_default='', max_length=300)),
                    ('answer', models.TextField(blank=True, db_default='')),
                    ('log', models.JSONField(db_default=[], default=list)),
                    ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('settled_at', models.DateTimeField(null=True)),
                    ('entry', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.timelineentry')),
                    ('endpoint', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='crm.webhookendpoint')),
                ],
                options={
                    'verbose_name': 'webhook delivery',
                    'indexes': [
                        models.Index(condition=models.Q(('state__in', ['waiting', 'sending'])), fields=['endpoint', 'due_at', 'id'], name='delivery_due'),
                        models.Index(fields=['endpoint', '-id'], name='delivery_of_endpoint'),
                        models.Index(fields=['endpoint', 'state', '-id'], name='delivery_of_state'),
                        models.Index(fields=['created_at'], name='delivery_by_age'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('endpoint'), models.F('entry'), condition=models.Q(('entry__isnull', False)), name='delivery_once'),
                        models.UniqueConstraint(models.F('endpoint'), models.F('key'), condition=models.Q(('key__isnull', False)), name='delivery_key_once'),
                        models.UniqueConstraint(models.F('uid'), name='delivery_uid_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='WebhookEndpoint',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=80)),
                    ('url', models.CharField(max_length=500)),
                    ('everything', models.BooleanField(default=False)),
                    ('kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list)),
                    ('tree', models.JSONField(default=dict)),
                    ('with_texts', models.BooleanField(default=False)),
                    ('is_on', models.BooleanField(default=True)),
                    ('off_because', models.CharField(blank=True, max_length=300)),
                    ('off_since', models.DateTimeField(null=True)),
                    ('secret', models.TextField()),
                    ('former_secret', models.TextField(blank=True)),
                    ('former_until', models.DateTimeField(null=True)),
                    ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('removed_at', models.DateTimeField(null=True)),
                    ('skip_before', models.DateTimeField(null=True)),
                    ('failures', models.PositiveIntegerField(default=0)),
                    ('failing_since', models.DateTimeField(null=True)),
                    ('paused_until', models.DateTimeField(null=True)),
                    ('answered_at', models.DateTimeField(null=True)),
                    ('answer', models.CharField(blank=True, max_length=300)),
                    ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'verbose_name': 'webhook',
                    'constraints': [
                        models.UniqueConstraint(django.db.models.functions.text.Lower('name'), condition=models.Q(('removed_at', None)), name='webhook_name_once'),
                        models.CheckConstraint(condition=models.Q(models.Q(('name', ''), _negated=True), models.Q(('url', ''), _negated=True)), name='webhook_has_name_and_url'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."everything" IS DISTINCT FROM (NEW."everything") OR OLD."is_on" IS DISTINCT FROM (NEW."is_on") OR OLD."kinds" IS DISTINCT FROM (NEW."kinds") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."off_because" IS DISTINCT FROM (NEW."off_because") OR OLD."off_since" IS DISTINCT FROM (NEW."off_since") OR OLD."removed_at" IS DISTINCT FROM (NEW."removed_at") OR OLD."tree" IS DISTINCT FROM (NEW."tree") OR OLD."url" IS DISTINCT FROM (NEW."url") OR OLD."with_texts" IS DISTINCT FROM (NEW."with_texts"))', func='INSERT INTO "crm_webhookendpointchange" ("answer", "answered_at", "created_at", "created_by_id", "everything", "failing_since", "failures", "former_secret", "former_until", "is_on", "kinds", "name", "off_because", "off_since", "paused_until", "pgh_created_at", "pgh_label", "pgh_obj_id", "removed_at", "secret", "skip_before", "tree", "url", "with_texts") VALUES (OLD."answer", OLD."answered_at", OLD."created_at", OLD."created_by_id", OLD."everything", OLD."failing_since", OLD."failures", OLD."former_secret", OLD."former_until", OLD."is_on", OLD."kinds", OLD."name", OLD."off_because", OLD."off_since", OLD."paused_until", NOW(), \'update\', OLD."id", OLD."removed_at", OLD."secret", OLD."skip_before", OLD."tree", OLD."url", OLD."with_texts"); RETURN NULL;', hash='26b87331a37c9150515aed5b3ddb933685d79309', operation='UPDATE OF "name", "url", "everything", "kinds", "tree", "with_texts", "is_on", "off_because", "off_since", "removed_at"', pgid='pgtrigger_remember_change_a2de4', table='crm_webhookendpoint', when='AFTER')),
                        pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_webhookendpointchange" ("answer", "answered_at", "created_at", "created_by_id", "everything", "failing_since", "failures", "former_secret", "former_until", "is_on", "kinds", "name", "off_because", "off_since", "paused_until", "pgh_created_at", "pgh_label", "pgh_obj_id", "removed_at", "secret", "skip_before", "tree", "url", "with_texts") VALUES (OLD."answer", OLD."answered_at", OLD."created_at", OLD."created_by_id", OLD."everything", OLD."failing_since", OLD."failures", OLD."former_secret", OLD."former_until", OLD."is_on", OLD."kinds", OLD."name", OLD."off_because", OLD."off_since", OLD."paused_until", NOW(), \'delete\', OLD."id", OLD."removed_at", OLD."secret", OLD."skip_before", OLD."tree", OLD."url", OLD."with_texts"); RETURN NULL;', hash='991e5213c8e3695d7c88d17524236a7da3720ecc', operation='DELETE', pgid='pgtrigger_remember_deletion_dded4', table='crm_webhookendpoint', when='AFTER')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='WebhookEndpointChange',
                fields=[
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('created_by', models.BigIntegerField(db_column='created_by_id', null=True)),
                    ('name', models.CharField(max_length=80)),
                    ('url', models.CharField(max_length=500)),
                    ('everything', models.BooleanField(default=False)),
                    ('kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list)),
                    ('tree', models.JSONField(default=dict)),
                    ('with_texts', models.BooleanField(default=False)),
                    ('is_on', models.BooleanField(default=True)),
                    ('off_because', models.CharField(blank=True, max_length=300)),
                    ('off_since', models.DateTimeField(null=True)),
                    ('secret', models.TextField()),
                    ('former_secret', models.TextField(blank=True)),
                    ('former_until', models.DateTimeField(null=True)),
                    ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('removed_at', models.DateTimeField(null=True)),
                    ('skip_before', models.DateTimeField(null=True)),
                    ('failures', models.PositiveIntegerField(default=0)),
                    ('failing_since', models.DateTimeField(null=True)),
                    ('paused_until', models.DateTimeField(null=True)),
                    ('answered_at', models.DateTimeField(null=True)),
                    ('answer', models.CharField(blank=True, max_length=300)),
                    ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.webhookendpoint')),
                ],
                options={
                    'abstract': False,
                    'indexes': [
                        models.Index(fields=['pgh_obj', 'pgh_id'], name='webhookendpointchange_of_row'),
                        models.Index(fields=['act', 'pgh_obj'], name='webhookendpointchange_of_act'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='WebhookHour',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('hour', models.DateTimeField()),
                    ('good', models.PositiveIntegerField(default=0)),
                    ('bad', models.PositiveIntegerField(default=0)),
                    ('endpoint', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='hours', to='crm.webhookendpoint')),
                ],
                options={
                    'constraints': [
                        models.UniqueConstraint(models.F('endpoint'), models.F('hour'), name='webhookhour_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='WebhookReplay',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('since', models.DateTimeField()),
                    ('until', models.DateTimeField()),
                    ('asked_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('total', models.PositiveIntegerField(default=0)),
                    ('moved', models.PositiveIntegerField(default=0)),
                    ('position', models.BigIntegerField(default=0)),
                    ('finished_at', models.DateTimeField(null=True)),
                    ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='replays', to='crm.webhookendpoint')),
                ],
                options={
                    'constraints': [
                        models.UniqueConstraint(models.F('endpoint'), condition=models.Q(('finished_at', None)), name='webhookreplay_one_at_a_time'),
                    ],
                },
            ),
        ]),
    ]
