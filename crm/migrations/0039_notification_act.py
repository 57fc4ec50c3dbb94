from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0038_segment_moves'),
    ]

    operations = [
        migrations.AddField(
            model_name='notification',
            name='told_in',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='notification',
            name='withdrawn_at',
            field=models.DateTimeField(null=True),
        ),
    ]
