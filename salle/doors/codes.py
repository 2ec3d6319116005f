"""Making, sealing and recognising door codes. The only reader of a code in clear."""

from __future__ import annotations

import re
import uuid
from collections.abc import Container

from salle.installation import get_sealer
from salle.kernel.ids import new_door_code

DIGITS = 6
MAX_DRAWS = 1000
_SHAPE = re.compile(rf"[0-9]{{{DIGITS}}}")
_SPACES = re.compile(r"[ \u00a0\u202f]")


def clean_code(typed: str) -> str | None:
    """The digits typed, spaces removed; None when no code can look like that."""
    digits = _SPACES.sub("", typed[: 4 * DIGITS])
    return digits if _SHAPE.fullmatch(digits) else None


def digest_of(code: str, *, door_id: uuid.UUID) -> str:
    """The fingerprint by which a door looks a code up."""
    return get_sealer().digest(code, context=str(door_id))


def draw_code(*, door_id: uuid.UUID, taken: Container[str]) -> tuple[str, str]:
    """A random code and its fingerprint, which is not among those taken."""
    for _ in range(MAX_DRAWS):
        code = new_door_code(DIGITS)
        digest = digest_of(code, door_id=door_id)
        if digest not in taken:
            return code, digest
    raise RuntimeError(f"door {door_id} has too many codes at once")


def seal_code(code: str, *, grant_id: uuid.UUID) -> bytes:
    """The code encrypted for the row of its grant."""
    return get_sealer().seal(code, context=str(grant_id))


def open_code(sealed: bytes, *, grant_id: uuid.UUID) -> str:
    """The code in clear; ValueError when it was sealed for another row or by a lost key."""
    return get_sealer().open(sealed, context=str(grant_id))
