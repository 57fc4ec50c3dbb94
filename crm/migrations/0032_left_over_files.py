import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0031_correspondence'),
    ]

    operations = [
        migrations.CreateModel(
            name='LeftOverFile',
            fields=[
                ('stored_as', models.CharField(max_length=120, primary_key=True, serialize=False)),
            ],
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='accountfile',
            trigger=pgtrigger.compiler.Trigger(name='bytes_left_over', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO crm_leftoverfile (stored_as) SELECT stored_as FROM gone ON CONFLICT DO NOTHING; RETURN NULL;', hash='c67e870c9c65a99d0f10b5914044ad321b529bc3', level='STATEMENT', operation='DELETE', pgid='pgtrigger_bytes_left_over_edece', referencing='REFERENCING OLD TABLE AS gone ', table='crm_accountfile', when='AFTER')),
        ),
    ]
