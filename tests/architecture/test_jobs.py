"""Kinds of jobs are names only: each one that is queued has somebody to do it."""

from __future__ import annotations

import re

from config import ROOT
from salle.jobs import known_kinds
from salle.jobs.registry import PERIODIC
from salle.worker import MODULES, import_handlers

ENQUEUED = re.compile(r"enqueue\(\s*\"([a-z_.]+)\"")


def enqueued_kinds() -> set[str]:
    files = (ROOT / "salle").rglob("*.py")
    return {kind for file in files for kind in ENQUEUED.findall(file.read_text(encoding="utf-8"))}


def test_every_kind_that_is_queued_has_a_handler() -> None:
    import_handlers()
    assert len(enqueued_kinds()) >= 5
    assert enqueued_kinds() <= known_kinds()
    assert {one.kind for one in PERIODIC} <= known_kinds()


def test_every_module_of_handlers_is_known_to_the_worker() -> None:
    found = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in (ROOT / "salle").glob("*/jobs.py")
    }
    assert found == set(MODULES)
