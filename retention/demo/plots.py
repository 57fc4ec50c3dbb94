"""Which fates the demo's customers have, and the stories of those whom everybody meets first."""

from __future__ import annotations

from dataclasses import dataclass

#: Monthly price from … to by plan.
PLANS = {"Start": (90, 190), "Team": (240, 600), "Pro": (700, 1600), "Large": (1800, 3400)}

#: How many customers of each fate, beside those with a story of their own. Who is left over is a lead.
FATES = {
    "yearly": 35, "fixed": 17, "monthly": 22, "rolling": 3, "grown": 9, "left": 13, "cancelled": 3, "paused": 4,
    "trial": 6, "tried": 3, "new": 5,
}  # fmt: skip
#: Days ago on which the newest customers without a story began.
NEW = (0, 1, 20, 27, 40)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often somebody is there, and since when less often; days are counted back from today."""

    chance: float = 0.8  # on a working day
    falls_ago: int = 0  # since then a quarter of it
    silent_for: int = 0  # nobody since then
    away: tuple[int, int] = (0, 0)  # nobody between the two
    adds: int = 1  # contacts added on a visit, at most


@dataclass(frozen=True, slots=True)
class Plot:
    """What is decided for a customer before chance has its say."""

    fate: str
    owner: str | None = None
    plan: str = ""
    mrr: int = 0
    days: int | None = None  # to the end for `fixed`, since the beginning for `new`
    rhythm: Rhythm | None = None
    trouble: str = ""  # with its first mail: bounces | unclear | unsubscribes; waits: its mail is paused just now


#: The customers everybody meets first.
NAMED = {
    "Nordwind Logistics": Plot("fixed", "mira", "Large", 3200, 27, Rhythm(0.95, falls_ago=24, silent_for=6)),
    "Brightcare Clinics": Plot("yearly", "mira", "Large", 1800, rhythm=Rhythm(0.7, silent_for=15)),
    "Tagus Games": Plot("fixed", "mira", "Pro", 1000, 9, Rhythm(0.8)),
    "Ökobau Berlin": Plot("fixed", "mira", "Pro", 800, 12, Rhythm(0.6, falls_ago=18)),
    "Ridgeway Schools": Plot("new", "mira", "Team", 600, 6, Rhythm(0.4, adds=0)),
    "Kestrel Motors": Plot("grown", "mira", "Team", 530, 1, Rhythm(0.98, adds=3)),
    "Lumen Foods": Plot("monthly", "mira", "Team", 480, rhythm=Rhythm(0.5, silent_for=40)),
    "Hafen Film": Plot("left", "ben", "Pro", 1000),
    "Alma Yoga": Plot("tried", "mira", "Start", 0),
    "Delta Print": Plot("paused", "ben", "Pro", 800, rhythm=Rhythm(0.6, silent_for=33)),
    "Lichtwerk": Plot("fixed", "ben", "Large", 2500, 64, Rhythm(0.9)),
    "Nora Tax": Plot("yearly", "mira", "Team", 400, rhythm=Rhythm(0.6, silent_for=29)),
    "Polder Data": Plot("pilot", "mira", "Team", 350, 10, Rhythm(0.9, adds=0)),
    "Ashdown Farms": Plot("pilot", "ben", "Start", 150, 6, Rhythm(0.7, adds=0)),
    "Shannon Biotech": Plot("new", "ben", "Team", 310, 33, Rhythm(0.6, adds=0), "bounces"),
    "Seefeld Treuhand": Plot("new", "mira", "Pro", 900, 9, Rhythm(0.8, adds=0), "unclear"),
    "Wattle Health": Plot("new", "tomas", "Team", 280, 14, Rhythm(0.5, adds=0), "unsubscribes"),
    "Fjord Seafood": Plot("new", "mira", "Team", 420, 3, Rhythm(0.9, adds=1), "waits"),
    "Brick Lane Coffee": Plot("monthly", "ben", "Team", 500, rhythm=Rhythm(0.9, away=(38, 20))),
}
