"""Closed lists of doors, and the lockout against guessing."""

from __future__ import annotations

from datetime import timedelta

from salle.kernel.enums import LabelledEnum

# Five wrong codes within ten minutes close the keypad to everybody until they are older:
# 10^6 codes at 5 tries per 10 minutes is 3,800 years for one door.
MAX_WRONG_TRIES = 5
LOCKOUT = timedelta(minutes=10)


class GrantState(LabelledEnum):
    """State of an access grant."""

    ACTIVE = "active", "valable"
    REVOKED = "revoked", "révoqué"


class TryOutcome(LabelledEnum):
    """Outcome of one try on a keypad (API.md)."""

    OK = "ok", "porte ouverte"
    UNKNOWN_CODE = "unknown_code", "code inconnu"
    OUTSIDE_WINDOW = "outside_window", "code hors de ses heures"
    LOCKED_OUT = "locked_out", "clavier bloqué : trop d’essais"
    REVOKED = "revoked", "code révoqué"
