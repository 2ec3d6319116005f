"""Public references and secret tokens."""

from __future__ import annotations

import hashlib
import secrets

REFERENCE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0/O, 1/I: read aloud on the phone


def new_reference(prefix: str, length: int = 6) -> str:
    """A short human reference, for instance « RES-7K4PQ2 »; unguessable enough not to collide."""
    return f"{prefix}-" + "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(length))


def new_token() -> str:
    """A secret of 256 bits, safe in a URL; store only hash_token() of it."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """SHA-256 in hexadecimal; enough for random tokens (no dictionary to try)."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_door_code(digits: int = 6) -> str:
    """A random door code; never starts with 0 so that it is read and typed whole."""
    return str(secrets.randbelow(9 * 10 ** (digits - 1)) + 10 ** (digits - 1))
