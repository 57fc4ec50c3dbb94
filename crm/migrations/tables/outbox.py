"""What crm/outbox keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import crm.web.clock
import datetime
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='MailPolicy',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('mode', models.CharField(choices=[('live', 'Live'), ('hold', 'On hold'), ('redirect', 'Redirected')], default='live', max_length=10)),
            ('redirect_to', models.EmailField(blank=True, max_length=254)),
            ('mode_reason', models.CharField(blank=True, max_length=200)),
            ('went_live_at', models.DateTimeField(null=True)),
            ('cap_count', models.PositiveSmallIntegerField(default=3)),
            ('cap_days', models.PositiveSmallIntegerField(default=7)),
            ('quiet_from', models.TimeField(default=datetime.time(20, 0))),
            ('quiet_to', models.TimeField(default=datetime.time(8, 0))),
            ('revision', models.PositiveBigIntegerField(default=0)),
            ('opened_at', models.DateTimeField(null=True)),
        ],
        options={
            'constraints': [
                models.CheckConstraint(condition=models.Q(('pk', 1)), name='mailpolicy_one_row'),
            ],
        },
    ),
    migrations.CreateModel(
        name='Switch',
        fields=[
            ('scope', models.CharField(max_length=120, primary_key=True, serialize=False)),
            ('thrown_at', models.DateTimeField(default=crm.web.clock.now)),
            ('reason', models.CharField(blank=True, max_length=200)),
            ('thrown_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
    ),
    migrations.CreateModel(
        name='Sender',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=60, unique=True)),
            ('from_email', models.CharField(blank=True, max_length=200)),
            ('per_minute', models.PositiveIntegerField(default=600)),
            ('next_at', models.DateTimeField(null=True)),
            ('minute', models.DateTimeField(null=True)),
            ('used', models.PositiveIntegerField(default=0)),
        ],
    ),
    migrations.CreateModel(
        name='Suppression',
        fields=[
            ('address', models.EmailField(max_length=254, primary_key=True, serialize=False)),
            ('reason', models.CharField(max_length=200)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
        ],
    ),
    migrations.CreateModel(
        name='MailTemplate',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('digest', models.CharField(max_length=64, unique=True)),
            ('subject', models.TextField()),
            ('body', models.TextField()),
        ],
    ),
    migrations.CreateModel(
        name='OutboundMessage',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('key', models.CharField(max_length=160)),
            ('category', models.CharField(choices=[('reply', 'Reply'), ('transactional', 'Transactional'), ('service', 'Service'), ('marketing', 'Marketing')], max_length=15)),
            ('channel', models.CharField(default='email', max_length=20)),
            ('to_address', models.EmailField(blank=True, max_length=254)),
            ('facts', models.JSONField(default=dict)),
            ('state', models.CharField(choices=[('due', 'Planned'), ('claimed', 'About to leave'), ('sending', 'Leaving'), ('sent', 'Sent'), ('failed', 'Failed'), ('uncertain', 'Uncertain'), ('skipped', 'Not sent'), ('cancelled', 'Cancelled')], default='due', max_length=10)),
            ('planned_for', models.DateTimeField()),
            ('due_at', models.DateTimeField()),
            ('expires_at', models.DateTimeField(null=True)),
            ('attempts', models.PositiveIntegerField(default=0)),
            ('lease_until', models.DateTimeField(null=True)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('sending_at', models.DateTimeField(null=True)),
            ('settled_at', models.DateTimeField(null=True)),
            ('reason', models.CharField(blank=True, max_length=300)),
            ('message_id', models.CharField(blank=True, max_length=200)),
            ('provider_id', models.CharField(blank=True, max_length=200)),
            ('rendered_subject', models.TextField(blank=True)),
            ('rendered_body', models.TextField(blank=True)),
            ('origin', models.CharField(blank=True, max_length=20)),
            ('origin_id', models.BigIntegerField(null=True)),
            ('account', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='crm.account')),
            ('contact', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='messages', to='crm.contact')),
            ('template', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.mailtemplate')),
            ('user', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('sender', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='crm.sender')),
            ('attempts_limit', models.PositiveIntegerField(default=5)),
            ('guard', models.CharField(blank=True, max_length=40)),
            ('series', models.CharField(blank=True, max_length=60)),
            ('suspect', models.BooleanField(db_default=False, default=False)),
            ('resend_until', models.DateTimeField(null=True)),
            ('left_before', django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(), null=True)),
            ('urgency', models.GeneratedField(db_persist=True, expression=models.Case(models.When(origin__in=['sign-in', 'alarm'], then=models.Value(0)), models.When(category='reply', then=models.Value(1)), models.When(category='transactional', then=models.Value(2)), models.When(category='service', then=models.Value(3)), default=models.Value(4)), output_field=models.SmallIntegerField())),
            ('addressed_to', models.CharField(blank=True, db_default='', max_length=254)),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('state', 'due')), fields=['due_at', 'id'], name='message_due'),
                models.Index(condition=models.Q(('state__in', ['claimed', 'sending'])), fields=['lease_until'], name='message_leased'),
                models.Index(condition=models.Q(('sending_at__isnull', False)), fields=['contact', '-sending_at'], name='message_of_contact'),
                models.Index(fields=['account', '-planned_for', '-id'], name='message_of_account'),
                models.Index(condition=models.Q(('state__in', ['uncertain', 'failed'])), fields=['state', '-id'], name='message_eyes'),
                models.Index(fields=['origin', 'origin_id'], name='message_origin'),
                models.Index(condition=models.Q(('series', ''), _negated=True), fields=['series', 'state', '-id'], name='message_of_series'),
                models.Index(models.OrderBy(models.F('settled_at'), descending=True, nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('state', 'sent')), name='message_latest_sent'),
                models.Index(models.OrderBy(models.F('settled_at'), descending=True, nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('state__in', ['skipped', 'cancelled'])), name='message_latest_held'),
                models.Index(condition=models.Q(('state', 'due'), ('suspect', True)), fields=['due_at', 'id'], name='message_suspect'),
                models.Index(condition=models.Q(('sender__isnull', False)), fields=['sender'], name='message_of_sender'),
                models.Index(condition=models.Q(('user__isnull', False)), fields=['user'], name='message_of_user'),
                models.Index(condition=models.Q(('state', 'due')), fields=['urgency', 'due_at', 'id'], name='message_next'),
                models.Index(condition=models.Q(('message_id', ''), _negated=True), fields=['message_id'], name='message_by_message_id'),
                models.Index(condition=models.Q(('addressed_to', ''), _negated=True), fields=['addressed_to'], name='message_by_address'),
                models.Index(condition=models.Q(('state', 'due'), models.Q(('channel', 'email'), _negated=True)), fields=['channel', 'urgency', 'due_at', 'id'], name='message_chat_due'),
                models.Index(condition=models.Q(('channel', 'email'), _negated=True), fields=['channel', '-id'], name='message_chat_latest'),
                models.Index(condition=models.Q(('channel', 'email'), _negated=True), fields=['channel', 'provider_id'], name='message_chat_taken'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('key'), name='message_key_once'),
                models.CheckConstraint(condition=models.Q(('contact', None), ('account__isnull', False), _connector='OR'), name='message_of_contact_has_account'),
            ],
        },
    ),
    migrations.CreateModel(
        name='Slice',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('message_ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField())),
            ('attempts', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField())),
            ('backend_pid', models.IntegerField()),
            ('backend_start', models.DateTimeField()),
            ('lease_until', models.DateTimeField()),
            ('cleared', models.BooleanField(default=False)),
        ],
    ),
    migrations.CreateModel(
        name='Decision',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('at', models.DateTimeField(default=crm.web.clock.now)),
            ('verdict', models.CharField(max_length=12)),
            ('guard', models.CharField(blank=True, max_length=40)),
            ('reason', models.CharField(max_length=300)),
            ('facts', models.JSONField(default=dict)),
            ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('message', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='decisions', to='crm.outboundmessage')),
        ],
        options={
            'indexes': [
                models.Index(fields=['message', 'id'], name='decision_of_message'),
            ],
        },
    ),
    migrations.CreateModel(
        name='Notification',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('kind', models.CharField(max_length=40)),
            ('text', models.CharField(max_length=300)),
            ('url', models.CharField(max_length=300)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('read_at', models.DateTimeField(null=True)),
            ('mailed_at', models.DateTimeField(null=True)),
            ('key', models.CharField(max_length=160, null=True)),
            ('account', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.account')),
            ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('told_in', models.BigIntegerField(null=True)),
            ('withdrawn_at', models.DateTimeField(null=True)),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('read_at', None)), fields=['user', '-id'], name='notification_unread'),
                models.Index(condition=models.Q(('read_at__isnull', False)), fields=['user', '-id'], name='notification_read'),
                models.Index(condition=models.Q(('mailed_at', None), ('read_at', None)), fields=['user', 'kind'], name='notification_unmailed'),
                models.Index(condition=models.Q(('read_at__isnull', False)), fields=['read_at'], name='notification_old'),
                models.Index(condition=models.Q(('told_in__isnull', False)), fields=['told_in'], name='notification_of_act'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('user'), models.F('key'), name='notification_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='NotificationPreference',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('kind', models.CharField(max_length=40)),
            ('way', models.CharField(choices=[('bell', 'Bell'), ('digest', 'Bell and daily digest'), ('off', 'Off')], max_length=10)),
            ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('user'), models.F('kind'), name='notificationpreference_once'),
            ],
        },
    ),
]
