"""Parts of a day that people name, for a search that is not to the minute."""

from __future__ import annotations

from salle.kernel.enums import LabelledEnum


class Moment(LabelledEnum):
    """« Le soir »: between which hours of the civil day a slot is looked for."""

    MORNING = "matin", "le matin"
    AFTERNOON = "apres-midi", "l’après-midi"
    EVENING = "soir", "le soir"
    DAY = "journee", "dans la journée"


# Minutes of the civil day.
RANGES: dict[Moment, tuple[int, int]] = {
    Moment.MORNING: (7 * 60, 12 * 60),
    Moment.AFTERNOON: (12 * 60, 18 * 60),
    Moment.EVENING: (18 * 60, 24 * 60),
    Moment.DAY: (7 * 60, 24 * 60),
}
DURATIONS = (30, 60, 90, 120, 150, 180, 240, 300, 360, 480)
