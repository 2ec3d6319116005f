"""A fixed day for the commands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

NOW = datetime(2026, 10, 1, 10, tzinfo=UTC)


@pytest.fixture
def first_of_october(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The commands of this test run on 1 October 2026."""
    monkeypatch.setattr("salle.venues.cli.utcnow", lambda: NOW)
    monkeypatch.setattr("salle.payments.cli.utcnow", lambda: NOW)
    return NOW
