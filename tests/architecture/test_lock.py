"""requirements.lock is what the image installs: it fits pyproject.toml and names no place to download from."""

from __future__ import annotations

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture import source

LOCK = (source.BASE / "requirements.lock").read_text()
PINS = dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", LOCK, re.M))


def test_every_dependency_is_locked_within_its_range():
    wanted = tomllib.loads((source.BASE / "pyproject.toml").read_text())["project"]["dependencies"]
    wrong = [
        line
        for line in wanted
        if not (need := Requirement(line)).specifier.contains(PINS.get(canonicalize_name(need.name), "0"))
    ]
    assert wrong == []


def test_every_package_has_its_hashes():
    blocks = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.M)[1:]
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert len(blocks) == len(PINS)


def test_it_names_no_host():
    assert re.findall(r"https?://\S+|--(?:extra-)?index-url", LOCK) == []


def test_every_variable_of_the_settings_is_explained():
    settings = "".join((source.BASE / f"crm/config/{name}.py").read_text() for name in ("settings", "channels"))
    read = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", settings)) | {"HOLDFAST_DATA_DIR"}
    explained = set(re.findall(r"^#?([A-Z_]+)=", (source.BASE / ".env.example").read_text(), re.M))
    assert explained - {"POSTGRES_PASSWORD"} == read
