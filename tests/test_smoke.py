from tests import factories


def test_it(ada):
    from crm.timeline.actions import Fact, record
    from crm.timeline.models import Pending
    a = factories.account()
    assert len(record([Fact(a.pk, "x.y", "hi", key="k"), Fact(a.pk, "x.y", "hi", key=None)])) == 2
    assert record(Fact(a.pk, "x.y", "hi", key="k")) == []
    assert Pending.objects.count() == 2
    assert a.entries.first().payload == {}
