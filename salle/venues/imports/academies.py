"""Académies and départements: their school calendar, their clock."""

from __future__ import annotations

from salle.kernel.clock import PARIS
from salle.kernel.french import slugify
from salle.venues.rules import SchoolCalendar as Calendar

# Décret n° 2024-629 and the national file: académie → calendar.
_ACADEMIES = {
    Calendar.ZONE_A: "Besançon, Bordeaux, Clermont-Ferrand, Dijon, Grenoble, Limoges, Lyon,"
    " Poitiers",
    Calendar.ZONE_B: "Aix-Marseille, Amiens, Caen, Lille, Nancy-Metz, Nantes, Nice, Normandie,"
    " Orléans-Tours, Reims, Rennes, Rouen, Strasbourg",
    Calendar.ZONE_C: "Créteil, Montpellier, Paris, Toulouse, Versailles",
    Calendar.CORSICA: "Corse, Ajaccio",
    Calendar.GUADELOUPE: "Guadeloupe",
    Calendar.GUYANE: "Guyane",
    Calendar.MARTINIQUE: "Martinique",
    Calendar.MAYOTTE: "Mayotte",
    Calendar.REUNION: "Réunion, La Réunion",
    Calendar.SAINT_PIERRE: "Saint-Pierre-et-Miquelon, St-Pierre-et-Miquelon",
    Calendar.POLYNESIA: "Polynésie, Polynésie française",
    Calendar.NEW_CALEDONIA: "Nouvelle-Calédonie",
    Calendar.WALLIS: "Wallis-et-Futuna",
}
_CALENDARS = {
    slugify(name): calendar for calendar, names in _ACADEMIES.items() for name in names.split(", ")
} | {slugify(calendar.value): calendar for calendar in Calendar}

_ZONES = {
    "971": "America/Guadeloupe",
    "972": "America/Martinique",
    "973": "America/Cayenne",
    "974": "Indian/Reunion",
    "975": "America/Miquelon",
    "976": "Indian/Mayotte",
    "977": "America/Guadeloupe",
    "978": "America/Guadeloupe",
    "983": "Pacific/Noumea",
    "984": "Pacific/Tahiti",
    "985": "Indian/Mayotte",
    "986": "Pacific/Wallis",
    "987": "Pacific/Tahiti",
    "988": "Pacific/Noumea",
}


def find_calendar(name: str) -> Calendar | None:
    """The school calendar of an académie, or of a zone as the national file names it."""
    return _CALENDARS.get(slugify(name.removeprefix("Académie de ")))


def clock_of(uai: str) -> str:
    """The time zone of a school, from the département in its UAI."""
    return _ZONES.get(uai[:3], PARIS)


def department_code(text: str) -> str:
    """A département on three positions, as the directory writes it: « 35 » → « 035 »."""
    return text.strip().upper().zfill(3)


def short_department(code: str) -> str:
    """« 035 » → « 35 », « 02A » → « 2A », « 974 » as it is."""
    return code.removeprefix("0")
