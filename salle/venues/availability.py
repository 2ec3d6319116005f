"""The only Python face of « free »: free = openings − school use − blocks − holds − bookings.

The definition itself is availability.sql; nothing computes it again. Missing data fails closed:
a room without any opening window is never free.
"""

from __future__ import annotations

from salle.venues.explanations import Closed, OutsideOpening, SchoolUse, refusal
from salle.venues.free import (
    Interval,
    RoomFree,
    find_free,
    free_between,
    free_intervals,
    is_free,
    slots_state,
    utc_days,
)
from salle.venues.occupations import SlotTaken
from salle.venues.suggestions import Alternative, alternatives

__all__ = [
    "Alternative",
    "Closed",
    "Interval",
    "OutsideOpening",
    "RoomFree",
    "SchoolUse",
    "SlotTaken",
    "alternatives",
    "find_free",
    "free_between",
    "free_intervals",
    "is_free",
    "refusal",
    "slots_state",
    "utc_days",
]
