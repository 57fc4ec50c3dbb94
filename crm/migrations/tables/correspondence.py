"""What crm/correspondence keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import crm.correspondence.models
import crm.web.clock
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='MailIdentity',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('token', models.CharField(default=crm.correspondence.models.new_token, max_length=40, unique=True)),
            ('signature', models.TextField(blank=True)),
            ('addresses', django.contrib.postgres.fields.ArrayField(base_field=models.EmailField(max_length=254), blank=True, default=list)),
            ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
    ),
    migrations.CreateModel(
        name='MailThread',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('subject', models.CharField(blank=True, max_length=300)),
            ('token', models.CharField(default=crm.correspondence.models.new_thread_token, max_length=40, unique=True)),
            ('last_at', models.DateTimeField(default=crm.web.clock.now)),
            ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='threads', to='crm.account')),
            ('contact', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.contact')),
        ],
        options={
            'indexes': [
                models.Index(fields=['account', '-last_at'], name='thread_of_account'),
            ],
        },
    ),
    migrations.CreateModel(
        name='Mail',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('direction', models.CharField(choices=[('in', 'Received'), ('out', 'Sent')], max_length=3)),
            ('message_id', models.CharField(max_length=255, null=True)),
            ('references', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=255), default=list)),
            ('sender_name', models.CharField(blank=True, max_length=120)),
            ('sender_address', models.CharField(blank=True, max_length=254)),
            ('recipients', models.JSONField(default=list)),
            ('subject', models.CharField(blank=True, max_length=300)),
            ('text', models.TextField(blank=True)),
            ('folded_at', models.PositiveIntegerField(null=True)),
            ('occurred_at', models.DateTimeField()),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('automatic', models.BooleanField(default=False)),
            ('waits_because', models.CharField(blank=True, max_length=200)),
            ('ignored_at', models.DateTimeField(null=True)),
            ('bundle', models.UUIDField(null=True)),
            ('account', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='mails', to='crm.account')),
            ('contact', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='mails', to='crm.contact')),
            ('outbound', models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.outboundmessage')),
            ('payload', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.inboundpayload')),
            ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('answers', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.mailthread')),
            ('thread', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='mails', to='crm.mailthread')),
            ('html', models.TextField(blank=True, db_default='', default='')),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('account', None), ('ignored_at', None)), fields=['-id'], name='mail_unmatched'),
                models.Index(condition=models.Q(('account', None)), fields=['sender_address'], name='mail_of_stranger'),
                models.Index(condition=models.Q(('bundle__isnull', False)), fields=['bundle'], name='mail_of_bundle'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('message_id'), name='mail_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='MailFile',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('file', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.accountfile')),
            ('mail', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='crm.mail')),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('mail'), models.F('file'), name='mailfile_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='IgnoredSender',
        fields=[
            ('address', models.CharField(max_length=254, primary_key=True, serialize=False)),
            ('at', models.DateTimeField()),
            ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
    ),
]
