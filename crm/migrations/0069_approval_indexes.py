"""What waits for a yes, found at once; built while others go on working."""

from django.db import models

from crm.web.migrating import AddIndexBeside, AtOnce


class Migration(AtOnce):
    atomic = False

    dependencies = [("crm", "0068_approval_and_topics")]

    operations = [
        AddIndexBeside(
            model_name="outboundmessage",
            index=models.Index(
                condition=models.Q(("state", "asked")), fields=["approver", "due_at", "id"], name="message_asked_of"
            ),
        ),
        AddIndexBeside(
            model_name="outboundmessage",
            index=models.Index(condition=models.Q(("state", "asked")), fields=["due_at", "id"], name="message_asked"),
        ),
        AddIndexBeside(
            model_name="outboundmessage",
            index=models.Index(
                condition=models.Q(("state", "asked")), fields=["expires_at"], name="message_asked_until"
            ),
        ),
        AddIndexBeside(
            model_name="outboundmessage",
            index=models.Index(
                condition=models.Q(("approver__isnull", False)), fields=["approver"], name="message_of_approver"
            ),
        ),
    ]
