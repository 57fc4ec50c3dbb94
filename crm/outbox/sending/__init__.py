"""From a due row to a message in the world, once: claim → clear → hand over → mark.

**Claim** takes a slice of due messages and commits. **Clear** reads all that stands for or against them in one
transaction and asks the guards; what passes is written as a letter. **Hand over** takes one letter at a time to
`sending` and gives it to the channel. **Mark** notes what became of it before the next one is handed over, so that a
sender that dies leaves at most one message of which nobody knows.

Between clearing and handing over anything may change. So the commit to `sending` asks again, in the database, whether
all that the clearing saw still stands, and whatever forbids mail must change or lock one of the rows that it holds:

- the policy's row, shared. Switches, holds, imports with their opt-outs, and workflows that are paused or switched off
  close the gate (`crm.outbox.actions.close_the_gate`), which makes a new version of the row;
- the reader's row, locked. Consent, unsubscribing, pauses and changed addresses are new versions of it, and an address
  is suppressed under its lock (`crm.outbox.suppressing`); the cap is counted under it. A message that is addressed to
  an address rather than to somebody on record locks that address by its name, as suppressing it does.

The locks are taken in statements of their own, before the one that asks: a statement sees nothing that was committed
after it began. A letter that no longer stands is cleared again. So no message goes to `sending` after the commit of
what forbids it. What other rooms decide from data of their own, such as a workflow's exits and goals, is bounded by
FRESH only: it was so at a clearing no older than that.

Whoever closes the gate waits for the senders that hold it, so these wait for nobody: a message or reader that somebody
else holds comes back a few seconds later, at no cost to it (`crm.outbox.sending.returning`).
"""

from crm.outbox.sending.loop import next_chat, next_due, send, work, work_chats

__all__ = ["next_chat", "next_due", "send", "work", "work_chats"]
