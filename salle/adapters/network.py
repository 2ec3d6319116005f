"""What the adapters share about addresses."""

from __future__ import annotations

from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def is_loopback(url: str | None) -> bool:
    """Whether the address is on this machine, where no proxy of the environment can reach it."""
    return urlsplit(url or "").hostname in LOOPBACK
