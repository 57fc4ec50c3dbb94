"""What must hold of all deals whatever was done to them, by however many at once."""

from __future__ import annotations

from itertools import pairwise

from crm.pipelines.models import Deal, DealSpell, Stage


def board(stage: Stage) -> list[str]:
    """The titles of its cards from the top."""
    return list(Deal.objects.filter(stage=stage).order_by("rank").values_list("title", flat=True))


def assert_whole() -> None:
    """Positions are a total order; spells are gapless, one of them open; what hangs on the stage is the stage's."""
    rows = list(Deal.objects.select_related("stage"))
    assert len({(row.stage_id, row.rank) for row in rows}) == len(rows)
    for row in rows:
        spells = list(DealSpell.objects.filter(deal=row).order_by("pk"))
        assert [spell.ended_at is None for spell in spells] == [False] * (len(spells) - 1) + [True], row
        assert all(one.ended_at == other.began_at for one, other in pairwise(spells)), row
        assert all(one.stage_id != other.stage_id for one, other in pairwise(spells)), row
        last = spells[-1]
        assert (last.stage_id, last.began_at) == (row.stage_id, row.entered_at), row
        assert (row.outcome, row.pipeline_id) == (row.stage.outcome, row.stage.pipeline_id), row
        assert row.closed_at == (None if row.is_open else row.entered_at), row
