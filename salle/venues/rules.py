"""Closed lists of venues: kinds of rooms, kinds of use, periods of the school year."""

from __future__ import annotations

from salle.kernel.enums import LabelledEnum

MAX_REASON = 120  # characters of the reason of an opening rule


class RoomKind(LabelledEnum):
    """What a room is (codes of API.md)."""

    GYMNASIUM = "gymnasium", "gymnase"
    MULTIPURPOSE = "multipurpose", "salle polyvalente"
    AUDITORIUM = "auditorium", "auditorium"
    CLASSROOM = "classroom", "salle de classe"
    MEETING = "meeting", "salle de réunion"
    DOJO = "dojo", "dojo"
    CLIMBING = "climbing", "mur d’escalade"
    OUTDOOR = "outdoor", "plateau extérieur"
    COMPUTER = "computer", "salle informatique"
    BOARDING = "boarding", "internat"
    CANTEEN = "canteen", "restaurant scolaire"
    OTHER = "other", "autre salle"


class BookingMode(LabelledEnum):
    """Who says yes."""

    INSTANT = "instant", "réservation immédiate"
    APPROVAL = "approval", "sur accord du collège"


class OccupationKind(LabelledEnum):
    """What takes a space."""

    HOLD = "hold", "créneau gardé"
    BOOKING = "booking", "réservation"
    SCHOOL = "school", "cours du collège"
    BLOCK = "block", "bloqué par le collège"


class CollisionEnding(LabelledEnum):
    """How a lesson and a booking at the same time stopped being so."""

    BOOKING_GONE = "booking_gone", "réservation annulée"
    LESSON_GONE = "lesson_gone", "cours déplacé ou retiré"


class Period(LabelledEnum):
    """Kind of day to which an opening rule applies (issue « Idle time »: the file's own words)."""

    TERM = "scolaire", "jours de classe"
    ALL_SAINTS = "toussaint", "vacances de la Toussaint"
    CHRISTMAS = "noel", "vacances de Noël"
    WINTER = "hiver", "vacances d’hiver"
    SPRING = "printemps", "vacances de printemps"
    SUMMER = "ete", "vacances d’été"
    HOLIDAYS = "vacances", "toutes les vacances"
    PUBLIC_HOLIDAY = "ferie", "jours fériés"
    OPEN = "ouvert", "ouverture en plus"
    CLOSED = "ferme", "fermeture"


class SchoolCalendar(LabelledEnum):
    """Official calendars: the value is the « Zones » column of the national file."""

    ZONE_A = "Zone A", "zone A"
    ZONE_B = "Zone B", "zone B"
    ZONE_C = "Zone C", "zone C"
    CORSICA = "Corse", "Corse"
    GUADELOUPE = "Guadeloupe", "Guadeloupe"
    GUYANE = "Guyane", "Guyane"
    MARTINIQUE = "Martinique", "Martinique"
    MAYOTTE = "Mayotte", "Mayotte"
    REUNION = "Réunion", "La Réunion"
    SAINT_PIERRE = "Saint Pierre et Miquelon", "Saint-Pierre-et-Miquelon"
    POLYNESIA = "Polynésie", "Polynésie française"
    NEW_CALEDONIA = "Nouvelle Calédonie", "Nouvelle-Calédonie"
    WALLIS = "Wallis et Futuna", "Wallis-et-Futuna"
