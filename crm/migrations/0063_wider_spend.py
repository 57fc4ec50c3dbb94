"""What a customer has spent may be larger than each payment: amounts in dong or rupiah are long."""

from django.db import migrations, models

from crm.web.migrating import AtOnce


class Migration(AtOnce):

    dependencies = [
        ('crm', '0062_spells_left'),
    ]

    operations = [
        migrations.AlterField(
            model_name='account',
            name='lifetime_spend',
            field=models.DecimalField(decimal_places=2, default=0, max_digits=18),
        ),
        migrations.AlterField(
            model_name='accountchange',
            name='lifetime_spend',
            field=models.DecimalField(decimal_places=2, default=0, max_digits=18),
        ),
        migrations.AlterField(
            model_name='enteredspend',
            name='amount',
            field=models.DecimalField(decimal_places=2, max_digits=18),
        ),
    ]
