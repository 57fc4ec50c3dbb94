"""Files and functions that fit into a head. An exception is named here, with its reason."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.architecture import source

PYTHON_FILE, FUNCTION, TEMPLATE, SCRIPT = 300, 40, 80, 110


def too_long(paths: list[Path], limit: int) -> dict[str, int]:
    lengths = {source.name(path): len(path.read_text().splitlines()) for path in paths}
    return {name: length for name, length in lengths.items() if length > limit}


def test_python_files():
    assert too_long(source.python(), PYTHON_FILE) == {}


def test_functions():
    lengths = {
        f"{source.name(path)} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in source.python()
        for node in ast.walk(source.tree(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert {name: length for name, length in lengths.items() if length > FUNCTION} == {}


def test_templates():
    assert too_long(source.templates(), TEMPLATE) == {}


def test_scripts():
    assert too_long(sorted((source.BASE / "static" / "js").rglob("*.js")), SCRIPT) == {}
