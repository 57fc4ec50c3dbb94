"""What an account manager’s desk needs: files, hand-offs, hierarchy, fit, goals, roles, and who is not to be contacted."""

import crm.web.clock
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0017_team'),
    ]

    operations = [
        migrations.CreateModel(
            name='AccountFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('content_type', models.CharField(max_length=100)),
                ('size', models.BigIntegerField()),
                ('stored_as', models.CharField(max_length=120, unique=True)),
                ('added_at', models.DateTimeField(default=crm.web.clock.now)),
                ('deleted_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='HandOff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('goals', models.TextField(blank=True)),
                ('roadblocks', models.TextField(blank=True)),
                ('decision_makers', models.TextField(blank=True)),
                ('promised', models.TextField(blank=True)),
                ('written_at', models.DateTimeField(default=crm.web.clock.now)),
                ('replaced_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name='account',
            name='do_not_contact',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='account',
            name='expected_benefit',
            field=models.CharField(blank=True, db_default='', max_length=200),
        ),
        migrations.AddField(
            model_name='account',
            name='goal',
            field=models.CharField(blank=True, db_default='', max_length=300),
        ),
        migrations.AddField(
            model_name='account',
            name='goal_checked_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='account',
            name='goal_due_on',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='account',
            name='goal_state',
            field=models.CharField(blank=True, choices=[('reached', 'Reached'), ('partly', 'Partly reached'), ('missed', 'Not reached'), ('', 'Not asked yet')], db_default='', default='', max_length=7),
        ),
        migrations.AddField(
            model_name='account',
            name='language',
            field=models.CharField(blank=True, db_default='', max_length=10),
        ),
        migrations.AddField(
            model_name='account',
            name='parent',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='children', to='crm.account'),
        ),
        migrations.AddField(
            model_name='account',
            name='suitability',
            field=models.CharField(blank=True, choices=[('good', 'Good fit'), ('fair', 'Fair fit'), ('poor', 'Poor fit'), ('', 'Not judged')], db_default='', default='', max_length=4),
        ),
        migrations.AddField(
            model_name='contact',
            name='do_not_contact',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='contact',
            name='roles',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('decides', 'Decides'), ('champion', 'Champion'), ('blocks', 'Blocks'), ('uses', 'Uses it'), ('pays', 'Pays')], max_length=12), blank=True, db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='task',
            name='kind',
            field=models.CharField(blank=True, choices=[('call', 'Call'), ('meeting', 'Meeting'), ('mail', 'Write'), ('follow_up', 'Follow up'), ('', 'Something else')], db_default='', default='', max_length=12),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('parent', models.F('id')), _negated=True), name='account_not_its_own_parent'),
        ),
        migrations.AddField(
            model_name='accountfile',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='crm.account'),
        ),
        migrations.AddField(
            model_name='accountfile',
            name='added_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='accountfile',
            name='deleted_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='handoff',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='hand_offs', to='crm.account'),
        ),
        migrations.AddField(
            model_name='handoff',
            name='written_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='accountfile',
            index=models.Index(condition=models.Q(('deleted_at', None)), fields=['account', '-added_at', '-id'], name='file_of_account'),
        ),
        migrations.AddIndex(
            model_name='accountfile',
            index=models.Index(condition=models.Q(('deleted_at__isnull', False)), fields=['deleted_at'], name='file_deleted'),
        ),
        migrations.AddConstraint(
            model_name='handoff',
            constraint=models.UniqueConstraint(models.F('account'), models.F('version'), name='hand_off_version_once'),
        ),
        migrations.AddConstraint(
            model_name='handoff',
            constraint=models.UniqueConstraint(models.F('account'), condition=models.Q(('replaced_at', None)), name='hand_off_current_once'),
        ),
    ]
