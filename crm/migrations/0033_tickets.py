import crm.fields.models
import crm.segments.filters.operators
import crm.tickets.models.ratings
import crm.web.clock
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0032_left_over_files'),
    ]

    operations = [
        migrations.CreateModel(
            name='BlockedSender',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(max_length=20)),
                ('handle', models.CharField(max_length=254)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Macro',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('body', models.TextField(blank=True)),
                ('sets', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('name', 'id'),
            },
        ),
        migrations.CreateModel(
            name='ServiceLevel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('tiers', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list)),
                ('targets', models.JSONField(default=dict)),
                ('always', models.BooleanField(default=False)),
                ('order', models.PositiveSmallIntegerField(default=0)),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('order', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Ticket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(max_length=300)),
                ('status', models.CharField(choices=[('new', 'New'), ('open', 'Open'), ('pending', 'Pending'), ('on_hold', 'On hold'), ('solved', 'Solved'), ('closed', 'Closed')], default='new', max_length=8)),
                ('priority', models.PositiveSmallIntegerField(choices=[(1, 'Low'), (2, 'Normal'), (3, 'High'), (4, 'Urgent')], default=2)),
                ('channel', models.CharField(choices=[('email', 'Mail'), ('form', 'Form'), ('phone', 'Phone'), ('telegram', 'Telegram'), ('whatsapp', 'WhatsApp'), ('instagram', 'Instagram'), ('bridge', 'Bridge'), ('api', 'API')], max_length=10)),
                ('reply_channel', models.CharField(choices=[('email', 'Mail'), ('form', 'Form'), ('phone', 'Phone'), ('telegram', 'Telegram'), ('whatsapp', 'WhatsApp'), ('instagram', 'Instagram'), ('bridge', 'Bridge'), ('api', 'API')], max_length=10)),
                ('requester_name', models.CharField(blank=True, max_length=120)),
                ('requester_handle', models.CharField(blank=True, max_length=254)),
                ('copied', django.contrib.postgres.fields.ArrayField(base_field=models.EmailField(max_length=254), blank=True, default=list)),
                ('assigned_because', models.CharField(blank=True, max_length=200)),
                ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list)),
                ('custom', crm.fields.models.CustomValues('ticket', blank=True, db_default={}, default=dict)),
                ('token', models.CharField(max_length=40, unique=True)),
                ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
                ('asked_at', models.DateTimeField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('solved_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('reopened', models.PositiveSmallIntegerField(default=0)),
                ('answer_by', models.DateTimeField(null=True)),
                ('solve_by', models.DateTimeField(null=True)),
                ('due_by', models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Least('answer_by', 'solve_by'), output_field=models.DateTimeField())),
                ('warned_at', models.DateTimeField(null=True)),
                ('overran', models.BooleanField(default=False)),
                ('answer_minutes', models.PositiveIntegerField(null=True)),
                ('solve_minutes', models.PositiveIntegerField(null=True)),
                ('is_spam', models.BooleanField(default=False)),
                ('paused_until', models.DateTimeField(null=True)),
                ('key', models.CharField(max_length=200, null=True, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name='TicketCategory',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('order', models.PositiveSmallIntegerField(default=0)),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('order', 'name', 'id'),
            },
        ),
        migrations.CreateModel(
            name='TicketChange',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('category', models.BigIntegerField(db_column='category_id', null=True)),
                ('account', models.BigIntegerField(db_column='account_id', null=True)),
                ('contact', models.BigIntegerField(db_column='contact_id', null=True)),
                ('team', models.BigIntegerField(db_column='team_id', null=True)),
                ('assignee', models.BigIntegerField(db_column='assignee_id', null=True)),
                ('level', models.BigIntegerField(db_column='level_id', null=True)),
                ('merged_into', models.BigIntegerField(db_column='merged_into_id', null=True)),
                ('follows', models.BigIntegerField(db_column='follows_id', null=True)),
                ('created_by', models.BigIntegerField(db_column='created_by_id', null=True)),
                ('subject', models.CharField(max_length=300)),
                ('status', models.CharField(choices=[('new', 'New'), ('open', 'Open'), ('pending', 'Pending'), ('on_hold', 'On hold'), ('solved', 'Solved'), ('closed', 'Closed')], default='new', max_length=8)),
                ('priority', models.PositiveSmallIntegerField(choices=[(1, 'Low'), (2, 'Normal'), (3, 'High'), (4, 'Urgent')], default=2)),
                ('channel', models.CharField(choices=[('email', 'Mail'), ('form', 'Form'), ('phone', 'Phone'), ('telegram', 'Telegram'), ('whatsapp', 'WhatsApp'), ('instagram', 'Instagram'), ('bridge', 'Bridge'), ('api', 'API')], max_length=10)),
                ('reply_channel', models.CharField(choices=[('email', 'Mail'), ('form', 'Form'), ('phone', 'Phone'), ('telegram', 'Telegram'), ('whatsapp', 'WhatsApp'), ('instagram', 'Instagram'), ('bridge', 'Bridge'), ('api', 'API')], max_length=10)),
                ('requester_name', models.CharField(blank=True, max_length=120)),
                ('requester_handle', models.CharField(blank=True, max_length=254)),
                ('copied', django.contrib.postgres.fields.ArrayField(base_field=models.EmailField(max_length=254), blank=True, default=list)),
                ('assigned_because', models.CharField(blank=True, max_length=200)),
                ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list)),
                ('custom', crm.fields.models.CustomValues('ticket', blank=True, db_default={}, default=dict)),
                ('token', models.CharField(max_length=40)),
                ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
                ('asked_at', models.DateTimeField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('solved_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('reopened', models.PositiveSmallIntegerField(default=0)),
                ('answer_by', models.DateTimeField(null=True)),
                ('solve_by', models.DateTimeField(null=True)),
                ('warned_at', models.DateTimeField(null=True)),
                ('overran', models.BooleanField(default=False)),
                ('answer_minutes', models.PositiveIntegerField(null=True)),
                ('solve_minutes', models.PositiveIntegerField(null=True)),
                ('is_spam', models.BooleanField(default=False)),
                ('paused_until', models.DateTimeField(null=True)),
                ('key', models.CharField(max_length=200, null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='TicketDraft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_note', models.BooleanField(default=False)),
                ('text', models.TextField()),
                ('saved_at', models.DateTimeField(default=crm.web.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name='TicketFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('content_type', models.CharField(max_length=100)),
                ('size', models.BigIntegerField()),
                ('stored_as', models.CharField(max_length=120, unique=True)),
                ('content_id', models.CharField(blank=True, max_length=255)),
            ],
        ),
        migrations.CreateModel(
            name='TicketFollower',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
        ),
        migrations.CreateModel(
            name='TicketMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('in', 'From the customer'), ('out', 'Answer'), ('note', 'Note to the team'), ('auto', 'Automatic')], max_length=4)),
                ('channel', models.CharField(choices=[('email', 'Mail'), ('form', 'Form'), ('phone', 'Phone'), ('telegram', 'Telegram'), ('whatsapp', 'WhatsApp'), ('instagram', 'Instagram'), ('bridge', 'Bridge'), ('api', 'API')], max_length=10)),
                ('sender_name', models.CharField(blank=True, max_length=120)),
                ('sender_handle', models.CharField(blank=True, max_length=254)),
                ('recipients', models.JSONField(default=list)),
                ('text', models.TextField(blank=True)),
                ('html', models.TextField(blank=True)),
                ('folded_at', models.PositiveIntegerField(null=True)),
                ('occurred_at', models.DateTimeField()),
                ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                ('automatic', models.BooleanField(default=False)),
                ('proven', models.BooleanField(default=True)),
                ('external_key', models.CharField(max_length=255, null=True)),
                ('references', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=255), default=list)),
                ('bundle', models.UUIDField(null=True, unique=True)),
                ('was_status', models.CharField(blank=True, max_length=8)),
                ('called_off_at', models.DateTimeField(null=True)),
                ('mood', models.SmallIntegerField(null=True)),
                ('mood_words', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), default=list)),
            ],
        ),
        migrations.CreateModel(
            name='TicketPresence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seen_at', models.DateTimeField()),
                ('wrote_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='TicketRating',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(default=crm.tickets.models.ratings.new_token, max_length=40, unique=True)),
                ('asked_at', models.DateTimeField(default=crm.web.clock.now)),
                ('score', models.PositiveSmallIntegerField(null=True)),
                ('comment', models.TextField(blank=True)),
                ('answered_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='TicketSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('addresses', django.contrib.postgres.fields.ArrayField(base_field=models.EmailField(max_length=254), blank=True, default=list)),
                ('acknowledges', models.BooleanField(default=True)),
                ('acknowledgement', models.TextField(blank=True)),
                ('asks_for_rating', models.BooleanField(default=True)),
                ('closes_after_days', models.PositiveSmallIntegerField(default=7)),
            ],
        ),
        migrations.CreateModel(
            name='TicketSpell',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('new', 'New'), ('open', 'Open'), ('pending', 'Pending'), ('on_hold', 'On hold'), ('solved', 'Solved'), ('closed', 'Closed')], max_length=8)),
                ('began_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('because', models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.AddField(
            model_name='outboundmessage',
            name='addressed_to',
            field=models.CharField(blank=True, db_default='', max_length=254),
        ),
        migrations.AddField(
            model_name='blockedsender',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='macro',
            name='owner',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='servicelevel',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('name'), name='servicelevel_name_once'),
        ),
        migrations.AddField(
            model_name='ticket',
            name='account',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='tickets', to='crm.account'),
        ),
        migrations.AddField(
            model_name='ticket',
            name='assignee',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='tickets', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ticket',
            name='contact',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='tickets', to='crm.contact'),
        ),
        migrations.AddField(
            model_name='ticket',
            name='created_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ticket',
            name='follows',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.ticket'),
        ),
        migrations.AddField(
            model_name='ticket',
            name='level',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.servicelevel'),
        ),
        migrations.AddField(
            model_name='ticket',
            name='merged_into',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='merged', to='crm.ticket'),
        ),
        migrations.AddField(
            model_name='ticket',
            name='team',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.team'),
        ),
        migrations.AddField(
            model_name='ticketcategory',
            name='team',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.team'),
        ),
        migrations.AddField(
            model_name='ticket',
            name='category',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.ticketcategory'),
        ),
        migrations.AddField(
            model_name='ticketchange',
            name='act',
            field=models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act'),
        ),
        migrations.AddField(
            model_name='ticketchange',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.ticket'),
        ),
        migrations.AddField(
            model_name='ticketdraft',
            name='ticket',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to='crm.ticket'),
        ),
        migrations.AddField(
            model_name='ticketdraft',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ticketfollower',
            name='ticket',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='followers', to='crm.ticket'),
        ),
        migrations.AddField(
            model_name='ticketfollower',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ticketmessage',
            name='contact',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.contact'),
        ),
        migrations.AddField(
            model_name='ticketmessage',
            name='mood_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ticketmessage',
            name='origin',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.ticket'),
        ),
        migrations.AddField(
            model_name='ticketmessage',
            name='outbound',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.outboundmessage'),
        ),
        migrations.AddField(
            model_name='ticketmessage',
            name='payload',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.inboundpayload'),
        ),
        migrations.AddField(
            model_name='ticketmessage',
            name='ticket',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='crm.ticket'),
        ),
        migrations.AddField(
            model_name='ticketmessage',
            name='user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ticketfile',
            name='message',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='crm.ticketmessage'),
        ),
        migrations.AddField(
            model_name='ticketpresence',
            name='ticket',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.ticket'),
        ),
        migrations.AddField(
            model_name='ticketpresence',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ticketrating',
            name='account',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.account'),
        ),
        migrations.AddField(
            model_name='ticketrating',
            name='agent',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ticketrating',
            name='category',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.ticketcategory'),
        ),
        migrations.AddField(
            model_name='ticketrating',
            name='contact',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.contact'),
        ),
        migrations.AddField(
            model_name='ticketrating',
            name='outbound',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.outboundmessage'),
        ),
        migrations.AddField(
            model_name='ticketrating',
            name='team',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.team'),
        ),
        migrations.AddField(
            model_name='ticketrating',
            name='ticket',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ratings', to='crm.ticket'),
        ),
        migrations.AddConstraint(
            model_name='ticketsettings',
            constraint=models.CheckConstraint(condition=models.Q(('pk', 1)), name='ticketsettings_one_row'),
        ),
        migrations.AddField(
            model_name='ticketspell',
            name='act',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.act'),
        ),
        migrations.AddField(
            model_name='ticketspell',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ticketspell',
            name='ticket',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='spells', to='crm.ticket'),
        ),
        migrations.AddField(
            model_name='ticketrating',
            name='spell',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.ticketspell'),
        ),
        migrations.AddConstraint(
            model_name='blockedsender',
            constraint=models.UniqueConstraint(models.F('channel'), models.F('handle'), name='blockedsender_once'),
        ),
        migrations.AddConstraint(
            model_name='macro',
            constraint=models.UniqueConstraint(models.F('owner'), django.db.models.functions.text.Lower('name'), name='macro_name_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='ticketcategory',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('name'), name='ticketcategory_name_once'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(condition=models.Q(('status__in', ['new', 'open', 'pending', 'on_hold'])), fields=['due_by', 'id'], name='ticket_open_by_due'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(condition=models.Q(('status__in', ['new', 'open', 'pending', 'on_hold'])), fields=['assignee', 'due_by', 'id'], name='ticket_open_of_assignee'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(condition=models.Q(('status__in', ['new', 'open', 'pending', 'on_hold'])), fields=['team', 'due_by', 'id'], name='ticket_open_of_team'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(fields=['-updated_at', '-id'], name='ticket_latest'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(fields=['-created_at', '-id'], name='ticket_newest'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(fields=['-priority', '-updated_at', '-id'], name='ticket_by_priority'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(fields=['account', '-created_at', '-id'], name='ticket_of_account'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(fields=['contact', '-created_at'], name='ticket_of_contact'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(condition=models.Q(('assignee__isnull', False)), fields=['assignee'], name='ticket_of_user'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(fields=['category', '-created_at'], name='ticket_of_category'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(condition=models.Q(('requester_handle', ''), _negated=True), fields=['reply_channel', 'requester_handle', '-updated_at'], name='ticket_of_handle'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(condition=models.Q(('status', 'solved')), fields=['solved_at'], name='ticket_to_close'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(condition=models.Q(('solved_at__isnull', False)), fields=['-solved_at', '-id'], name='ticket_solved'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=django.contrib.postgres.indexes.GinIndex(fields=['tags'], name='ticket_tags'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(crm.segments.filters.operators.Folded('subject'), 'gin_trgm_ops'), name='ticket_subject_search'),
        ),
        migrations.AddConstraint(
            model_name='ticket',
            constraint=models.CheckConstraint(condition=models.Q(('contact', None), ('account__isnull', False), _connector='OR'), name='ticket_of_contact_has_account'),
        ),
        migrations.AddConstraint(
            model_name='ticket',
            constraint=models.CheckConstraint(condition=models.Q(('merged_into', models.F('id')), _negated=True), name='ticket_not_into_itself'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ticket',
            trigger=pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."account_id" IS DISTINCT FROM (NEW."account_id") OR OLD."assigned_because" IS DISTINCT FROM (NEW."assigned_because") OR OLD."assignee_id" IS DISTINCT FROM (NEW."assignee_id") OR OLD."category_id" IS DISTINCT FROM (NEW."category_id") OR OLD."contact_id" IS DISTINCT FROM (NEW."contact_id") OR OLD."copied" IS DISTINCT FROM (NEW."copied") OR OLD."custom" IS DISTINCT FROM (NEW."custom") OR OLD."priority" IS DISTINCT FROM (NEW."priority") OR OLD."subject" IS DISTINCT FROM (NEW."subject") OR OLD."tags" IS DISTINCT FROM (NEW."tags") OR OLD."team_id" IS DISTINCT FROM (NEW."team_id"))', func='INSERT INTO "crm_ticketchange" ("account_id", "answer_by", "answer_minutes", "answered_at", "asked_at", "assigned_because", "assignee_id", "category_id", "channel", "closed_at", "contact_id", "copied", "created_at", "created_by_id", "custom", "follows_id", "is_spam", "key", "level_id", "merged_into_id", "overran", "paused_until", "pgh_created_at", "pgh_label", "pgh_obj_id", "priority", "reopened", "reply_channel", "requester_handle", "requester_name", "solve_by", "solve_minutes", "solved_at", "status", "subject", "tags", "team_id", "token", "updated_at", "warned_at") VALUES (OLD."account_id", OLD."answer_by", OLD."answer_minutes", OLD."answered_at", OLD."asked_at", OLD."assigned_because", OLD."assignee_id", OLD."category_id", OLD."channel", OLD."closed_at", OLD."contact_id", OLD."copied", OLD."created_at", OLD."created_by_id", OLD."custom", OLD."follows_id", OLD."is_spam", OLD."key", OLD."level_id", OLD."merged_into_id", OLD."overran", OLD."paused_until", NOW(), \'update\', OLD."id", OLD."priority", OLD."reopened", OLD."reply_channel", OLD."requester_handle", OLD."requester_name", OLD."solve_by", OLD."solve_minutes", OLD."solved_at", OLD."status", OLD."subject", OLD."tags", OLD."team_id", OLD."token", OLD."updated_at", OLD."warned_at"); RETURN NULL;', hash='11d6895fd89153afac185a6b6c3916c8075efe8c', operation='UPDATE OF "subject", "priority", "category_id", "account_id", "contact_id", "team_id", "assignee_id", "assigned_because", "tags", "copied", "custom"', pgid='pgtrigger_remember_change_1999d', table='crm_ticket', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ticket',
            trigger=pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_ticketchange" ("account_id", "answer_by", "answer_minutes", "answered_at", "asked_at", "assigned_because", "assignee_id", "category_id", "channel", "closed_at", "contact_id", "copied", "created_at", "created_by_id", "custom", "follows_id", "is_spam", "key", "level_id", "merged_into_id", "overran", "paused_until", "pgh_created_at", "pgh_label", "pgh_obj_id", "priority", "reopened", "reply_channel", "requester_handle", "requester_name", "solve_by", "solve_minutes", "solved_at", "status", "subject", "tags", "team_id", "token", "updated_at", "warned_at") VALUES (OLD."account_id", OLD."answer_by", OLD."answer_minutes", OLD."answered_at", OLD."asked_at", OLD."assigned_because", OLD."assignee_id", OLD."category_id", OLD."channel", OLD."closed_at", OLD."contact_id", OLD."copied", OLD."created_at", OLD."created_by_id", OLD."custom", OLD."follows_id", OLD."is_spam", OLD."key", OLD."level_id", OLD."merged_into_id", OLD."overran", OLD."paused_until", NOW(), \'delete\', OLD."id", OLD."priority", OLD."reopened", OLD."reply_channel", OLD."requester_handle", OLD."requester_name", OLD."solve_by", OLD."solve_minutes", OLD."solved_at", OLD."status", OLD."subject", OLD."tags", OLD."team_id", OLD."token", OLD."updated_at", OLD."warned_at"); RETURN NULL;', hash='bbc77bc6a93fbba106dd37eb4fc86448f6aa0d4f', operation='DELETE', pgid='pgtrigger_remember_deletion_7da7e', table='crm_ticket', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='ticketchange',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='ticketchange_of_row'),
        ),
        migrations.AddIndex(
            model_name='ticketchange',
            index=models.Index(fields=['act', 'pgh_obj'], name='ticketchange_of_act'),
        ),
        migrations.AddConstraint(
            model_name='ticketdraft',
            constraint=models.UniqueConstraint(models.F('ticket'), models.F('user'), models.F('is_note'), name='draft_once'),
        ),
        migrations.AddConstraint(
            model_name='ticketfollower',
            constraint=models.UniqueConstraint(models.F('user'), models.F('ticket'), name='follower_once'),
        ),
        migrations.AddIndex(
            model_name='ticketmessage',
            index=models.Index(fields=['ticket', 'occurred_at', 'id'], name='ticketmessage_of_ticket'),
        ),
        migrations.AddIndex(
            model_name='ticketmessage',
            index=models.Index(condition=models.Q(('origin__isnull', False)), fields=['origin'], name='ticketmessage_of_origin'),
        ),
        migrations.AddIndex(
            model_name='ticketmessage',
            index=models.Index(condition=models.Q(('kind', 'out')), fields=['user', '-occurred_at'], name='ticketmessage_of_user'),
        ),
        migrations.AddIndex(
            model_name='ticketmessage',
            index=models.Index(condition=models.Q(('kind', 'in')), fields=['sender_handle', '-occurred_at'], name='ticketmessage_of_handle'),
        ),
        migrations.AddConstraint(
            model_name='ticketmessage',
            constraint=models.UniqueConstraint(models.F('channel'), models.F('external_key'), name='ticketmessage_once'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ticketfile',
            trigger=pgtrigger.compiler.Trigger(name='bytes_left_over', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO crm_leftoverfile (stored_as) SELECT stored_as FROM gone ON CONFLICT DO NOTHING; RETURN NULL;', hash='621874311ec17b18edf77d6b1710a10d2d9d4678', level='STATEMENT', operation='DELETE', pgid='pgtrigger_bytes_left_over_3d769', referencing='REFERENCING OLD TABLE AS gone ', table='crm_ticketfile', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='ticketpresence',
            constraint=models.UniqueConstraint(models.F('ticket'), models.F('user'), name='presence_once'),
        ),
        migrations.AddIndex(
            model_name='ticketspell',
            index=models.Index(fields=['ticket', 'began_at'], name='spell_of_ticket'),
        ),
        migrations.AddIndex(
            model_name='ticketspell',
            index=models.Index(condition=models.Q(('act__isnull', False)), fields=['act'], name='spell_of_act'),
        ),
        migrations.AddConstraint(
            model_name='ticketspell',
            constraint=models.UniqueConstraint(models.F('ticket'), condition=models.Q(('ended_at', None)), name='spell_open_once'),
        ),
        migrations.AddConstraint(
            model_name='ticketspell',
            constraint=models.CheckConstraint(condition=models.Q(('ended_at', None), ('ended_at__gte', models.F('began_at')), _connector='OR'), name='spell_forward'),
        ),
        migrations.AddIndex(
            model_name='ticketrating',
            index=models.Index(condition=models.Q(('score__isnull', False)), fields=['-answered_at', '-id'], name='rating_latest'),
        ),
        migrations.AddConstraint(
            model_name='ticketrating',
            constraint=models.CheckConstraint(condition=models.Q(('score', None), ('score__range', (1, 5)), _connector='OR'), name='rating_one_to_five'),
        ),
        migrations.AddConstraint(
            model_name='ticketrating',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answered_at', None), ('score', None)), models.Q(('answered_at__isnull', False), ('score__isnull', False)), _connector='OR'), name='rating_answered_has_score'),
        ),
    ]
