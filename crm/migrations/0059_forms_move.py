"""Forms of the support desk become public forms with their addresses and settings, and what they brought their entries."""

import json

from django.db import migrations

_ASKED = {
    "name": ("contact.name", "Your name", "", False),
    "email": ("contact.email", "Your e-mail address", "We answer to it.", True),
    "subject": ("ticket.subject", "Subject", "", False),
    "category": ("ticket.category", "What is it about?", "", False),
    "text": ("message", "Your message", "", True),
    "files": ("ticket.files", "Files", "", False),
}
_ALWAYS = ("email", "text")
_STATES = {"new": "waiting", "failed": "waiting", "done": "done", "ignored": "discarded"}


def move(apps, schema_editor):
    """The numbers stay, since payloads name them."""
    old, new = apps.get_model("crm", "TicketForm"), apps.get_model("crm", "PublicForm")
    rows = [_moved(new, one) for one in old.objects.order_by("pk")]
    new.objects.bulk_create(rows)
    if not rows:
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('crm_publicform', 'id'), max(id)) FROM crm_publicform")
    payload, entry = apps.get_model("crm", "InboundPayload"), apps.get_model("crm", "FormEntry")
    forms = {one.pk: one for one in rows}
    for one in payload.objects.filter(kind="form", source="form", raw_kept=True).order_by("pk").iterator(50):
        told = json.loads(bytes(one.body))
        if told["form"] not in forms:
            continue
        one.body = json.dumps(_told(told)).encode()
        one.save(update_fields=["body"])
        entry.objects.create(
            form=forms[told["form"]], key=one.external_key, payload=one, received_at=one.received_at,
            handled_at=one.handled_at, state=_STATES[one.state], words=one.note,
        )


def _moved(model, old):
    asked = [_ASKED[name] for name in _ASKED if name in _ALWAYS or name in old.shown]
    fields = [
        {"target": target, "label": label, "help": words, "required": required, "options": []}
        for target, label, words, required in asked
    ]
    return model(
        pk=old.pk, name=old.name, title=old.name, slug=old.slug, intro=old.intro, thanks=old.thanks, fields=fields,
        outcome="ticket", outcome_settings={"category": old.category_id, "team": old.team_id}, origins=old.origins,
        created_at=old.created_at, archived_at=old.archived_at,
    )


def _told(old):
    answers = {_ASKED[name][0]: old[name] for name in ("name", "email", "subject", "text") if old.get(name)}
    said = [[_ASKED[name][1], old[name]] for name in ("name", "email", "subject", "text") if old.get(name)]
    if old.get("category"):
        answers["ticket.category"] = str(old["category"])
    return {
        "form": old["form"], "answers": answers, "said": said, "consent": None, "source": {}, "files": old["files"],
    }


class Migration(migrations.Migration):
    dependencies = [("crm", "0058_public_forms")]

    operations = [
        migrations.RunPython(move, migrations.RunPython.noop),
        migrations.DeleteModel("TicketForm"),
    ]
