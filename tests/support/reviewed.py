"""Files that a person reviews: compared with what the code says, rewritten on demand."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent
WRITE = "SALLE_WRITE_REVIEWED"


def compare(name: str, actual: str) -> None:
    """Fail with the difference; with SALLE_WRITE_REVIEWED=1 write the file instead."""
    path = FOLDER / name
    reviewed = path.read_text(encoding="utf-8") if path.exists() else ""
    if os.environ.get(WRITE) == "1":
        path.write_text(actual, encoding="utf-8")
        return
    if actual != reviewed:
        lines = difflib.unified_diff(
            reviewed.splitlines(), actual.splitlines(), f"tests/{name}", "now", lineterm="", n=1
        )
        pytest.fail(
            "\n".join([*lines, f"Review it, then: {WRITE}=1 pytest tests/architecture"]),
            pytrace=False,
        )
