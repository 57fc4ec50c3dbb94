"""What crm/segments keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import crm.web.clock
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Segment',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=80)),
            ('subject', models.CharField(max_length=20)),
            ('tree', models.JSONField(default=dict)),
            ('shared', models.BooleanField(default=False)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='segments', to=settings.AUTH_USER_MODEL)),
            ('archived_at', models.DateTimeField(null=True)),
            ('description', models.CharField(blank=True, db_default='', max_length=300)),
            ('kind', models.CharField(choices=[('dynamic', 'Dynamic'), ('static', 'Static')], db_default='dynamic', default='dynamic', max_length=10)),
            ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('owner'), models.F('subject'), django.db.models.functions.text.Lower('name'), condition=models.Q(('archived_at', None)), name='segment_name_once'),
                models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='segment_has_name'),
                models.CheckConstraint(condition=models.Q(('subject__in', ['account', 'contact'])), name='segment_subject_known'),
                models.CheckConstraint(condition=models.Q(('kind', 'dynamic'), models.Q(('kind', 'static'), ('tree', {})), _connector='OR'), name='segment_kind_known'),
            ],
            'triggers': [
                pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."archived_at" IS DISTINCT FROM (NEW."archived_at") OR OLD."description" IS DISTINCT FROM (NEW."description") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."shared" IS DISTINCT FROM (NEW."shared") OR OLD."tree" IS DISTINCT FROM (NEW."tree"))', func='INSERT INTO "crm_segmentchange" ("archived_at", "created_at", "description", "kind", "name", "owner_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "shared", "subject", "tree", "updated_at") VALUES (OLD."archived_at", OLD."created_at", OLD."description", OLD."kind", OLD."name", OLD."owner_id", NOW(), \'update\', OLD."id", OLD."shared", OLD."subject", OLD."tree", OLD."updated_at"); RETURN NULL;', hash='3d2fb2b35e0dd916f172b6cc630426322fb2aa63', operation='UPDATE OF "name", "description", "tree", "owner_id", "shared", "archived_at"', pgid='pgtrigger_remember_change_e7dd0', table='crm_segment', when='AFTER')),
                pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_segmentchange" ("archived_at", "created_at", "description", "kind", "name", "owner_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "shared", "subject", "tree", "updated_at") VALUES (OLD."archived_at", OLD."created_at", OLD."description", OLD."kind", OLD."name", OLD."owner_id", NOW(), \'delete\', OLD."id", OLD."shared", OLD."subject", OLD."tree", OLD."updated_at"); RETURN NULL;', hash='6f7be7a144855dbb931c4e57b82b9949a9676316', operation='DELETE', pgid='pgtrigger_remember_deletion_09ed2', table='crm_segment', when='AFTER')),
            ],
        },
    ),
    migrations.CreateModel(
        name='SegmentChange',
        fields=[
            ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
            ('pgh_label', models.TextField(help_text='The event label.')),
            ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
            ('owner', models.BigIntegerField(db_column='owner_id', null=True)),
            ('name', models.CharField(max_length=80)),
            ('description', models.CharField(blank=True, db_default='', max_length=300)),
            ('subject', models.CharField(max_length=20)),
            ('kind', models.CharField(choices=[('dynamic', 'Dynamic'), ('static', 'Static')], db_default='dynamic', default='dynamic', max_length=10)),
            ('tree', models.JSONField(default=dict)),
            ('shared', models.BooleanField(default=False)),
            ('archived_at', models.DateTimeField(null=True)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
            ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
            ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.segment')),
        ],
        options={
            'abstract': False,
            'indexes': [
                models.Index(fields=['pgh_obj', 'pgh_id'], name='segmentchange_of_row'),
                models.Index(fields=['act', 'pgh_obj'], name='segmentchange_of_act'),
            ],
        },
    ),
    migrations.CreateModel(
        name='SegmentMember',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('added_in', models.BigIntegerField(null=True)),
            ('added_at', models.DateTimeField(default=crm.web.clock.now)),
            ('account', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.account')),
            ('contact', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.contact')),
            ('segment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='members', to='crm.segment')),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('added_in__isnull', False)), fields=['added_in'], name='segment_member_by_act'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('segment'), models.F('account'), condition=models.Q(('contact', None)), name='segment_account_once'),
                models.UniqueConstraint(models.F('segment'), models.F('contact'), condition=models.Q(('account', None)), name='segment_contact_once'),
                models.CheckConstraint(condition=models.Q(models.Q(('account__isnull', False), ('contact', None)), models.Q(('account', None), ('contact__isnull', False)), _connector='OR'), name='segment_member_is_one'),
            ],
            'triggers': [
                pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."segment_id" IS DISTINCT FROM (NEW."segment_id"))', func='INSERT INTO "crm_segmentmemberchange" ("account_id", "added_at", "added_in", "contact_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "segment_id") VALUES (OLD."account_id", OLD."added_at", OLD."added_in", OLD."contact_id", NOW(), \'update\', OLD."id", OLD."segment_id"); RETURN NULL;', hash='3bb610fb9bd0f04956c11120aa8bcb70ad6e2912', operation='UPDATE OF "segment_id"', pgid='pgtrigger_remember_change_00b66', table='crm_segmentmember', when='AFTER')),
                pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_segmentmemberchange" ("account_id", "added_at", "added_in", "contact_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "segment_id") VALUES (OLD."account_id", OLD."added_at", OLD."added_in", OLD."contact_id", NOW(), \'delete\', OLD."id", OLD."segment_id"); RETURN NULL;', hash='370b3624db60ce60212882efba91b1ec32cc211b', operation='DELETE', pgid='pgtrigger_remember_deletion_2773c', table='crm_segmentmember', when='AFTER')),
            ],
        },
    ),
    migrations.CreateModel(
        name='SegmentMemberChange',
        fields=[
            ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
            ('pgh_label', models.TextField(help_text='The event label.')),
            ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
            ('segment', models.BigIntegerField(db_column='segment_id', null=True)),
            ('account', models.BigIntegerField(db_column='account_id', null=True)),
            ('contact', models.BigIntegerField(db_column='contact_id', null=True)),
            ('added_in', models.BigIntegerField(null=True)),
            ('added_at', models.DateTimeField(default=crm.web.clock.now)),
            ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
            ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.segmentmember')),
        ],
        options={
            'abstract': False,
            'indexes': [
                models.Index(fields=['pgh_obj', 'pgh_id'], name='segmentmemberchange_of_row'),
                models.Index(fields=['act', 'pgh_obj'], name='segmentmemberchange_of_act'),
            ],
        },
    ),
    migrations.CreateModel(
        name='SegmentSize',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('day', models.DateField()),
            ('size', models.BigIntegerField(default=0)),
            ('entered', models.BigIntegerField(default=0)),
            ('left', models.BigIntegerField(default=0)),
            ('came', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list)),
            ('went', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list)),
            ('is_first', models.BooleanField(default=False)),
            ('position', models.BigIntegerField(default=0)),
            ('counted_at', models.DateTimeField(null=True)),
            ('trouble', models.CharField(blank=True, max_length=300)),
            ('segment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='sizes', to='crm.segment')),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('counted_at', None)), fields=['id'], name='segment_size_open'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('segment'), models.F('day'), name='segment_size_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='SegmentPart',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('part', models.BigIntegerField()),
            ('ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list)),
            ('segment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.segment')),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('segment'), models.F('part'), name='segment_part_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='SegmentMoves',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('at', models.DateTimeField()),
            ('came', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list)),
            ('went', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list)),
            ('segment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.segment')),
        ],
        options={
            'indexes': [
                models.Index(fields=['segment', 'at'], name='segment_moves_by_time'),
            ],
        },
    ),
    migrations.CreateModel(
        name='SavedView',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('subject', models.CharField(max_length=20)),
            ('name', models.CharField(max_length=80)),
            ('shared', models.BooleanField(default=False)),
            ('tree', models.JSONField(default=dict)),
            ('parameters', models.JSONField(default=dict)),
            ('columns', models.JSONField(default=list)),
            ('sort', models.CharField(blank=True, max_length=40)),
            ('position', models.PositiveIntegerField(default=0)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
            ('deleted_at', models.DateTimeField(null=True)),
            ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='views', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('deleted_at', None), ('shared', True)), fields=['subject'], name='view_shared'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('owner'), models.F('subject'), django.db.models.functions.text.Lower('name'), condition=models.Q(('deleted_at', None)), name='view_name_once'),
                models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='view_has_name'),
            ],
        },
    ),
    migrations.CreateModel(
        name='ListChoice',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('subject', models.CharField(max_length=20)),
            ('columns', models.JSONField(default=list)),
            ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('view', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.savedview')),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(fields=('user', 'subject'), name='list_choice_once'),
            ],
        },
    ),
]
