"""What is asked of a whole season, in the address of its page: shape only, in French."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, SelectField, SelectMultipleField, StringField
from wtforms.validators import ValidationError

from salle.kernel.clock import to_wall
from salle.kernel.words import WEEKDAYS
from salle.venues.forms import SearchForm, Slot, clean, default_day
from salle.venues.season import Season
from salle.venues.series import MAX_WEEKS

TUESDAY = 2
FLEXIBLE = ("moment", "duree")  # a season has fixed hours
SHARES = (
    ("1", "toutes les dates"),
    ("0.75", "les trois quarts des dates"),
    ("0.5", "la moitié des dates"),
    ("0.25", "un quart des dates"),
    ("0", "même aucune date"),
)
DAYS = [(str(number), day.capitalize()) for number, day in enumerate(WEEKDAYS, 1)]


class SeasonForm(SearchForm):
    """The search, with weekdays and a last date; `jour` is the first day of the season."""

    OWN = ("jours", "jusqu_au", "hors_vacances", "part")

    jours = SelectMultipleField("Jours", validate_choice=False)
    jusqu_au = StringField("Jusqu’au", filters=[clean])
    hors_vacances = BooleanField("Sauf pendant les vacances scolaires")
    part = SelectField("Salles qui servent au moins", validate_choice=False)

    def __init__(self, arguments: MultiDict[str, str], now: datetime) -> None:
        self.until: date | None = None
        self.weekdays: frozenset[int] = frozenset()
        self.share = 0.5
        super().__init__(_with_defaults(arguments, now), now)

    def impossible(self) -> str | None:
        """Hours that have passed today are no fault here: the season begins a week later."""
        if self.slot is not None and len(set(self.slot.instants(self.zone))) < 2:
            return "Cette nuit-là les montres avancent : ces heures n’existent pas."
        return None

    def validate_jours(self, field: Any) -> None:
        chosen = field.data or ()
        if not chosen or not set(chosen) <= {value for value, _ in DAYS}:
            raise ValidationError("Choisissez au moins un jour de la semaine.")
        self.weekdays = frozenset(map(int, chosen))

    def validate_jusqu_au(self, field: Any) -> None:
        try:
            until = date.fromisoformat(field.data)
        except ValueError as error:
            raise ValidationError("Indiquez un jour, comme 2027-06-29.") from error
        if self.day is not None and until < self.day:
            raise ValidationError("La dernière date vient avant la première.")
        if self.day is not None and until - self.day > timedelta(weeks=MAX_WEEKS):
            raise ValidationError(f"Une saison dure {MAX_WEEKS} semaines au plus.")
        self.until, field.data = until, until.isoformat()

    def validate_part(self, field: Any) -> None:
        if field.data not in {value for value, _ in SHARES}:
            raise ValidationError("Choisissez une des parts proposées.")
        self.share = float(field.data)

    @property
    def season(self) -> Season | None:
        """The season of a valid form, in wall hours of each site."""
        slot: Slot | None = self.slot
        if slot is None or self.until is None:
            return None
        midnight = datetime(slot.day.year, slot.day.month, slot.day.day)  # noqa: DTZ001 wall time
        return Season(
            start=midnight + timedelta(minutes=slot.start),
            end=midnight + timedelta(minutes=slot.end),
            until=self.until,
            weekdays=self.weekdays,
            skip_school_holidays=self.hors_vacances.data,
            min_coverage=self.share,
        )


def asks_no_season(arguments: MultiDict[str, str]) -> bool:
    """Whether the address holds no answer at all: the plain link « Toute la saison »."""
    names = (*SeasonForm.NAMES, *SeasonForm.OWN)
    return not any(value.strip() for name in names for value in arguments.getlist(name))


def end_of_year(day: date) -> date:
    """The end of June, as associations count their seasons; from June on, of the next year."""
    return date(day.year + (day.month >= 6), 6, 30)


def _with_defaults(arguments: MultiDict[str, str], now: datetime) -> MultiDict[str, str]:
    values: MultiDict[str, str] = MultiDict()
    for name in arguments:
        if name not in FLEXIBLE:
            values.setlist(name, arguments.getlist(name))
    first = default_day(now)
    try:
        asked = date.fromisoformat(values.get("jour", ""))
    except ValueError:
        asked = None
    if asks_no_season(arguments):
        values.setlist("hors_vacances", ["1"])
    if not any(values.getlist("jours")):
        values.setlist("jours", [str(asked.isoweekday() if asked else TUESDAY)])
    if not values.get("jusqu_au"):
        known = asked if asked and first <= asked <= to_wall(now).date() + timedelta(700) else first
        values["jusqu_au"] = end_of_year(known).isoformat()
    if not values.get("part"):
        values["part"] = "0.5"
    return values
