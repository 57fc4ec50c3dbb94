import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0037_indexes_beside'),
    ]

    operations = [
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
                'indexes': [models.Index(fields=['segment', 'at'], name='segment_moves_by_time')],
            },
        ),
    ]
