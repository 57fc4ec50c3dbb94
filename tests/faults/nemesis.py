"""What goes wrong on purpose while work goes on: processes killed and put to sleep, by dice that always fall alike."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter

from tests.faults.world import World
from tests.stage.crew import Process, pool, send_signal


class Nemesis:
    """Kills what works. `done` counts what it did, by kind."""

    def __init__(self, world: World, team: list[Process], seed: int = 7) -> None:
        self.world, self.team, self.dice = world, team, random.Random(seed)
        self.done: Counter[str] = Counter()
        self._asleep: list[tuple[float, int]] = []

    @property
    def kills(self) -> int:
        return self.done["pool_kills"] + self.done["main_kills"]

    def kill_child(self) -> None:
        """kill -9 of one pool process: its parent forks another."""
        if children := [pid for worker in self.team for pid in pool(worker)]:
            self.done["pool_kills"] += send_signal(self.dice.choice(children), signal.SIGKILL)

    def kill_main(self) -> None:
        """kill -9 of a whole worker, as a power cut does, and a new one in its place."""
        place = self.dice.randrange(len(self.team))
        self.world.crew.kill(self.team[place])
        self.replace(place)
        self.done["main_kills"] += 1

    def replace(self, place: int) -> None:
        self.team[place] = self.world.crew.worker(EMAIL_URL=self.world.email_url(self.world.kind))

    def doze(self, seconds: float) -> None:
        """SIGSTOP of one pool process, for so long; `wake` ends it."""
        if children := [pid for worker in self.team for pid in pool(worker)]:
            pid = self.dice.choice(children)
            if send_signal(pid, signal.SIGSTOP):
                self._asleep.append((time.monotonic() + seconds, pid))
                self.done["stops"] += 1

    def wake(self, *, everybody: bool = False) -> None:
        now = time.monotonic()
        for until, pid in list(self._asleep):
            if everybody or until <= now:
                send_signal(pid, signal.SIGCONT)
                self._asleep.remove((until, pid))


def kill_while_sending(world: World, nemesis: Nemesis, *, kills: int, mains: int, planned: int, seconds: float) -> None:
    """Spread the kills over the run: one for every so many mails taken, of mains now and then, and now and then one
    that sleeps past its lease. Returns when nothing is due or leaving any more.
    """
    end = time.monotonic() + seconds
    due_kill = planned * 0.95 / max(kills, 1)
    every_main = kills // mains if mains else 0
    while (taken := world.taken()) < planned * 0.98 or nemesis.kills < kills:
        nemesis.wake()
        world.hasten()
        # When little is left to take, what is killed works on nothing: then a kill is a kill all the same.
        if nemesis.kills < kills and taken >= min(nemesis.kills * due_kill, planned * 0.9):
            if every_main and nemesis.kills % every_main == every_main - 1:
                nemesis.kill_main()
            else:
                nemesis.kill_child()
            if nemesis.kills % 25 == 0:
                nemesis.doze(8)
        if nemesis.kills >= kills and not world.unsettled():
            break
        assert time.monotonic() < end, f"{world.states()}, {nemesis.done}\n{world.crew.logs()}"
        time.sleep(0.02)
    nemesis.wake(everybody=True)
