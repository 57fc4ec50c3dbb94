"""What the machine of machine.py lives: a few customers, a clock, its own record of what may be sent, and what must
hold at every moment."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command
from hypothesis.stateful import RuleBasedStateMachine, invariant

from crm.imports.actions import import_file
from crm.outbox.models import OutboundMessage
from crm.timeline.actions import Fact, record
from crm.web import clock
from tests.decisions import invariants, stage
from tests.decisions.receiver import Receiver
from tests.decisions.stage import CONTACTS, DEALS, OWNER, RECIPES, START


@contextlib.contextmanager
def told_at_once(life: Life) -> Iterator[None]:
    """Say what is wrong when it is seen: hypothesis lives a failure again, and a crash may then strike elsewhere."""
    try:
        yield
    except Exception as error:
        print(f"At {life.now:%Y-%m-%d %H:%M}, after {life.steps} steps: {error!r}")  # noqa: T201
        raise


class Life(RuleBasedStateMachine):
    """Knows only public verbs and commands, what lies in the tables, and what the receiver took."""

    receiver: Receiver
    folder: Path
    steps = 0
    letters_taken = 0

    def __init__(self) -> None:
        super().__init__()
        stage.clear()
        self.receiver.letters.clear()
        self.receiver.manner = "take"
        self.now = START
        self.seen = 0  # letters looked at
        self.consent = dict.fromkeys(range(len(CONTACTS)), "")
        self.switches: set[str] = set()
        self.state = dict.fromkeys([*RECIPES, DEALS], "on")
        self.again: Counter[str] = Counter()  # by Message-ID: how often a person had it sent again
        self.timeline: dict[int, str] = {}
        self.deals: dict[str, int] = {}  # key → entry
        self.files: list[tuple[str, list[dict[str, Any]]]] = []
        self.contracts: dict[str, dict[str, Any]] = {}

    def pass_time(self, stretch: timedelta) -> None:
        self.now += stretch
        with told_at_once(self):
            self.tick()
            self.look_at_letters()
            self.check_journal()

    def tick(self) -> None:
        call_command("tick", "--now", self.now.isoformat(), stdout=StringIO(), stderr=StringIO())

    def record(self, who: int, kind: str, key: str | None) -> list[int]:
        account, contact = self.ids[who]
        fact = Fact(account, kind, kind, self.now, contact_id=contact, source="person", key=key)
        with clock.travelling(self.now):
            return record(fact, now=self.now)

    def bring(self, kind: str, rows: Sequence[dict[str, Any]]) -> None:
        self.files.append((kind, [dict(row) for row in rows]))
        path = stage.write_csv(self.folder / f"{kind}.csv", rows)
        with clock.travelling(self.now):
            import_file(kind, path, now=self.now)
            again = import_file(kind, path, now=self.now)
        with told_at_once(self):
            assert (again.created, again.updated) == (0, 0), f"the same {kind} again changed something: {rows} {again}"
        for row in rows:
            if kind == "contracts":
                self.contracts[row["external_id"]] = dict(row)
            if kind == "contacts":
                who = next(n for n, person in enumerate(CONTACTS) if person.email == row["email"])
                if self.consent[who] != "no":  # a refusal stands whatever a file says
                    self.consent[who] = row["email_consent"]

    # What must hold -----------------------------------------------------------------------------------------------

    def look_at_letters(self) -> None:
        """The new letters, against what was allowed while they left."""
        letters, self.seen = self.receiver.letters[self.seen :], len(self.receiver.letters)
        type(self).letters_taken += len(letters)
        for letter in letters:
            message = OutboundMessage.objects.get(message_id=letter.message_id)
            assert not self.switches & {"all", "channel:email"}, f"{letter} left although mail was stopped"
            assert self.state[message.series] == "on", f"{letter} left while {message.series} was not on"
            if letter.to == OWNER:
                continue
            who = next(n for n, person in enumerate(CONTACTS) if person.email == letter.to)
            assert f"contact:{who}" not in self.switches, f"{letter} left although {letter.to} was stopped"
            assert self.consent[who] != "no", f"{letter} left although {letter.to} wants none"
            assert letter.at <= self.now, f"{letter} left before its time"
            invariants.by_daylight(letter, CONTACTS[who].zone)

    def check_all_or_nothing(self) -> None:
        invariants.look(invariants.NEVER, self.now)
        invariants.known_to_us(self.receiver.letters)
        invariants.taken_once(self.receiver.letters, self.again)

    @invariant()
    def all_is_well(self) -> None:
        type(self).steps += 1
        with told_at_once(self):
            self.check_all_or_nothing()
            invariants.within_cap([letter for letter in self.receiver.letters if letter.to != OWNER])
            after = invariants.timeline()
            invariants.only_grew(self.timeline, after)
            self.timeline = after

    def check_journal(self) -> None:
        """Only after time has passed: what a switch held back is due at once when it is lifted, and not yet sent."""
        out = StringIO()
        with clock.travelling(self.now):
            try:
                call_command("verify_journal", "--json", stdout=out)
            except SystemExit:
                found = json.loads(out.getvalue())["details"]
                sent_again = {f"message {pk}:" for pk in self._sent_again()}
                found["doubled"] = [line for line in found["doubled"] if not line.startswith(tuple(sent_again))]
                assert not found["lost"] + found["doubled"] + found["late"] + found["parked"], found

    def _sent_again(self) -> list[int]:
        return list(OutboundMessage.objects.filter(message_id__in=list(self.again)).values_list("pk", flat=True))
