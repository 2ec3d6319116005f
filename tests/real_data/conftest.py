"""Official files, in the folder named by SALLE_REAL_DATA."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def real_data() -> Path:
    """The folder of official files, or a skip that says why."""
    folder = os.environ.get("SALLE_REAL_DATA")
    if not folder:
        pytest.skip("SALLE_REAL_DATA is unset: no official file to read")
    return Path(folder)
