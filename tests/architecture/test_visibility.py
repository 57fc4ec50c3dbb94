"""Rows reach a page or the API through the one gate, `visible_to`."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from inspect import getsource
from pathlib import Path

from django.apps import apps

from crm.team.models import VisibleQuerySet
from crm.web.resources import VisibleField
from tests.architecture import source

#: Models behind the gate, by name.
GUARDED = {
    model.__name__ for model in apps.get_models() if issubclass(type(model._default_manager.all()), VisibleQuerySet)
}
#: "file function": why rows are fetched there without the gate.
WITHOUT = {
    "crm/accounts/views/editing.py edit": "reads again the row that came through the gate, as it was before the form",
    "crm/accounts/api.py write": "the other people of an account whose contact came through the gate",
    "crm/settings/views/team.py people": "how many open tasks each colleague has, for those who may manage the team",
    "retention/workflows/api/enrolling.py enroll": "reads what it has just made of a customer who came through",
    "crm/ledger/api/payments.py _fresh": "reads again the payment that was made or came through the gate",
    "crm/ledger/views.py reasons": "how often each reason was given, for those who may set them; names nobody",
    "crm/todos/api.py _read": "reads again the task that was made or came through the gate",
}
#: Chains that show nobody anything: what writes, what is empty, a row in hand read again, the tasks of the viewer,
#: and an estimate from the table's statistics.
_HARMLESS = re.compile(r"\.(create|bulk_create|none|waiting_for|about)\(|\.update\([^)]*\)$|\.get\(pk=[\w.]+\.pk\)")


def test_customers_and_all_that_hangs_on_them_are_guarded():
    assert {"Account", "Contact", "Contract", "ContractTerm", "OutboundMessage", "Task", "TimelineEntry"} <= GUARDED
    assert "Enrollment" in GUARDED


def test_pages_and_api_fetch_through_the_gate():
    found = {place: at for path in source.modules("views", "api", "pages", "demo_mail") for place, at in _ungated(path)}
    assert {place: at for place, at in found.items() if place not in WITHOUT} == {}


def _ungated(path: Path) -> list[tuple[str, str]]:
    """(file and function, file and line) of each fetch of guarded rows that does not pass the gate."""
    parents = {child: node for node in ast.walk(source.tree(path)) for child in ast.iter_child_nodes(node)}
    found = []
    for node in ast.walk(source.tree(path)):
        if isinstance(node, ast.Attribute) and node.attr == "objects" and ast.unparse(node.value) in GUARDED:
            chain = _chain(node, parents)
            words = ast.unparse(chain)
            gated = ".visible_to(" in words or _HARMLESS.search(words) or _handed_to_the_gate(chain, parents, path)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("get_object_or_404", "get_list_or_404"):
            gated = ast.unparse(node.args[0]) not in GUARDED
        else:
            continue
        if not gated:
            found.append((f"{source.name(path)} {_owner(node, parents)}", source.at(path, node)))
    return found


def _chain(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> ast.AST:
    """From `Model.objects` to the last call on it."""
    while True:
        parent = parents.get(node)
        if isinstance(parent, ast.Attribute) or (isinstance(parent, ast.Call) and parent.func is node):
            node = parent
        else:
            return node


def _handed_to_the_gate(chain: ast.AST, parents: dict[ast.AST, ast.AST], path: Path) -> bool:
    """To a function of the module that holds it, to a view set or field that does, or as what hangs on such rows."""
    parent = parents.get(chain)
    if isinstance(parent, ast.keyword) and isinstance(call := parents.get(parent), ast.Call):
        return ast.unparse(call.func) == VisibleField.__name__
    if isinstance(parent, ast.Call):
        called = ast.unparse(parent.func)
        gates = re.findall(r"^def (\w+)\(.*?(?=^\S)", path.read_text(), re.M | re.S)
        holding = [name for name in gates if ".visible_to(" in _body(path, name)]
        return called == "Prefetch" or called in holding
    if isinstance(parent, ast.Assign) and isinstance(holder := parents.get(parent), ast.ClassDef):
        module = import_module(source.name(path).removesuffix(".py").replace("/", "."))
        kinds = getattr(module, holder.name).__mro__
        return any("get_queryset" in vars(kind) and "visible_to(" in getsource(kind.get_queryset) for kind in kinds)
    return False


def _body(path: Path, function: str) -> str:
    tops = (node for node in source.tree(path).body if isinstance(node, ast.FunctionDef) and node.name == function)
    return "".join(ast.unparse(node) for node in tops)


def _owner(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> str:
    while node in parents:
        node = parents[node]
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            return node.name
    return "module"
