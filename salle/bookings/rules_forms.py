"""Forms of the rules of a room, of a site and of quotas: shape only, no rule of the domain."""

from __future__ import annotations

import re
import uuid
from typing import Any

from wtforms import Field, IntegerField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # stubs are late
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import TextInput

from salle.bookings.forms import FrenchForm
from salle.bookings.quotas import QuotaPeriod
from salle.kernel.words import duree
from salle.venues.asking import MINUTES_OF_DAY, NIGHT_ENDS
from salle.venues.settings import RoomSettings

_HOURS = re.compile(r"(\d{1,4})\s*(?:h|:)\s*(\d{1,2})?(?:\s*min)?\Z", re.ASCII)
_MINUTES = re.compile(r"(\d{1,5})\s*(?:min(?:utes?)?)?\Z", re.ASCII)
_DAYS = re.compile(r"(\d{1,3})\s*j(?:ours?)?\Z", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})\s*(?:h|:)\s*(\d{2})?\Z", re.ASCII)
ALL = "toutes"


def read_duration(text: str) -> int | None:
    """Minutes of « 1 h 30 », « 45 min », « 90 », « 2 jours »; None when it is none of these."""
    text = re.sub(r"\s+", " ", text).strip().lower()
    if found := _HOURS.match(text):
        return int(found[1]) * 60 + int(found[2] or 0)
    if found := _MINUTES.match(text):
        return int(found[1])
    if found := _DAYS.match(text):
        return int(found[1]) * MINUTES_OF_DAY
    return None


def read_latest(text: str) -> int | None:
    """Minutes of « 22 h » or « 22:00 »; an hour of the night is that of the next day."""
    found = _CLOCK.match(re.sub(r"\s+", " ", text).strip().lower())
    if found is None:
        return None
    minutes = int(found[1]) * 60 + int(found[2] or 0)
    if minutes > MINUTES_OF_DAY or int(found[2] or 0) > 59:
        return None
    return minutes + MINUTES_OF_DAY if minutes <= NIGHT_ENDS else minutes


def write_latest(minute: int | None) -> str:
    """The same, as the field shows it: « 22:00 »."""
    if minute is None:
        return ""
    hours, minutes = divmod(minute if minute == MINUTES_OF_DAY else minute % MINUTES_OF_DAY, 60)
    return f"{hours:02d}:{minutes:02d}"


class DurationField(Field):
    """A length of time as people write it; `data` is minutes."""

    widget = TextInput()
    data: int | None

    def __init__(self, label: str, description: str = "", **options: Any) -> None:
        needed = [InputRequired("Indiquez une durée.")]
        super().__init__(label, needed, description=description, **options)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return duree(self.data) if self.data is not None else ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        if valuelist and valuelist[0].strip():
            self.data = read_duration(valuelist[0])
            if self.data is None:
                raise ValueError("Écrivez une durée, par exemple 1 h 30 ou 45 min.")


class LatestHourField(Field):
    """An hour of the evening or of the night; `data` is minutes, None when empty."""

    widget = TextInput()
    data: int | None

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else write_latest(self.data)

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = None
        if valuelist and valuelist[0].strip():
            self.data = read_latest(valuelist[0])
            if self.data is None:
                raise ValueError("Écrivez une heure, par exemple 22:00, ou rien.")


class RoomRulesForm(FrenchForm):
    """What a room asks of bookings."""

    step_minutes = DurationField(
        "Pas des heures", "Les créneaux commencent et finissent sur ce pas. Exemple\u00a0: 30 min."
    )
    min_minutes = DurationField("Durée minimale", "Exemple\u00a0: 1 h.")
    max_minutes = DurationField("Durée maximale", "Exemple\u00a0: 3 h. Au plus 24 h.")
    notice_minutes = DurationField(
        "Délai avant le créneau",
        "Le temps qu’il vous faut. Exemple\u00a0: 2 jours\u00a0; 0 si aucun.",
    )
    horizon_days = IntegerField(
        "Réservation à l’avance, en jours",
        description="Jusqu’à combien de jours à l’avance on peut réserver. Au plus 730.",
        validators=[InputRequired("Indiquez un nombre de jours, en chiffres.")],
    )
    latest_minute = LatestHourField(
        "Rendue au plus tard à",
        description="Heure de fin la plus tardive, par exemple 22:00. "
        "De minuit à 5 h, c’est la nuit qui suit. Rien s’il n’y en a pas.",
        validators=[Optional()],
    )
    capacity = IntegerField(
        "Capacité, en personnes",
        description="Le nombre fixé par la commission de sécurité pour cette salle.",
        validators=[InputRequired("Indiquez un nombre de personnes, en chiffres.")],
    )
    buffer_minutes = DurationField(
        "Battement entre deux utilisations",
        "Pour ranger ou nettoyer. Il vaut une fois entre deux utilisations, cours compris. "
        "0 si aucun.",
    )

    def settings(self) -> RoomSettings:
        """What was typed, once validate() has said yes."""
        return RoomSettings(
            step_minutes=self.step_minutes.data or 0,
            min_minutes=self.min_minutes.data or 0,
            max_minutes=self.max_minutes.data or 0,
            notice_minutes=self.notice_minutes.data or 0,
            horizon_days=self.horizon_days.data or 0,
            latest_minute=self.latest_minute.data,
            capacity=self.capacity.data or 0,
            buffer_minutes=self.buffer_minutes.data or 0,
        )


class SiteRulesForm(FrenchForm):
    """How many people a building takes."""

    max_people = IntegerField(
        "Personnes présentes en même temps dans le bâtiment",
        description="Le nombre fixé par la commission de sécurité (ERP), toutes salles réunies. "
        "Rien s’il n’y en a pas.",
        validators=[Optional()],
    )


class QuotaForm(FrenchForm):
    """Hours allowed in a period."""

    organisation = SelectField("Pour qui")
    period = SelectField("Période", choices=[SelectChoice(*pair) for pair in QuotaPeriod.choices()])
    hours = IntegerField(
        "Heures",
        description="Comptent les créneaux gardés, demandés et confirmés.",
        validators=[InputRequired("Indiquez un nombre d’heures, en chiffres.")],
    )

    def organisation_id(self) -> uuid.UUID | None:
        """The organisation chosen, None = every one of them."""
        return None if self.organisation.data == ALL else uuid.UUID(self.organisation.data)
