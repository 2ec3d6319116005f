"""A demonstration of its own for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.demo import Demo


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """Not started yet; its folder has a space and an accent in its name."""
    one = Demo(tmp_path / "dossier de démo")
    yield one
    one.close()
