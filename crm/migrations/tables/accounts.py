"""What crm/accounts keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import crm.accounts.matching.keys
import crm.accounts.models.contacts
import crm.fields.models
import crm.segments.filters.operators
import crm.web.clock
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.text
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Account',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('external_id', models.CharField(blank=True, max_length=120, null=True)),
            ('name', models.CharField(max_length=200)),
            ('kind', models.CharField(choices=[('company', 'Company'), ('person', 'Person')], default='company', max_length=10)),
            ('domain', models.CharField(blank=True, max_length=253)),
            ('industry', models.CharField(blank=True, max_length=80)),
            ('country', models.CharField(blank=True, max_length=2)),
            ('timezone', models.CharField(blank=True, max_length=64)),
            ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list)),
            ('tier', models.CharField(blank=True, max_length=20)),
            ('risk', models.PositiveSmallIntegerField(null=True)),
            ('signed_up_on', models.DateField(blank=True, null=True)),
            ('primary_use_case', models.CharField(blank=True, max_length=200)),
            ('lifetime_spend', models.DecimalField(decimal_places=2, default=0, max_digits=14)),
            ('lifecycle', models.CharField(choices=[('lead', 'Lead'), ('trial', 'Trial'), ('customer', 'Customer'), ('paused', 'Paused'), ('churned', 'Churned')], default='lead', max_length=10)),
            ('customer_since', models.DateField(null=True)),
            ('mrr', models.DecimalField(decimal_places=2, default=0, max_digits=14)),
            ('renews_on', models.DateField(null=True)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
            ('owner', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='accounts', to=settings.AUTH_USER_MODEL)),
            ('do_not_contact', models.BooleanField(db_default=False, default=False)),
            ('expected_benefit', models.CharField(blank=True, db_default='', max_length=200)),
            ('goal', models.CharField(blank=True, db_default='', max_length=300)),
            ('goal_checked_on', models.DateField(null=True)),
            ('goal_due_on', models.DateField(blank=True, null=True)),
            ('goal_state', models.CharField(blank=True, choices=[('reached', 'Reached'), ('partly', 'Partly reached'), ('missed', 'Not reached'), ('', 'Not asked yet')], db_default='', default='', max_length=7)),
            ('language', models.CharField(blank=True, db_default='', max_length=10)),
            ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='children', to='crm.account')),
            ('suitability', models.CharField(blank=True, choices=[('good', 'Good fit'), ('fair', 'Fair fit'), ('poor', 'Poor fit'), ('', 'Not judged')], db_default='', default='', max_length=4)),
            ('match_name', models.GeneratedField(db_persist=True, expression=crm.accounts.matching.keys.NameKey(models.F('name')), output_field=models.TextField())),
            ('custom', crm.fields.models.CustomValues('account', blank=True, db_default={}, default=dict)),
        ],
        options={
            'indexes': [
                models.Index(django.db.models.functions.text.Lower('name'), models.F('id'), name='account_by_name'),
                models.Index(fields=['owner', 'id'], name='account_by_owner'),
                models.Index(fields=['renews_on', 'id'], name='account_by_renewal'),
                models.Index(fields=['mrr', 'id'], name='account_by_mrr'),
                models.Index(fields=['created_at', 'id'], name='account_by_creation'),
                models.Index(fields=['lifecycle', 'id'], name='account_by_lifecycle'),
                models.Index(django.db.models.functions.text.Lower('domain'), condition=models.Q(('domain', ''), _negated=True), name='account_domain'),
                django.contrib.postgres.indexes.GinIndex(fields=['tags'], name='account_tags'),
                django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(crm.segments.filters.operators.Folded('name'), 'gin_trgm_ops'), name='account_name_search'),
                django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(crm.segments.filters.operators.Folded('domain'), 'gin_trgm_ops'), name='account_domain_search'),
                models.Index(condition=models.Q(('match_name', ''), _negated=True), fields=['match_name', 'id'], name='account_by_match_name'),
                models.Index(django.db.models.functions.text.Reverse('match_name'), models.F('id'), condition=models.Q(('match_name', ''), _negated=True), name='account_by_name_backwards'),
                models.Index(django.db.models.functions.comparison.Coalesce(models.F('owner'), models.Value(0), output_field=models.BigIntegerField()), models.F('id'), include=('owner',), name='account_by_sight'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('external_id'), name='account_external_id_once'),
                models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='account_has_name'),
                models.CheckConstraint(condition=models.Q(('parent', models.F('id')), _negated=True), name='account_not_its_own_parent'),
            ],
            'triggers': [
                pgtrigger.compiler.Trigger(name='beside', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO crm_accountseen (account_id, signed_up_on) SELECT id, signed_up_on FROM added ORDER BY id; RETURN NULL;', hash='a15019a15e2abd65b0373d09cb3426dc2785b62e', level='STATEMENT', operation='INSERT', pgid='pgtrigger_beside_ae48f', referencing='REFERENCING NEW TABLE AS added ', table='crm_account', when='AFTER')),
                pgtrigger.compiler.Trigger(name='beside_no_more', sql=pgtrigger.compiler.UpsertTriggerSql(func='DELETE FROM crm_accountseen USING gone WHERE account_id = gone.id; RETURN NULL;', hash='d5872be5326af92cba6e7662d00ed5d0f6190c07', level='STATEMENT', operation='DELETE', pgid='pgtrigger_beside_no_more_88d76', referencing='REFERENCING OLD TABLE AS gone ', table='crm_account', when='AFTER')),
                pgtrigger.compiler.Trigger(name='signed_up_anew', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."signed_up_on" IS DISTINCT FROM (NEW."signed_up_on"))', func='UPDATE crm_accountseen SET signed_up_on = NEW.signed_up_on WHERE account_id = NEW.id; RETURN NULL;', hash='c2638c75343e177a116abc2169f0d79c0b778a04', operation='UPDATE OF "signed_up_on"', pgid='pgtrigger_signed_up_anew_0a82e', table='crm_account', when='AFTER')),
                pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."country" IS DISTINCT FROM (NEW."country") OR OLD."custom" IS DISTINCT FROM (NEW."custom") OR OLD."do_not_contact" IS DISTINCT FROM (NEW."do_not_contact") OR OLD."domain" IS DISTINCT FROM (NEW."domain") OR OLD."expected_benefit" IS DISTINCT FROM (NEW."expected_benefit") OR OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."goal" IS DISTINCT FROM (NEW."goal") OR OLD."goal_checked_on" IS DISTINCT FROM (NEW."goal_checked_on") OR OLD."goal_due_on" IS DISTINCT FROM (NEW."goal_due_on") OR OLD."goal_state" IS DISTINCT FROM (NEW."goal_state") OR OLD."industry" IS DISTINCT FROM (NEW."industry") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."parent_id" IS DISTINCT FROM (NEW."parent_id") OR OLD."primary_use_case" IS DISTINCT FROM (NEW."primary_use_case") OR OLD."signed_up_on" IS DISTINCT FROM (NEW."signed_up_on") OR OLD."suitability" IS DISTINCT FROM (NEW."suitability") OR OLD."tags" IS DISTINCT FROM (NEW."tags") OR OLD."timezone" IS DISTINCT FROM (NEW."timezone"))', func='INSERT INTO "crm_accountchange" ("country", "created_at", "custom", "customer_since", "do_not_contact", "domain", "expected_benefit", "external_id", "goal", "goal_checked_on", "goal_due_on", "goal_state", "industry", "kind", "language", "lifecycle", "lifetime_spend", "mrr", "name", "owner_id", "parent_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "primary_use_case", "renews_on", "risk", "signed_up_on", "suitability", "tags", "tier", "timezone", "updated_at") VALUES (OLD."country", OLD."created_at", OLD."custom", OLD."customer_since", OLD."do_not_contact", OLD."domain", OLD."expected_benefit", OLD."external_id", OLD."goal", OLD."goal_checked_on", OLD."goal_due_on", OLD."goal_state", OLD."industry", OLD."kind", OLD."language", OLD."lifecycle", OLD."lifetime_spend", OLD."mrr", OLD."name", OLD."owner_id", OLD."parent_id", NOW(), \'update\', OLD."id", OLD."primary_use_case", OLD."renews_on", OLD."risk", OLD."signed_up_on", OLD."suitability", OLD."tags", OLD."tier", OLD."timezone", OLD."updated_at"); RETURN NULL;', hash='cc2448a58544698ef8d6ecc62a0c189d42fe3ca7', operation='UPDATE OF "name", "kind", "domain", "industry", "country", "timezone", "language", "parent_id", "owner_id", "tags", "external_id", "signed_up_on", "primary_use_case", "do_not_contact", "expected_benefit", "suitability", "goal", "goal_due_on", "goal_state", "goal_checked_on", "custom"', pgid='pgtrigger_remember_change_4acfd', table='crm_account', when='AFTER')),
                pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_accountchange" ("country", "created_at", "custom", "customer_since", "do_not_contact", "domain", "expected_benefit", "external_id", "goal", "goal_checked_on", "goal_due_on", "goal_state", "industry", "kind", "language", "lifecycle", "lifetime_spend", "mrr", "name", "owner_id", "parent_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "primary_use_case", "renews_on", "risk", "signed_up_on", "suitability", "tags", "tier", "timezone", "updated_at") VALUES (OLD."country", OLD."created_at", OLD."custom", OLD."customer_since", OLD."do_not_contact", OLD."domain", OLD."expected_benefit", OLD."external_id", OLD."goal", OLD."goal_checked_on", OLD."goal_due_on", OLD."goal_state", OLD."industry", OLD."kind", OLD."language", OLD."lifecycle", OLD."lifetime_spend", OLD."mrr", OLD."name", OLD."owner_id", OLD."parent_id", NOW(), \'delete\', OLD."id", OLD."primary_use_case", OLD."renews_on", OLD."risk", OLD."signed_up_on", OLD."suitability", OLD."tags", OLD."tier", OLD."timezone", OLD."updated_at"); RETURN NULL;', hash='c32a47b82301564b89e627c15ab0d915bf9b398e', operation='DELETE', pgid='pgtrigger_remember_deletion_c2f26', table='crm_account', when='AFTER')),
            ],
        },
    ),
    migrations.CreateModel(
        name='Contact',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('external_id', models.CharField(blank=True, max_length=120, null=True)),
            ('first_name', models.CharField(blank=True, max_length=100)),
            ('last_name', models.CharField(blank=True, max_length=100)),
            ('email', models.EmailField(blank=True, max_length=254, null=True)),
            ('phone', models.CharField(blank=True, max_length=40)),
            ('title', models.CharField(blank=True, max_length=120)),
            ('timezone', models.CharField(blank=True, max_length=64)),
            ('language', models.CharField(blank=True, max_length=10)),
            ('birthday', models.DateField(blank=True, null=True)),
            ('email_consent', models.CharField(blank=True, choices=[('yes', 'Agreed'), ('no', 'Refused'), ('', 'Not asked')], default='', max_length=3)),
            ('is_primary', models.BooleanField(default=False)),
            ('automation_paused_until', models.DateTimeField(null=True)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
            ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='contacts', to='crm.account')),
            ('do_not_contact', models.BooleanField(db_default=False, default=False)),
            ('roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('decides', 'Decides'), ('champion', 'Champion'), ('blocks', 'Blocks'), ('uses', 'Uses it'), ('pays', 'Pays')], max_length=12), blank=True, db_default=[], default=list)),
            ('match_phone', crm.accounts.matching.keys.PhoneKey(blank=True, db_default='', editable=False, max_length=16)),
            ('custom', crm.fields.models.CustomValues('contact', blank=True, db_default={}, default=dict)),
        ],
        options={
            'indexes': [
                django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(crm.segments.filters.operators.Folded(crm.accounts.models.contacts.FullName('first_name', 'last_name')), 'gin_trgm_ops'), django.contrib.postgres.indexes.OpClass(crm.segments.filters.operators.Folded('email'), 'gin_trgm_ops'), django.contrib.postgres.indexes.OpClass(crm.segments.filters.operators.Folded(crm.accounts.models.contacts.Digits('phone')), 'gin_trgm_ops'), name='contact_search'),
                models.Index(condition=models.Q(('match_phone', ''), _negated=True), fields=['match_phone'], name='contact_by_match_phone'),
                models.Index(django.db.models.functions.text.Lower(crm.accounts.models.contacts.FullName('first_name', 'last_name')), models.F('id'), name='contact_by_name'),
                models.Index(fields=['created_at', 'id'], name='contact_by_creation'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('external_id'), name='contact_external_id_once'),
                models.UniqueConstraint(models.F('email'), name='contact_email_once'),
                models.CheckConstraint(condition=models.Q(('email', None), ('email', django.db.models.functions.text.Lower('email')), _connector='OR'), name='contact_email_lower'),
                models.UniqueConstraint(models.F('account'), condition=models.Q(('is_primary', True)), name='contact_primary_once'),
            ],
            'triggers': [
                pgtrigger.compiler.Trigger(name='beside', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO crm_contactseen (contact_id) SELECT id FROM added ORDER BY id; RETURN NULL;', hash='acba17f8400e5ac1f17f11c9dda8b8badf41dddf', level='STATEMENT', operation='INSERT', pgid='pgtrigger_beside_341da', referencing='REFERENCING NEW TABLE AS added ', table='crm_contact', when='AFTER')),
                pgtrigger.compiler.Trigger(name='beside_no_more', sql=pgtrigger.compiler.UpsertTriggerSql(func='DELETE FROM crm_contactseen USING gone WHERE contact_id = gone.id; RETURN NULL;', hash='e49c23cfdca0bcd864cfbca2551e3ec899d0a3bd', level='STATEMENT', operation='DELETE', pgid='pgtrigger_beside_no_more_9fd26', referencing='REFERENCING OLD TABLE AS gone ', table='crm_contact', when='AFTER')),
                pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."account_id" IS DISTINCT FROM (NEW."account_id") OR OLD."birthday" IS DISTINCT FROM (NEW."birthday") OR OLD."custom" IS DISTINCT FROM (NEW."custom") OR OLD."do_not_contact" IS DISTINCT FROM (NEW."do_not_contact") OR OLD."email" IS DISTINCT FROM (NEW."email") OR OLD."email_consent" IS DISTINCT FROM (NEW."email_consent") OR OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."first_name" IS DISTINCT FROM (NEW."first_name") OR OLD."is_primary" IS DISTINCT FROM (NEW."is_primary") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."last_name" IS DISTINCT FROM (NEW."last_name") OR OLD."match_phone" IS DISTINCT FROM (NEW."match_phone") OR OLD."phone" IS DISTINCT FROM (NEW."phone") OR OLD."roles" IS DISTINCT FROM (NEW."roles") OR OLD."timezone" IS DISTINCT FROM (NEW."timezone") OR OLD."title" IS DISTINCT FROM (NEW."title"))', func='INSERT INTO "crm_contactchange" ("account_id", "automation_paused_until", "birthday", "created_at", "custom", "do_not_contact", "email", "email_consent", "external_id", "first_name", "is_primary", "language", "last_name", "match_phone", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "roles", "timezone", "title", "updated_at") VALUES (OLD."account_id", OLD."automation_paused_until", OLD."birthday", OLD."created_at", OLD."custom", OLD."do_not_contact", OLD."email", OLD."email_consent", OLD."external_id", OLD."first_name", OLD."is_primary", OLD."language", OLD."last_name", OLD."match_phone", NOW(), \'update\', OLD."id", OLD."phone", OLD."roles", OLD."timezone", OLD."title", OLD."updated_at"); RETURN NULL;', hash='abdc65e216c6db7b0738a2b235d154ae5202cbff', operation='UPDATE OF "account_id", "first_name", "last_name", "email", "phone", "title", "timezone", "language", "birthday", "email_consent", "is_primary", "roles", "do_not_contact", "external_id", "custom", "match_phone"', pgid='pgtrigger_remember_change_cbd49', table='crm_contact', when='AFTER')),
                pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_contactchange" ("account_id", "automation_paused_until", "birthday", "created_at", "custom", "do_not_contact", "email", "email_consent", "external_id", "first_name", "is_primary", "language", "last_name", "match_phone", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "roles", "timezone", "title", "updated_at") VALUES (OLD."account_id", OLD."automation_paused_until", OLD."birthday", OLD."created_at", OLD."custom", OLD."do_not_contact", OLD."email", OLD."email_consent", OLD."external_id", OLD."first_name", OLD."is_primary", OLD."language", OLD."last_name", OLD."match_phone", NOW(), \'delete\', OLD."id", OLD."phone", OLD."roles", OLD."timezone", OLD."title", OLD."updated_at"); RETURN NULL;', hash='852d359b69ccc997bc17f5eb252f780126a23680', operation='DELETE', pgid='pgtrigger_remember_deletion_113a9', table='crm_contact', when='AFTER')),
            ],
        },
    ),
    migrations.CreateModel(
        name='Alias',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('subject', models.CharField(max_length=10)),
            ('kind', models.CharField(choices=[('id', 'Number here'), ('external_id', 'Id in another system'), ('email', 'E-mail')], max_length=12)),
            ('value', models.CharField(max_length=254)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('account', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='crm.account')),
            ('contact', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='crm.contact')),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('subject'), models.F('kind'), models.F('value'), name='alias_once'),
                models.CheckConstraint(condition=models.Q(models.Q(('account__isnull', False), ('contact', None), ('subject', 'account')), models.Q(('account', None), ('contact__isnull', False), ('subject', 'contact')), _connector='OR'), name='alias_of_one'),
            ],
        },
    ),
    migrations.CreateModel(
        name='AccountChange',
        fields=[
            ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
            ('pgh_label', models.TextField(help_text='The event label.')),
            ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
            ('parent', models.BigIntegerField(db_column='parent_id', null=True)),
            ('owner', models.BigIntegerField(db_column='owner_id', null=True)),
            ('external_id', models.CharField(blank=True, max_length=120, null=True)),
            ('name', models.CharField(max_length=200)),
            ('kind', models.CharField(choices=[('company', 'Company'), ('person', 'Person')], default='company', max_length=10)),
            ('domain', models.CharField(blank=True, max_length=253)),
            ('industry', models.CharField(blank=True, max_length=80)),
            ('country', models.CharField(blank=True, max_length=2)),
            ('timezone', models.CharField(blank=True, max_length=64)),
            ('language', models.CharField(blank=True, db_default='', max_length=10)),
            ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list)),
            ('tier', models.CharField(blank=True, max_length=20)),
            ('risk', models.PositiveSmallIntegerField(null=True)),
            ('do_not_contact', models.BooleanField(db_default=False, default=False)),
            ('signed_up_on', models.DateField(blank=True, null=True)),
            ('primary_use_case', models.CharField(blank=True, max_length=200)),
            ('lifetime_spend', models.DecimalField(decimal_places=2, default=0, max_digits=14)),
            ('expected_benefit', models.CharField(blank=True, db_default='', max_length=200)),
            ('suitability', models.CharField(blank=True, choices=[('good', 'Good fit'), ('fair', 'Fair fit'), ('poor', 'Poor fit'), ('', 'Not judged')], db_default='', default='', max_length=4)),
            ('goal', models.CharField(blank=True, db_default='', max_length=300)),
            ('goal_due_on', models.DateField(blank=True, null=True)),
            ('goal_state', models.CharField(blank=True, choices=[('reached', 'Reached'), ('partly', 'Partly reached'), ('missed', 'Not reached'), ('', 'Not asked yet')], db_default='', default='', max_length=7)),
            ('goal_checked_on', models.DateField(null=True)),
            ('lifecycle', models.CharField(choices=[('lead', 'Lead'), ('trial', 'Trial'), ('customer', 'Customer'), ('paused', 'Paused'), ('churned', 'Churned')], default='lead', max_length=10)),
            ('customer_since', models.DateField(null=True)),
            ('mrr', models.DecimalField(decimal_places=2, default=0, max_digits=14)),
            ('renews_on', models.DateField(null=True)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
            ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.account')),
            ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
            ('custom', crm.fields.models.CustomValues('account', blank=True, db_default={}, default=dict)),
        ],
        options={
            'abstract': False,
            'indexes': [
                models.Index(fields=['pgh_obj', 'pgh_id'], name='accountchange_of_row'),
                models.Index(fields=['act', 'pgh_obj'], name='accountchange_of_act'),
            ],
        },
    ),
    migrations.CreateModel(
        name='ContactChange',
        fields=[
            ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
            ('pgh_label', models.TextField(help_text='The event label.')),
            ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
            ('account', models.BigIntegerField(db_column='account_id', null=True)),
            ('external_id', models.CharField(blank=True, max_length=120, null=True)),
            ('first_name', models.CharField(blank=True, max_length=100)),
            ('last_name', models.CharField(blank=True, max_length=100)),
            ('email', models.EmailField(blank=True, max_length=254, null=True)),
            ('phone', models.CharField(blank=True, max_length=40)),
            ('title', models.CharField(blank=True, max_length=120)),
            ('timezone', models.CharField(blank=True, max_length=64)),
            ('language', models.CharField(blank=True, max_length=10)),
            ('birthday', models.DateField(blank=True, null=True)),
            ('email_consent', models.CharField(blank=True, choices=[('yes', 'Agreed'), ('no', 'Refused'), ('', 'Not asked')], default='', max_length=3)),
            ('is_primary', models.BooleanField(default=False)),
            ('roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('decides', 'Decides'), ('champion', 'Champion'), ('blocks', 'Blocks'), ('uses', 'Uses it'), ('pays', 'Pays')], max_length=12), blank=True, db_default=[], default=list)),
            ('do_not_contact', models.BooleanField(db_default=False, default=False)),
            ('automation_paused_until', models.DateTimeField(null=True)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
            ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
            ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.contact')),
            ('match_phone', crm.accounts.matching.keys.PhoneKey(blank=True, db_default='', editable=False, max_length=16)),
            ('custom', crm.fields.models.CustomValues('contact', blank=True, db_default={}, default=dict)),
        ],
        options={
            'abstract': False,
            'indexes': [
                models.Index(fields=['pgh_obj', 'pgh_id'], name='contactchange_of_row'),
                models.Index(fields=['act', 'pgh_obj'], name='contactchange_of_act'),
            ],
        },
    ),
    migrations.CreateModel(
        name='ContactHandle',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('channel', models.CharField(max_length=10)),
            ('handle', models.CharField(max_length=254)),
            ('name', models.CharField(blank=True, max_length=120)),
            ('linked_at', models.DateTimeField(default=crm.web.clock.now)),
            ('contact', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='handles', to='crm.contact')),
            ('linked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('channel'), models.F('handle'), name='contacthandle_once'),
            ],
        },
    ),
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
            ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='crm.account')),
            ('added_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('deleted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('deleted_at', None)), fields=['account', '-added_at', '-id'], name='file_of_account'),
                models.Index(condition=models.Q(('deleted_at__isnull', False)), fields=['deleted_at'], name='file_deleted'),
            ],
            'triggers': [
                pgtrigger.compiler.Trigger(name='bytes_left_over', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO crm_leftoverfile (stored_as) SELECT stored_as FROM gone ON CONFLICT DO NOTHING; RETURN NULL;', hash='c67e870c9c65a99d0f10b5914044ad321b529bc3', level='STATEMENT', operation='DELETE', pgid='pgtrigger_bytes_left_over_edece', referencing='REFERENCING OLD TABLE AS gone ', table='crm_accountfile', when='AFTER')),
            ],
        },
    ),
    migrations.CreateModel(
        name='LeftOverFile',
        fields=[
            ('stored_as', models.CharField(max_length=120, primary_key=True, serialize=False)),
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
            ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='hand_offs', to='crm.account')),
            ('written_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('account'), models.F('version'), name='hand_off_version_once'),
                models.UniqueConstraint(models.F('account'), condition=models.Q(('replaced_at', None)), name='hand_off_current_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='AccountSeen',
        fields=[
            ('account', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='seen', serialize=False, to='crm.account')),
            ('at', models.DateTimeField(null=True)),
            ('signed_up_on', models.DateField(null=True)),
            ('silent_since', models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce(models.F('at'), models.Func(models.Value('UTC'), models.Func(models.F('signed_up_on'), function='', template='%(expressions)s::timestamp'), function='timezone')), output_field=models.DateTimeField(null=True))),
        ],
        options={
            'indexes': [
                models.Index(fields=['silent_since', 'account'], name='account_by_silence'),
            ],
        },
    ),
    migrations.CreateModel(
        name='ContactSeen',
        fields=[
            ('contact', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='seen', serialize=False, to='crm.contact')),
            ('at', models.DateTimeField(null=True)),
        ],
        options={
            'indexes': [
                models.Index(fields=['at', 'contact'], name='contact_by_last_seen'),
            ],
        },
    ),
]
