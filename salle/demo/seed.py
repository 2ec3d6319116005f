"""Fictional data of the demonstration."""

from __future__ import annotations

from datetime import datetime


def seed(*, now: datetime) -> None:
    """Put the demonstration's data in place."""
