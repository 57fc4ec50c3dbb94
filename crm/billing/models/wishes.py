"""What was decided here about a contract, and has to hold where it is billed."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from crm.billing.models.asking import Asked
from crm.slots import deciding
from crm.team.models import VisibleQuerySet


class WishQuerySet(VisibleQuerySet["BillingWish"]):
    owner_path = "contract__account__owner"

    def open(self) -> Self:
        """Billing may still say what was before: until it has it, or somebody gives it up."""
        return self.filter(state__in=BillingWish.OPEN)


class BillingWish(Asked):
    """That a contract is to end, to pause, to cost less, or one of these not any more, in the system that bills it."""

    WHAT = (
        (deciding.END, "End"), (deciding.STAY, "Go on after all"), (deciding.PAUSE, "Pause"),
        (deciding.GO_ON, "Go on after a pause"), (deciding.LESS, "Cost less"), (deciding.FULL, "Cost what it did"),
    )  # fmt: skip

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being asked"
        TOLD = "told", "A person tells billing"
        UNCERTAIN = "uncertain", "Uncertain"  # asked, perhaps; what billing reports next says more
        DONE = "done", "Billing has it"
        CANCELLED = "cancelled", "Taken back"
        GIVEN_UP = "given_up", "What billing says holds"

    OPEN = (State.WAITING, State.SENDING, State.TOLD, State.UNCERTAIN)

    contract = models.ForeignKey("crm.Contract", models.CASCADE, related_name="+")
    external_id = models.CharField(max_length=120)  # its id there, when it was decided
    what = models.CharField(max_length=10, choices=WHAT)
    act_id = models.BigIntegerField()  # whose undo takes it back; acts are forgotten some day
    on = models.DateField(null=True)  # an end: the first day without it; less: the first day behind it
    percent = models.PositiveSmallIntegerField(default=0)
    months = models.PositiveSmallIntegerField(default=0)
    price = models.DecimalField(max_digits=14, decimal_places=2, null=True)  # a month's, without what is taken off
    takes_back = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    themselves = models.BooleanField(default=False)  # the customer decided, and hears when it is done
    rounds = models.PositiveSmallIntegerField(default=0)  # a person had it asked again: another idempotency key
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)

    objects = WishQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="billingwish_due", condition=Q(state__in=["waiting", "sending"])
            ),
            models.Index(fields=["-id"], name="billingwish_uncertain", condition=Q(state="uncertain")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(what=deciding.END) | Q(on__isnull=False), name="billingwish_ends_on_a_day"
            ),
            models.CheckConstraint(
                condition=~Q(what__in=[deciding.LESS, deciding.FULL]) | Q(percent__range=(1, 100)),
                name="billingwish_discount_is_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.external_id}: {self.get_what_display().lower()}"

    @property
    def never_left(self) -> bool:
        """Nobody was asked yet, and nobody is being asked."""
        return self.state == self.State.WAITING and self.first_sent_at is None

    @property
    def coupon(self) -> str:
        """The id at Stripe of what takes something off: this wish's, or that of the one which it takes back."""
        return f"holdfast-wish-{self.takes_back_id or self.pk}"
