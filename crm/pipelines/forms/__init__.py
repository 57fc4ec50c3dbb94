"""What people fill in about deals: a new one, one field in its place, and what a stage asks before they enter it."""

from crm.pipelines.forms.deal import FactForm, NewDealForm
from crm.pipelines.forms.moving import GateForm, LossForm, WinForm

__all__ = ["FactForm", "GateForm", "LossForm", "NewDealForm", "WinForm"]
