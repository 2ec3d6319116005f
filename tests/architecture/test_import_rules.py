"""The import rules of pyproject.toml cover every package: a new one cannot escape them."""

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Not domains: HTTP helpers and the embedded server; their use is ruled by other contracts.
NOT_LAYERS = {"salle.postgres", "salle.web"}


def contract(identifier: str) -> dict[str, Any]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    return next(item for item in contracts if item["id"] == identifier)


def packages() -> set[str]:
    return {f"salle.{init.parent.name}" for init in (ROOT / "salle").glob("*/__init__.py")}


def test_every_package_has_its_place_among_the_domains() -> None:
    layers = " ".join(contract("domains")["layers"])
    for mark in "():|":
        layers = layers.replace(mark, " ")
    assert packages() - set(layers.split()) == NOT_LAYERS


def test_every_domain_keeps_the_order_of_files() -> None:
    domains = {
        name
        for name in packages() - NOT_LAYERS - {"salle.demo", "salle.api", "salle.jobs"}
        if (ROOT / name.replace(".", "/") / "models.py").exists()
        or (ROOT / name.replace(".", "/") / "service.py").exists()
    }
    assert domains <= set(contract("inside")["containers"])
