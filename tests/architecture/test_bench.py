"""The bench measures the product from outside: the product does not know it, and its floors know no product."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.architecture import source

COMMAND = "crm/management/commands/bench.py"


def imports(path: Path) -> list[str]:
    """What a file imports, also by a string."""
    found = [node.value for node in source.strings(path)]
    for node in ast.walk(source.tree(path)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return found


def test_nothing_but_the_command_knows_the_tests():
    knows = {source.name(path) for path in source.python() if any(re.match(r"tests(\.|$)", m) for m in imports(path))}
    assert knows == {COMMAND}


def test_the_command_imports_them_only_when_it_runs():
    tree = source.tree(source.BASE / COMMAND)
    outside = [node for node in tree.body if not isinstance(node, ast.ClassDef)]
    assert not any("tests" in ast.unparse(node) for node in outside[1:])


def test_floors_use_nothing_of_the_product():
    floors = sorted((source.BASE / "tests" / "bench" / "floors").rglob("*.py"))
    used = {module for path in floors for module in imports(path) if re.match(r"(crm|retention)(\.|$)", module)}
    assert used == set()
