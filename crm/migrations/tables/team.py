"""What crm/team keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import crm.team.models.hours
import crm.web.clock
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='RoleRight',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('role', models.CharField(max_length=10)),
            ('permission', models.CharField(max_length=40)),
            ('allowed', models.BooleanField()),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('role'), models.F('permission'), name='roleright_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='Organisation',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(blank=True, max_length=120)),
            ('second_factor', models.CharField(choices=[('optional', 'Whoever wants to'), ('admins', 'All admins'), ('everybody', 'Everybody')], default='optional', max_length=10)),
            ('start_put_away_at', models.DateTimeField(null=True)),
        ],
        options={
            'constraints': [
                models.CheckConstraint(condition=models.Q(('pk', 1)), name='organisation_one_row'),
            ],
        },
    ),
    migrations.CreateModel(
        name='User',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('password', models.CharField(max_length=128, verbose_name='password')),
            ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
            ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
            ('email', models.EmailField(max_length=254, unique=True)),
            ('name', models.CharField(max_length=120)),
            ('role', models.CharField(choices=[('admin', 'Admin'), ('manager', 'Account manager'), ('agent', 'Support agent')], max_length=10)),
            ('time_zone', models.CharField(blank=True, max_length=64)),
            ('is_active', models.BooleanField(default=True)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
            ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ('sees', models.CharField(choices=[('own', 'Own customers'), ('team', 'Customers of their teams'), ('all', 'All customers')], db_default='all', default='all', max_length=4)),
            ('last_seen_at', models.DateTimeField(null=True)),
            ('sign_outs', models.PositiveIntegerField(db_default=0, default=0)),
            ('day_capacity', models.PositiveSmallIntegerField(db_default=8, default=8)),
            ('untouched_days', models.PositiveSmallIntegerField(db_default=30, default=30)),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='user_email_once'),
                models.CheckConstraint(condition=models.Q(('role__in', ['admin', 'manager', 'agent'])), name='user_role_known'),
                models.CheckConstraint(condition=models.Q(('sees__in', ['own', 'team', 'all'])), name='user_sees_known'),
            ],
        },
    ),
    migrations.CreateModel(
        name='Team',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=80)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('members', models.ManyToManyField(related_name='teams', through='crm.Membership', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(django.db.models.functions.text.Lower('name'), name='team_name_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='Membership',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='crm.team')),
            ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('team'), models.F('user'), name='membership_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='BusinessHours',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('time_zone', models.CharField(blank=True, max_length=64)),
            ('week', models.JSONField(default=crm.team.models.hours.office_week)),
            ('team', models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='business_hours', to='crm.team')),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('team'), name='businesshours_once', nulls_distinct=False),
            ],
        },
    ),
    migrations.CreateModel(
        name='Holiday',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=120)),
            ('starts_on', models.DateField()),
            ('ends_on', models.DateField()),
            ('yearly', models.BooleanField(default=False)),
            ('hours', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='holidays', to='crm.businesshours')),
        ],
        options={
            'ordering': ('starts_on', 'id'),
            'constraints': [
                models.CheckConstraint(condition=models.Q(('ends_on__gte', models.F('starts_on'))), name='holiday_ends_later'),
                models.UniqueConstraint(models.F('hours'), models.F('starts_on'), models.F('name'), name='holiday_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='ApiToken',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(blank=True, max_length=80)),
            ('scope', models.CharField(choices=[('read', 'Read'), ('write', 'Read and write')], max_length=10)),
            ('digest', models.CharField(max_length=64, unique=True)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('last_used_at', models.DateTimeField(null=True)),
            ('revoked_at', models.DateTimeField(null=True)),
            ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to=settings.AUTH_USER_MODEL)),
            ('expires_at', models.DateTimeField(null=True)),
        ],
    ),
    migrations.CreateModel(
        name='WriteKey',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=80)),
            ('scope', models.CharField(choices=[('usage', 'Usage only'), ('people', 'Usage, and who uses it')], default='usage', max_length=10)),
            ('digest', models.CharField(max_length=64, unique=True)),
            ('former_digest', models.CharField(blank=True, max_length=64)),
            ('former_until', models.DateTimeField(null=True)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('rotated_at', models.DateTimeField(null=True)),
            ('last_used_at', models.DateTimeField(null=True)),
            ('former_used_at', models.DateTimeField(null=True)),
            ('revoked_at', models.DateTimeField(null=True)),
            ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('former_digest'), condition=models.Q(('former_digest', ''), _negated=True), name='writekey_former_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='Device',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('session_key', models.CharField(max_length=40, unique=True)),
            ('agent', models.CharField(blank=True, max_length=300)),
            ('address', models.GenericIPAddressField(null=True)),
            ('signed_in_at', models.DateTimeField()),
            ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='devices', to=settings.AUTH_USER_MODEL)),
        ],
    ),
    migrations.CreateModel(
        name='Invitation',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('digest', models.CharField(max_length=64, unique=True)),
            ('sent_at', models.DateTimeField()),
            ('expires_at', models.DateTimeField()),
            ('invited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='invitation', to=settings.AUTH_USER_MODEL)),
        ],
    ),
]
