"""The product's own files, as the tests of its shape read them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

BASE = Path(__file__).resolve().parents[2]
APPS = ("crm", "retention")


def python(*folders: str) -> list[Path]:
    """Hand-written Python below the folders; both apps when none is given."""
    found = (path for folder in folders or APPS for path in sorted((BASE / folder).rglob("*.py")))
    return [path for path in found if "migrations" not in path.parts]


def modules(*names: str) -> list[Path]:
    """The rooms' modules of these names, also where one has grown into a package: views.py, views/listing.py."""
    return [path for path in python() if path.stem in names or path.parent.name in names]


def templates() -> list[Path]:
    return sorted(path for path in (BASE / "templates").rglob("*") if path.suffix in {".html", ".txt"})


def rooms() -> list[Path]:
    """The folders of both apps that hold code of the product, without the apps' own furniture."""
    furniture = {"migrations", "management", "templatetags", "config", "__pycache__"}
    folders = (folder for app in APPS for folder in sorted((BASE / app).iterdir()) if folder.is_dir())
    return [folder for folder in folders if folder.name not in furniture and (folder / "__init__.py").exists()]


def name(path: Path) -> str:
    return path.relative_to(BASE).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Each call with the words of what is called: `self.app.send_task` as it is written."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def strings(path: Path) -> Iterator[ast.Constant]:
    """Each string that is not a docstring."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree(path))
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node


def at(path: Path, node: ast.AST) -> str:
    return f"{name(path)}:{getattr(node, 'lineno', 0)}"
