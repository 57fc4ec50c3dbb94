"""The figures of the engine room for Prometheus. They are read from Postgres when asked for, so every web worker says
the same, and none speaks of itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from crm import slots
from crm.slots import MOST
from crm.web import standing
from crm.web.standing import Standing

_HELP = {
    "due": "Rows whose time has come and that nothing holds back",
    "late": "Due rows that have waited for longer than the alarm allows",
    "held": "Rows whose time has come and that a hold, a switch or a pause keeps here",
    "parked": "Rows that failed again and again and wait for a person",
    "uncertain": "Messages that perhaps left and wait for a person",
    "failed": "Messages refused for good or given up",
}


class _Collector:
    def __init__(self, how: Standing) -> None:
        self.how = how

    def collect(self) -> Iterator[GaugeMetricFamily]:
        how, labels = self.how, ["work", "group"]
        for name, words in _HELP.items():
            gauge = GaugeMetricFamily(f"holdfast_{name}", f"{words}; not counted beyond {MOST + 1}.", labels=labels)
            for load in how.loads:
                gauge.add_metric([load.work, load.group], getattr(load, name))
            yield gauge
        ages = GaugeMetricFamily(
            "holdfast_oldest_due_seconds", "How long the oldest due row has waited.", labels=labels
        )
        for load in how.loads:
            waited = (how.at - load.oldest_due).total_seconds() if load.oldest_due else 0.0
            ages.add_metric([load.work, load.group], max(0.0, waited))
        yield ages
        pulses = GaugeMetricFamily(
            "holdfast_pulse_age_seconds", "Since each kind of work ran; heartbeat: beat, broker and a worker.",
            labels=["name"],
        )  # fmt: skip
        for name, ran_at in sorted(how.pulses.items()):
            pulses.add_metric([name], max(0.0, (how.at - ran_at).total_seconds()))
        yield pulses
        yield GaugeMetricFamily("holdfast_alarm", "1 while work waits too long or nobody works.", int(how.alarming))
        yield from self._lately()

    def _lately(self) -> Iterator[GaugeMetricFamily]:
        done = GaugeMetricFamily("holdfast_done", "Finished in the window before now.", labels=["work", "window"])
        dwell = GaugeMetricFamily("holdfast_dwell_p95_seconds", "From due to finished, last hour.", labels=["work"])
        for name in slots.throughput.names():
            lately = slots.throughput[name](self.how.at)
            windows = {"minute": lately.last_minute, "hour": lately.last_hour, "day": lately.day}
            for window, count in windows.items():
                done.add_metric([name, window], count)
            if lately.dwell_p95 is not None:
                dwell.add_metric([name], lately.dwell_p95.total_seconds())
        yield done
        yield dwell


def text(now: datetime) -> bytes:
    """All figures in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(standing.read(now)))  # type: ignore[arg-type]
    return generate_latest(registry)
