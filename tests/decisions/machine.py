"""A machine that lives a customer base through whatever comes, in any order, and looks at the invariants each time."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from crm import slots
from crm.accounts.models import Contact
from crm.outbox import policy, settling, unsubscribing
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.web import clock
from crm.web.models import Pulse
from retention.workflows import actions
from retention.workflows.models import Enrollment, Workflow
from tests.decisions import crashes, invariants, stage
from tests.decisions.life import Life, told_at_once
from tests.decisions.stage import CONTACTS, DEALS, RECIPES

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

contacts = st.sampled_from(range(len(CONTACTS)))
recipes = st.sampled_from(RECIPES)
hours = st.integers(1, 30)
#: Where to fail: early statements choose and lock, later ones write; a tick of one batch says 50 to 300 things.
points = st.one_of(st.integers(1, 60), st.integers(1, 300))


class Machine(Life):
    @initialize(starts=st.integers(1, 3), left=st.integers(29, 32), silent=st.integers(12, 15))
    def begin(self, starts: int, left: int, silent: int) -> None:
        """Somebody new, somebody whose contract runs out, somebody silent, and a deal with each of them."""
        with clock.travelling(self.now):
            self.ids = stage.people()
            stage.workflows(self.now)
        self.ada = User.objects.get(email="ada@example.com")
        self.contract(0, starts, 91, True)
        self.contract(1, left - 90, 90, False)
        self.contract(2, -300, 365, True)
        self.seen_in_the_product(2, 24 * silent)
        for who in range(len(CONTACTS)):
            self.deal_won(who, 0)
        self.pass_time(timedelta(0))

    # Time ---------------------------------------------------------------------------------------------------------

    @rule(stretch=hours)
    def some_hours(self, stretch: int) -> None:
        self.pass_time(stretch * HOUR)

    @rule()
    def until_something_is_due(self) -> None:
        with clock.travelling(self.now):
            coming = [moment for work in slots.work if (moment := work.next_due(self.now))]
        until = min((moment for moment in coming if moment > self.now), default=self.now + DAY)
        self.pass_time(min(until, self.now + 3 * DAY) - self.now)

    @rule(days=st.integers(2, 6))
    def clock_jumps(self, days: int) -> None:
        self.pass_time(days * DAY)

    @rule(number=points, afterwards=st.booleans(), killed=st.booleans(), times=st.integers(1, 2), stretch=hours)
    def crash(self, number: int, afterwards: bool, killed: bool, times: int, stretch: int) -> None:
        """While time passes something breaks, or somebody dies; then the work goes on."""
        fail = crashes.killed_in if killed else crashes.thrown_into
        self.now += stretch * HOUR
        for _ in range(times):
            fail(self.tick, number, afterwards=afterwards)
            self.check_all_or_nothing()
        self.now = max(self.now, Pulse.objects.filter(name="tick").values_list("ran_at", flat=True).get())
        self.pass_time(timedelta(minutes=2))  # past every lease

    @rule(manner=st.sampled_from(["drop", "refuse", "forbid"]), stretch=hours)
    def receiver_misbehaves(self, manner: str, stretch: int) -> None:
        self.receiver.manner = manner
        self.pass_time(stretch * HOUR)
        self.receiver.manner = "take"

    # What happens to customers ------------------------------------------------------------------------------------

    @rule(who=contacts, more=st.integers(0, 2))
    def deal_won(self, who: int, more: int) -> None:
        for _ in range(1 + more):
            key = f"deal:{len(self.deals)}"
            self.deals[key] = self.record(who, "deal.won", key)[0]

    @precondition(lambda self: self.deals)
    @rule(data=st.data())
    def the_same_deal_again(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.deals)))
        assert self.record(0, "deal.won", key) == []

    @rule(who=contacts)
    def deal_lost(self, who: int) -> None:
        self.record(who, "deal.lost", None)

    @rule(who=contacts, begins=st.integers(-20, 3), lasts=st.sampled_from([30, 31, 40, 91, 365]), auto=st.booleans())
    def contract(self, who: int, begins: int, lasts: int, auto: bool) -> None:
        starts_on = self.now.date() + begins * DAY
        row = {
            "external_id": f"contract-{len(self.contracts)}", "account_external_id": CONTACTS[who].name,
            "plan": "Pro", "starts_on": starts_on, "ends_on": starts_on + lasts * DAY, "mrr": "100",
            "currency": "EUR", "auto_renew": "yes" if auto else "no", "status": "paid",
        }  # fmt: skip
        self.bring("contracts", [row])

    @precondition(lambda self: self.contracts)
    @rule(data=st.data(), change=st.sampled_from(["shorter", "longer", "cancelled", "paid"]))
    def contract_changes(self, data: st.DataObject, change: str) -> None:
        row = dict(self.contracts[data.draw(st.sampled_from(sorted(self.contracts)))])
        if change in ("cancelled", "paid"):
            row["status"] = change
        else:
            by = -9 if change == "shorter" else 11
            row["ends_on"] = max(row["ends_on"] + by * DAY, row["starts_on"] + DAY)
        self.bring("contracts", [row])

    @rule(who=contacts, ago=st.integers(0, 24 * 15))
    def seen_in_the_product(self, who: int, ago: int) -> None:
        moment = self.now - ago * HOUR
        row = {"account_external_id": CONTACTS[who].name, "feature": "login", "occurred_at": moment.isoformat(),
               "count": 1}  # fmt: skip
        self.bring("usage", [row])

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def an_old_file_again(self, data: st.DataObject) -> None:
        self.bring(*data.draw(st.sampled_from(self.files)))

    # Who may be written to ----------------------------------------------------------------------------------------

    @rule(who=contacts)
    def unsubscribes(self, who: int) -> None:
        unsubscribing.unsubscribe(Contact.objects.get(pk=self.ids[who][1]), self.now)
        self.consent[who] = "no"

    @rule(who=contacts)
    def thinks_better_of_it(self, who: int) -> None:
        unsubscribing.undo(Contact.objects.get(pk=self.ids[who][1]), self.now)
        self.consent[who] = Contact.objects.get(pk=self.ids[who][1]).email_consent

    @rule(who=contacts, consent=st.sampled_from(["yes", "no"]))
    def consent_by_file(self, who: int, consent: str) -> None:
        person = CONTACTS[who]
        row = {"external_id": person.name, "account_external_id": person.name, "email": person.email,
               "email_consent": consent}  # fmt: skip
        self.bring("contacts", [row])

    @rule(scope=st.sampled_from(["all", "channel:email", "contact:0", "contact:1"]))
    def switch(self, scope: str) -> None:
        kind, _, who = scope.partition(":")
        real = f"contact:{self.ids[int(who)][1]}" if kind == "contact" else scope
        if scope in self.switches:
            assert policy.lift(real, self.now)
            self.switches.remove(scope)
        else:
            policy.throw(real, "Stop", self.now, self.ada)
            self.switches.add(scope)

    @rule(slug=st.sampled_from([*RECIPES, DEALS]))
    def pause_or_resume(self, slug: str) -> None:
        workflow = Workflow.objects.get(slug=slug)
        if self.state[slug] == "on":
            assert actions.pause(workflow)
            self.state[slug] = "paused"
        elif self.state[slug] == "paused":
            assert actions.resume(workflow, self.now)
            self.state[slug] = "on"

    @rule(slug=recipes, current=st.booleans())
    def off_or_on(self, slug: str, current: bool) -> None:
        if self.state[slug] == "on":
            actions.disable(slug, self.now)
            self.state[slug] = "off"
        else:
            actions.enable(slug, self.now, include_current=current)
            self.state[slug] = "on"

    # What people settle -------------------------------------------------------------------------------------------

    @rule(send_again=st.booleans())
    def somebody_settles_what_is_uncertain(self, send_again: bool) -> None:
        for message in OutboundMessage.objects.filter(state="uncertain"):
            if send_again:
                settling.resend(message.pk, "They say nothing came.", self.ada, self.now)
                self.again[message.message_id] += 1
            else:
                settling.settle_as_sent(message.pk, "They say it came.", self.ada, self.now)

    @rule()
    def somebody_tries_again(self) -> None:
        for message in OutboundMessage.objects.filter(state="failed"):
            settling.requeue(message.pk, "Try again.", self.ada, self.now)
        for parked in Enrollment.objects.filter(state="parked"):
            assert actions.retry(parked, "", None, self.now)

    @rule()
    def all_that_is_due_is_done(self) -> None:
        """Everything is let go, and then nothing may be left over."""
        for scope in sorted(self.switches):
            self.switch(scope)
        for slug in [*RECIPES, DEALS]:
            if self.state[slug] == "paused":
                self.pause_or_resume(slug)
        self.pass_time(timedelta(minutes=1))
        with told_at_once(self):
            invariants.look(invariants.NOT_WHEN_IDLE, self.now)
            invariants.explained()
            by_fact = Enrollment.objects.filter(trigger_key__startswith="entry:")
            wanted = {f"entry:{entry}" for entry in self.deals.values()}
            assert set(by_fact.values_list("trigger_key", flat=True)) == wanted
